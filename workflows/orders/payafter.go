package orders

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// payWhileFulfilling handles a payment event that comes when the money is held or
// captured.
func (w *orderWorkflow) payWhileFulfilling(ctx workflow.Context, m message) error {
	p := *m.event.Payment
	own := w.payment(p.Reference)
	switch {
	case own != nil && own.Standby:
		w.payAgainReported(ctx, own, p)
	case own == nil || own.Surplus || own.Number != w.Order.Payment().Number:
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
	case own == nil || m.event.Payment.Reference != own.Reference:
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
	foreign := own == nil || own.Surplus || own.Number != w.Order.Payment().Number
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
