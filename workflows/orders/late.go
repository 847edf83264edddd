package orders

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

// LateWorkflowID is the ID of the workflow that hears reports about an order
// whose own workflow has ended. There is one at a time per order, so that an
// order still has one writer.
func LateWorkflowID(id order.ID) string { return id.WorkflowID() + "/late" }

// Late is the input of LateWorkflow.
type Late struct {
	OrderID order.ID `json:"orderId"`
	// Cancel is who wants an order undone whose workflow was ended by hand;
	// nil: a report has come.
	Cancel *CancelRequest `json:"cancel,omitempty"`
}

// LateWorkflow hears the reports that come after an order has ended (REC-10):
// money for a cancelled order goes back, a parcel that returns is written
// down. The reports come as signals. It also undoes what a terminated workflow
// has left half done.
func LateWorkflow(ctx workflow.Context, l Late) error {
	w := pickUp(Placement{ID: l.OrderID})
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
	w.sealOff(ctx)
	for {
		if err := workflow.Await(ctx, func() bool { return w.listenNow(ctx) || len(w.pending) > 0 || w.chores == 0 }); err != nil {
			return err
		}
		if !w.listenNow(ctx) && len(w.pending) == 0 {
			return nil
		}
		for n := range w.takeNews(ctx) {
			w.hearTooLate(ctx, n)
		}
		if err := w.save(ctx); err != nil {
			return err
		}
	}
}

// sealOff undoes an order whose workflow was terminated before it had taken
// money, or while it gave it back: nobody else would let go of the shopper's
// money and the goods.
func (w *orderWorkflow) sealOff(ctx workflow.Context) {
	if !w.Undoable() {
		return
	}
	var cause error = setback{order.Cancelled, "its workflow was ended by hand before it was paid", ""}
	if w.cancelled != nil {
		cause = temporal.NewCanceledError()
	}
	w.meanwhile(ctx, func(ctx workflow.Context) {
		if w.Payment.Authorized > 0 { // the parcel may be booked, unknown to the record
			w.Shipment.Reference = w.parcelReference()
		}
		if err := w.undo(ctx, cause); err != nil {
			w.note(ctx, order.OrderUndoStuck, workflows.ActorPurser, workflows.Reason(err), w.Payment.IntentID)
		}
	})
}
