package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/order"
)

// goodsOf returns a line of an exchange.
func goodsOf(sku string, n int64) order.RequestLine { return order.RequestLine{SKU: sku, Quantity: n} }

// hasExchange checks what came of the exchange of the first return.
func hasExchange(credit, refund int64, refused string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		r := w.order().Returns[0]
		x := r.Exchange
		if r.Status != order.ReturnClosed || x.Credit.Amount != credit || r.Refund.Amount != refund || x.Refused != refused {
			t.Errorf("the return is %s with a refund of %s, the exchange %+v; want credit %d, refund %d, refused %q", r.Status, r.Refund, x, credit, refund, refused)
		}
		if x.OrderID != "" && x.OrderID != id.ExchangeID("rt1") {
			t.Errorf("the order is %s", x.OrderID)
		}
	}
}

// TestExchange (REF-9): the value of goods that came back pays for others: the difference
// is charged or refunded, to the minor unit, in currencies with two, no and three decimals.
func TestExchange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		bought  order.RequestLine
		got     order.ReturnReceipt
		pieces  int64
		instead order.RequestLine
		credit  int64
		refund  int64
		pays    int64 // the difference
	}{
		{name: "dearer, EUR", bought: goodsOf("mug", 2), pieces: 1, got: receipt(1, 0, 0, 0), instead: goodsOf("vase", 1), credit: 1450, pays: 2549},
		{name: "equal, EUR", bought: goodsOf("mug", 2), pieces: 2, got: receipt(2, 0, 0, 0), instead: goodsOf("mug", 2), credit: 2900},
		{name: "cheaper, EUR", bought: goodsOf("mug", 2), pieces: 2, got: receipt(2, 0, 0, 0), instead: goodsOf("mug", 1), credit: 1450, refund: 1450},
		{name: "fee and damage, EUR", bought: goodsOf("mug", 2), pieces: 2, got: receipt(2, 1, 290, 333), instead: goodsOf("vase", 1), credit: 2277, pays: 1722},
		{name: "dearer, JPY", bought: goodsOf("bowl", 1), pieces: 1, got: receipt(1, 0, 0, 1), instead: goodsOf("bowl", 2), credit: 6799, pays: 6801},
		{name: "cheaper, JPY", bought: goodsOf("bowl", 2), pieces: 2, got: receipt(2, 0, 0, 1), instead: goodsOf("bowl", 1), credit: 6800, refund: 6799},
		{name: "dearer, KWD", bought: goodsOf("oud", 1), pieces: 1, got: receipt(1, 0, 10, 0), instead: goodsOf("oud", 2), credit: 12_740, pays: 12_760},
		{name: "cheaper, KWD", bought: goodsOf("oud", 2), pieces: 2, got: receipt(2, 0, 10, 20), instead: goodsOf("oud", 1), credit: 12_750, refund: 12_720},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.placement.Request.Lines, w.placement.Request.Currency = []order.RequestLine{c.bought}, currencyOf[c.bought.SKU]
			w.exchanged(c.pieces, c.got, c.instead)
			w.run().ended(order.Delivered)
			hasExchange(c.credit, c.refund, "")(t, w)
			mails := also(delivered, comesBack...)
			if c.refund > 0 {
				mails = also(mails, refunded)
			}
			w.checks.mailed(mails...)
			b := w.exchangeOrder("rt1")
			mails = delivered
			if c.pays > 0 {
				b.at(2*day, b.pay)
				mails = also(mails, order.MailDifference)
			}
			b.arrive(3 * day)
			b.run().ended(order.Delivered).mailed(mails...)
			o := b.order()
			if paid := b.bank.Count(b.id).Taken; paid != c.pays || o.Credited() != c.credit || paid+c.credit != o.Total.Amount {
				t.Errorf("the shopper has paid %d, want %d; %d of credit of %s", paid, c.pays, o.Credited(), o.Total)
			}
			if t.Failed() {
				w.logTimeline()
				b.logTimeline()
			}
		})
	}
}

var currencyOf = map[string]string{"mug": "EUR", "vase": "EUR", "bowl": "JPY", "oud": "KWD"}

// shopHas checks what the shop has of orders' money in the end, in minor units.
func shopHas(t *testing.T, want int64, orders ...*fixture) {
	t.Helper()
	var got, books int64
	for _, w := range orders {
		sum := w.bank.Count(w.id)
		got += sum.Taken - sum.Returned
		for _, p := range w.order().Payments {
			if !p.Credit() {
				books += p.Captured - p.Refunded
			}
			if p.Refunded > p.Captured {
				t.Errorf("%s: %d of %d were refunded", p.Reference, p.Refunded, p.Captured)
			}
		}
		books += creditOut(w.order())
	}
	if got != want || books != want {
		t.Errorf("the shop has %d, and %d in its books, want %d", got, books, want)
	}
}

// agree checks that an order knows of as much credit as the order that it came from.
func agree(t *testing.T, first, second *fixture) {
	t.Helper()
	o := first.order()
	if out, in := o.CreditOut("rt1"), inCredit(second.order()); out != in {
		t.Errorf("%d of credit are out, the order that they pay for has %d", out, in)
	}
}

// gaveBack checks the order's refunds, each written as "id status amount".
func gaveBack(want ...string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		var got []string
		for _, r := range w.order().Refunds {
			refundID := r.ID
			if strings.HasPrefix(refundID, "exchange-") {
				refundID = "back"
			}
			got = append(got, fmt.Sprintf("%s %s %d", refundID, r.Status, r.Amount.Amount))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("refunds %v, want %v", got, want)
		}
	}
}

// TestExchangeRefused (REF-9): if the order that goods are exchanged for cannot be placed
// when they arrive, their value is refunded, and the shop reads why.
func TestExchangeRefused(t *testing.T) {
	back := also(delivered, also(comesBack, refunded)...)
	refusedFor := func(refund int64, words string) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			r := w.order().Returns[0]
			if !strings.Contains(r.Exchange.Refused, words) || r.Refund.Amount != refund || r.Status != order.ReturnClosed || creditOut(w.order()) != 0 {
				t.Errorf("%+v, exchange %+v", r, r.Exchange)
			}
			hasEvent(order.ExchangeWasRefused, words)(t, w)
			shopHas(t, 2900-refund, w)
		}
	}
	runScenarios(t, []scenario{
		{name: "out of stock at receipt", script: func(w *fixture) {
			w.exchanged(2, receipt(2, 0, 290, 0), goodsOf("vase", onHand+1))
		}, ends: order.Delivered, mails: back, check: both(refusedFor(2610, "6 wanted, 5 left"), hasRefunds("return-rt1 succeeded 2610"), hasStock(0, onHand))},
		{name: "a product that is not sold", script: func(w *fixture) {
			w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("moon", 1))
		}, ends: order.Delivered, mails: back, check: both(refusedFor(1450, "moon"), hasRefunds("return-rt1 succeeded 1450"))},
		{name: "in another currency", script: func(w *fixture) {
			w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("bowl", 1))
		}, ends: order.Delivered, mails: back, check: refusedFor(1450, "JPY")},
		{name: "a difference that cannot be charged", script: func(w *fixture) {
			w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("mug", 1), goodsOf("pin", 1))
		}, ends: order.Delivered, mails: back, check: refusedFor(1450, "the difference to the credit")},
		{name: "the fee takes it all", script: func(w *fixture) {
			w.exchanged(1, receipt(1, 0, 1450, 0), goodsOf("mug", 1))
		}, ends: order.Delivered, mails: also(delivered, comesBack...), check: refusedFor(0, "nothing is left of the price")},
	})
}

// TestExchangeOfDiscounted (REF-9, PAY-21): three are bought with a discount, two come back,
// one of them damaged, less a fee of ten per cent: what is left of their price pays.
func TestExchangeOfDiscounted(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.placement.Request.Lines = []order.RequestLine{goodsOf("mug", 3)}
	w.placement.Pricing = &order.Pricing{Discounts: []order.Discount{{Code: "TEN", Per: order.PerOrder, Percent: "10"}}}
	got := receipt(2, 1, 0, 500)
	got.FeePercent = 10
	w.exchanged(2, got, goodsOf("vase", 1))
	w.run().ended(order.Delivered)
	hasExchange(1849, 0, "")(t, w) // 2 × 13.05, less 2.61 and 5.00
	b := w.exchangeOrder("rt1")
	b.at(6*day, b.pay)
	b.arrive(7 * day)
	b.run().ended(order.Delivered)
	shopHas(t, 3915+3999-1849, w, b)
	agree(t, w, b)
}

// TestExchangeEnds (REF-9, REF-1, IDEM-8): whatever becomes of the order that goods were
// exchanged for, its shopper gets the money once, from the order that has it.
func TestExchangeEnds(t *testing.T) {
	pays := also(delivered, order.MailDifference)
	for _, c := range []struct {
		name   string
		script func(w, b *fixture)
		ends   order.Status
		mails  []order.Notification // of the second order
		back   []string             // the refunds of the first
		has    int64                // what the shop has of both
	}{
		{name: "cancelled before the difference was paid", script: func(_, b *fixture) {
			b.at(day, func() { b.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailDifference), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "cancelled after the difference was paid", script: func(_, b *fixture) {
			b.at(day, b.pay)
			b.at(day+time.Hour, func() { b.cancel() })
		}, ends: order.Cancelled, mails: also(confirmed, order.MailDifference, order.MailCancelled, refunded), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "never paid", script: func(_, b *fixture) {}, ends: order.Expired, mails: also(expired, order.MailDifference), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "refunded in part, within what the shopper paid for it", script: func(_, b *fixture) {
			b.at(day, b.pay)
			b.arrive(2 * day)
			b.refunds(4*day, aRefund("r1", 2549), "")
		}, ends: order.Delivered, mails: also(pays, refunded), back: []string{"return-rt1 credited 1450"}, has: 2900},
		{name: "refunded in part, beyond that", script: func(_, b *fixture) {
			b.at(day, b.pay)
			b.arrive(2 * day)
			b.refunds(4*day, aRefund("r1", 3000), "")
		}, ends: order.Delivered, mails: also(pays, refunded), back: []string{"return-rt1 credited 999", "back succeeded 451"}, has: 2449},
		{name: "refunded in part, and then its goods come back", script: func(_, b *fixture) {
			b.at(day, b.pay)
			b.arrive(2 * day)
			b.refunds(4*day, aRefund("r1", 3000), "")
			b.steps(5*day, func() *updateResult { return b.asksInstead("rt1", "vase", 1) }, func() *updateResult { return b.decideReturn("rt1", order.StepApprove) },
				func() *updateResult { return b.receiveReturn("rt1", of("vase", receipt(1, 0, 0, 0))) })
		}, ends: order.Delivered, mails: also(pays, also(comesBack, refunded)...), back: []string{"return-rt1 credited 0", "back succeeded 451", "back succeeded 999"}, has: 1450},
		{name: "all of it is refunded, twice", script: func(_, b *fixture) {
			b.at(day, b.pay)
			b.arrive(2 * day)
			b.refunds(4*day, order.RefundRequest{ID: "r1", All: true}, "")
			b.refunds(5*day, order.RefundRequest{ID: "r1", All: true}, "")
			b.refunds(6*day, order.RefundRequest{ID: "r2", All: true}, "nothing is left")
		}, ends: order.Delivered, mails: also(pays, refunded), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "the responses to the credit are lost", script: func(_, b *fixture) {
			b.at(day-time.Hour, func() { b.fail("ReturnCredit", 3, order.ErrUnknownOutcome) })
			b.at(day, func() { b.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailDifference), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "the provider is down when the credit comes back", script: func(w, b *fixture) {
			w.byHand(func() {})
			b.at(day, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrUnavailable, until: 40 * day}); b.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailDifference), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "its history grows long, and its workflow is terminated", script: func(_, b *fixture) {
			b.at(day, func() { b.env.SetContinueAsNewSuggested(true); b.decline("card_declined", "") })
			b.terminatedAfter = 3 * day
			b.at(6*day, func() { b.sendEvents() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailDifference, order.MailPaymentProblem), back: []string{"return-rt1 credited 0", "back succeeded 1450"}, has: 1450},
		{name: "its goods are not changed, and its address is", script: func(_, b *fixture) {
			b.byOperator()
			b.changes(time.Hour, ask("c1", "vase=2"), "only its address can be changed")
			b.changes(2*time.Hour, order.ChangeRequest{ID: "c2", ShipTo: &order.Address{Name: "Ada", Line1: "2 Quay Street", City: "Berlin", PostalCode: "10115", Country: "DE"}}, "")
			b.packed(3 * time.Hour)
		}, ends: order.Delivered, mails: pays, back: []string{"return-rt1 credited 1450"}, has: 1450 + 3999},
		{name: "the bank ends the hold of the difference early: the shopper pays it again", script: func(_, b *fixture) {
			b.bank.Now, b.placement.Terms.PayAgainBefore = b.clock, 4*time.Hour
			b.byOperator()
			b.at(time.Hour, func() { b.sendEvents(b.paid(b.bank.Lapse("pi_1"), nil)) })
			b.at(2*time.Hour, func() { b.sendEvents(b.paid(b.bank.Pay("pi_2"))) })
			b.packed(3 * time.Hour)
		}, ends: order.Delivered, mails: also(pays, order.MailPayAgain), back: []string{"return-rt1 credited 1450"}, has: 1450 + 3999},
		{name: "a forged event names the credit as a payment", script: func(_, b *fixture) {
			forge := func() {
				ref := b.order().ExchangeOf.Reference()
				p := order.PaymentEvent{Reference: ref, Status: order.PaymentCaptured, Amount: euros(1450), Received: 1450}
				b.sendEvents(b.event(order.ProviderEvent{Type: "forged", Payment: &p}), b.event(order.ProviderEvent{Type: "forged", Refund: &order.RefundEvent{PaymentRef: ref}}))
			}
			b.at(time.Hour, forge)
			b.at(day, b.pay)
			b.at(day+time.Hour, forge)
			b.arrive(2 * day)
			b.at(5*day, forge)
		}, ends: order.Delivered, mails: pays, back: []string{"return-rt1 credited 1450"}, has: 1450 + 3999},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.exchanged(1, receipt(1, 0, 0, 0), goodsOf("vase", 1))
			w.run().ended(order.Delivered)
			b := w.exchangeOrder("rt1")
			c.script(w, b)
			b.run().ended(c.ends).mailed(c.mails...)
			w.keptPromises()
			gaveBack(c.back...)(t, w)
			shopHas(t, c.has, w, b)
			agree(t, w, b)
			if t.Failed() {
				w.logTimeline()
				b.logTimeline()
			}
		})
	}
}

// of returns what has arrived as other goods.
func of(sku string, got order.ReturnReceipt) order.ReturnReceipt {
	got.Lines[0].SKU = sku
	return got
}
