package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/order"
)

// TestRefundShippingFee (REF-1): the shipping fee is refunded in part with its tax, and
// then the goods: the sums meet, and nothing is stuck half refunded.
func TestRefundShippingFee(t *testing.T) {
	parts := func(w *fixture) {
		w.placement.Pricing = withRules() // 31.32 for the mugs, 5.88 for shipping, with 20 per cent tax
		w.at(time.Minute, w.pay)
		w.arrive(0)
		w.refunds(48*time.Hour, order.RefundRequest{ID: "r1", Shipping: 120}, "")
	}
	runScenarios(t, []scenario{
		{name: "a part", script: parts, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 120"), feeIs(120))},
		{name: "a part, and then the rest", script: func(w *fixture) {
			parts(w)
			w.refunds(49*time.Hour, order.RefundRequest{ID: "r2", Shipping: 469}, "4.68 EUR of it can still be refunded")
			w.refunds(50*time.Hour, order.RefundRequest{ID: "r3", Shipping: 468}, "")
			w.refunds(51*time.Hour, order.RefundRequest{ID: "r4", Shipping: 1}, "0.00 EUR of it can still be refunded")
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded), check: both(hasRefunds("r1 succeeded 120", "r3 succeeded 468"), feeIs(588))},
		{name: "a part, a mug, and then everything", script: func(w *fixture) {
			parts(w)
			w.refunds(49*time.Hour, mugs("r2", 1, false), "")
			w.refunds(50*time.Hour, order.RefundRequest{ID: "r3", All: true}, "")
			w.refunds(51*time.Hour, mugs("r4", 1, false), "0 can still be refunded")
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded, refunded), check: both(
			hasRefunds("r1 succeeded 120", "r2 succeeded 1566", "r3 succeeded 2034"), feeIs(588), linesAre(2, 3132))},
		{name: "a part fails at the bank, and is refunded again", script: func(w *fixture) {
			parts(w)
			w.at(100*time.Hour, func() { w.reportRefund(w.bank.ResolveRefund(w.intent(), order.RefundFailed)) })
			w.at(101*time.Hour, func() { w.resolve(order.ChooseRelease) })
			w.refunds(102*time.Hour, order.RefundRequest{ID: "r2", Shipping: 468}, "")
		}, ends: order.Delivered, mails: also(delivered, refunded, lost, refunded, refunded), check: both(
			hasRefunds("r1 failed 120", "r1:2 succeeded 120", "r2 succeeded 468"), feeIs(588))},
	})
}

// feeIs checks how much of the shipping fee was refunded.
func feeIs(want int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o := w.order()
		if got := o.RefundedShipping(); got != want || got > o.Shipping.Total() {
			t.Errorf("%d of the fee was refunded, want %d of %d", got, want, o.Shipping.Total())
		}
	}
}

// linesAre checks how many pieces of the only line were refunded, and how much of its
// price.
func linesAre(pieces, amount int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o := w.order()
		if n, paid, _ := o.RefundedOf("mug"); n != pieces || paid != amount {
			t.Errorf("%d pieces were refunded %d, want %d and %d", n, paid, pieces, amount)
		}
	}
}

// TestCapturedInDashboard (REF-1, REF-4): a payment that a person captured in the
// provider's dashboard, as a whole or in part, is refunded in part: exactly that part,
// once.
func TestCapturedInDashboard(t *testing.T) {
	captures := func(w *fixture, amount int64) order.ProviderEvent {
		in, err := w.bank.CaptureIntent(context.Background(), w.intent(), euros(amount), "dashboard-capture")
		return w.paid(in.PaymentEvent(), err)
	}
	runScenarios(t, []scenario{
		{name: "as a whole, before the parcel is booked", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.at(time.Hour, func() { w.sendEvents(captures(w, 2900)) })
			w.deliver(5 * time.Hour)
			w.refunds(48*time.Hour, aRefund("r1", 450), "")
			w.refunds(49*time.Hour, aRefund("r1", 450), "")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 450"), calledTimes("RefundIntent", 1))},
		{name: "as a whole, and no event comes", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.at(time.Hour, func() { w.byHand(func() { captures(w, 2900) }) })
			w.deliver(5 * time.Hour)
			w.refunds(48*time.Hour, mugs("r1", 1, true), "")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 1450"), calledTimes("RefundIntent", 1))},
		{name: "as a whole, and a part is refunded in the dashboard, too", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.at(time.Hour, func() { w.sendEvents(captures(w, 2900)) })
			w.at(2*time.Hour, func() { w.refundByHand(450) })
			w.deliver(5 * time.Hour)
			w.refunds(48*time.Hour, aRefund("r1", 100), "")
		}, ends: order.Delivered, mails: also(delivered, refunded, refunded), check: both(hasRefunds("re_pi_1_1 succeeded 450", "r1 succeeded 100"), calledTimes("RefundIntent", 1))},
		{name: "in part: a part of that is refunded in the dashboard, and the order refunds the rest", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.at(time.Hour, func() { w.byHand(func() { w.sendEvents(captures(w, 1450)) }) })
			w.at(2*time.Hour, func() { w.refundByHand(450) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, refunded), check: both(
			hasRefunds("re_pi_1_1 succeeded 450", string(id)+":refund-pi_1-1000:1 succeeded 1000"), hasEvent(order.CancelRequested, "captured 14.50 EUR instead of 29.00 EUR"))},
		{name: "in part, as it was left out", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(30*time.Minute, mugs("r1", 1, true), "")
			w.at(time.Hour, func() { w.sendEvents(captures(w, 1450)) })
			w.deliver(5 * time.Hour)
			w.refunds(48*time.Hour, aRefund("r2", 450), "")
			w.refunds(49*time.Hour, aRefund("r3", 1001), "10.00 EUR can still be refunded")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 released 1450", "r2 succeeded 450"), calledTimes("RefundIntent", 1))},
	})
}

// TestHalfUnitRefund (REF-4, F16): a refund whose amount does not exist in the currency,
// such as half a króna, reaches a person; the order, and what is refunded otherwise, goes
// on.
func TestHalfUnitRefund(t *testing.T) {
	runScenarios(t, []scenario{{name: "while it is on its way", script: func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() { // the provider's list cannot be read any more
			w.down(300*24*time.Hour, order.ErrRejected, "Refunds")
			w.reportRefund(order.RefundEvent{PaymentRef: w.intent()})
		})
		w.at(2*time.Hour, func() {
			if all := w.order().Attention; len(all) != 1 || all[0].About != "refunds of "+w.intent() {
				w.Errorf("attention %+v", all)
			}
		})
		w.arrive(3 * time.Hour)
		w.at(26*time.Hour, func() { w.stillRuns(order.Shipped) })
		w.refunds(26*time.Hour, aRefund("r1", 450), "")
		w.at(40*24*time.Hour, func() { w.resolve(order.ChooseKeep) })
	}, ends: order.Delivered, mails: also(delivered, refunded), check: both(
		hasRefunds("r1 succeeded 450"), hasEvent(order.OrderNeedsAttention, "the refunds are not known"), hasEvent(order.OrderNeedsAttention, "Purser does not try again"))}})
}
