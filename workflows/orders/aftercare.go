package orders

import (
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
	"purser/workflows"
)

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
	w.aftercare = true
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := w.listen(ctx); err != nil { // before anything blocks: a message without a handler is refused
		return err
	}
	if err := w.load(ctx, a); err != nil {
		return err
	}
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
	was, err := loadOrder.Run(ctx, 0, "Read the record", a.OrderID, nil)
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
