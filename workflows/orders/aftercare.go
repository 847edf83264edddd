package orders

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

// AftercareWorkflowID returns the ID of the workflow that handles events about an
// order whose own workflow has ended. At most one runs per order, so that the
// order still has one writer.
func AftercareWorkflowID(id order.ID) string { return id.WorkflowID() + "/late" }

// Aftercare is the input of AftercareWorkflow.
type Aftercare struct {
	OrderID order.ID `json:"orderId"`
	// Cancel is the request to cancel an order whose workflow was terminated.
	// It is nil if an event has come.
	Cancel *CancelRequest `json:"cancel,omitempty"`
}

// AftercareWorkflow handles the events that come after an order has ended: it
// refunds a payment for a cancelled order and notes that a parcel was returned.
// The events come as signals. It also compensates what a terminated workflow has
// left half done.
func AftercareWorkflow(ctx workflow.Context, l Aftercare) error {
	w := restore(Placement{ID: l.OrderID})
	if err := w.step(ctx, workflows.RecordQueue, 0, "Read the record", do.LoadOrder, l.OrderID, &w.Order); err != nil {
		if workflows.IsFailure(err, activities.FailureNotFound) {
			return nil // the order was refused: there is no record to write to
		}
		return err
	}
	if err := Release.Handle(ctx, w.checkRelease, w.onRelease); err != nil {
		return err
	}
	w.cancelled, w.written = l.Cancel, w.Waiting
	w.compensateTerminated(ctx)
	for {
		if err := workflow.Await(ctx, func() bool { return w.listenNow(ctx) || len(w.pending) > 0 || w.pendingTasks == 0 }); err != nil {
			return err
		}
		if !w.listenNow(ctx) && len(w.pending) == 0 {
			return nil
		}
		for n := range w.takeEvents(ctx) {
			w.handleLate(ctx, n)
		}
		if err := w.save(ctx); err != nil {
			return err
		}
	}
}

// compensateTerminated compensates an order whose workflow was terminated before
// the capture or during a refund: nothing else would release the shopper's money
// and the goods.
func (w *orderWorkflow) compensateTerminated(ctx workflow.Context) {
	if !w.Compensable() {
		return
	}
	var cause error = abortError{order.Cancelled, "its workflow was terminated before it was paid", ""}
	if w.cancelled != nil {
		cause = temporal.NewCanceledError()
	}
	w.runInBackground(ctx, func(ctx workflow.Context) {
		if w.Payment.Authorized > 0 { // the parcel may be booked, unknown to the record
			w.Shipment.Reference = w.parcelReference()
		}
		if err := w.compensate(ctx, cause); err != nil {
			w.note(ctx, order.OrderCompensationStuck, workflows.ActorPurser, workflows.Reason(err), w.Payment.IntentID)
		}
	})
}
