package starter

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// Cancel cancels an order and returns it when everything is compensated. Repeated
// calls share one update, because many waiting updates would block others. Cancelling
// a cancelled order returns it. If the order's workflow was terminated, or lost with
// the engine's data, AftercareWorkflow compensates the order. Cancel fails with
// order.ErrNotFound or order.ErrTooLate.
func (c *Client) Cancel(ctx context.Context, id order.ID, actor, why, correlation string) (order.Order, error) {
	r := orders.CancelRequest{Actor: actor, Reason: why, Correlation: correlation}
	o, err := orders.Cancel.Call(ctx, c.Temporal, id.WorkflowID(), string(orders.Cancel), r)
	if err == nil {
		return o, nil
	}
	err = translate("cancel", id, err)
	terminated := errors.Is(err, order.ErrNotFound)
	if !terminated && !errors.Is(err, order.ErrTooLate) {
		return order.Order{}, err
	}
	o, err = c.Record.Order(ctx, id)
	if err == nil && terminated && o.Compensable() {
		o, err = c.compensate(ctx, id, r)
	}
	switch {
	case err != nil:
		return order.Order{}, err
	case o.Status == order.Cancelled:
		return o, nil
	case terminated && !o.Status.Final():
		return o, &refusal{order.ErrTooLate, fmt.Sprintf("too late to cancel: the order is %s, and %s", o.Status, noWorkflow)}
	}
	return o, &refusal{order.ErrTooLate, fmt.Sprintf("too late to cancel: the order is %s", o.Status)}
}

// noWorkflow describes an order in the record that has not ended and has no workflow.
const noWorkflow = "its workflow was terminated: an operator must resolve it"

// compensate compensates an order that has no workflow any more, and returns the
// order as it is then.
func (c *Client) compensate(ctx context.Context, id order.ID, r orders.CancelRequest) (order.Order, error) {
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       orders.AftercareWorkflowID(id),
		TaskQueue:                workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Compensate an order that has no workflow any more",
	}, orders.AftercareWorkflow, orders.Aftercare{OrderID: id, Cancel: &r})
	if err == nil {
		err = run.Get(ctx, nil)
	}
	if err != nil {
		return order.Order{}, translate("cancel", id, err)
	}
	return c.Record.Order(ctx, id)
}

// Release lets an order on hold go on. It fails with order.ErrNotFound, or with
// order.ErrIllegalMove if the order is not on hold or has no workflow any more.
func (c *Client) Release(ctx context.Context, id order.ID, actor, why, correlation string) (order.Order, error) {
	r := orders.ReleaseRequest{Actor: actor, Reason: why, Correlation: correlation}
	o, err := orders.Release.Call(ctx, c.Temporal, id.WorkflowID(), "", r)
	if err = translate("release", id, err); errors.Is(err, order.ErrNotFound) { // AftercareWorkflow may have it on hold
		o, err = orders.Release.Call(ctx, c.Temporal, orders.AftercareWorkflowID(id), "", r)
		err = translate("release", id, err)
	}
	if !errors.Is(err, order.ErrNotFound) {
		return o, err
	}
	o, rerr := c.Record.Order(ctx, id)
	switch {
	case rerr != nil:
		return order.Order{}, err
	case o.Status == order.OnHold:
		return o, &refusal{order.ErrIllegalMove, "the order is on hold, but " + noWorkflow}
	}
	return o, &refusal{order.ErrIllegalMove, fmt.Sprintf("the order is not on hold, it is %s", o.Status)}
}
