package order_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/order"
)

// exchangedOrder is paidOrder with a credit for another order out of two payments.
func exchangedOrder() (order.Order, order.Return) {
	o := paidOrder()
	back := order.Return{ID: "rt1", Exchange: &order.Exchange{OrderID: o.ID.ExchangeID("rt1")}}
	credit := func(id, ref string, amount int64) order.Refund {
		return order.Refund{ID: id, PaymentRef: ref, Amount: order.Money{Amount: amount, Currency: "EUR"}, Status: order.RefundCredited, ReturnID: "rt1", CreditTo: back.Exchange.OrderID, Asked: "h"}
	}
	o.Payments = []order.Payment{
		{Number: 1, Provider: "stripe", Reference: "card", Captured: 3000, Refunded: 1000},
		{Number: 2, Provider: order.Manual, Reference: "transfer", Captured: 3462, Refunded: 500},
	}
	o.Refunds = []order.Refund{credit("return-rt1", "card", 1000), credit("return-rt1:2", "transfer", 500), {ID: "r1", PaymentRef: "card", Status: order.RefundFailed, Amount: order.Money{Amount: 7, Currency: "EUR"}}}
	o.Returns = []order.Return{back}
	return o, back
}

// TestUncredit (REF-9): an amount that is taken back from a credit is refunded from the
// payments that had given it, but for what a person must pay back; nothing appears or
// disappears.
func TestUncredit(t *testing.T) {
	for _, c := range []struct {
		name   string
		id     string
		amount int64
		left   string
		parts  string
	}{
		{name: "a part of the first", id: "exchange-1", amount: 400, left: "return-rt1 credited 600, return-rt1:2 credited 500, r1 failed 7", parts: "exchange-1 card 400"},
		{name: "more than the first", id: "exchange-1", amount: 1200, left: "return-rt1 credited 0, return-rt1:2 credited 300, r1 failed 7", parts: "exchange-1 card 1000"},
		{name: "more than there is", id: "exchange-1", amount: 9999, left: "return-rt1 credited 0, return-rt1:2 credited 0, r1 failed 7", parts: "exchange-1 card 1000"},
		{name: "nothing", id: "exchange-1", left: "return-rt1 credited 1000, return-rt1:2 credited 500, r1 failed 7"},
		{name: "the rest of the value, when the order is placed", id: "return-rt1", amount: 400, left: "return-rt1 credited 600, return-rt1:2 credited 500, r1 failed 7", parts: "return-rt1:3 card 400"},
		{name: "all of it, because no order is placed", id: "return-rt1", amount: 1500, left: "return-rt1:2 credited 0, r1 failed 7", parts: "return-rt1 card 1000"},
	} {
		o, back := exchangedOrder()
		left, parts := o.Uncredit(back, c.id, c.amount)
		var are, gets []string
		for _, r := range left {
			are = append(are, fmt.Sprintf("%s %s %d", r.ID, r.Status, r.Amount.Amount))
		}
		for _, r := range parts {
			gets = append(gets, fmt.Sprintf("%s %s %d", r.ID, r.PaymentRef, r.Amount.Amount))
			if r.Status != order.RefundRequested || r.CreditTo != "" || r.ReturnID != "rt1" {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
		if strings.Join(are, ", ") != c.left || strings.Join(gets, ", ") != c.parts {
			t.Errorf("%s: left %v, refunds %v; want %s and %s", c.name, are, gets, c.left, c.parts)
		}
		if o.Refunds[0].Amount.Amount != 1000 {
			t.Errorf("%s: it has changed the order", c.name)
		}
	}
}

// TestFirstPaymentsOfExchange (REF-9): the credit pays for at most what an order costs, and
// the shopper for the rest, if that can be charged.
func TestFirstPaymentsOfExchange(t *testing.T) {
	for _, c := range []struct {
		currency      string
		credit, total int64
		want          string
		err           error
	}{
		{currency: "EUR", credit: 1450, total: 3999, want: "credit 1450 of 1450,  0 of 2549"},
		{currency: "EUR", credit: 1450, total: 1450, want: "credit 1450 of 1450"},
		{currency: "EUR", credit: 1450, total: 1000, want: "credit 1000 of 1000"},
		{currency: "EUR", credit: 1450, total: 0},
		{currency: "EUR", credit: 1450, total: 1499, want: "credit 1450 of 1450,  0 of 49", err: order.ErrBelowMinimum},
		{currency: "EUR", credit: 1450, total: 1500, want: "credit 1450 of 1450,  0 of 50"},
		{currency: "JPY", credit: 6799, total: 13_600, want: "credit 6799 of 6799,  0 of 6801"},
		{currency: "KWD", credit: 12_740, total: 25_500, want: "credit 12740 of 12740,  0 of 12760"},
		{currency: "KWD", credit: 12_745, total: 25_500, want: "credit 12745 of 12745,  0 of 12755", err: order.ErrAmount},
	} {
		o := order.Order{Total: order.Money{Amount: c.total, Currency: c.currency}, PlacedAt: time.Unix(0, 0), ExchangeOf: &order.ExchangeOf{OrderID: "ord_1", ReturnID: "rt1", Credit: c.credit}}
		var got []string
		for _, p := range o.FirstPayments() {
			got = append(got, fmt.Sprintf("%s %d of %d", p.Provider, p.Captured, o.Asked(p).Amount))
		}
		if strings.Join(got, ", ") != c.want || !errors.Is(o.CheckExchange(), c.err) {
			t.Errorf("%d of %s: %v, %v; want %s, %v", c.credit, o.Total, got, o.CheckExchange(), c.want, c.err)
		}
	}
}
