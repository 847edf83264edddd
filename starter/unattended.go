package starter

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
	"purser/workflows/unattended"
)

// Attend starts the aftercare of an order of which no workflow runs, and reports
// whether it has.
func (c *Client) Attend(ctx context.Context, id order.ID) (started bool, err error) {
	for _, workflowID := range []string{id.WorkflowID(), orders.AftercareWorkflowID(id)} {
		if runs, err := c.runs(ctx, workflowID); err != nil || runs {
			return false, translate("attend", id, err)
		}
	}
	err = c.ReportLate(ctx, id, nil)
	return err == nil, err
}

// runs reports whether a workflow runs.
func (c *Client) runs(ctx context.Context, workflowID string) (bool, error) {
	info, err := c.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return false, nil
	}
	return info.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, err
}

// KeepAttendingOrders schedules the nightly search for orders that need a workflow and
// that no workflow attends. It updates a schedule that exists already.
func (c *Client) KeepAttendingOrders(ctx context.Context) error {
	err := c.keep(ctx, nightly(57), &client.ScheduleWorkflowAction{
		ID: unattended.WorkflowID, TaskQueue: workflows.OrdersQueue, Workflow: unattended.UnattendedOrdersWorkflow, StaticSummary: "Search for orders without a workflow",
	}, false)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", unattended.WorkflowID, err)
	}
	return nil
}
