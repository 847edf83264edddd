package order_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"purser/order"
)

// drawChange draws a change of an order: goods that it takes out, and goods that it adds,
// some of them like those that it has.
func drawChange(t *rapid.T, o order.Order, n int) order.Amendment {
	g, a := order.Granule(o.Total.Currency), order.Amendment{ID: fmt.Sprint("c", n), Status: order.AmendmentMade, Reason: "r"}
	for _, l := range o.Lines {
		out, _, _ := o.RefundedOf(l.SKU)
		switch k := rapid.Int64Range(0, l.Quantity-out).Draw(t, "less"); {
		case k > 0:
			a.Removed = append(a.Removed, order.LineQuantity{SKU: l.SKU, Quantity: k})
		case rapid.Bool().Draw(t, "more"):
			more := order.Line{SKU: l.SKU, Quantity: rapid.Int64Range(1, 4).Draw(t, "pieces"), Price: l.Price}
			more.Subtotal = more.Quantity * more.Price
			if l.Tax != nil {
				tax := *l.Tax
				tax.Amount = g * rapid.Int64Range(0, 50).Draw(t, "tax")
				more.Tax = &tax
			}
			a.Added = append(a.Added, more)
		}
	}
	if rapid.Bool().Draw(t, "new") {
		price := g * rapid.Int64Range(0, 3000).Draw(t, "price")
		a.Added = append(a.Added, order.Line{SKU: fmt.Sprint("new", n), Quantity: 1, Price: price, Subtotal: price})
	}
	return a
}

// worth returns what the shopper pays for what is left of an order.
func worth(o order.Order) int64 {
	sum := o.Shipping.Total()
	for _, l := range o.Lines {
		_, paid, _ := o.RefundedOf(l.SKU)
		sum += l.Total() - paid
	}
	return sum
}

// TestChangesMeet (REF-1, PAY-1): whatever is added to a paid order and taken out of it, the
// shop has what is left of the goods costs, in amounts that cards can be charged and refunded,
// and when all of it is refunded, nothing is left.
func TestChangesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		if o.Free() {
			return
		}
		g, held := order.Granule(o.Total.Currency), rapid.Bool().Draw(t, "held")
		pay := func(amount int64, change string) {
			p := order.Payment{Number: len(o.Payments) + 1, Reference: fmt.Sprint("P", len(o.Payments)), Amount: amount, Change: change, Authorized: amount, Status: order.PaymentAuthorized}
			if !held {
				p.Status, p.Captured = order.PaymentCaptured, amount
			}
			o.Payments = append(o.Payments, p)
		}
		pay(o.Total.Amount, "")
		for n := range rapid.IntRange(1, 4).Draw(t, "changes") {
			a := drawChange(t, o, n)
			next, err := o.With(a.Added)
			if err != nil {
				t.Fatal(err)
			}
			parts, err := next.PlanFewer(a)
			if err != nil {
				t.Fatal(err)
			}
			before := o.Due()
			o.Lines, o.Total, o.Refunds = next.Lines, next.Total, append(o.Refunds, parts...)
			for _, r := range parts {
				if r.Amount.Amount%g != 0 || r.Amount.Amount < 0 {
					t.Fatalf("refund %+v", r)
				}
				for i := range o.Payments {
					if p := &o.Payments[i]; p.Reference == r.PaymentRef && r.Status.Moves() {
						p.Refunded += r.Amount.Amount
					}
				}
			}
			if more := o.Due() - before; more > 0 {
				pay(more, a.ID)
			}
			moved := int64(0)
			for _, p := range o.Payments {
				if moved += p.Refunded; p.Refunded > p.Captured {
					t.Fatalf("payment %+v", p)
				}
			}
			if got := o.Due() - moved; got != worth(o) {
				t.Fatalf("after %+v, %d is due and %d refunded; what is left costs %d", a, o.Due(), moved, worth(o))
			}
			if !o.Covered() || !held && !o.Paid() {
				t.Fatalf("covered %t, paid %t", o.Covered(), o.Paid())
			}
		}
		if held || worth(o) == 0 {
			return
		}
		parts, err := o.PlanRefund(order.RefundRequest{ID: "rest", Reason: "r", All: true})
		sum := int64(0)
		for _, r := range parts {
			sum += r.Amount.Amount
		}
		if err != nil || sum != worth(o) {
			t.Fatalf("the rest is %d, want %d: %v", sum, worth(o), err)
		}
	})
}

// TestUnpaidChangesMeet (PAY-1): the lines and the fee of an order that is changed before it is
// paid add up to its total, and no part is below zero.
func TestUnpaidChangesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		for n := range rapid.IntRange(1, 4).Draw(t, "changes") {
			a := drawChange(t, o, n)
			next, err := o.Without(a.Removed)
			if err == nil {
				next, err = next.With(a.Added)
			}
			if err != nil {
				t.Fatal(err)
			}
			o = next
			sum := o.Shipping.Total()
			for _, l := range o.Lines {
				if sum += l.Total(); l.Total() < 0 || l.Quantity < 1 || l.Discount < 0 || l.Subtotal != l.Quantity*l.Price || l.Total()%order.Granule(o.Total.Currency) != 0 {
					t.Fatalf("line %+v", l)
				}
			}
			if sum != o.Total.Amount {
				t.Fatalf("the parts add up to %d, the total is %s", sum, o.Total)
			}
		}
	})
}

// TestWith: goods that an order has already are added only at the same price and with the
// same tax.
func TestWith(t *testing.T) {
	o := paidOrder()
	vat := func(rate string) *order.Tax { return &order.Tax{Name: "VAT", Rate: rate, Amount: 160, Included: true} }
	for _, c := range []struct {
		name  string
		line  order.Line
		total int64
		err   error
	}{
		{name: "more of the same", line: order.Line{SKU: "mug", Quantity: 1, Price: 999, Subtotal: 999, Tax: vat("19")}, total: 7461},
		{name: "other goods", line: order.Line{SKU: "jug", Quantity: 1, Price: 500, Subtotal: 500}, total: 6962},
		{name: "at another price", line: order.Line{SKU: "mug", Quantity: 1, Price: 998, Subtotal: 998, Tax: vat("19")}, err: order.ErrNotChangeable},
		{name: "with another tax", line: order.Line{SKU: "mug", Quantity: 1, Price: 999, Subtotal: 999, Tax: vat("7")}, err: order.ErrNotChangeable},
		{name: "without the tax", line: order.Line{SKU: "mug", Quantity: 1, Price: 999, Subtotal: 999}, err: order.ErrNotChangeable},
		{name: "too many", line: order.Line{SKU: "mug", Quantity: 998, Price: 999, Subtotal: 998 * 999, Tax: vat("19")}, err: order.ErrInvalid},
	} {
		got, err := o.With([]order.Line{c.line})
		if !errors.Is(err, c.err) || c.err == nil && got.Total.Amount != c.total {
			t.Errorf("%s: %s, %v; want %d, %v", c.name, got.Total, err, c.total, c.err)
		}
	}
	if o.Lines[0].Quantity != 3 || o.Lines[0].Tax.Amount != 479 {
		t.Errorf("the order itself has changed: %+v", o.Lines[0])
	}
}
