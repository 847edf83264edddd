package orders

import (
	"go.temporal.io/sdk/workflow"

	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

// Outcome is how an order's workflow ended.
type Outcome struct {
	Status order.Status `json:"status"`
	Reason string       `json:"reason,omitempty"`
	// Failure is the type of the failure for which the order, or its amount by
	// the payment provider, was refused.
	Failure string `json:"failure,omitempty"`
	// Hash is the hash of the request. It tells a repeated request from another
	// one under the same key.
	Hash string `json:"hash,omitempty"`
}

// OrderWorkflow carries an order from its placing to its delivery and is the
// order's only writer. If it cannot deliver, it compensates its steps, newest
// first, and ends the order as cancelled or expired with a reason. A declined
// card is an expected event, not a failure of the workflow.
func OrderWorkflow(ctx workflow.Context, p Placement) (Outcome, error) {
	w := restore(p)
	selling, cancelSelling := workflow.WithCancel(ctx)
	w.cancelSelling = cancelSelling
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := w.listen(ctx); err != nil {
		return Outcome{}, err
	}
	err := w.sell(selling)
	if err == nil {
		err = w.deliver(ctx)
	}
	if workflow.IsContinueAsNewError(err) {
		return Outcome{}, err
	}
	if err != nil {
		err = w.compensate(ctx, err)
	}
	if err != nil {
		return Outcome{}, err
	}
	return w.close(ctx)
}

// sell takes the steps that can still be compensated: of these the shopper
// notices at most a released hold on the card. Cancelling ctx ends it.
func (w *orderWorkflow) sell(ctx workflow.Context) error {
	if w.committed { // in an earlier run
		return nil
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	if err := w.offerPayment(ctx); err != nil {
		return err
	}
	if err := w.awaitPayment(ctx); err != nil {
		return err
	}
	if err := w.bookParcel(ctx); err != nil {
		return err
	}
	return ctx.Err() // the last point at which a cancellation counts
}

// deliver takes the steps after which nobody can cancel any more.
func (w *orderWorkflow) deliver(ctx workflow.Context) error {
	w.committed = true
	if err := w.capturePayment(ctx); err != nil {
		w.committed = false
		return err
	}
	return w.awaitDelivery(ctx)
}

// open prices the order, reserves its stock and records it. An order that
// cannot be opened is refused: there is nothing to compensate.
func (w *orderWorkflow) open(ctx workflow.Context) error {
	if w.Status != "" {
		return nil
	}
	// A cancellation must not interrupt this step: it must be known whether the
	// order was opened.
	opening, _ := workflow.NewDisconnectedContext(ctx)
	now := workflow.Now(ctx)
	var opened steps.Opened
	err := w.step(opening, workflows.RecordQueue, 0, "Price, reserve stock, record the order", do.OpenOrder, order.Opening{
		ID: w.ID, RunID: workflow.GetInfo(ctx).OriginalRunID, RequestHash: w.placement.Hash, Request: w.placement.Request,
		Actor: w.placement.Actor, Correlation: w.placement.Correlation,
		Now: now, HoldUntil: now.Add(w.placement.Terms.PayWithin + reservationGrace),
	}, &opened)
	if err != nil {
		return err
	}
	w.Status, w.Version, w.PlacedAt, w.UpdatedAt = order.Placed, opened.Version, opened.PlacedAt, opened.PlacedAt
	w.Lines, w.Total = opened.Lines, opened.Total
	w.shown.until = w.payBy() // as the starter set it
	return ctx.Err()
}

// close waits for everything still under way (mail, callers, signals) and ends
// the workflow. It also handles events that arrive too late for the order, so
// that money that arrives for a cancelled order is refunded.
func (w *orderWorkflow) close(ctx workflow.Context) (Outcome, error) {
	if err := w.show(ctx); err != nil {
		return Outcome{}, err
	}
	idle := func() bool { return w.pendingTasks == 0 && workflow.AllHandlersFinished(ctx) }
	for {
		for n := range w.takeEvents(ctx) {
			w.handleLate(ctx, n)
		}
		if err := w.save(ctx); err != nil {
			return Outcome{}, err
		}
		stirred := func() bool { return w.listenNow(ctx) || len(w.pending) > 0 }
		if err := workflow.Await(ctx, func() bool { return stirred() || idle() }); err != nil {
			return Outcome{}, err
		}
		if !stirred() {
			return Outcome{Status: w.Status, Reason: w.Reason, Failure: w.failure, Hash: w.placement.Hash}, nil
		}
	}
}
