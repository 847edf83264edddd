//go:build !lean

package engine

import (
	"context"
	"fmt"
	"time"

	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
)

// createNamespace writes the namespace straight into the database before the
// server starts, with its search attributes, so that the first order after the
// first start has them. It does nothing if the namespace exists.
// (sqlite.CreateNamespaces works with any SQL store, despite its package.)
func createNamespace(persistence config.Persistence, c Config) error {
	ns, err := sqlite.NewNamespaceConfig(clusterName, c.Namespace, false, c.SearchAttributes)
	if err != nil {
		return err
	}
	ns.Detail.Config.Retention = durationpb.New(c.Retention)
	return sqlite.CreateNamespaces(persistence.DataStores[persistence.DefaultStore].SQL, ns)
}

// updateNamespace updates an existing namespace to the configuration and waits
// until it can be used.
func updateNamespace(ctx context.Context, address string, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, namespaceTimeout)
	defer cancel()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", address, err)
	}
	defer conn.Close()
	n := namespace{
		name:      c.Namespace,
		workflows: workflowservice.NewWorkflowServiceClient(conn),
		operator:  operatorservice.NewOperatorServiceClient(conn),
	}
	if err := n.retain(ctx, c.Retention); err != nil {
		return fmt.Errorf("namespace %s: %w", c.Namespace, err)
	}
	return n.ensureSearchAttributes(ctx, c.SearchAttributes)
}

// retain sets the retention if it differs.
func (n namespace) retain(ctx context.Context, retention time.Duration) error {
	var now *workflowservice.DescribeNamespaceResponse
	err := until(ctx, func() (err error) {
		now, err = n.workflows.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: n.name})
		return err
	})
	if err != nil {
		return err
	}
	if now.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == retention {
		return nil
	}
	_, err = n.workflows.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: n.name,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	})
	return err
}
