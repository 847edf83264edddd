package starter

import (
	"context"
	"errors"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/bulks"
	"purser/workflows/orders"
)

// StartBulk starts the workflow of a bulk whose orders are selected. Starting it again
// changes nothing, unless its workflow has failed or was terminated: then the bulk goes
// on with the orders that have no outcome.
func (c *Client) StartBulk(ctx context.Context, b order.Bulk) error {
	return c.startBulk(ctx, b, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY)
}

// StartBulkOnce is StartBulk for a bulk that perhaps had no workflow yet: one that a
// person has terminated is not started again.
func (c *Client) StartBulkOnce(ctx context.Context, b order.Bulk) error {
	return c.startBulk(ctx, b, enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)
}

func (c *Client) startBulk(ctx context.Context, b order.Bulk, again enums.WorkflowIdReusePolicy) error {
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: bulks.BulkWorkflowID(b.ID), TaskQueue: workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    again,
		StaticSummary:            "Bulk: " + string(b.Action),
	}, bulks.BulkWorkflow, bulks.BulkStart{ID: b.ID})
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return nil
	}
	return translate("start bulk", order.ID(b.ID), err)
}

// ResolveOnce is Resolve under a key: the same key is the same decision, which a workflow
// takes once.
func (c *Client) ResolveOnce(ctx context.Context, key string, id order.ID, choice order.Choice, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.Resolve, "resolve", id, key, orders.ResolveRequest{Choice: choice, Sender: sender(actor, why, correlation)})
}
