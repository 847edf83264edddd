package order_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/order"
)

// TestReturnRules (REF-9): the table of a return's states and the one in docs/returns.md
// have the same rows, each step leads to a state with a row, and a state with a deadline
// says what happens then.
func TestReturnRules(t *testing.T) {
	b, err := os.ReadFile("../docs/returns.md")
	if err != nil {
		t.Fatal(err)
	}
	section, _, _ := strings.Cut(string(b), "## From the request")
	var rows, want []string
	for _, line := range strings.Split(section, "\n") {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, line)
		}
	}
	for _, r := range order.ReturnRules() {
		want = append(want, rowOf(r))
		if r.Within > 0 && (r.Then == "" || r.Says == "") {
			t.Errorf("%s has a deadline, and nothing happens then", r.Status)
		}
		for _, to := range append([]order.ReturnMove{{To: r.Then}}, r.Moves...) {
			if to.To != "" && to.To.Rule().Says == "" {
				t.Errorf("%s leads to %s, which has no row", r.Status, to.To)
			}
		}
		if n := r.Status.Notification(); (n == "") != (r.Status == order.ReturnClosed || r.Status == order.ReturnExpected) {
			t.Errorf("the mail about %s is %q", r.Status, n)
		}
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("docs/returns.md has\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

// rowOf returns the row of a state in docs/returns.md.
func rowOf(r order.ReturnRule) string {
	var moves []string
	for _, m := range r.Moves {
		moves = append(moves, fmt.Sprintf("%s: `%s` → `%s`", m.Who, m.Step, m.To))
	}
	if len(moves) == 0 {
		moves = []string{"nobody"}
	}
	within, then := "none", r.Says
	if r.Within > 0 {
		within = fmt.Sprintf("%d days", r.Within/(24*time.Hour))
	}
	switch {
	case r.Then == r.Status:
		then = fmt.Sprintf("stays `%s`: %s", r.Then, r.Says)
	case r.Then != "":
		then = fmt.Sprintf("→ `%s`: %s", r.Then, r.Says)
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", r.Status, strings.Join(moves, "; "), within, then)
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// deliveredOrder returns an order of paidOrder whose parcel was delivered at noon.
func deliveredOrder() order.Order {
	o := paidOrder()
	o.Shipments = []order.Shipment{{Number: 1, Reference: "p1", Status: order.ParcelDelivered, MovedAt: noon, Lines: []order.LineQuantity{{SKU: "mug", Quantity: 3}, {SKU: "teapot", Quantity: 1}}}}
	return o
}

// TestCheckReturn (REF-9): goods can be sent back once, if they were delivered, and in
// time.
func TestCheckReturn(t *testing.T) {
	three := []order.ReturnItem{{SKU: "mug", Quantity: 3}}
	for _, c := range []struct {
		name   string
		lines  []order.ReturnItem
		change func(*order.Order)
		after  time.Duration
		err    error
		says   string
	}{
		{name: "all mugs", lines: three},
		{name: "the last moment", lines: three, after: 30 * 24 * time.Hour},
		{name: "a moment later", lines: three, after: 30*24*time.Hour + 1, err: order.ErrReturnTooLate, says: "until 2026-04-01"},
		{name: "more than were bought", lines: []order.ReturnItem{{SKU: "mug", Quantity: 4}}, err: order.ErrNotReturnable, says: "3 were bought"},
		{name: "another order's goods", lines: []order.ReturnItem{{SKU: "kettle", Quantity: 1}}, err: order.ErrInvalid, says: "the order has no"},
		{name: "no goods", err: order.ErrInvalid, says: "want 1 to"},
		{name: "a product twice", lines: append(three, three...), err: order.ErrInvalid, says: "twice"},
		{name: "no pieces", lines: []order.ReturnItem{{SKU: "mug"}}, err: order.ErrInvalid, says: "not above zero"},
		{name: "on its way", lines: three, err: order.ErrNotShipped, says: "was not delivered", change: func(o *order.Order) { o.Shipments[0].Status = order.ParcelInTransit }},
		{name: "a parcel that another has replaced", lines: three, err: order.ErrNotShipped, says: "was not delivered", change: func(o *order.Order) { o.Shipments[0].Replaced = true }},
		{name: "more than was in the parcel", lines: three, err: order.ErrNotReturnable, says: "2 were delivered", change: func(o *order.Order) { o.Shipments[0].Lines[0].Quantity = 2 }},
		{name: "in another return", lines: three, err: order.ErrNotReturnable, says: "2 of them can still", change: func(o *order.Order) {
			o.Returns = []order.Return{{ID: "a", Status: order.ReturnApproved, Lines: []order.ReturnLine{{SKU: "mug", Quantity: 1}}}}
		}},
		{name: "too many returns", lines: three, err: order.ErrNotReturnable, says: "at most 50 returns", change: func(o *order.Order) {
			o.Returns = make([]order.Return, order.MaxReturns)
		}},
		{name: "a return that was rejected", lines: three, change: func(o *order.Order) {
			o.Returns = []order.Return{{ID: "a", Status: order.ReturnRejected, Lines: []order.ReturnLine{{SKU: "mug", Quantity: 1}}}}
		}},
		{name: "a return of which nothing more comes", lines: three, err: order.ErrNotReturnable, says: "2 of them can still", change: func(o *order.Order) {
			o.Returns = []order.Return{{ID: "a", Status: order.ReturnClosed, Lines: []order.ReturnLine{{SKU: "mug", Quantity: 3, Received: 1}}}}
		}},
		{name: "refunded without a return", lines: three, err: order.ErrNotReturnable, says: "2 of them can still", change: func(o *order.Order) {
			o.Refunds = []order.Refund{{ID: "r", Status: order.RefundSucceeded, Lines: []order.RefundLine{{SKU: "mug", Quantity: 1, Amount: 999}}}}
		}},
		{name: "one was left out, and the rest is there", lines: []order.ReturnItem{{SKU: "mug", Quantity: 2}}, change: func(o *order.Order) {
			o.Shipments[0].Lines[0].Quantity = 2
			o.Refunds = []order.Refund{{ID: "r", Status: order.RefundReleased, Lines: []order.RefundLine{{SKU: "mug", Quantity: 1, Amount: 999}}}}
		}},
	} {
		o := deliveredOrder()
		if c.change != nil {
			c.change(&o)
		}
		err := o.CheckReturn(order.ReturnRequest{ID: "rt", Lines: c.lines, Reason: "too small"}, noon.Add(c.after), 30*24*time.Hour)
		if !errors.Is(err, c.err) || c.err == nil && err != nil || c.says != "" && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v %q", c.name, err, c.err, c.says)
		}
	}
}

// sendBack takes pieces of an order's only line back, as its workflow does, and returns the
// return.
func sendBack(t *rapid.T, o *order.Order, id string, pieces int64, got order.ReturnReceipt) order.Return {
	ask := order.ReturnRequest{ID: id, Lines: []order.ReturnItem{{SKU: "thing", Quantity: pieces}}, Reason: "too small"}
	if err := o.CheckReturn(ask, noon, time.Hour); err != nil {
		t.Fatal(err)
	}
	back := o.NewReturn(ask, "key:shop", noon).Enter(order.ReturnApproved, noon)
	back, err := o.Receive(back, got, noon)
	if err != nil {
		t.Fatal(err)
	}
	o.Returns = append(o.Returns, back)
	parts, err := o.PlanReturn(back)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) == 0 {
		*o.ReturnByID(id) = o.KeepPrice(back)
	}
	for _, p := range parts {
		if p.Amount.Amount%order.Granule(o.Total.Currency) != 0 || p.Amount.Amount <= 0 || p.ReturnID != id {
			t.Fatalf("a refund of %+v", p)
		}
		p.Status = order.RefundSucceeded
		o.Refunds = append(o.Refunds, p)
		o.Payments[0].Refunded += p.Amount.Amount
	}
	return back
}

// boughtThree returns a delivered order of three pieces whose price is reduced by a
// discount.
func boughtThree(currency string, price, discount int64) order.Order {
	l := order.Line{SKU: "thing", Quantity: 3, Price: price, Subtotal: 3 * price, Discount: discount}
	return order.Order{
		Lines: []order.Line{l}, Total: order.Money{Amount: l.Total(), Currency: currency},
		Payments:  []order.Payment{{Number: 1, Reference: "pi_1", Status: order.PaymentCaptured, Authorized: l.Total(), Captured: l.Total()}},
		Shipments: []order.Shipment{{Number: 1, Status: order.ParcelDelivered, MovedAt: noon, Lines: []order.LineQuantity{{SKU: "thing", Quantity: 3}}}},
	}
}

// TestReturnMoney (REF-9): of three pieces that were bought with a discount code, two come
// back, one of them damaged, for a fee of ten per cent.
func TestReturnMoney(t *testing.T) {
	for _, c := range []struct {
		currency                string
		price, discount, damage int64
		fee, refund, rest       int64
	}{
		{"EUR", 999, 300, 250, 179, 1798 - 179 - 250, 899},            // 26.97 for three: 8.99, 8.99 and 8.99
		{"EUR", 333, 100, 100, 59, 599 - 59 - 100, 300},               // 8.99 for three: 5.99 for two, and 3.00
		{"JPY", 1000, 301, 100, 179, 1799 - 179 - 100, 900},           // 2699 for three: 1799 for two
		{"KWD", 12_750, 3830, 1000, 2290, 22940 - 2290 - 1000, 11480}, // 34.420 for three: 22.940 for two
	} {
		rapid.Check(t, func(t *rapid.T) {
			o := boughtThree(c.currency, c.price, c.discount)
			got := order.ReturnReceipt{Lines: []order.ReceivedItem{{SKU: "thing", Quantity: 2, Damaged: 1, Restock: true}}, FeePercent: 10, Damage: c.damage}
			back := sendBack(t, &o, "rt1", 2, got)
			if back.Fee != c.fee || len(o.Refunds) != 1 || o.Refunds[0].Amount.Amount != c.refund || o.Refunds[0].Less != c.fee+c.damage {
				t.Fatalf("%s: fee %d, refunds %+v; want %d and %d", c.currency, back.Fee, o.Refunds, c.fee, c.refund)
			}
			if again := o.Restocked(); len(again) != 1 || again[0].Quantity != 1 {
				t.Fatalf("for sale again: %+v", again)
			}
			sendBack(t, &o, "rt2", 1, order.ReturnReceipt{Lines: []order.ReceivedItem{{SKU: "thing", Quantity: 1}}})
			if o.Refunds[1].Amount.Amount != c.rest || o.Payments[0].Refunded+c.fee+c.damage != o.Total.Amount {
				t.Fatalf("%s: the last piece is refunded %d, want %d; %d of %s in all", c.currency, o.Refunds[1].Amount.Amount, c.rest, o.Payments[0].Refunded, o.Total)
			}
		})
	}
}

// TestReturnsMeet (REF-9): returns of parts of a line, each with a fee and a damage,
// refund exactly the price less what was kept, and never more than was paid.
func TestReturnsMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD"}).Draw(t, "currency")
		g := order.Granule(currency)
		price := g * rapid.Int64Range(1, 5000).Draw(t, "price")
		o := boughtThree(currency, price, g*rapid.Int64Range(0, 3*price/g-1).Draw(t, "discount"))
		kept, good := int64(0), int64(0)
		for left, n := int64(3), 0; left > 0; n++ {
			pieces := rapid.Int64Range(1, left).Draw(t, "pieces")
			damaged := rapid.Int64Range(0, pieces).Draw(t, "damaged")
			got := order.ReturnReceipt{
				Lines:      []order.ReceivedItem{{SKU: "thing", Quantity: pieces, Damaged: damaged, Restock: true}},
				FeePercent: rapid.Int64Range(0, 100).Draw(t, "fee"),
			}
			back := sendBack(t, &o, fmt.Sprint("rt", n), pieces, got)
			kept, good, left = kept+back.Fee, good+pieces-damaged, left-pieces
		}
		if o.Payments[0].Refunded+kept != o.Total.Amount {
			t.Fatalf("%d refunded and %d kept of %s", o.Payments[0].Refunded, kept, o.Total)
		}
		restocked := int64(0)
		for _, l := range o.Restocked() {
			restocked += l.Quantity
		}
		if n, paid, _ := o.RefundedOf("thing"); restocked != good || n > 3 || paid > o.Total.Amount || o.Returnable("thing") != 0 {
			t.Fatalf("%d for sale again, want %d; %d refunded for %d", restocked, good, n, paid)
		}
	})
}
