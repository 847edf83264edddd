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

// offerPayment creates the payment intent, so that the shopper can pay, and sets
// the result of Place. The idempotency key consists of the order, the operation
// and the generation: however often this is tried, there is one intent.
func (w *orderWorkflow) offerPayment(ctx workflow.Context) error {
	if w.Payment.IntentID != "" {
		return nil
	}
	w.Payment.Generation++ // set before the step, so that compensate knows of it
	var made steps.Created
	within := w.payBy().Sub(workflow.Now(ctx))
	err := w.step(ctx, workflows.PaymentsQueue, max(within, time.Second), "Create payment intent", do.CreateIntent, w.intentRequest(), &made)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case workflows.IsFailure(err, activities.FailureMinimum):
		w.failure = activities.FailureMinimum // Place fails with it
		return abortError{order.Cancelled, "the amount is too small for the payment provider: " + workflows.Reason(err), "the payment could not be taken"}
	case workflows.IsFailure(err, activities.FailureRejected):
		return abortError{order.Cancelled, "the payment provider cannot accept this payment: " + workflows.Reason(err), "the payment could not be taken"}
	case err != nil:
		return abortError{order.Expired, "the payment provider could not be reached in time: " + workflows.Reason(err), ""}
	}
	w.Payment.IntentID, w.Payment.Status, w.sealed = made.Intent.ID, made.Intent.Status, made.SealedSecret
	if w.Status == order.Placed {
		w.become(ctx, order.AwaitingPayment, order.PaymentReady, workflows.ActorPurser, "the shopper can pay "+w.Total.String(), made.Intent.ID)
	} else {
		w.note(ctx, order.PaymentReady, workflows.ActorPurser, "the shopper can pay "+w.Total.String(), made.Intent.ID)
	}
	w.Waiting = w.waitingForPayment()
	if err := w.save(ctx); err != nil {
		return err
	}
	w.answer = &Placed{Order: w.Order, SealedSecret: w.sealed}
	return nil
}

func (w *orderWorkflow) intentRequest() order.IntentRequest {
	return order.IntentRequest{
		OrderID: w.ID, Generation: w.Payment.Generation, Amount: w.Total, Customer: w.Customer,
		Key: order.Key(w.ID, "intent", w.Payment.Generation),
	}
}

// payBy returns when an unpaid order expires.
func (w *orderWorkflow) payBy() time.Time { return w.PlacedAt.Add(w.placement.Terms.PayWithin) }

func (w *orderWorkflow) waitingForPayment() *order.Waiting {
	return &order.Waiting{On: waitPayment, Until: w.payBy(), Then: "Stripe is asked; if it is unpaid, the order expires", About: w.Payment.IntentID}
}

// awaitPayment waits until the money is held. Stripe's events say so soonest;
// where none come, Stripe is asked at growing intervals, and once more before
// the order expires.
func (w *orderWorkflow) awaitPayment(ctx workflow.Context) error {
	if w.Status == order.OnHold { // since an earlier run
		if err := w.awaitRelease(ctx); err != nil {
			return err
		}
	}
	interval := w.placement.Terms.AskAfter
	ask := workflow.Now(ctx).Add(interval)
	for w.Payment.Authorized == 0 {
		for n := range w.takeEvents(ctx) {
			if err := w.handlePaymentEvent(ctx, n); err != nil {
				return err
			}
			if w.Payment.Authorized > 0 {
				break // the events after it are for awaitDelivery
			}
		}
		if w.Payment.Authorized > 0 {
			break
		}
		if until := w.retryUntil(); !until.IsZero() {
			ask, interval = until, w.placement.Terms.AskAfter
		}
		on, at := *w.waitingForPayment(), ask
		switch overdue := !workflow.Now(ctx).Before(on.Until); {
		case overdue: // and it is not yet certain whether the order is paid
			on.Then, on.Until = "Stripe is asked whether it was paid", ask
		case !w.declined.IsZero() && ask.Before(on.Until):
			on.Then, on.Until = "Stripe is asked whether it was paid; if not, the shopper is mailed that the card was declined", ask
		case on.Until.Before(ask):
			at = on.Until
		}
		event, err := w.waitForEvent(ctx, on, at)
		switch {
		case err != nil:
			return err
		case event:
			continue
		}
		if err := w.askAboutPayment(ctx); err != nil {
			return err
		}
		last := !workflow.Now(ctx).Before(w.payBy())
		if last && w.Payment.Authorized == 0 && w.Payment.Status != order.Processing {
			return abortError{order.Expired, "not paid within " + w.placement.Terms.PayWithin.String(), ""}
		}
		w.notifyDecline(ctx)
		interval = min(2*interval, time.Hour)
		ask = workflow.Now(ctx).Add(interval)
	}
	return w.keepStock(ctx)
}

// keepStock makes the reservation permanent now that the money is held. If the
// reservation has lapsed and the goods are sold out, the order is cancelled.
func (w *orderWorkflow) keepStock(ctx workflow.Context) error {
	if w.Shipment.LabelID != "" {
		return nil
	}
	w.stock, w.attempt = order.StockKeep, "capture"
	err := w.save(ctx)
	if workflows.IsFailure(err, activities.FailureOutOfStock) {
		return abortError{order.Cancelled, "sold out while the payment was on its way", "a product sold out while you were paying"}
	}
	return err
}

// askAboutPayment fetches the intent from the provider and applies its state,
// which is certain.
func (w *orderWorkflow) askAboutPayment(ctx workflow.Context) error {
	var in order.Intent
	err := w.step(ctx, workflows.PaymentsQueue, 0, "Ask Stripe about "+w.Payment.IntentID, do.GetIntent, steps.IntentRef{ID: w.Payment.IntentID}, &in)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return w.hold(ctx, "Stripe does not know the payment intent: "+workflows.Reason(err))
	}
	return w.applyPaymentEvent(ctx, in.PaymentEvent(), true)
}

// handlePaymentEvent handles an event that comes while the order waits for its
// payment.
func (w *orderWorkflow) handlePaymentEvent(ctx workflow.Context, n order.ProviderEvent) error {
	switch {
	case n.Payment == nil:
		w.note(ctx, order.EventIgnored, carrier, "a parcel event before there is a parcel: "+n.Type, n.ID)
		return nil
	case n.Payment.IntentID != w.Payment.IntentID:
		w.refundDuplicatePayment(ctx, *n.Payment)
		return nil
	}
	return w.applyPaymentEvent(ctx, *n.Payment, false)
}

// applyPaymentEvent applies the state of the order's intent. An event that is
// legal and matches the order is trusted, because its signature was checked; in
// doubt the provider is asked. certain says that the state is the provider's
// response.
func (w *orderWorkflow) applyPaymentEvent(ctx workflow.Context, p order.PaymentEvent, certain bool) error {
	if w.Payment.Authorized > 0 && p.Status != order.Succeeded {
		w.note(ctx, order.EventIgnored, stripe, fmt.Sprintf("late event %q", p.Status), p.IntentID)
		return nil
	}
	switch p.Status {
	case order.RequiresCapture, order.Succeeded:
		return w.verifyAuthorization(ctx, p)
	case order.RequiresPaymentMethod, order.RequiresConfirmation:
		if p.Failed && p.Decline != nil && (w.Payment.Decline == nil || !certain) {
			w.Payment.Decline = p.Decline
			w.note(ctx, order.PaymentDeclined, stripe, p.Decline.Message, p.IntentID)
			w.noteDecline(ctx)
		}
	case order.RequiresAction:
		w.declined = time.Time{} // the shopper has tried again
		if w.Payment.Status != p.Status {
			w.note(ctx, order.PaymentAction, stripe, "the shopper's bank asks for confirmation (3-D Secure)", p.IntentID)
		}
	case order.Processing:
		w.declined = time.Time{}
		if w.Payment.Status != p.Status {
			w.note(ctx, order.PaymentProcessing, stripe, "", p.IntentID)
		}
	case order.IntentCanceled:
		if !certain {
			return w.askAboutPayment(ctx)
		}
		w.note(ctx, order.PaymentReplaced, stripe, "the intent was cancelled at the provider", p.IntentID)
		w.Payment, w.declined = order.Payment{Generation: w.Payment.Generation}, time.Time{}
		return w.offerPayment(ctx)
	default:
		if !certain {
			return w.askAboutPayment(ctx)
		}
		return w.hold(ctx, "Stripe returns a payment status that is not known")
	}
	w.Payment.Status = p.Status
	return nil
}

// verifyAuthorization accepts an authorization (or a capture made at the provider)
// if its amount and currency are the order's; otherwise it puts the order on hold.
func (w *orderWorkflow) verifyAuthorization(ctx workflow.Context, p order.PaymentEvent) error {
	held := p.Capturable
	if p.Status == order.Succeeded {
		held = p.Received
	}
	if p.Amount != w.Total || held != w.Total.Amount {
		return w.hold(ctx, fmt.Sprintf("Stripe has %s of %s, the order is %s",
			order.Money{Amount: held, Currency: p.Amount.Currency}, p.Amount, w.Total))
	}
	w.Payment.Status, w.Payment.Authorized, w.Payment.AuthorizedAt, w.Payment.Decline = p.Status, held, workflow.Now(ctx), nil
	if p.Status == order.Succeeded {
		w.Payment.Captured = held
	}
	w.become(ctx, order.Authorized, order.PaymentAuthorized, stripe, w.Total.String()+" held", p.IntentID)
	return nil
}

// hold stops the order until an operator releases it (then Stripe is asked again,
// and only its response counts) or cancels it (then everything is compensated).
func (w *orderWorkflow) hold(ctx workflow.Context, why string) error {
	w.Reason, w.Payment.Authorized = why, 0
	w.become(ctx, order.OnHold, order.OrderOnHold, workflows.ActorPurser, why, w.Payment.IntentID)
	return w.awaitRelease(ctx)
}

func (w *orderWorkflow) awaitRelease(ctx workflow.Context) error {
	for w.released == nil {
		if _, err := w.waitForEvent(ctx, order.Waiting{On: operator, About: w.Payment.IntentID}); err != nil {
			return err
		}
		w.noteWhileHeld(ctx)
	}
	r := w.released
	w.Reason = ""
	w.become(ctx, order.AwaitingPayment, order.OrderReleased, r.Actor, r.Reason, w.Payment.IntentID)
	w.released = nil
	return w.askAboutPayment(ctx)
}

// noteWhileHeld notes the events that come while an operator decides; after the
// decision the provider is asked anyway. Only duplicate payments are refunded.
func (w *orderWorkflow) noteWhileHeld(ctx workflow.Context) {
	for n := range w.takeEvents(ctx) {
		if n.Payment != nil && n.Payment.IntentID != w.Payment.IntentID {
			w.refundDuplicatePayment(ctx, *n.Payment)
			continue
		}
		w.note(ctx, order.EventIgnored, stripe, "on hold: "+n.Type, n.ID)
	}
}

// capturePayment captures the authorized amount, once the parcel is booked.
func (w *orderWorkflow) capturePayment(ctx workflow.Context) error {
	if w.Payment.Captured == 0 {
		var in order.Intent
		err := w.step(ctx, workflows.PaymentsQueue, authorizationLasts, "Capture "+w.Total.String(), do.CaptureIntent, steps.CaptureRequest{
			IntentID: w.Payment.IntentID, Amount: w.Total, Key: order.Key(w.ID, "capture", w.Payment.Generation),
		}, &in)
		if workflows.IsFailure(err, activities.FailureState) { // captured or voided at the provider: which?
			err = w.step(ctx, workflows.PaymentsQueue, 0, "Ask Stripe about "+w.Payment.IntentID, do.GetIntent, steps.IntentRef{ID: w.Payment.IntentID}, &in)
		}
		switch {
		case err != nil:
			return abortError{order.Cancelled, "the money could not be captured: " + workflows.Reason(err), "the payment could not be taken"}
		case in.Status != order.Succeeded || in.Received != w.Total.Amount:
			return abortError{order.Cancelled, fmt.Sprintf("Stripe captured %d instead of %s", in.Received, w.Total), "the payment could not be taken"}
		}
		w.Payment.Status, w.Payment.Captured = in.Status, in.Received
	}
	if w.Status == order.Authorized {
		w.stock = order.StockShip
		w.become(ctx, order.Paid, order.PaymentCaptured, workflows.ActorPurser, w.Total.String()+" captured", w.Payment.IntentID)
		w.mail(ctx, order.MailConfirmation)
	}
	return nil
}

// handlePaymentAfterCapture handles a payment event that comes after the capture.
func (w *orderWorkflow) handlePaymentAfterCapture(ctx workflow.Context, n order.ProviderEvent) {
	p := n.Payment
	switch {
	case p.IntentID != w.Payment.IntentID:
		w.refundDuplicatePayment(ctx, *p)
	case p.Status == order.Succeeded && p.Received == w.Payment.Captured:
		w.note(ctx, order.PaymentConfirmed, stripe, order.Money{Amount: p.Received, Currency: p.Amount.Currency}.String()+" received", p.IntentID)
	default:
		w.note(ctx, order.EventIgnored, stripe, fmt.Sprintf("late event %q", p.Status), p.IntentID)
	}
}

// refundDuplicatePayment refunds or voids a payment on an intent that is not the
// order's current one: a second payment, or one on an intent already replaced. It
// does so even if the order is cancelled in the meantime.
func (w *orderWorkflow) refundDuplicatePayment(ctx workflow.Context, p order.PaymentEvent) {
	if p.Status != order.RequiresCapture && p.Status != order.Succeeded {
		w.note(ctx, order.EventIgnored, stripe, fmt.Sprintf("event %q about another intent", p.Status), p.IntentID)
		return
	}
	w.refundInBackground(ctx, p.IntentID, "a second payment")
}
