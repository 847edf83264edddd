package audit

import (
	"context"
	"fmt"
	"strings"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// workflow is one workflow of an order, as Temporal's visibility lists it.
type workflow struct {
	order  string
	kind   string
	status enums.WorkflowExecutionStatus
}

// ofOrders is the visibility query for the workflows of orders.
const ofOrders = "WorkflowType IN ('OrderWorkflow', 'AftercareWorkflow')"

// workflows lists the workflows that a query selects.
func workflows(ctx context.Context, address, query string) (all []workflow, err error) {
	c, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: quiet{}})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer c.Close()
	req := &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: query, PageSize: 1000}
	for {
		page, err := c.ListWorkflow(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		for _, w := range page.GetExecutions() {
			parts := strings.Split(w.GetExecution().GetWorkflowId(), "/") // order/ID, order/ID/aftercare
			if len(parts) < 2 {
				return nil, fmt.Errorf("audit: unknown workflow id %q", w.GetExecution().GetWorkflowId())
			}
			all = append(all, workflow{order: parts[1], kind: w.GetType().GetName(), status: w.GetStatus()})
		}
		if req.NextPageToken = page.GetNextPageToken(); len(req.NextPageToken) == 0 {
			return all, nil
		}
	}
}

// needsEngineer reports whether the workflow ended in a way that needs an engineer.
func (w workflow) needsEngineer() bool {
	switch w.status {
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return true
	}
	return false
}

func (w workflow) running() bool { return w.status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING }

// quiet is a logger that discards everything.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
