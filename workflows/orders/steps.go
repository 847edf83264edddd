package orders

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities/mails"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// do and doMail name the activities; their methods are called by the worker, never
// here.
var (
	do     *steps.Activities
	doMail *mails.Activities
)

// The steps of an order.
var (
	openOrder       = workflows.NewStep(workflows.RecordQueue, do.OpenOrder)
	saveOrder       = workflows.NewCommand(workflows.RecordQueue, do.SaveOrder)
	loadOrder       = workflows.NewStep(workflows.RecordQueue, do.LoadOrder)
	createIntent    = workflows.NewStep(workflows.PaymentsQueue, do.CreateIntent)
	getIntent       = workflows.NewStep(workflows.PaymentsQueue, do.GetIntent)
	cancelIntent    = workflows.NewStep(workflows.PaymentsQueue, do.CancelIntent)
	captureIntent   = workflows.NewStep(workflows.PaymentsQueue, do.CaptureIntent)
	refundIntent    = workflows.NewStep(workflows.PaymentsQueue, do.RefundIntent)
	listRefunds     = workflows.NewStep(workflows.PaymentsQueue, do.ListRefunds)
	placeExchange   = workflows.NewStep(workflows.RecordQueue, do.PlaceExchange).Queued()
	returnCredit    = workflows.NewCommand(workflows.RecordQueue, do.ReturnCredit).Queued()
	recallRefunds   = workflows.NewStep(workflows.RecordQueue, do.RecallRefunds)
	recallShipments = workflows.NewStep(workflows.RecordQueue, do.RecallShipments)
	readGoods       = workflows.NewStep(workflows.RecordQueue, do.ReadGoods)
	priceChange     = workflows.NewStep(workflows.RecordQueue, do.PriceChange)
	bookParcel      = workflows.NewStep(workflows.ParcelsQueue, do.BookParcel)
	trackParcel     = workflows.NewStep(workflows.ParcelsQueue, do.TrackParcel)
	voidParcel      = workflows.NewCommand(workflows.ParcelsQueue, do.VoidParcel)
	keepLabel       = workflows.NewCommand(workflows.ParcelsQueue, do.KeepLabel)
	sendMail        = workflows.NewStep(workflows.MailQueue, doMail.SendMail)
)

// run runs a step to its end: locally first, then on its queue for as long as
// within (0: for ever). A delay is noted in the timeline, and the order shows that
// it waits for the step, so that it explains why the order stands still. then says
// what happens when within has passed.
func run[In, Out any](ctx workflow.Context, w *orderWorkflow, s workflows.Step[In, Out], within time.Duration, then, summary string, in In) (Out, error) {
	w.task.began(ctx)
	delayed := w.delayed
	defer func(was *order.Waiting) {
		w.delayed = delayed
		if s.Queue != workflows.RecordQueue { // a write changes nothing here, and the order may go on during one
			w.Waiting = was
		}
	}(w.Waiting)
	return s.Run(ctx, within, summary, in, func(err error) error {
		w.delayed = true
		w.mailReceivedInBackground(ctx)
		w.watchLapseInBackground(ctx)
		if s.Queue == workflows.RecordQueue {
			return nil
		}
		on := order.Waiting{On: s.Queue, Then: "it is tried again until it succeeds"}
		if within > 0 {
			on.Until, on.Then = workflow.Now(ctx).Add(within), then
		}
		w.Waiting = &on
		w.note(ctx, order.StepDelayed, workflows.ActorPurser, summary+": "+workflows.Reason(err), "")
		if err := w.save(ctx); err != nil {
			return err
		}
		return w.show(ctx)
	})
}

// runBackground runs a step like run, but leaves unchanged what the order shows that it
// waits for: it is for background tasks.
func runBackground[In, Out any](ctx workflow.Context, w *orderWorkflow, s workflows.Step[In, Out], within time.Duration, summary string, in In) (Out, error) {
	w.task.began(ctx)
	return s.Run(ctx, within, summary, in, func(err error) error {
		w.note(ctx, order.StepDelayed, workflows.ActorPurser, summary+": "+workflows.Reason(err), "")
		return nil
	})
}

// inBackground runs a task for which the order does not wait. The end of the
// workflow does.
func (w *orderWorkflow) inBackground(ctx workflow.Context, task func(workflow.Context)) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	w.pending++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { w.pending-- }()
		task(ctx)
	})
}

// The changes that a running order can meet. A change ID is never used again.
const (
	// changeVerifyMoney: the provider is asked about money that an event reports
	// otherwise than as an authorization of what the payment asks for. Before, the event was
	// believed.
	changeVerifyMoney = "verify-reported-money"
	// changeMemoNeeds: the memo says what needs a person.
	changeMemoNeeds = "memo-needs"
	// changeVerifyParcels: the carrier is asked about a parcel that an event reports as
	// voided or, while the order is being cancelled, as returned. Before, the event was
	// believed.
	changeVerifyParcels = "verify-reported-parcels"
	// changeAskAboutDisputed: a person is asked at once about a payment that cannot be
	// refunded because it is disputed, and is not asked a second time whether an order
	// goes on whose parcel the carrier has. Before, the refund was tried for a day.
	changeAskAboutDisputed = "ask-about-disputed"
	// changeRecallParcels: an order that is cancelled before it has booked a parcel asks
	// the record whether an attempt that was lost has.
	changeRecallParcels = "recall-parcels"
	// changeCancelLostPayments: a payment that the shopper was asked for because a hold
	// lapses is cancelled, also if it is not known whether it was created, when the order
	// does not need it. Before, such a one was left at the provider.
	changeCancelLostPayments = "cancel-lost-payments"
	// changeCaptureGoodsOut: when a person says that the carrier has the goods, a hold that
	// is too old to be relied on is captured at once, also if the shopper could not be asked
	// to pay again. Before, the order was put on hold again.
	changeCaptureGoodsOut = "capture-goods-out"
)

// verifiesMoney reports whether the order asks the provider about such money.
func verifiesMoney(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyMoney, workflow.DefaultVersion, 1) >= 1
}

// verifiesParcels reports whether the order asks the carrier about such parcels.
func verifiesParcels(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeVerifyParcels, workflow.DefaultVersion, 1) >= 1
}

// asksAboutDisputed reports whether the order asks a person about disputed payments so.
func asksAboutDisputed(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeAskAboutDisputed, workflow.DefaultVersion, 1) >= 1
}

// recallsParcels reports whether the order asks the record for such parcels.
func recallsParcels(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeRecallParcels, workflow.DefaultVersion, 1) >= 1
}

// cancelsLostPayments reports whether the order cancels such payments.
func cancelsLostPayments(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeCancelLostPayments, workflow.DefaultVersion, 1) >= 1
}

// capturesGoodsOut reports whether the order captures such a hold.
func capturesGoodsOut(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeCaptureGoodsOut, workflow.DefaultVersion, 1) >= 1
}

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
