package order_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"purser/order"
)

// heldOrder returns the order of paidOrder while its money is held.
func heldOrder() order.Order {
	o := paidOrder()
	o.Payments[0].Status, o.Payments[0].Captured = order.PaymentAuthorized, 0
	return o
}

// TestPlanRelease (REF-1): before the capture goods and the fee can be left out, as long
// as something is left to send and to charge.
func TestPlanRelease(t *testing.T) {
	goods := func(sku string, n int64) []order.RefundItem { return []order.RefundItem{{SKU: sku, Quantity: n}} }
	all := append(goods("mug", 3), goods("teapot", 1)...)
	for _, c := range []struct {
		name   string
		ask    order.RefundRequest
		change func(*order.Order)
		amount int64
		err    error
		says   string
	}{
		{name: "one of three", ask: order.RefundRequest{Lines: goods("mug", 1)}, amount: 999},
		{name: "a line with its discount and tax", ask: order.RefundRequest{Lines: goods("teapot", 1)}, amount: 2975},
		{name: "a line and the fee", ask: order.RefundRequest{Lines: goods("mug", 3), Shipping: 490}, amount: 3487},
		{name: "the fee alone", ask: order.RefundRequest{Shipping: 490}, amount: 490},
		{name: "all goods", ask: order.RefundRequest{Lines: all}, err: order.ErrNotRefundable, says: "cancel the order instead"},
		{name: "the last goods", ask: order.RefundRequest{Lines: goods("teapot", 1)}, err: order.ErrNotRefundable, says: "cancel the order instead", change: func(o *order.Order) {
			o.Refunds = []order.Refund{{Status: order.RefundReleased, Amount: order.Money{Amount: 2997, Currency: "EUR"}, Lines: []order.RefundLine{{SKU: "mug", Quantity: 3, Amount: 2997}}}}
		}},
		{name: "all that costs anything", ask: order.RefundRequest{Lines: goods("teapot", 1), Shipping: 490}, err: order.ErrNotRefundable, says: "0.00 EUR would be left to charge", change: func(o *order.Order) {
			o.Lines[0].Discount = 2997
			o.Total.Amount -= 2997
		}},
		{name: "everything", ask: order.RefundRequest{All: true}, err: order.ErrNotRefundable, says: "cancel the order"},
		{name: "an amount", ask: order.RefundRequest{Amount: order.Money{Amount: 1, Currency: "EUR"}}, err: order.ErrNotRefundable, says: "name the lines"},
		{name: "paid out", ask: order.RefundRequest{Lines: goods("mug", 1), PaidOut: "transfer 1"}, err: order.ErrInvalid, says: "held and not captured"},
		{name: "more than was ordered", ask: order.RefundRequest{Lines: goods("mug", 4)}, err: order.ErrNotRefundable, says: "3 can still be refunded"},
		{name: "more than the fee", ask: order.RefundRequest{Shipping: 491}, err: order.ErrNotRefundable, says: "4.90 EUR of it"},
		{name: "a part of the fee that no card can be charged", ask: order.RefundRequest{Shipping: 5}, err: order.ErrInvalid, says: "0.005 KWD is not a multiple of 0.010 KWD", change: func(o *order.Order) {
			o.Total.Currency = "KWD"
		}},
		{name: "what costs nothing", ask: order.RefundRequest{Lines: goods("mug", 1)}, err: order.ErrNotRefundable, says: "costs nothing", change: func(o *order.Order) {
			o.Lines[0].Discount = 2997
			o.Total.Amount -= 2997
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := heldOrder()
			if c.change != nil {
				c.change(&o)
			}
			c.ask.ID, c.ask.Reason = "r1", "changed their mind"
			parts, err := o.PlanRefund(c.ask)
			if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %v with %q", err, c.err, c.says)
			}
			if err != nil {
				return
			}
			if len(parts) != 1 || parts[0].Status != order.RefundReleased || parts[0].Amount.Amount != c.amount || parts[0].PaymentRef != "pi_1" {
				t.Errorf("%+v, want %d", parts, c.amount)
			}
			o.Refunds = append(o.Refunds, parts...)
			if o.Due() != o.Total.Amount-c.amount || o.Refundable() != 0 || o.RefundedShipping() != 0 {
				t.Errorf("due %d, refundable %d, of the fee %d", o.Due(), o.Refundable(), o.RefundedShipping())
			}
		})
	}
}

// TestReleasesMeet (REF-1, PAY-1): whatever is left out before the capture and refunded
// after it, no amount is one that a card cannot be charged, what is charged is the sum of
// what is left, and all of it can be refunded.
func TestReleasesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		if o.Free() {
			return
		}
		g := order.Granule(o.Total.Currency)
		o.Payments = []order.Payment{{Number: 1, Reference: "A", Status: order.PaymentAuthorized, Authorized: o.Total.Amount}}
		for n := range rapid.IntRange(1, 3).Draw(t, "releases") {
			r := order.RefundRequest{ID: string(rune('a' + n)), Reason: "r", Shipping: g * rapid.Int64Range(0, 3).Draw(t, "fee")}
			for _, l := range o.Lines {
				if k := rapid.Int64Range(0, l.Quantity).Draw(t, "pieces"); k > 0 {
					r.Lines = append(r.Lines, order.RefundItem{SKU: l.SKU, Quantity: k})
				}
			}
			if parts, err := o.PlanRefund(r); err == nil {
				o.Refunds = append(o.Refunds, parts...)
			}
		}
		due := order.Money{Amount: o.Due(), Currency: o.Total.Currency}
		charged := o.WithoutReleased()
		sum := charged.Shipping.Total()
		for _, l := range charged.Lines {
			if sum += l.Total(); l.Total() < 0 || l.Quantity < 1 {
				t.Fatalf("line %+v", l)
			}
		}
		if due.Chargeable() != nil || sum != due.Amount || charged.Total != due {
			t.Fatalf("%s is due, the parts are %d, the total %s", due, sum, charged.Total)
		}
		o.Payments[0].Status, o.Payments[0].Captured = order.PaymentPartiallyCaptured, due.Amount
		r := order.RefundRequest{ID: "rest", Reason: "r", Shipping: charged.Shipping.Total()}
		for _, l := range charged.Lines {
			r.Lines = append(r.Lines, order.RefundItem{SKU: l.SKU, Quantity: l.Quantity})
		}
		parts, err := o.PlanRefund(r)
		if err != nil || len(parts) != 1 || parts[0].Amount != due {
			t.Fatalf("the rest of %s: %+v, %v", due, parts, err)
		}
	})
}
