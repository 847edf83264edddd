package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
)

// Outcome is how an order's workflow ended.
type Outcome struct {
	Status order.Status `json:"status"`
	Reason string       `json:"reason,omitempty"`
	// Failure is the type of the failure for which a refused order was
	// refused.
	Failure string `json:"failure,omitempty"`
	// Hash is that of the request, so that another one under the same key is
	// known as such.
	Hash string `json:"hash,omitempty"`
}

// OrderWorkflow carries an order from the click to the doorstep and is the
// only one who changes it. If it cannot deliver, it undoes what it did,
// newest first, and ends cancelled or expired with a reason. A declined card
// is part of the story, never a failure of the workflow.
func OrderWorkflow(ctx workflow.Context, p Placement) (Outcome, error) {
	w := pickUp(p)
	selling, abandon := workflow.WithCancel(ctx)
	w.abandon = abandon
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
		err = w.undo(ctx, err)
	}
	if err != nil {
		return Outcome{}, err
	}
	return w.close(ctx)
}

// sell takes the steps that can still be undone without the shopper's
// noticing more than a released hold. Cancelling ctx ends it.
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
	return ctx.Err() // the last moment at which a cancellation counts
}

// deliver is past the point of no return: from here on nobody can cancel.
func (w *orderWorkflow) deliver(ctx workflow.Context) error {
	w.committed = true
	if err := w.capturePayment(ctx); err != nil {
		w.committed = false
		return err
	}
	return w.awaitDelivery(ctx)
}

// open prices the order, sets its stock aside and writes it down. An order
// that cannot be opened is refused: there is nothing to undo.
func (w *orderWorkflow) open(ctx workflow.Context) error {
	if w.Status != "" {
		return nil
	}
	// Not to be cut short: an order that may have been opened must be known.
	opening, _ := workflow.NewDisconnectedContext(ctx)
	now := workflow.Now(ctx)
	var opened activities.Opened
	err := w.step(opening, RecordQueue, 0, "Price, set stock aside, write the order", do.OpenOrder, order.Opening{
		ID: w.ID, RunID: workflow.GetInfo(ctx).OriginalRunID, RequestHash: w.placement.Hash, Request: w.placement.Request,
		Actor: w.placement.Actor, Correlation: w.placement.Correlation,
		Now: now, HoldUntil: now.Add(w.placement.Terms.PayWithin + reservationGrace),
	}, &opened)
	if err != nil {
		return err
	}
	w.Status, w.Version, w.PlacedAt, w.UpdatedAt = order.Placed, opened.Version, opened.PlacedAt, opened.PlacedAt
	w.Lines, w.Total = opened.Lines, opened.Total
	return ctx.Err()
}

// bookParcel gives the goods to the carrier's care under one reference. A
// carrier that is down is waited for while the money stays held; one that
// refuses ends the order.
func (w *orderWorkflow) bookParcel(ctx workflow.Context) error {
	if w.Shipment.LabelID != "" {
		return nil
	}
	w.Shipment.Reference = w.parcelReference()
	var p order.Parcel
	within := w.Payment.AuthorizedAt.Add(authorizationLasts).Sub(workflow.Now(ctx))
	err := w.step(ctx, ParcelsQueue, max(within, time.Second), "Book parcel "+w.Shipment.Reference, do.BookParcel, w.parcelRequest(), &p)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failed(err, activities.FailureRejected):
		return setback{order.Cancelled, "the carrier cannot take the parcel: " + reason(err), "it cannot be delivered to this address"}
	case err != nil:
		return setback{order.Cancelled, "the carrier could not be reached while the money was held: " + reason(err), "it could not be shipped in time"}
	}
	w.Shipment.LabelID, w.Shipment.Tracking, w.Shipment.Carrier, w.Shipment.Status = p.LabelID, p.Tracking, p.Carrier, order.ParcelBooked
	if p.Status == order.ParcelVoided { // at the carrier's desk: nothing may be charged for it
		w.Shipment.Status = p.Status
		return setback{order.Cancelled, "the carrier has voided the parcel", "it could not be shipped"}
	}
	// One found under its reference may be under way already: that is news.
	w.found = p.Status
	w.note(ctx, order.ParcelWasBooked, carrier, fmt.Sprintf("%s, tracking %s", p.Carrier, p.Tracking), p.LabelID)
	return nil
}

func (w *orderWorkflow) parcelReference() string { return string(w.ID) + "-1" }

func (w *orderWorkflow) parcelRequest() order.ParcelRequest {
	return order.ParcelRequest{OrderID: w.ID, Reference: w.Shipment.Reference, To: w.ShipTo, Lines: w.Lines}
}

// awaitDelivery follows the parcel to the doorstep. Where the carrier's
// events stay away, it asks.
func (w *orderWorkflow) awaitDelivery(ctx workflow.Context) error {
	ask := workflow.Now(ctx).Add(w.placement.Terms.TrackAfter)
	if w.found.Overtakes(w.Shipment.Status) {
		w.hearParcel(ctx, order.ParcelNews{Reference: w.Shipment.Reference, Status: w.found, Note: "found under way"})
	}
	for {
		for n := range w.takeNews(ctx) {
			w.hearOnTheWay(ctx, n)
		}
		if w.Status.Final() {
			return nil
		}
		if w.Shipment.Status == order.ParcelVoided {
			if err := w.holdParcel(ctx); err != nil {
				return err
			}
			continue
		}
		on := order.Waiting{On: carrier, Until: ask, Then: "the carrier is asked where the parcel is", About: w.Shipment.Tracking}
		if w.missing {
			on.On, on.Then = operator, "the carrier, which does not know the parcel, is asked again"
		}
		heard, err := w.rest(ctx, on)
		if err != nil {
			return err
		}
		if heard {
			continue
		}
		w.askAboutParcel(ctx)
		ask = workflow.Now(ctx).Add(w.placement.Terms.TrackAfter)
	}
}

// askAboutParcel asks the carrier where the parcel is, but not for long: its
// events may come meanwhile.
func (w *orderWorkflow) askAboutParcel(ctx workflow.Context) {
	summary := "Ask the carrier about " + w.Shipment.Reference
	ref := activities.ParcelRef{Reference: w.Shipment.Reference}
	var p order.Parcel
	err := here(ctx, summary, do.TrackParcel, ref, &p)
	if err != nil && passes(err) {
		err = onQueue(ctx, ParcelsQueue, trackWithin, summary, err, do.TrackParcel, ref, &p)
	}
	missed := w.missing
	w.missing = failed(err, activities.FailureNoSuch) && changed(ctx, parcelsAstray)
	if err != nil {
		w.note(ctx, order.EventIgnored, carrier, "asked, no answer: "+reason(err), w.Shipment.Tracking)
		return
	}
	if missed {
		w.note(ctx, order.ParcelScanned, carrier, "known again: "+string(p.Status), w.Shipment.Tracking)
	}
	w.hearParcel(ctx, order.ParcelNews{Reference: p.Reference, LabelID: p.LabelID, Tracking: p.Tracking, Status: p.Status, Note: "asked"})
}

// holdParcel stops a paid order whose parcel the carrier has voided, until an
// operator has settled with the carrier; then it is asked anew.
func (w *orderWorkflow) holdParcel(ctx workflow.Context) error {
	if w.Status != order.OnHold { // else since an earlier run
		w.Reason = "the carrier has voided the parcel of a paid order"
		w.become(ctx, order.OnHold, order.OrderOnHold, carrier, w.Reason, w.Shipment.Tracking)
	}
	for w.released == nil {
		if _, err := w.rest(ctx, order.Waiting{On: operator, About: w.Shipment.Tracking}); err != nil {
			return err
		}
		w.noteWhileHeld(ctx)
	}
	w.Reason, w.Shipment.Status = "", order.ParcelBooked
	w.become(ctx, order.Paid, order.OrderReleased, w.released.Actor, w.released.Reason, w.Shipment.Tracking)
	w.released = nil
	w.askAboutParcel(ctx)
	return nil
}

// hearOnTheWay takes a report that comes after the money was taken.
func (w *orderWorkflow) hearOnTheWay(ctx workflow.Context, n order.News) {
	switch {
	case n.Parcel != nil:
		w.hearParcel(ctx, *n.Parcel)
	case n.Payment != nil:
		w.hearAfterCapture(ctx, n)
	}
}

// hearParcel moves the order along with its parcel, forwards only (WHK-9).
func (w *orderWorkflow) hearParcel(ctx workflow.Context, p order.ParcelNews) {
	switch {
	case p.Reference != w.Shipment.Reference:
		w.note(ctx, order.EventIgnored, carrier, "report about another parcel: "+p.Reference, p.LabelID)
		return
	case p.Status == order.ParcelException:
		w.note(ctx, order.ParcelScanned, carrier, "problem: "+p.Note, p.Tracking)
		return
	case !p.Status.Overtakes(w.Shipment.Status):
		if p.Note != "asked" && p.Status != w.Shipment.Status {
			w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("late report %q, the parcel is %q", p.Status, w.Shipment.Status), p.Tracking)
		}
		return
	}
	w.Shipment.Status, w.missing = p.Status, false
	if w.Status == order.Cancelled && changed(ctx, parcelsAstray) { // it could not be taken back; the shopper has been told otherwise
		w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("the order was cancelled, but its parcel is %q", p.Status), p.Tracking)
		return
	}
	switch p.Status {
	case order.ParcelInTransit, order.ParcelOutForDelivery:
		if w.Status == order.Shipped {
			w.note(ctx, order.ParcelScanned, carrier, string(p.Status), w.Shipment.Tracking)
			return
		}
		w.become(ctx, order.Shipped, order.ParcelWasShipped, carrier, p.Note, w.Shipment.Tracking)
		w.mail(ctx, order.MailShipped)
	case order.ParcelDelivered:
		w.become(ctx, order.Delivered, order.ParcelArrived, carrier, p.Note, w.Shipment.Tracking)
		w.mail(ctx, order.MailDelivered)
	case order.ParcelReturned:
		w.Reason = "the carrier brought the parcel back"
		w.become(ctx, order.Returned, order.ParcelCameBack, carrier, p.Note, w.Shipment.Tracking)
	default:
		w.note(ctx, order.ParcelScanned, carrier, string(p.Status), w.Shipment.Tracking)
	}
}

// close waits for what is still on its way (mail, callers, signals) and ends
// the workflow. News that came too late to matter here is handed on, so that
// money that arrives for a dead order is given back.
func (w *orderWorkflow) close(ctx workflow.Context) (Outcome, error) {
	if err := w.show(ctx); err != nil {
		return Outcome{}, err
	}
	idle := func() bool { return w.chores == 0 && workflow.AllHandlersFinished(ctx) }
	for {
		for n := range w.takeNews(ctx) {
			w.hearTooLate(ctx, n)
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
