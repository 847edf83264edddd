package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/order"
)

// capturedWhileBooking scripts an order whose payment is captured by hand while its
// parcel cannot be booked; after two hours it is cancelled.
func (w *fixture) capturedWhileBooking() {
	w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
	w.at(time.Minute, func() {
		w.paid(w.bank.Pay(w.intent()))
		w.sendEvents(w.paid(w.captureAtBank(w.intent())))
	})
	w.at(2*time.Hour, func() { w.cancel() })
}

// refundSilently refunds an amount by hand; no event about it comes.
func (w *fixture) refundSilently(amount int64, key string) {
	w.Helper()
	w.byHand(func() {
		if _, err := w.bank.RefundIntent(context.Background(), w.intent(), order.Money{Amount: amount, Currency: "EUR"}, key); err != nil {
			w.Fatalf("bank: %v", err)
		}
		w.refundedByHand[w.intent()] += amount
	})
}

// refundedInParts checks that the order was refunded in these parts, none of them twice,
// without a hold about the refund itself, and that its timeline and its sums say so.
func refundedInParts(parts ...int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o, sum := w.order(), int64(0)
		if len(o.Refunds) != len(parts) {
			t.Errorf("refunds %+v, want %v", o.Refunds, parts)
		}
		for i, r := range o.Refunds {
			if i < len(parts) && r.Amount.Amount != parts[i] {
				t.Errorf("refund %d is %s, want %d", i, r.Amount, parts[i])
			}
			if r.Status.Moves() {
				sum += r.Amount.Amount
			}
			hasEvent(order.PaymentRefunded, r.Amount.String()+" refunded")(t, w)
		}
		if o.Payment().Refunded != sum || o.Payment().Captured != o.Total.Amount {
			t.Errorf("%d of %d refunded, want %d of %s", o.Payment().Refunded, o.Payment().Captured, sum, o.Total)
		}
		for _, e := range w.events() {
			if e.Kind == order.OrderOnHold && sum < o.Total.Amount { // wholly refunded, it must not ship
				t.Errorf("on hold: %s", e.Why)
			}
		}
	}
}

// TestRefundRemainder (REF-1, REF-8): cancelling an order refunds the rest of a payment
// that a person has refunded in part, never more than was captured.
func TestRefundRemainder(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "a part by hand, with an event", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.at(time.Hour, func() { w.refundByHand(500) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: refundedInParts(500, 2400)},
		{name: "two parts by hand, without an event", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.at(time.Hour, func() { w.refundSilently(500, "hand-1"); w.refundSilently(700, "hand-2") })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded, refunded), check: refundedInParts(500, 700, 1700)},
		{name: "all of it by hand, in parts: no refund is requested", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.at(time.Hour, func() { w.refundByHand(500); w.refundSilently(2400, "hand-2") })
			w.at(90*time.Minute, func() {
				w.stillRuns(order.OnHold) // wholly refunded while the carrier is down: it must not ship
				w.resolve(order.ChooseVoid)
			})
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: both(refundedInParts(500, 2400), func(t *testing.T, w *fixture) {
			if n := w.called("RefundIntent"); n != 0 {
				t.Errorf("%d refunds were requested", n)
			}
		})},
		{name: "a part by hand while the rest is being requested", script: func(w *fixture) {
			w.capturedWhileBooking()
			strike, done := w.bank.Before, false
			w.bank.Before = func(op string, id order.ID) error {
				if op == "RefundIntent" && !done {
					done = true
					w.refundSilently(500, "hand-1")
				}
				return strike(op, id)
			}
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: refundedInParts(500, 2400)},
		{name: "a part by hand, and the responses to the rest are lost", script: func(w *fixture) {
			w.capturedWhileBooking()
			w.at(time.Hour, func() { w.refundByHand(500) })
			w.fail("RefundIntent", 4, order.ErrUnknownOutcome)
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: refundedInParts(500, 2400)},
	})
}

// TestRefundRemainder_pending: a pending partial refund counts as refunded.
func TestRefundRemainder_pending(t *testing.T) {
	w := newFixture(t)
	w.capturedWhileBooking()
	w.at(time.Hour, func() { w.bank.Slow = true; w.refundByHand(500) })
	w.at(30*time.Hour, func() {
		if sum := w.bank.Count(id); sum.Returned != 2900 || sum.Refunds != 2 {
			t.Errorf("pending: %+v", sum)
		}
		w.bank.ResolveRefund(w.intent(), order.RefundSucceeded)
		w.bank.ResolveRefund(w.intent(), order.RefundSucceeded)
		w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
	})
	w.run().ended(order.Cancelled).mailed(also(cancelled, refunded, refunded)...)
	refundedInParts(500, 2400)(t, w)
}

// TestRefundRemainder_failed (REF-5): a partial refund that failed is refunded with the
// rest.
func TestRefundRemainder_failed(t *testing.T) {
	w := newFixture(t)
	w.capturedWhileBooking()
	w.at(time.Hour, func() {
		w.refundSilently(500, "hand-1")
		w.reportRefund(w.bank.ResolveRefund(w.intent(), order.RefundFailed))
	})
	w.run().ended(order.Cancelled).mailed(also(cancelled, lost, refunded)...)
	if r := w.order().Refunds; len(r) != 2 || r[1].Amount.Amount != 2900 {
		t.Errorf("refunds %+v", r)
	}
}

// TestRefundRemainder_second (PAY-18, REF-1): the rest of a second payment is refunded,
// too.
func TestRefundRemainder_second(t *testing.T) {
	runScenarios(t, []scenario{{name: "a part by hand before its event", script: func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() {
			in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: w.order().Total, Key: "elsewhere"})
			if err == nil {
				_, err = w.bank.Pay(in.ID)
			}
			if err != nil {
				w.Fatalf("bank: %v", err)
			}
			n := w.paid(w.captureAtBank(in.ID))
			if _, err := w.bank.RefundIntent(context.Background(), in.ID, order.Money{Amount: 500, Currency: "EUR"}, "hand-1"); err != nil {
				w.Fatalf("bank: %v", err)
			}
			w.sendEvents(n)
		})
		w.arrive(2 * time.Hour)
	}, ends: order.Delivered, mails: also(delivered, refunded, refunded), check: both(hasEvent(order.PaymentRefunded, "a second payment; 24.00 EUR refunded"), hasEvent(order.PaymentRefunded, "5.00 EUR refunded"))}})
}

// TestRefundRemainder_lost (REF-7): an amount that was lost in a dispute is not
// refunded.
func TestRefundRemainder_lost(t *testing.T) {
	w := newFixture(t)
	w.capturedWhileBooking()
	w.at(time.Hour, func() {
		w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute.closed", Dispute: &order.Dispute{
			ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: "lost",
		}}))
		w.down(100*24*time.Hour, order.ErrState, "RefundIntent")
	})
	w.run()
	if o := w.order(); o.Status != order.Cancelled || w.called("RefundIntent") != 0 {
		t.Errorf("the order is %s, %d refunds were requested", o.Status, w.called("RefundIntent"))
	}
	hasEvent(order.PaymentDisputed, "lost")(t, w)
}
