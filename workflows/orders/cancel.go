package orders

import (
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

func (w *orderWorkflow) checkCancel(ctx workflow.Context, _ CancelRequest) error {
	if !w.ready { // onCancel checks
		return nil
	}
	return w.handle(ctx, message{kind: cancelMessage})
}

// mayCancel takes a request to cancel for as long as the carrier has no parcel.
func (w *orderWorkflow) mayCancel(ctx workflow.Context, m message) error {
	if w.inTransit() {
		return w.tooLateToCancel(ctx, m)
	}
	return nil
}

// joinCancel lets a caller wait for the compensation that is under way.
func (w *orderWorkflow) joinCancel(workflow.Context, message) error { return nil }

func (w *orderWorkflow) tooLateToCancel(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalTooLate, "the order is "+string(w.Status))
}

// onCancel cancels the order and returns it when everything is compensated. The
// order takes no further step from the moment the request arrives, but nothing is
// undone before the request is certainly in the history.
func (w *orderWorkflow) onCancel(ctx workflow.Context, r CancelRequest) (order.Order, error) {
	if err := w.awaitReady(ctx); err != nil {
		return w.Order, err
	}
	if err := w.checkCancel(ctx, r); err != nil {
		return w.Order, err
	}
	if err := w.requestCancel(ctx, r); err != nil {
		return w.Order, err
	}
	// A person may decide that the order goes on all the same.
	goesOn := func() bool { return w.Abort == nil && w.Cancel == nil }
	if err := workflow.Await(ctx, func() bool { return w.Status.Final() || goesOn() }); err != nil {
		return w.Order, err
	}
	if w.Phase != Closed {
		return w.Order, w.tooLateToCancel(ctx, message{})
	}
	return w.Order, nil
}

// awaitReady waits until the state is loaded. It fails if there is no such order.
func (w *orderWorkflow) awaitReady(ctx workflow.Context) error {
	w.callers++
	err := workflow.Await(ctx, func() bool { return w.ready })
	w.callers--
	if err != nil {
		return err
	}
	if w.ID == "" {
		return workflows.Refuse(activities.FailureNotFound, order.ErrNotFound.Error())
	}
	return nil
}

// accept returns nil when a request is certainly in the history, and check still takes
// it: another request may have come first.
func (w *orderWorkflow) accept(ctx workflow.Context, check func() error) error {
	if err := w.awaitReady(ctx); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return err
	}
	return check()
}

func (w *orderWorkflow) requestCancel(ctx workflow.Context, r CancelRequest) error {
	if w.Cancel != nil || w.Abort != nil {
		return nil // the first request counts
	}
	w.Cancel = &r
	w.changes++
	w.interrupt()
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return err
	}
	if w.Abort != nil { // the order was aborted in the meantime for a reason of its own
		return nil
	}
	if err := w.checkCancel(ctx, r); err != nil { // the carrier has picked the parcel up in the meantime
		w.Cancel = nil
		return err
	}
	w.abort(Abort{Ends: order.Cancelled, Actor: r.Actor(), Reason: r.Reason()})
	return nil
}

// watchCancellation takes a cancellation of the workflow itself, as from the
// Temporal UI, as a request to cancel the order, if that is still possible.
func (w *orderWorkflow) watchCancellation(ctx workflow.Context) {
	done := ctx.Done()
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(disconnected, func(ctx workflow.Context) {
		done.Receive(ctx, nil)
		if w.checkCancel(ctx, CancelRequest{}) == nil {
			w.abort(Abort{Ends: order.Cancelled, Actor: workflows.ActorTemporalUI, Reason: "cancelled in the Temporal UI"})
		}
	})
}
