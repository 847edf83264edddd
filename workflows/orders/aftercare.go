package orders

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

// AftercareWorkflowID is the ID of the workflow that hears reports about an order
// whose own workflow has ended. There is one at a time per order, so that an
// order still has one writer.
func AftercareWorkflowID(id order.ID) string { return id.WorkflowID() + "/late" }

// Aftercare is the input of AftercareWorkflow.
type Aftercare struct {
	OrderID order.ID `json:"orderId"`
	// Cancel is who wants an order undone whose workflow was ended by hand;
	// nil: a report has come.
	Cancel *CancelRequest `json:"cancel,omitempty"`
}

// AftercareWorkflow hears the reports that come after an order has ended:
// money for a cancelled order goes back, a parcel that returns is written
// down. The reports come as signals. It also undoes what a terminated workflow
// has left half done.
func AftercareWorkflow(ctx workflow.Context, l Aftercare) error {
	w := restore(Placement{ID: l.OrderID})
	if err := w.step(ctx, workflows.RecordQueue, 0, "Read the record", do.LoadOrder, l.OrderID, &w.Order); err != nil {
		if workflows.IsFailure(err, activities.FailureNotFound) {
			return nil // refused at the door: there is no order to write to
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

// compensateTerminated undoes an order whose workflow was terminated before it had taken
// money, or while it gave it back: nobody else would let go of the shopper's
// money and the goods.
func (w *orderWorkflow) compensateTerminated(ctx workflow.Context) {
	if !w.Compensable() {
		return
	}
	var cause error = abortError{order.Cancelled, "its workflow was ended by hand before it was paid", ""}
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
