package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/catalog"
	"purser/order"
	"purser/workflows/orders"
)

// takeCredit sends credit back to the order, as another one does.
func (r *runner) takeCredit(refundID string, amount int64, change func(*orders.TakeCreditRequest)) *updateResult {
	got := new(updateResult)
	ask := orders.TakeCreditRequest{
		CreditReturn: order.CreditReturn{From: id.ExchangeID("rt1"), ReturnID: "rt1", ID: refundID, Amount: euros(amount), Reason: "cancelled"}, Sender: sentBy("purser", "cancelled"),
	}
	if change != nil {
		change(&ask)
	}
	r.update(string(orders.TakeCredit), "", got, ask)
	return got
}

// TestTakeCredit (REF-9, REF-1, IDEM-8): credit is taken back once, from the order that has
// it, and never more than it has.
func TestTakeCredit(t *testing.T) {
	back := also(delivered, comesBack...)
	swap := func(w *fixture) { w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("vase", 1)) }
	runScenarios(t, []scenario{
		{name: "in parts, each once", script: func(w *fixture) {
			swap(w)
			w.at(6*day, func() { w.says("first", w.takeCredit("r1", 450, nil), "", "") })
			w.at(6*day+time.Hour, func() { w.says("again", w.takeCredit("r1", 450, nil), "", "") })
			w.at(6*day+2*time.Hour, func() {
				w.says("more under its id", w.takeCredit("r1", 451, nil), "NotRefundable", "was taken back with 4.50 EUR")
			})
			w.at(6*day+3*time.Hour, func() {
				w.says("more than there is", w.takeCredit("r2", 1001, nil), "NotRefundable", "10.00 EUR of the credit are with order")
			})
			w.at(7*day, func() {
				w.says("the rest", w.takeCredit("r3", 1450, func(r *orders.TakeCreditRequest) { r.Rest = true }), "", "")
			})
			w.at(8*day, func() {
				w.says("the rest again", w.takeCredit("r4", 1450, func(r *orders.TakeCreditRequest) { r.Rest = true }), "", "")
			})
		}, ends: order.Delivered, mails: also(back, refunded, refunded), check: both(gaveBack("return-rt1 credited 0", "back succeeded 450", "back succeeded 1000"), calledTimes("RefundIntent", 2))},
		{name: "from others, in other money, or from a person", script: func(w *fixture) {
			swap(w)
			w.at(4*day, func() {
				w.says("before the goods are there", w.takeCredit("r1", 450, nil), "NotRefundable", "has given no credit")
			})
			w.at(6*day, func() {
				w.says("another order", w.takeCredit("r1", 450, func(r *orders.TakeCreditRequest) { r.From = id }), "NotRefundable", "has given no credit")
				w.says("another return", w.takeCredit("r1", 450, func(r *orders.TakeCreditRequest) { r.ReturnID = "rt2" }), "NotRefundable", "has given no credit")
				w.says("another currency", w.takeCredit("r1", 450, func(r *orders.TakeCreditRequest) { r.Amount.Currency = "USD" }), "InvalidRequest", "in EUR")
				w.says("nothing", w.takeCredit("r1", 0, nil), "InvalidRequest", "above zero")
				w.says("less", w.takeCredit("r1", -450, nil), "InvalidRequest", "above zero")
				w.says("typed", w.takeCredit("r1", 450, func(r *orders.TakeCreditRequest) { r.Version = 0 }), "InvalidRequest", "only the order that the credit pays for")
			})
		}, ends: order.Delivered, mails: back, check: gaveBack("return-rt1 credited 1450")},
		{name: "two at once that are too much together", script: func(w *fixture) {
			swap(w)
			w.at(6*day, func() {
				w.toWorkflow(func() {
					w.says("first", w.takeCredit("r1", 1000, nil), "", "")
					w.says("second", w.takeCredit("r2", 1000, nil), "NotRefundable", "")
				})
			})
		}, ends: order.Delivered, mails: also(back, refunded), check: gaveBack("return-rt1 credited 450", "back succeeded 1000")},
	})
}

// TestExchangeReset (REF-9, REF-1, F87): a workflow that goes on from an earlier state gives
// the value of the goods once: it finds the order that it had placed, and what was refunded.
func TestExchangeReset(t *testing.T) {
	for _, c := range []struct {
		name    string
		instead order.RequestLine
		before  func(w *fixture) // the reset
		refunds []string
		has     int64
	}{
		{name: "dearer: nothing was refunded", instead: goodsOf("vase", 1), refunds: []string{"return-rt1 credited 2900"}, has: 2900},
		{name: "cheaper: the rest was refunded", instead: goodsOf("mug", 1), refunds: []string{"return-rt1:2 succeeded 1450", "return-rt1 credited 1450"}, has: 1450},
		{name: "refused: all was refunded, and now it is in stock", instead: goodsOf("vase", 6), before: func(w *fixture) {
			_ = w.record.PutProducts(context.Background(), []catalog.Product{{SKU: "vase", Name: "Vase", Price: 100, Currency: "EUR", OnHand: 20}})
		}, refunds: []string{"return-rt1 succeeded 2900"}, has: 0},
		{name: "a part has come back", instead: goodsOf("vase", 1), before: func(w *fixture) {
			w.says("credit", w.takeCredit("r1", 450, nil), "", "")
		}, refunds: []string{"back succeeded 450", "return-rt1 credited 2450"}, has: 2450},
		{name: "all has come back", instead: goodsOf("vase", 1), before: func(w *fixture) {
			w.says("credit", w.takeCredit("r1", 2900, nil), "", "")
		}, refunds: []string{"back succeeded 2900"}, has: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			var was order.Snapshot
			w.at(5*day-time.Hour, func() { was, _ = w.record.Snapshot(context.Background(), id) })
			w.exchanged(2, receipt(2, 0, 0, 0), c.instead)
			if c.before != nil {
				w.at(6*day, func() { c.before(w) })
			}
			w.at(7*day, func() {
				w.resetTo = &was
				w.says("received again", w.receiveReturn("rt1", receipt(2, 0, 0, 0)), "", "")
			})
			w.run().ended(order.Delivered)
			gaveBack(c.refunds...)(t, w)
			shopHas(t, c.has, w)
			if r := w.order().Returns[0]; r.Status != order.ReturnClosed {
				t.Errorf("the return is %s", r.Status)
			}
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// TestExchangeOfTransfer (REF-9): what was paid in advance pays for another order; what is
// left of it, and what comes back, a person pays back.
func TestExchangeOfTransfer(t *testing.T) {
	script := func(w *fixture, instead order.RequestLine) {
		w.placement.Request.Payment = order.PayManually
		w.books(time.Hour, 2900, "s1", "")
		w.arrive(2 * time.Hour)
		w.steps(3*day, func() *updateResult { return w.asksInstead("rt1", "mug", 2, instead) }, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) })
		w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
	}
	pay := func(amount int64) order.RefundRequest {
		return order.RefundRequest{ID: "r1", Amount: euros(amount), PaidOut: "transfer 17", Reason: "the rest"}
	}
	back := also(prepaid, comesBack...)
	runScenarios(t, []scenario{
		{name: "dearer", script: func(w *fixture) { script(w, goodsOf("vase", 1)) }, ends: order.Delivered, mails: back, check: both(
			hasExchange(2900, 0, ""), gaveBack("return-rt1 credited 2900"), calm)},
		{name: "cheaper", script: func(w *fixture) {
			script(w, goodsOf("mug", 1))
			w.at(6*day, func() { needs("14.50 EUR more than the order needs came in")(t, w) })
			w.refunds(7*day, pay(1450), "")
		}, ends: order.Delivered, mails: also(back, refunded), check: both(gaveBack("return-rt1 credited 1450", "r1 succeeded 1450"), calm)},
		{name: "it comes back", script: func(w *fixture) {
			script(w, goodsOf("vase", 1))
			w.at(6*day, func() { w.says("credit", w.takeCredit("r1", 1000, nil), "", "") })
			w.at(6*day+time.Hour, func() { needs("10.00 EUR more than the order needs came in")(t, w) })
			w.refunds(7*day, pay(1000), "")
		}, ends: order.Delivered, mails: also(back, refunded), check: both(gaveBack("return-rt1 credited 1900", "r1 succeeded 1000"), calm)},
		{name: "refused", script: func(w *fixture) {
			script(w, goodsOf("moon", 1))
			w.at(6*day, func() { needs("29.00 EUR more than the order needs came in")(t, w) })
			w.refunds(7*day, pay(2900), "")
		}, ends: order.Delivered, mails: also(back, refunded), check: both(gaveBack("return-rt1 credited 0", "r1 succeeded 2900"), calm)},
	})
}

// TestExchangeOfExchange (REF-9, REF-1): goods of an exchange are exchanged once more, and
// what is refunded of the third order comes from the first two, which have the money.
func TestExchangeOfExchange(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("vase", 1))
	w.run().ended(order.Delivered)
	b := w.exchangeOrder("rt1")
	b.at(day, b.pay)
	b.arrive(2 * day)
	b.steps(5*day, func() *updateResult { return b.asksInstead("rt1", "vase", 1, goodsOf("setup", 1)) }, func() *updateResult { return b.decideReturn("rt1", order.StepApprove) },
		func() *updateResult { return b.receiveReturn("rt1", of("vase", receipt(1, 0, 0, 0))) })
	b.run().ended(order.Delivered)
	gaveBack("return-rt1 credited 2549", "return-rt1:2 credited 1450")(t, b)
	c := b.exchangeOrder("rt1")
	c.at(day, func() { c.cancel() })
	c.run().ended(order.Cancelled).mailed(also(cancelled, order.MailDifference)...)
	gaveBack("return-rt1 credited 0", "return-rt1:2 credited 0", "back succeeded 2549", "back succeeded 1450")(t, b)
	gaveBack("return-rt1 credited 0", "back succeeded 1450")(t, w)
	shopHas(t, 1450, w, b, c)
	agree(t, w, b)
	agree(t, b, c)
	if t.Failed() {
		w.logTimeline()
		b.logTimeline()
		c.logTimeline()
	}
}
