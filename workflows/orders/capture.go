package orders

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// capturePayments captures what is held, once the parcels are booked, and tells the
// shopper that the order is paid.
func (w *orderWorkflow) capturePayments(ctx workflow.Context) error {
	if err := w.captureHeld(ctx); err != nil || w.stopped(ctx) || w.Phase != Fulfilling {
		return err
	}
	if w.standby() != nil && !w.following && w.Taken() > 0 && cancelsLostPayments(ctx) { // nobody waits for it any more
		w.endStandby(ctx)
	}
	if w.Confirmed {
		return nil
	}
	if !w.asksNothing() && w.Taken() == 0 { // it lapsed while the order was being cancelled, and a person let the order go on
		w.abortFor(order.Cancelled, "the payment was released before it was captured", "the payment could not be taken")
		return nil
	}
	w.Confirmed = true
	w.Stock = order.StockMove{Action: order.StockShip, Lines: w.bookedLines()}
	if !w.asksNothing() && !w.CapturedEarly {
		w.noteCapture(ctx)
	}
	w.mail(ctx, order.MailConfirmation)
	return nil
}

func (w *orderWorkflow) noteCapture(ctx workflow.Context) {
	w.note(ctx, order.PaymentWasCaptured, workflows.ActorPurser, order.Money{Amount: w.Taken(), Currency: w.Total.Currency}.String()+" captured", w.Order.Payment().Reference)
	w.refundReturnsInBackground(ctx)
}

// captureHeld captures each payment whose money is held.
func (w *orderWorkflow) captureHeld(ctx workflow.Context) error {
	for i := range w.Payments {
		if p := w.Payments[i]; !p.Surplus && p.Authorized > 0 && p.Captured == 0 {
			if w.toCapture(p).Amount <= 0 {
				w.returnSurplus(ctx, p.Reference, "the goods that it was for were left out")
				continue
			}
			if err := w.capture(ctx, p); err != nil || w.stopped(ctx) || w.Phase != Fulfilling {
				return err
			}
		}
	}
	return nil
}

// captureNow has what is held captured before anything else, for as long as it is held:
// the goods are on their way.
func (w *orderWorkflow) captureNow(ctx workflow.Context) {
	own := w.current()
	if !w.Lapsing && (own == nil || !w.isTooOld(ctx, *own) || !capturesGoodsOut(ctx)) {
		return
	}
	w.Lapsing, w.PayAgainBy, w.GoodsOut = false, time.Time{}, true
	w.endStandby(ctx)
}

// captureWhenPlaced captures what is held before the parcels are booked, if the order's
// terms say so, or the goods are on their way.
func (w *orderWorkflow) captureWhenPlaced(ctx workflow.Context) error {
	if w.Placement.Terms.Capture != CapturePlaced && !w.GoodsOut {
		return nil
	}
	return w.captureEarly(ctx)
}

// captureEarly captures what is held before all parcels are booked.
func (w *orderWorkflow) captureEarly(ctx workflow.Context) error {
	before := w.Captured()
	if err := w.captureHeld(ctx); err != nil || w.Captured() == before {
		return err
	}
	w.CapturedEarly = true
	w.noteCapture(ctx)
	return nil
}

func (w *orderWorkflow) capture(ctx workflow.Context, p order.Payment) error {
	w.capturing = true
	defer func() { w.capturing = false }()
	amount := w.toCapture(p)
	w.CaptureAsked = p.Reference
	within := max(w.reliedOnUntil(p).Sub(workflow.Now(ctx)), time.Second)
	in, err := run(ctx, w, captureIntent, within, "the order is cancelled", "Capture "+amount.String(), steps.CaptureRequest{
		IntentID: p.Reference, Amount: amount, Key: order.Key(w.ID, "capture", p.Number),
	})
	if workflows.IsFailure(err, activities.FailureState) { // captured or voided at the provider: which?
		in, err = run(ctx, w, getIntent, 0, "", "Ask about payment "+p.Reference, steps.IntentRef{ID: p.Reference})
	}
	own := w.payment(p.Reference)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		w.abortFor(order.Cancelled, "the money could not be captured: "+workflows.Reason(err), "the payment could not be taken")
	case w.ranOut(ctx, *own, in):
		w.holdRanOut(ctx, own, in.Status)
	case in.Status.Unpaid():
		w.awaitPaymentAgain(ctx, own, in.Status)
	case !capturedWell(in.Status, in.Received, p, amount):
		own.Status = in.Status
		w.abortFor(order.Cancelled, fmt.Sprintf("the payment provider captured %s instead of %s", order.Money{Amount: in.Received, Currency: in.Amount.Currency}, amount), "the payment could not be taken")
	default:
		w.CaptureAsked = ""
		own.Status, own.Captured = in.Status, in.Received
		w.refundReleased(ctx)
		w.reviewFunds(ctx) // perhaps a refund was reported before the response
	}
	return nil
}

// toCapture returns how much is captured of a payment: what is held, without what was
// left out.
func (s *State) toCapture(p order.Payment) order.Money {
	return order.Money{Amount: min(p.Authorized, s.Due()-s.Captured()), Currency: s.Total.Currency}
}

// capturedWell reports whether an amount was captured as it was to be, or, by a person
// at the provider, as a whole.
func capturedWell(s order.PaymentStatus, received int64, p order.Payment, toCapture order.Money) bool {
	return s == order.PaymentCaptured && received == p.Authorized || s == order.PaymentPartiallyCaptured && received == toCapture.Amount
}

// refundReleased has what was left out before the capture refunded, as far as it was captured
// all the same.
func (w *orderWorkflow) refundReleased(ctx workflow.Context) {
	for i := range w.Refunds {
		r, over := w.Refunds[i], w.Captured()-w.Due()
		if r.Status != order.RefundReleased || r.Amount.Amount == 0 || over <= 0 {
			continue
		}
		for n, part := range w.ChargeReleased(r, over) {
			if part.Status != order.RefundReleased {
				part.Asked, part.Key = r.Asked, order.Key(w.ID, requestOperation+part.ID, 1)
			}
			if n == 0 {
				w.Refunds[i] = part
			} else {
				w.Refunds = append(w.Refunds, part)
			}
			if part.Status == order.RefundReleased {
				continue
			}
			w.sumRefunds(part.PaymentRef)
			w.note(ctx, order.RefundWasRequested, workflows.ActorPurser, part.Amount.String()+" was to be left out, and was captured all the same", part.ID)
			w.makeRefundInBackground(ctx, part.ID)
		}
	}
}

// awaitPaymentAgain takes an order back that went on because an event said that the
// money is held, which the provider denies: the shopper can still pay. A parcel that
// is booked by now is used then, or voided if the order expires.
func (w *orderWorkflow) awaitPaymentAgain(ctx workflow.Context, own *order.Payment, s order.PaymentStatus) {
	own.Status, own.Authorized, own.AuthorizedAt, own.CaptureBefore = s, 0, time.Time{}, time.Time{}
	w.enter(ctx, AwaitingPayment)
	w.note(ctx, order.PaymentHasLapsed, own.Provider, "the money is not held, although an event said so", own.Reference)
}

// watchLapseInBackground asks the provider when the authorization of a delayed order
// lapses. Before that, it asks the shopper to pay again, and it cancels the order if
// the money is not captured then. It is called when a step is delayed, or the order is
// on hold, so that the usual order needs neither question nor timer.
func (w *orderWorkflow) watchLapseInBackground(ctx workflow.Context) {
	ref := w.soonest().Reference
	over := func() bool {
		p := w.soonest()
		return w.Phase != Fulfilling || w.Abort != nil || w.Cancel != nil || w.Lapsing || p.Reference != ref || p.Captured > 0
	}
	if w.watched || ref == "" || over() { // without a reference, nothing is held
		return
	}
	w.watched = true
	w.inBackground(ctx, func(ctx workflow.Context) {
		in, err := getIntent.Local(ctx, "Ask when payment "+ref+" lapses", steps.IntentRef{ID: ref})
		if err == nil && !over() {
			w.payment(ref).CaptureBefore = in.CaptureBefore
		}
		if w.asksToPayAgain() {
			w.beforeLapse(ctx, over)
			w.watched = false
			w.watchLapseInBackground(ctx) // of the payment that has replaced this one
			return
		}
		until := w.reliedOnUntil(w.soonest()).Sub(workflow.Now(ctx))
		captured, err := workflow.AwaitWithTimeout(ctx, max(until, time.Millisecond), over)
		w.watched = false
		switch {
		case err == nil && !captured:
			w.lapseUncaptured()
		case err == nil:
			w.watchLapseInBackground(ctx) // of the payment that lapses first now
		}
	})
}

// lapseUncaptured cancels an order whose money must be captured now, and cannot be.
func (w *orderWorkflow) lapseUncaptured() {
	w.abortFor(order.Cancelled, "the money was not captured while it was held", "it could not be shipped in time")
	w.changes++
}

// reliedOnUntil returns until when an authorization is relied on.
func (w *orderWorkflow) reliedOnUntil(p order.Payment) time.Time {
	if p.CaptureBefore.IsZero() {
		return p.AuthorizedAt.Add(authorizationLasts)
	}
	if w.asksToPayAgain() {
		return p.CaptureBefore.Add(-min(lapseMargin, w.payAgainBefore(p)/2))
	}
	return p.CaptureBefore.Add(-lapseMargin)
}

// payWhileFulfilling handles a payment event that comes when the money is held or
// captured.
func (w *orderWorkflow) payWhileFulfilling(ctx workflow.Context, m message) error {
	p := *m.event.Payment
	own := w.payment(p.Reference)
	switch {
	case own != nil && own.Standby && own.Change != "":
		w.changePaymentReported(ctx, own, p)
	case own != nil && own.Standby:
		w.payAgainReported(ctx, own, p)
	case !w.counts(own):
		w.surplus(ctx, m.event, "a second payment")
	case own.Captured > 0 && p.Received == own.Captured && capturedStatus(p.Status): // by this order
		w.confirmCapture(ctx, own)
	case own.Captured == 0 && capturedWell(p.Status, p.Received, *own, w.toCapture(*own)): // at the provider, or by this order's request
		w.verifyCaptureInBackground(ctx, p.Reference)
	case p.Status.Dead() && own.Captured == 0:
		w.Doubted = p.Reference
		w.verifyInBackground(ctx, p.Reference)
	default:
		w.note(ctx, order.EventIgnored, own.Provider, fmt.Sprintf("late event %q", p.Status), p.Reference)
	}
	return nil
}

// capturedStatus reports whether a payment was captured, as a whole or in part.
func capturedStatus(s order.PaymentStatus) bool {
	return s == order.PaymentCaptured || s == order.PaymentPartiallyCaptured
}

// confirmCapture notes that the provider has a payment as captured, too.
func (w *orderWorkflow) confirmCapture(ctx workflow.Context, own *order.Payment) {
	w.note(ctx, order.PaymentConfirmed, own.Provider, order.Money{Amount: own.Captured, Currency: w.Total.Currency}.String()+" received", own.Reference)
}

// verifyCaptureInBackground asks the provider whether a payment was captured that
// this order has not captured, as an event says. If its own request is under way,
// the response to that says it.
func (w *orderWorkflow) verifyCaptureInBackground(ctx workflow.Context, ref string) {
	w.Doubted = ref
	w.inBackground(ctx, func(ctx workflow.Context) {
		_ = workflow.Await(ctx, func() bool { return !w.capturing })
		if own := w.payment(ref); own.Captured > 0 {
			w.Doubted = ""
			w.confirmCapture(ctx, own)
			w.changes++
			return
		}
		w.verify(ctx, ref)
	})
}

// verifyInBackground asks the provider whether a payment that was held has lapsed
// or was cancelled, as an event says, and then cancels the order at once, whatever
// it waits for.
func (w *orderWorkflow) verifyInBackground(ctx workflow.Context, ref string) {
	w.inBackground(ctx, func(ctx workflow.Context) { w.verify(ctx, ref) })
}

// verify asks the provider about a payment of which an event says that it was
// captured, has lapsed or was cancelled, and acts on the response.
func (w *orderWorkflow) verify(ctx workflow.Context, ref string) {
	in, err := runBackground(ctx, w, getIntent, 0, "Ask about payment "+ref, steps.IntentRef{ID: ref})
	own := w.payment(ref)
	w.Doubted = ""
	switch {
	case err != nil:
		w.note(ctx, order.EventIgnored, workflows.ActorPurser, unreadable(err), ref)
	case own.Captured == 0 && capturedWell(in.Status, in.Received, *own, w.toCapture(*own)) && w.Phase == Fulfilling:
		own.Status, own.Captured = in.Status, in.Received
		w.refundReleased(ctx)
		w.confirmCapture(ctx, own)
		w.reviewFunds(ctx) // perhaps a refund or a dispute was reported before
	case w.Phase == Fulfilling && !own.Surplus && w.ranOut(ctx, *own, in):
		w.holdRanOut(ctx, own, in.Status)
	case !in.Status.Dead() || own.Captured > 0 || own.Surplus || own.Authorized == 0 || w.Phase != Fulfilling:
		w.note(ctx, order.EventIgnored, own.Provider, fmt.Sprintf("late event, the payment is %q", in.Status), ref)
	default:
		own.Status, own.Authorized = in.Status, 0
		w.note(ctx, order.PaymentHasLapsed, own.Provider, "the money is not held any more", ref)
		w.abortFor(order.Cancelled, "the payment was released before it was captured", "the payment could not be taken")
	}
	w.changes++
}

// payWhileCompensating notes an event about the payment that is being returned, and
// returns any other.
func (w *orderWorkflow) payWhileCompensating(ctx workflow.Context, m message) error {
	switch own := w.current(); {
	case own != nil && own.Reference == "": // it is perhaps about the payment that is being cancelled
		w.Early = append(w.Early, m.event)
		return nil
	case !w.counts(w.payment(m.event.Payment.Reference)):
		w.surplus(ctx, m.event, "a second payment")
		return nil
	}
	w.note(ctx, order.EventIgnored, m.event.Provider, "the order is being cancelled: "+m.event.Type, m.event.ID)
	return nil
}

// payAfterEnd handles a payment event about an order that has ended. It returns a
// payment for an order that was not fulfilled, and notes the rest.
func (w *orderWorkflow) payAfterEnd(ctx workflow.Context, m message) error {
	p := *m.event.Payment
	own := w.payment(p.Reference)
	foreign := !w.counts(own)
	unreturned := w.Phase == Closed && !foreign && !own.Status.Dead() && own.Refunded == 0 && !w.refunded(p.Reference) && !w.MoneyResolved && w.Abort.Ends != order.Returned
	switch {
	case p.Status.HasMoney() && (foreign || unreturned):
		w.surplus(ctx, m.event, "paid after the order had ended")
	case !foreign && own.Captured > 0 && p.Received == own.Captured && capturedStatus(p.Status):
		w.note(ctx, order.PaymentConfirmed, own.Provider, "", p.Reference)
	default:
		w.note(ctx, order.EventIgnored, m.event.Provider, "the order has ended: "+m.event.Type, m.event.ID)
	}
	return nil
}

// surplus refunds or voids a payment that the order does not need: a second one, or
// one that was replaced. It does so even if the order is cancelled in the meantime.
// A payment that the order does not have yet is added once the provider has said
// that it is the order's; see claim.
func (w *orderWorkflow) surplus(ctx workflow.Context, n order.ProviderEvent, why string) {
	p := *n.Payment
	if !p.Status.HasMoney() {
		w.note(ctx, order.EventIgnored, n.Provider, fmt.Sprintf("event %q about another payment", p.Status), p.Reference)
		return
	}
	if w.Resolved[p.Reference] {
		w.note(ctx, order.EventIgnored, n.Provider, "a person has dealt with this payment", p.Reference)
		return
	}
	if own := w.payment(p.Reference); own != nil && !own.AtProvider() {
		w.note(ctx, order.EventIgnored, n.Provider, "the payment was not made at a payment provider", p.Reference)
		return
	}
	if own := w.payment(p.Reference); own != nil && (w.Phase != Closed || own.Number != w.Order.Payment().Number) {
		own.Surplus = true
	}
	if _, runs := w.Reversals[p.Reference]; !runs {
		w.Reversals[p.Reference] = why
		w.returnInBackground(ctx, p.Reference)
	}
}

// errForeign reports that a payment, which an event named, is not the order's.
var errForeign = errors.New("the payment belongs to another order, or to none")

// claim takes over what the provider says about a surplus payment. It adds a payment
// that the order does not have yet, unless the payment itself names another order or
// none: an event that names this one is no proof.
func (w *orderWorkflow) claim(in order.Intent) error {
	own := w.payment(in.ID)
	if own == nil {
		if in.OrderID != w.ID {
			return errForeign
		}
		w.Payments = append(w.Payments, order.Payment{Number: len(w.Payments) + 1, Provider: in.Provider, Reference: in.ID, Surplus: true})
		w.sumRefunds(in.ID)
		own = w.payment(in.ID)
	}
	if own.Surplus {
		own.Status, own.Authorized, own.Captured = in.Status, max(in.Capturable, in.Received), in.Received
	}
	return nil
}
