package orders

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// compensate reverses what this order did, newest first: the parcel, the payment,
// the stock. Every step is harmless where there is nothing to reverse and is
// retried until it succeeds; what cannot be reversed is left to an operator.
func (w *orderWorkflow) compensate(ctx workflow.Context, cause error) error {
	if w.Status == "" {
		w.refused(cause)
		return nil
	}
	w.compensating = true
	ends, kind, notification := w.cancelling(ctx, cause)
	if err := w.save(ctx); err != nil {
		return err
	}
	if w.Shipment.LabelID == "" && w.Shipment.Reference != "" {
		// The parcel is perhaps booked. A carrier that does not respond must not
		// delay the release of the shopper's money and the goods.
		w.retryInBackground(ctx, "the carrier cannot void the parcel", w.Shipment.Reference, time.Time{}, w.voidPerhapsBooked)
	} else if err := w.compensateParcel(ctx); err != nil {
		return err
	}
	if err := w.compensatePayment(ctx); err != nil {
		return err
	}
	w.stock = order.StockRelease
	w.note(ctx, order.StockReleased, workflows.ActorPurser, "", "")
	w.become(ctx, ends, kind, workflows.ActorPurser, w.Reason, "")
	if w.failure == "" { // otherwise the caller was told that there is no such order
		w.mail(ctx, notification)
	}
	w.notifyRefunds(ctx)
	return w.save(ctx)
}

// refused ends an order that could not be opened.
func (w *orderWorkflow) refused(cause error) {
	w.Status, w.Reason, w.failure = order.Refused, workflows.Reason(cause), activities.FailureInvalid
	var app *temporal.ApplicationError
	if errors.As(cause, &app) {
		w.failure = app.Type()
	}
}

// cancelling notes why the order is cancelled, and returns how it will end: its
// last status, the kind of its last event and the mail about it.
func (w *orderWorkflow) cancelling(ctx workflow.Context, cause error) (order.Status, order.Kind, order.Notification) {
	actor := workflows.ActorPurser
	ends, kind, notification := order.Cancelled, order.OrderCancelled, order.MailCancelled
	s, aborted := asAbort(cause)
	switch {
	case w.cancelled != nil && !aborted:
		actor, w.Reason = w.cancelled.Actor, w.cancelled.Reason
	case aborted:
		w.Reason, w.customerMessage = s.reason, s.customerMessage
		if s.ends == order.Expired {
			ends, kind, notification = order.Expired, order.OrderExpired, order.MailExpired
		}
	case temporal.IsCanceledError(cause):
		actor, w.Reason = "temporal-ui", "cancelled in the Temporal UI"
	default:
		w.Reason = workflows.Reason(cause)
	}
	w.Waiting, w.released = nil, nil // a cancellation overrules a release that came with it
	w.become(ctx, order.Cancelling, order.CancelRequested, actor, w.Reason, "")
	return ends, kind, notification
}

// compensateParcel voids the label of a booked parcel. If the carrier has already
// picked the parcel up, an operator must take over.
func (w *orderWorkflow) compensateParcel(ctx workflow.Context) error {
	for w.Shipment.Reference != "" && w.Shipment.Status != order.ParcelVoided {
		err := w.voidParcel(ctx)
		if err == nil {
			continue
		}
		if err := w.stuck(ctx, "the carrier cannot void the parcel: "+workflows.Reason(err), w.Shipment.Tracking); err != nil {
			return err
		}
	}
	return nil
}

// voidPerhapsBooked voids a parcel that was perhaps booked. A parcel that was
// delivered or returned all the same cannot be voided any more: there is nothing
// left to try.
func (w *orderWorkflow) voidPerhapsBooked(ctx workflow.Context) error {
	ended := w.Shipment.Status == order.ParcelDelivered || w.Shipment.Status == order.ParcelReturned
	if ended {
		return nil
	}
	return w.voidParcel(ctx)
}

func (w *orderWorkflow) voidParcel(ctx workflow.Context) error {
	err := w.step(ctx, workflows.ParcelsQueue, 0, "Void parcel "+w.Shipment.Reference, do.VoidParcel,
		steps.VoidLabelRequest{Booked: w.Shipment.LabelID != "", Asked: w.parcelRequest()}, nil)
	if err == nil {
		w.Shipment.Status = order.ParcelVoided
		w.note(ctx, order.ParcelWasVoided, workflows.ActorPurser, "", w.Shipment.LabelID)
	}
	return err
}

// compensatePayment voids the authorization, or refunds what was captured.
func (w *orderWorkflow) compensatePayment(ctx workflow.Context) error {
	if w.Payment.Generation == 0 {
		return nil
	}
	reverse := w.cancelIntent
	if w.Payment.IntentID != "" {
		reverse = func(ctx workflow.Context) (reversal, error) { return w.refundOrVoid(ctx, w.Payment.IntentID) }
	}
	for {
		g, err := reverse(ctx)
		if err == nil {
			if g.kind != "" {
				w.note(ctx, g.kind, workflows.ActorPurser, g.what, w.Payment.IntentID)
			}
			return nil
		}
		if err := w.stuck(ctx, "the money cannot be refunded or voided: "+workflows.Reason(err), w.Payment.IntentID); err != nil {
			return err
		}
	}
}

// stuck puts a half compensated order on hold until an operator releases it for
// another try.
func (w *orderWorkflow) stuck(ctx workflow.Context, why, ref string) error {
	cause := w.Reason
	w.Reason = why
	w.become(ctx, order.OnHold, order.OrderCompensationStuck, workflows.ActorPurser, why, ref)
	for w.released == nil {
		if _, err := w.waitForEvent(ctx, order.Waiting{On: operator, About: ref}); err != nil {
			return err
		}
		w.noteWhileHeld(ctx)
	}
	r := w.released
	w.Reason = cause
	w.become(ctx, order.Cancelling, order.OrderReleased, r.Actor, r.Reason, ref)
	w.released = nil
	return w.save(ctx)
}

// handleLate handles an event about an order that has ended. It refunds or voids
// a payment for an order that was not delivered, and notes the rest.
func (w *orderWorkflow) handleLate(ctx workflow.Context, n order.ProviderEvent) {
	if w.Status == order.Refused {
		return // it was never opened: there is no record to write to
	}
	p := n.Payment
	holds := p != nil && (p.Status == order.RequiresCapture || p.Status == order.Succeeded)
	duplicate := holds && p.IntentID != w.Payment.IntentID
	unfulfilled := w.Status == order.Cancelled || w.Status == order.Expired
	compensated := w.Payment.Status == order.IntentCanceled || w.Payment.Refunded > 0 ||
		slices.ContainsFunc(w.Refunds, func(r order.Refund) bool { return r.IntentID == w.Payment.IntentID })
	switch {
	case duplicate, holds && unfulfilled && !compensated:
		w.refundInBackground(ctx, p.IntentID, "paid after the order had ended")
	case holds && p.Status == order.Succeeded && p.Received == w.Payment.Captured:
		w.note(ctx, order.PaymentConfirmed, stripe, "", p.IntentID)
	case n.Parcel != nil && n.Parcel.Reference == w.Shipment.Reference:
		w.handleShipmentEvent(ctx, *n.Parcel)
	default:
		w.note(ctx, order.EventIgnored, stripe, "the order has ended: "+n.Type, n.ID)
	}
}
