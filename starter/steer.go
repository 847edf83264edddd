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

// Cancel undoes an order. However often it is asked, it is one update: many
// of them waiting would lock others out. Cancelling it again answers the
// cancelled order. An order whose workflow was ended by hand, or lost with the
// engine's data, is undone by the one that hears late news. It fails with
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
		return o, &updateResult{order.ErrTooLate, fmt.Sprintf("too late to cancel: the order is %s, and %s", o.Status, nobody)}
	}
	return o, &updateResult{order.ErrTooLate, fmt.Sprintf("too late to cancel: the order is %s", o.Status)}
}

// nobody is said of an order in the record that has not ended and has no
// workflow.
const nobody = "its workflow was ended by hand: a person must settle it"

// compensate has an order undone that nobody carries any more, and returns how it
// then stands.
func (c *Client) compensate(ctx context.Context, id order.ID, r orders.CancelRequest) (order.Order, error) {
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       orders.AftercareWorkflowID(id),
		TaskQueue:                workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Undoes an order that nobody carries any more",
	}, orders.AftercareWorkflow, orders.Aftercare{OrderID: id, Cancel: &r})
	if err == nil {
		err = run.Get(ctx, nil)
	}
	if err != nil {
		return order.Order{}, translate("cancel", id, err)
	}
	return c.Record.Order(ctx, id)
}

// Release lets a held order go on. It fails with order.ErrNotFound, or
// order.ErrIllegalMove if the order is not on hold, or nobody carries it any
// more.
func (c *Client) Release(ctx context.Context, id order.ID, actor, why, correlation string) (order.Order, error) {
	r := orders.ReleaseRequest{Actor: actor, Reason: why, Correlation: correlation}
	o, err := orders.Release.Call(ctx, c.Temporal, id.WorkflowID(), "", r)
	if err = translate("release", id, err); errors.Is(err, order.ErrNotFound) { // it may be held by what hears late news
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
		return o, &updateResult{order.ErrIllegalMove, "the order is on hold, but " + nobody}
	}
	return o, &updateResult{order.ErrIllegalMove, fmt.Sprintf("the order is not on hold, it is %s", o.Status)}
}
