package orders

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

// reservationGrace is how long the stock stays reserved after the shopper's
// deadline: the time it takes to ask the provider then.
const reservationGrace = 15 * time.Minute

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
// order's only writer. Its handlers apply each message as it arrives (see
// transitions); the phases below take the steps and wait for the state to change.
func OrderWorkflow(ctx workflow.Context, p Placement) (Outcome, error) {
	return runOrder(ctx, Course{}, p)
}

func runOrder(ctx workflow.Context, c Course, p Placement) (Outcome, error) {
	w, err := begin(ctx, c, p)
	if err != nil {
		return Outcome{}, err
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := w.untilEnded(ctx); err != nil {
		return Outcome{}, err
	}
	return Outcome{Status: w.Status, Reason: w.Reason, Failure: w.Failure, Hash: p.Hash}, nil
}

// untilEnded takes the order to the end of its last phase.
func (w *orderWorkflow) untilEnded(ctx workflow.Context) error {
	for {
		phase, interrupt := workflow.WithCancel(ctx)
		w.interrupt = interrupt
		done, err := w.advance(phase)
		if done || err != nil {
			return err
		}
	}
}

// advance does what comes next, until the phase has ended or was interrupted.
func (w *orderWorkflow) advance(ctx workflow.Context) (done bool, err error) {
	switch {
	case w.Abort != nil && w.Version > 0 && w.Phase != Compensating && w.Phase != Closed:
		return false, w.beginCompensation(ctx)
	case w.cancelPending():
		_ = workflow.Await(ctx, func() bool { return !w.cancelPending() }) // it fails if a hold or a decision interrupts it
		return false, nil
	case w.Hold != nil:
		return false, w.awaitResolution(ctx)
	}
	switch w.Phase {
	case Opening:
		err = w.open(ctx)
	case AwaitingPayment:
		err = w.awaitPayment(ctx)
	case Fulfilling:
		err = w.fulfil(ctx)
	case Compensating:
		return false, w.compensate(ctx)
	case Completed, Closed:
		return w.close(ctx)
	}
	return false, w.abortAfter(ctx, err)
}

// abortAfter aborts the order after a failure of a step, unless the step was
// interrupted or the failure has aborted it already.
func (w *orderWorkflow) abortAfter(ctx workflow.Context, err error) error {
	if err == nil || workflow.IsContinueAsNewError(err) {
		return err
	}
	if ctx.Err() == nil {
		w.abortFor(order.Cancelled, workflows.Reason(err), "")
	}
	return nil
}

// open prices the order, reserves its stock and records it, and offers the payment.
// An order that cannot be opened is refused: there is nothing to compensate.
func (w *orderWorkflow) open(ctx workflow.Context) error {
	if w.Version == 0 {
		if err := w.record(ctx); err != nil {
			w.refuse(ctx, err)
			return nil
		}
	}
	if w.stopped(ctx) {
		return nil
	}
	return w.offerPayment(ctx)
}

// record opens the order in the record. Nothing interrupts it: it must be known
// whether the order was opened.
func (w *orderWorkflow) record(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	now, p := workflow.Now(ctx), w.Placement
	opened, err := run(ctx, w, openOrder, 0, "", "Price, reserve stock, record the order", order.Opening{
		ID: w.ID, RunID: workflow.GetInfo(ctx).OriginalRunID, RequestHash: p.Hash, Request: p.Request, Pricing: p.Pricing,
		Actor: p.Actor, Correlation: p.Correlation,
		ExchangeOf: p.ExchangeOf,
		Now:        now, HoldUntil: p.Terms.PayBy(p.Request.Payment, now).Add(reservationGrace),
	})
	if err != nil {
		return err
	}
	w.Status, w.Version, w.PlacedAt, w.UpdatedAt = order.Placed, opened.Version, opened.PlacedAt, opened.PlacedAt
	w.Lines, w.Shipping, w.Total = opened.Lines, opened.Shipping, opened.Total
	w.Payments = w.FirstPayments()
	if p.Request.Payment == order.PayManually && !w.Free() {
		w.Payments[0].Provider = order.Manual
	}
	w.Placement.Request, w.Placement.Pricing = order.Request{}, nil // the order has what they said
	w.shown.until = w.payBy()                                       // as the starter set it
	return nil
}

// refuse ends an order that could not be opened.
func (w *orderWorkflow) refuse(ctx workflow.Context, cause error) {
	w.Failure = activities.FailureInvalid
	var app *temporal.ApplicationError
	if errors.As(cause, &app) {
		w.Failure = app.Type()
	}
	w.Abort = &Abort{Ends: order.Refused, Actor: workflows.ActorPurser, Reason: workflows.Reason(cause)}
	w.enter(ctx, Closed)
	w.Status, w.Reason = order.Refused, w.Abort.Reason
}

// close waits for everything still under way (mail, callers, signals), and reports
// whether the workflow can end. A message that arrives in the meantime can lead
// the order into another phase.
func (w *orderWorkflow) close(ctx workflow.Context) (done bool, err error) {
	if err := w.show(ctx); err != nil {
		return false, err
	}
	idle := func() bool {
		return w.pending == 0 && w.PendingChange() == nil && !w.awaitsReturns() && workflow.AllHandlersFinished(ctx) && !Reported.Waits(ctx)
	}
	for {
		w.receive(ctx)
		_ = workflow.Await(ctx, func() bool { return w.sending == 0 }) // their outcomes go into the same write
		if err := w.save(ctx); err != nil {
			return false, err
		}
		if w.Hold != nil || w.Abort != nil && w.Phase != Closed || !w.Phase.ended() {
			return false, nil
		}
		if w.awaitsReturns() && w.pending == 0 && workflow.AllHandlersFinished(ctx) && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return false, w.continueAsNew(ctx)
		}
		changes := w.changes
		if err := workflow.Await(ctx, func() bool { return w.changes != changes || len(w.Pending) > 0 || idle() }); err != nil {
			return false, nil // interrupted: advance looks at what has changed
		}
		if len(w.Pending) == 0 && w.changes == changes && idle() {
			return true, nil
		}
	}
}

// AftercareWorkflowID returns the ID of the workflow that takes care of an order
// whose own workflow has ended, was terminated, or is lost. At most one runs per
// order, so that the order still has one writer.
func AftercareWorkflowID(id order.ID) string { return id.WorkflowID() + "/aftercare" }

// Aftercare is the input of AftercareWorkflow.
type Aftercare struct {
	OrderID order.ID `json:"orderId"`
	// Snapshot is the state in which the run before this one ended; nil in the first
	// run, which reads it from the record.
	Snapshot *order.Snapshot `json:"snapshot,omitempty"`
}

// AftercareWorkflow goes on with an order from the state in the record, with all
// the order's handlers: it returns a payment that comes too late, and takes a
// person's decision about a parcel that comes back. It ends when nothing is left to
// do, and is started again for the next message. An order whose workflow was
// terminated before it was paid is cancelled: nothing else would release the
// shopper's money and the goods.
func AftercareWorkflow(ctx workflow.Context, a Aftercare) error {
	return runAftercare(ctx, Course{}, a)
}

func runAftercare(ctx workflow.Context, c Course, a Aftercare) error {
	w := newRun(c, newState(Placement{}))
	w.aftercare, w.reads = true, a.Snapshot == nil
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := w.listen(ctx); err != nil { // before anything blocks: a message without a handler is refused
		return err
	}
	if err := w.load(ctx, a); err != nil {
		return err
	}
	w.shown = shownAtStart(ctx)
	w.loaded(ctx)
	if w.ID == "" {
		return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	}
	// A request to cancel that started this workflow comes first, so that the order is
	// cancelled for its reason.
	if err := workflow.Await(ctx, func() bool { return w.callers == 0 }); err != nil {
		return err
	}
	if !w.Phase.ended() && w.Phase != Compensating && w.unpaid() && !w.cancelPending() {
		w.abortFor(order.Cancelled, "its workflow was terminated before it was paid", "")
	}
	return w.untilEnded(ctx)
}

// load takes over the state of the run before or of the record. A refused order is
// in neither, and leaves the ID empty.
func (w *orderWorkflow) load(ctx workflow.Context, a Aftercare) error {
	if a.Snapshot != nil {
		return w.restore(*a.Snapshot)
	}
	was, err := loadOrder.Run(ctx, 0, "Read the record", a.OrderID, func(error) error {
		w.reads = false // what is read on the queue is in the history, whatever becomes of the task
		return nil
	})
	switch {
	case workflows.IsFailure(err, activities.FailureNotFound):
		return nil
	case err != nil:
		return err
	case was.Snapshot.Version == 0: // its workflow ended right after it was opened
		w.Order = was.Order
		return nil
	}
	return w.restore(was.Snapshot)
}
