//go:build !lean

package engine

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
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
// first start has them. It does nothing if the namespace exists. (The function
// lives with the SQLite schema but speaks to any SQL store.)
func createNamespace(persistence config.Persistence, c Config) error {
	ns, err := sqlite.NewNamespaceConfig(clusterName, c.Namespace, false, c.SearchAttributes)
	if err != nil {
		return err
	}
	ns.Detail.Config.Retention = durationpb.New(c.Retention)
	return sqlite.CreateNamespaces(persistence.DataStores[persistence.DefaultStore].SQL, ns)
}

// settling is how long a started server may take to answer for its namespace;
// it takes a moment, or two seconds with new search attributes.
const settling = 30 * time.Second

// settleNamespace brings an existing namespace up to date and waits until the
// server answers for it.
func settleNamespace(ctx context.Context, address string, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
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
	if err := n.addSearchAttributes(ctx, c.SearchAttributes); err != nil {
		return fmt.Errorf("search attributes of namespace %s: %w", c.Namespace, err)
	}
	return nil
}

type namespace struct {
	name      string
	workflows workflowservice.WorkflowServiceClient
	operator  operatorservice.OperatorServiceClient
}

// retain sets the retention if it is another than wanted.
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

// addSearchAttributes adds those that are missing and waits until they can be
// queried, which takes the server a moment.
func (n namespace) addSearchAttributes(ctx context.Context, wanted map[string]enums.IndexedValueType) error {
	have, err := n.operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: n.name})
	if err != nil {
		return err
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range wanted {
		got, ok := have.GetCustomAttributes()[name]
		if !ok {
			missing[name] = kind
		} else if got != kind {
			return fmt.Errorf("%s is registered as %s, not %s: choose another name", name, got, kind)
		}
	}
	if len(missing) == 0 {
		return n.usable(ctx, "")
	}
	_, err = n.operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        n.name,
		SearchAttributes: missing,
	})
	if err != nil {
		return err
	}
	for name := range missing {
		if err := n.usable(ctx, name+" IS NOT NULL"); err != nil {
			return err
		}
	}
	return nil
}

// usable waits until the namespace answers the query.
func (n namespace) usable(ctx context.Context, query string) error {
	return until(ctx, func() error {
		_, err := n.workflows.ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: n.name, PageSize: 1, Query: query,
		})
		return err
	})
}

// until repeats what fails until it succeeds or the context ends.
func until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
