package orders

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
)

// Moment is where in the course of an order a step of the shop's own is taken.
type Moment string

// The moments.
const (
	// BeforeLabel: the money is held, the goods are reserved, and no parcel is booked. The
	// order waits for the step. If the step fails for good, the order is cancelled.
	BeforeLabel Moment = "before_label"
	// AfterCapture: the money is captured, and the parcels are booked. The order does not
	// wait for the step, which is tried until it succeeds, or until a person says that it
	// has been dealt with; until then the order needs attention.
	AfterCapture Moment = "after_capture"
)

// Extension is a step of the shop's own that an order takes once.
type Extension struct {
	// ID names the step in the orders that take it, and in what needs attention. It is
	// never changed, and never used again for another step.
	ID string
	At Moment
	// Run takes the step. It is workflow code: it acts by workflows.Step alone. It may run
	// again after an interruption, so its activities need an idempotency key, such as
	// order.Key(o.ID, ID, 1).
	Run func(ctx workflow.Context, o order.Order) error
}

// Course is the order's workflows with the steps of the shop's own. An order takes those
// that its placement names, so it keeps the steps of the build that placed it: orders that
// are under way when a step is added replay without it.
type Course struct {
	Extensions []Extension
}

// OrderWorkflow is the function OrderWorkflow with the steps of the shop's own.
func (c Course) OrderWorkflow(ctx workflow.Context, p Placement) (Outcome, error) {
	return runOrder(ctx, c, p)
}

// AftercareWorkflow is the function AftercareWorkflow with the steps of the shop's own.
func (c Course) AftercareWorkflow(ctx workflow.Context, a Aftercare) error {
	return runAftercare(ctx, c, a)
}

// IDs returns the names of the steps, for the placement of an order.
func (c Course) IDs() (ids []string) {
	for _, e := range c.Extensions {
		ids = append(ids, e.ID)
	}
	return ids
}

// ownSteps returns the steps of a moment that the order has not taken yet. It panics if
// this build does not have one that the order is to take: the order then waits for a build
// that has it.
func (w *orderWorkflow) ownSteps(m Moment) (due []Extension) {
	for _, id := range w.Placement.Extensions {
		i := slices.IndexFunc(w.course.Extensions, func(e Extension) bool { return e.ID == id })
		switch {
		case w.Extended[id]:
		case i < 0:
			panic(fmt.Sprintf("the order takes the step %q, which this build does not have", id))
		case w.course.Extensions[i].At == m:
			due = append(due, w.course.Extensions[i])
		}
	}
	return due
}

// extendBeforeLabel takes the steps before the first parcel is booked.
func (w *orderWorkflow) extendBeforeLabel(ctx workflow.Context) error {
	if w.booked() {
		return nil
	}
	for _, e := range w.ownSteps(BeforeLabel) {
		w.watchLapseInBackground(ctx) // the step may take longer than the money stays held
		err := e.Run(ctx, w.Order)
		if w.stopped(ctx) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.ID, err)
		}
		w.extended(e.ID)
	}
	return nil
}

// extendAfterCapture takes the steps after the capture in the background.
func (w *orderWorkflow) extendAfterCapture(ctx workflow.Context) error {
	if !w.Confirmed {
		return nil
	}
	for _, e := range w.ownSteps(AfterCapture) {
		if w.extending[e.ID] {
			continue
		}
		w.extending[e.ID] = true
		w.retryInBackground(ctx, "the step "+e.ID+" cannot be taken", e.ID, time.Time{}, func(ctx workflow.Context) error {
			return e.Run(ctx, w.Order)
		}, func() { w.extended(e.ID) })
	}
	return nil
}

// extended records that a step was taken.
func (w *orderWorkflow) extended(id string) {
	if w.Extended == nil {
		w.Extended = map[string]bool{}
	}
	w.Extended[id] = true
	w.unsaved = true
}
