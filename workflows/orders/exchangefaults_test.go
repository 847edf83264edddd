package orders_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
)

// TestExchangeAccidents (REF-9, IDEM-8, RES-1): one order is placed, whatever happens on the
// way, and the value of the goods is given once.
func TestExchangeAccidents(t *testing.T) {
	back := also(delivered, comesBack...)
	credited := func(more int64) func(*testing.T, *fixture) {
		return both(hasExchange(1450, 0, ""), gaveBack("return-rt1 credited 1450"), func(t *testing.T, w *fixture) {
			t.Helper()
			shopHas(t, 2900, w)
		})
	}
	swap := func(w *fixture) { w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("vase", 1)) }
	runScenarios(t, []scenario{
		{name: "the responses are lost", script: func(w *fixture) {
			swap(w)
			w.fail("PlaceExchange", 3, order.ErrUnknownOutcome)
		}, ends: order.Delivered, mails: back, check: both(credited(0), calledTimes("PlaceExchange", 1))},
		{name: "nothing responds for an hour", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.down(5*day+time.Hour, order.ErrUnavailable, "PlaceExchange", "Refunds") })
			swap(w)
		}, ends: order.Delivered, mails: back, check: both(credited(0), calm)},
		{name: "nothing responds for days: the order needs attention, and then it does not", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.down(9*day, order.ErrUnavailable, "PlaceExchange") })
			swap(w)
			w.at(8*day, func() { needs("cannot be exchanged yet")(t, w) })
		}, ends: order.Delivered, mails: back, check: both(credited(0), calm)},
		{name: "nothing responds, and a person ends it: the shopper is refunded", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.down(9*day, order.ErrUnavailable, "PlaceExchange") })
			swap(w)
			w.resolves(8*day, order.ChooseKeep)
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasExchange(0, 1450, "a person has ended it"), gaveBack("return-rt1 succeeded 1450"), calm)},
		{name: "nothing responds, a person ends it, and whether it was placed is not known: the person is asked again", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.down(20*day, order.ErrUnavailable, "PlaceExchange", "ExchangeRuns") })
			swap(w)
			w.resolves(8*day, order.ChooseKeep)
			w.at(10*day, func() { needs("it is not known whether the order was placed")(t, w) })
			w.resolves(21*day, order.ChooseKeep)
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasExchange(0, 1450, "a person has ended it"), gaveBack("return-rt1 succeeded 1450"), calm)},
		{name: "the refunds are not known, and a person ends it: the shopper is refunded", script: func(w *fixture) {
			w.at(5*day-time.Hour, func() { w.down(9*day, order.ErrUnavailable, "Refunds") })
			swap(w)
			w.resolves(8*day, order.ChooseKeep)
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasExchange(0, 1450, "a person has ended it"), gaveBack("return-rt1 succeeded 1450"), calledTimes("PlaceExchange", 0))},
		{name: "the history grows long", script: func(w *fixture) {
			for d := 4 * day; d < 7*day; d += 5 * time.Hour {
				w.at(d, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) })
			}
			swap(w)
		}, ends: order.Delivered, mails: back, check: credited(0)},
		{name: "received by two at once", script: func(w *fixture) {
			swap(w)
			w.at(5*day, func() { w.says("again", w.receiveReturn("rt1", receipt(1, 0, 0, 0)), "", "") })
		}, ends: order.Delivered, mails: back, check: both(credited(0), calledTimes("PlaceExchange", 1))},
		{name: "all that is left is refunded while the credit is out", script: func(w *fixture) {
			swap(w)
			w.refunds(6*day, order.RefundRequest{ID: "r1", All: true}, "")
			w.refunds(7*day, aRefund("r2", 1), "0.00 EUR can still be refunded")
		}, ends: order.Delivered, mails: also(back, refunded), check: both(hasExchange(1450, 0, ""), gaveBack("return-rt1 credited 1450", "r1 succeeded 1450"), func(t *testing.T, w *fixture) {
			t.Helper()
			shopHas(t, 1450, w)
		})},
		{name: "disputed when the new order is placed: the case names that", script: func(w *fixture) {
			swap(w)
			w.at(6*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
			w.at(20*day, func() { w.disputeIs(order.DisputeWon) })
		}, ends: order.Delivered, mails: also(back, order.MailDispute), check: both(credited(0), calm, func(t *testing.T, w *fixture) {
			t.Helper()
			all := w.cases.inOrder()
			if want := "14.50 EUR of its money pay for order " + string(id.ExchangeID("rt1")); len(all) != 1 || !strings.Contains(all[0].Why, want) {
				t.Errorf("the cases are %+v, want one with %q", all, want)
			}
		})},
		{name: "disputed: it waits for the bank", script: func(w *fixture) {
			w.at(4*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
			swap(w)
			w.at(6*day, func() { needs("the bank has the money until it has decided")(t, w) })
			w.at(20*day, func() { w.disputeIs(order.DisputeWon) })
		}, ends: order.Delivered, mails: also(back, order.MailDispute), check: both(credited(0), calm)},
		{name: "a person ends it while it is disputed", script: func(w *fixture) {
			w.at(4*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
			swap(w)
			w.at(6*day, func() { w.says("keep", w.resolve(order.ChooseKeep), "", "") })
			w.at(20*day, func() { w.disputeIs(order.DisputeWon) })
		}, ends: order.Delivered, mails: also(back, order.MailDispute), check: both(hasExchange(0, 0, "a person has ended it"), gaveBack(), calledTimes("PlaceExchange", 0))},
		{name: "bad requests", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(3*day, func() {
				w.says("twice", w.asksInstead("rt1", "mug", 1, goodsOf("mug", 1), goodsOf("mug", 2)), "InvalidRequest", "exchange[1].sku")
				w.says("none", w.asksInstead("rt1", "mug", 1, goodsOf("mug", 0)), "InvalidRequest", "exchange[0].quantity")
			})
			w.at(3*day+time.Hour, func() { w.says("good", w.asksInstead("rt1", "mug", 1, goodsOf("vase", 1)), "", "") })
			w.at(3*day+2*time.Hour, func() {
				w.says("other goods under its id", w.asksInstead("rt1", "mug", 1, goodsOf("mug", 1)), "OtherRequest", "another request")
				w.says("approve", w.decideReturn("rt1", order.StepApprove), "", "")
			})
			w.at(4*day, func() {
				got := receipt(1, 0, 0, 0)
				got.PaidOut = "cash"
				w.says("paid out", w.receiveReturn("rt1", got), "InvalidRequest", "paidOut")
			})
			w.at(5*day, func() { w.says("receive", w.receiveReturn("rt1", receipt(1, 0, 0, 0)), "", "") })
			w.refunds(6*day, aRefund("exchange-1", 1), "are those of exchanges")
		}, ends: order.Delivered, mails: back, check: credited(0)},
	})
}
