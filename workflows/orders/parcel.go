package orders

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// bookParcel books the parcel with the carrier under one reference. While the
// carrier is down, the order waits for as long as the money stays held; if the
// carrier refuses, the order is cancelled.
func (w *orderWorkflow) bookParcel(ctx workflow.Context) error {
	if w.Shipment.LabelID != "" {
		return nil
	}
	w.Shipment.Reference = w.parcelReference()
	var p order.Parcel
	within := w.Payment.AuthorizedAt.Add(authorizationLasts).Sub(workflow.Now(ctx))
	err := w.step(ctx, workflows.ParcelsQueue, max(within, time.Second), "Book parcel "+w.Shipment.Reference, do.BookParcel, w.parcelRequest(), &p)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case workflows.IsFailure(err, activities.FailureRejected):
		return abortError{order.Cancelled, "the carrier does not accept the parcel: " + workflows.Reason(err), "it cannot be delivered to this address"}
	case err != nil:
		return abortError{order.Cancelled, "the carrier could not be reached while the money was held: " + workflows.Reason(err), "it could not be shipped in time"}
	}
	w.Shipment.LabelID, w.Shipment.Tracking, w.Shipment.Carrier, w.Shipment.Status = p.LabelID, p.Tracking, p.Carrier, order.ParcelBooked
	if p.Status == order.ParcelVoided { // at the carrier: the shopper must not be charged
		w.Shipment.Status = p.Status
		return abortError{order.Cancelled, "the carrier has voided the parcel", "it could not be shipped"}
	}
	// A parcel that was booked before may be in transit already: awaitDelivery
	// handles its status like an event.
	w.found = p.Status
	w.note(ctx, order.ParcelWasBooked, carrier, fmt.Sprintf("%s, tracking %s", p.Carrier, p.Tracking), p.LabelID)
	return nil
}

func (w *orderWorkflow) parcelReference() string { return string(w.ID) + "-1" }

func (w *orderWorkflow) parcelRequest() order.ParcelRequest {
	return order.ParcelRequest{OrderID: w.ID, Reference: w.Shipment.Reference, To: w.ShipTo, Lines: w.Lines}
}

// awaitDelivery follows the parcel to its delivery. Where no events come, it asks
// the carrier.
func (w *orderWorkflow) awaitDelivery(ctx workflow.Context) error {
	ask := workflow.Now(ctx).Add(w.placement.Terms.TrackAfter)
	if w.moved.IsZero() {
		w.moved = workflow.Now(ctx)
	}
	if w.found.Overtakes(w.Shipment.Status) {
		w.handleShipmentEvent(ctx, order.ShipmentEvent{Reference: w.Shipment.Reference, Status: w.found, Note: "found in transit"})
	}
	for {
		for n := range w.takeEvents(ctx) {
			w.handleAfterCapture(ctx, n)
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
		switch {
		case w.missing:
			on.On, on.Then = operator, "the carrier, which does not know the parcel, is asked again"
		case w.overdue(ctx):
			if !w.overdueSince.Equal(w.moved) {
				w.overdueSince = w.moved
				w.note(ctx, order.ParcelIsOverdue, workflows.ActorPurser, "it has not moved since "+w.moved.UTC().Format(time.DateOnly), w.Shipment.Tracking)
			}
			on.On, on.Then = operator, "the carrier is asked again about the parcel, which has not moved since "+w.moved.UTC().Format(time.DateOnly)
		}
		event, err := w.waitForEvent(ctx, on)
		if err != nil {
			return err
		}
		if event {
			continue
		}
		w.askAboutParcel(ctx)
		ask = workflow.Now(ctx).Add(w.placement.Terms.TrackAfter)
	}
}

// overdue reports whether the parcel has not moved for Terms.OverdueAfter.
func (w *orderWorkflow) overdue(ctx workflow.Context) bool {
	within := w.placement.Terms.OverdueAfter
	return within > 0 && workflow.Now(ctx).Sub(w.moved) >= within
}

// askAboutParcel asks the carrier where the parcel is, but not for long, because
// events wait in the meantime.
func (w *orderWorkflow) askAboutParcel(ctx workflow.Context) {
	summary := "Ask the carrier about " + w.Shipment.Reference
	ref := steps.ParcelRef{Reference: w.Shipment.Reference}
	var p order.Parcel
	err := workflows.RunLocal(ctx, summary, do.TrackParcel, ref, &p)
	if err != nil && workflows.IsTransient(err) {
		err = workflows.RunRemote(ctx, workflows.ParcelsQueue, trackWithin, summary, err, do.TrackParcel, ref, &p)
	}
	missed := w.missing
	w.missing = workflows.IsFailure(err, activities.FailureNoSuch)
	if err != nil {
		w.note(ctx, order.EventIgnored, carrier, "asked, no response: "+workflows.Reason(err), w.Shipment.Tracking)
		return
	}
	if missed {
		w.note(ctx, order.ParcelScanned, carrier, "the carrier knows it again: "+string(p.Status), w.Shipment.Tracking)
	}
	w.handleShipmentEvent(ctx, order.ShipmentEvent{Reference: p.Reference, LabelID: p.LabelID, Tracking: p.Tracking, Status: p.Status, Note: "asked"})
}

// holdParcel puts a paid order whose parcel the carrier has voided on hold, until
// an operator has clarified it with the carrier; then the carrier is asked again.
func (w *orderWorkflow) holdParcel(ctx workflow.Context) error {
	if w.Status != order.OnHold { // an earlier run may have put it on hold
		w.Reason = "the carrier has voided the parcel of a paid order"
		w.become(ctx, order.OnHold, order.OrderOnHold, carrier, w.Reason, w.Shipment.Tracking)
	}
	for w.released == nil {
		if _, err := w.waitForEvent(ctx, order.Waiting{On: operator, About: w.Shipment.Tracking}); err != nil {
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

// handleAfterCapture handles an event that comes after the capture.
func (w *orderWorkflow) handleAfterCapture(ctx workflow.Context, n order.ProviderEvent) {
	switch {
	case n.Parcel != nil:
		w.handleShipmentEvent(ctx, *n.Parcel)
	case n.Payment != nil:
		w.handlePaymentAfterCapture(ctx, n)
	}
}

// handleShipmentEvent moves the order along with its parcel, never backwards.
func (w *orderWorkflow) handleShipmentEvent(ctx workflow.Context, p order.ShipmentEvent) {
	switch {
	case p.Reference != w.Shipment.Reference:
		w.note(ctx, order.EventIgnored, carrier, "event about another parcel: "+p.Reference, p.LabelID)
		return
	case p.Status == order.ParcelException:
		w.moved = workflow.Now(ctx)
		w.note(ctx, order.ParcelScanned, carrier, "problem: "+p.Note, p.Tracking)
		return
	case !p.Status.Overtakes(w.Shipment.Status):
		if p.Note != "asked" && p.Status != w.Shipment.Status {
			w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("late event %q, the parcel is %q", p.Status, w.Shipment.Status), p.Tracking)
		}
		return
	}
	w.Shipment.Status, w.missing, w.moved = p.Status, false, workflow.Now(ctx)
	if w.Status == order.Cancelled { // the parcel could not be voided; the shopper has been mailed the cancellation
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
