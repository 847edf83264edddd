package order_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/order"
)

// paidOrder returns an order of three mugs at 9.99 and a teapot at 30.00 less a
// discount, with tax on top of the teapot and 4.90 of shipping, that is paid.
func paidOrder() order.Order {
	o := order.Order{
		Total: order.Money{Amount: 2997 + 2500 + 475 + 490, Currency: "EUR"},
		Lines: []order.Line{
			{SKU: "mug", Quantity: 3, Price: 999, Subtotal: 2997, Tax: &order.Tax{Name: "VAT", Rate: "19", Amount: 479, Included: true}},
			{SKU: "teapot", Quantity: 1, Price: 3000, Subtotal: 3000, Discount: 500, Tax: &order.Tax{Name: "sales tax", Rate: "19", Amount: 475}},
		},
		Shipping: &order.Fee{Name: "standard", Price: 490},
	}
	o.Payments = []order.Payment{{Number: 1, Reference: "pi_1", Status: order.PaymentCaptured, Authorized: o.Total.Amount, Captured: o.Total.Amount}}
	return o
}

// TestPlanRefund plans refunds of amounts, goods and the fee, and refuses what is
// not left (REF-1).
func TestPlanRefund(t *testing.T) {
	one := func(sku string, n int64) []order.RefundItem { return []order.RefundItem{{SKU: sku, Quantity: n}} }
	for _, c := range []struct {
		name   string
		ask    order.RefundRequest
		change func(*order.Order)
		amount int64
		err    error
	}{
		{name: "an amount", ask: order.RefundRequest{Amount: order.Money{Amount: 1, Currency: "EUR"}}, amount: 1},
		{name: "everything", ask: order.RefundRequest{All: true}, amount: 6462},
		{name: "one of three", ask: order.RefundRequest{Lines: one("mug", 1)}, amount: 999},
		{name: "a discounted line with its tax", ask: order.RefundRequest{Lines: one("teapot", 1)}, amount: 2975},
		{name: "the fee alone", ask: order.RefundRequest{Shipping: 490}, amount: 490},
		{name: "a part of the fee", ask: order.RefundRequest{Shipping: 100}, amount: 100},
		{name: "goods and the fee", ask: order.RefundRequest{Lines: one("mug", 3), Shipping: 490}, amount: 3487},
		{
			name: "everything that is left", ask: order.RefundRequest{All: true}, amount: 5962,
			change: func(o *order.Order) { o.Payments[0].Refunded = 500 },
		},
		{
			name: "less than is disputed", ask: order.RefundRequest{All: true}, amount: 62,
			change: func(o *order.Order) { o.Payments[0].Disputed = 6400 },
		},
		{name: "nothing", ask: order.RefundRequest{}, err: order.ErrInvalid},
		{name: "an amount and goods", ask: order.RefundRequest{Amount: order.Money{Amount: 1, Currency: "EUR"}, Lines: one("mug", 1)}, err: order.ErrInvalid},
		{name: "zero", ask: order.RefundRequest{Amount: order.Money{Currency: "EUR"}}, err: order.ErrInvalid},
		{name: "a negative amount", ask: order.RefundRequest{Amount: order.Money{Amount: -1, Currency: "EUR"}}, err: order.ErrInvalid},
		{name: "another currency", ask: order.RefundRequest{Amount: order.Money{Amount: 1, Currency: "USD"}}, err: order.ErrInvalid},
		{name: "more than was paid", ask: order.RefundRequest{Amount: order.Money{Amount: 6463, Currency: "EUR"}}, err: order.ErrNotRefundable},
		{name: "more pieces than were bought", ask: order.RefundRequest{Lines: one("mug", 4)}, err: order.ErrNotRefundable},
		{name: "no pieces", ask: order.RefundRequest{Lines: one("mug", 0)}, err: order.ErrInvalid},
		{name: "an unknown product", ask: order.RefundRequest{Lines: one("kettle", 1)}, err: order.ErrInvalid},
		{name: "a product twice", ask: order.RefundRequest{Lines: append(one("mug", 1), one("mug", 1)...)}, err: order.ErrInvalid},
		{name: "more than the fee", ask: order.RefundRequest{Shipping: 491}, err: order.ErrNotRefundable},
		{name: "a negative fee", ask: order.RefundRequest{Lines: one("mug", 1), Shipping: -1}, err: order.ErrInvalid},
		{name: "what was never captured", ask: order.RefundRequest{All: true}, err: order.ErrNotRefundable, change: func(o *order.Order) { o.Payments[0].Captured = 0 }},
		{
			name: "pieces that are for sale again", ask: order.RefundRequest{Lines: []order.RefundItem{{SKU: "teapot", Quantity: 1, Restock: true}}}, err: order.ErrNotRefundable,
			change: func(o *order.Order) { // that refund failed, but the teapot is back
				o.Refunds = []order.Refund{{ID: "r0", Status: order.RefundFailed, Lines: []order.RefundLine{{SKU: "teapot", Quantity: 1, Amount: 2975, Restock: true}}}}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := paidOrder()
			if c.change != nil {
				c.change(&o)
			}
			c.ask.ID, c.ask.Reason = "r1", "damaged"
			parts, err := o.PlanRefund(c.ask)
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			sum := int64(0)
			for _, p := range parts {
				sum += p.Amount.Amount
			}
			if sum != c.amount {
				t.Errorf("%d, want %d: %+v", sum, c.amount, parts)
			}
		})
	}
	for _, id := range []string{"", "a:b", "a.b", "a b", "é", "0123456789012345678901234567890123456789012345678901234567890123x"} {
		if _, err := paidOrder().PlanRefund(order.RefundRequest{ID: id, All: true, Reason: "r"}); !errors.Is(err, order.ErrInvalid) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if _, err := paidOrder().PlanRefund(order.RefundRequest{ID: "r1", All: true}); !errors.Is(err, order.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
}

// TestRefundOverPayments spreads a refund over the order's payments, each within
// what it can bear (REF-2).
func TestRefundOverPayments(t *testing.T) {
	o := paidOrder()
	o.Payments = []order.Payment{
		{Number: 1, Reference: "pi_1", Captured: 1500, Refunded: 100},
		{Number: 2, Reference: "pi_2", Captured: 9000, Surplus: true},
		{Number: 3, Reference: "bank", Captured: 4962},
	}
	parts, err := o.PlanRefund(order.RefundRequest{ID: "r1", Lines: []order.RefundItem{{SKU: "mug", Quantity: 3, Restock: true}}, Shipping: 490, Reason: "r"})
	if err != nil {
		t.Fatal(err)
	}
	asked := parts[0].Asked
	want := []order.Refund{
		{
			ID: "r1", PaymentRef: "pi_1", Amount: order.Money{Amount: 1400, Currency: "EUR"}, Reason: "r", Status: order.RefundRequested, Asked: asked,
			Lines: []order.RefundLine{{SKU: "mug", Quantity: 3, Amount: 1400, Restock: true}},
		},
		{
			ID: "r1:2", PaymentRef: "bank", Amount: order.Money{Amount: 2087, Currency: "EUR"}, Reason: "r", Status: order.RefundRequested, Asked: asked,
			Lines: []order.RefundLine{{SKU: "mug", Amount: 1597}}, Shipping: 490,
		},
	}
	if d := cmp.Diff(want, parts); d != "" {
		t.Error(d)
	}
}

// drawOrder returns an order of some lines with discounts and tax, and a shipping fee.
func drawOrder(t *rapid.T) order.Order {
	code := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "ISK"}).Draw(t, "currency")
	g := order.Granule(code)
	o := order.Order{Total: order.Money{Currency: code}}
	for i := range rapid.IntRange(1, 4).Draw(t, "lines") {
		l := order.Line{SKU: string(rune('a' + i)), Quantity: rapid.Int64Range(1, 7).Draw(t, "quantity"), Price: g * rapid.Int64Range(1, 5000).Draw(t, "price")}
		l.Subtotal = l.Quantity * l.Price
		l.Discount = g * rapid.Int64Range(0, l.Subtotal/g).Draw(t, "discount")
		l.Tax = &order.Tax{Name: "tax", Rate: "10", Amount: g * rapid.Int64Range(0, 100).Draw(t, "tax"), Included: rapid.Bool().Draw(t, "included")}
		o.Lines = append(o.Lines, l)
		o.Total.Amount += l.Total()
	}
	o.Shipping = &order.Fee{Price: g * rapid.Int64Range(0, 900).Draw(t, "fee")}
	o.Total.Amount += o.Shipping.Total()
	return o
}

// TestRefundsMeet refunds an order in random parts: no refund is an amount that the
// provider cannot take, and when every piece and the fee are refunded, exactly what
// the shopper paid is (REF-1, PAY-1).
func TestRefundsMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOrder(t)
		g := order.Granule(o.Total.Currency)
		for rest := o.Total.Amount; rest > 0; {
			n := min(rest, g*rapid.Int64Range(1, 3000).Draw(t, "payment"))
			o.Payments = append(o.Payments, order.Payment{Number: len(o.Payments) + 1, Reference: string(rune('A' + len(o.Payments))), Captured: n})
			rest -= n
		}
		paid := map[string]int64{}
		for n := 0; ; n++ {
			r := order.RefundRequest{ID: string(rune('a' + n)), Reason: "r"}
			for _, l := range o.Lines {
				left := l.Quantity
				for _, was := range o.Refunds {
					for _, w := range was.Lines {
						if w.SKU == l.SKU {
							left -= w.Quantity
						}
					}
				}
				if k := rapid.Int64Range(0, left).Draw(t, "pieces"); k > 0 {
					r.Lines = append(r.Lines, order.RefundItem{SKU: l.SKU, Quantity: k})
				}
			}
			if rest := o.Shipping.Total() - o.RefundedShipping(); rest > 0 {
				r.Shipping = g * rapid.Int64Range(0, rest/g).Draw(t, "shipping")
			}
			if n >= 20 { // the rest
				break
			}
			parts, err := o.PlanRefund(r)
			if err != nil { // nothing was drawn, or what is free
				continue
			}
			for _, p := range parts {
				if p.Amount.Amount%g != 0 || p.Amount.Amount <= 0 {
					t.Fatalf("%s is no amount for the provider", p.Amount)
				}
				inside := p.Shipping
				for _, l := range p.Lines {
					paid[l.SKU] += l.Amount
					inside += l.Amount
				}
				if inside != p.Amount.Amount {
					t.Fatalf("%+v has %d inside", p, inside)
				}
				for i := range o.Payments {
					if own := &o.Payments[i]; own.Reference == p.PaymentRef {
						if own.Refunded += p.Amount.Amount; own.Refunded > own.Captured {
							t.Fatalf("payment %+v", own)
						}
					}
				}
				o.Refunds = append(o.Refunds, p)
			}
		}
		for _, l := range o.Lines {
			pieces := int64(0)
			for _, r := range o.Refunds {
				for _, w := range r.Lines {
					if w.SKU == l.SKU {
						pieces += w.Quantity
					}
				}
			}
			if pieces == l.Quantity && paid[l.SKU] != l.Total() || paid[l.SKU] > l.Total() {
				t.Fatalf("%d pieces of %q were refunded %d of %d", pieces, l.SKU, paid[l.SKU], l.Total())
			}
		}
	})
}

// TestRefundAllOfLines (REF-1): what is refunded as a whole is divided over the lines and
// the shipping fee, never more than the money that moves, and nothing is left of a line
// then.
func TestRefundAllOfLines(t *testing.T) {
	euro := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	line := func(sku string, pieces, amount int64) order.RefundLine {
		return order.RefundLine{SKU: sku, Quantity: pieces, Amount: amount}
	}
	for _, c := range []struct {
		name     string
		change   func(*order.Order)
		paidOut  bool
		lines    []order.RefundLine
		shipping int64
		amount   int64 // of the first payment that is refunded
	}{
		{name: "nothing was refunded before", lines: []order.RefundLine{line("mug", 3, 2997), line("teapot", 1, 2975)}, shipping: 490, amount: 6462},
		{name: "goods were refunded before", lines: []order.RefundLine{line("mug", 2, 1998), line("teapot", 1, 2975)}, shipping: 390, amount: 5363, change: func(o *order.Order) {
			o.Refunds = []order.Refund{{Status: order.RefundPending, Amount: euro(1099), Lines: []order.RefundLine{line("mug", 1, 999)}, Shipping: 100}}
			o.Payments[0].Refunded = 1099
		}},
		{name: "a refund of goods failed", lines: []order.RefundLine{line("mug", 3, 2997), line("teapot", 1, 2975)}, shipping: 490, amount: 6462, change: func(o *order.Order) {
			o.Refunds = []order.Refund{{Status: order.RefundFailed, Amount: euro(999), Lines: []order.RefundLine{line("mug", 1, 999)}}}
		}},
		{name: "an amount was refunded before", lines: []order.RefundLine{line("mug", 3, 2997), line("teapot", 0, 2865)}, amount: 5862, change: func(o *order.Order) {
			o.Payments[0].Refunded = 600
		}},
		{name: "less is left than the first line", lines: []order.RefundLine{line("mug", 1, 1500)}, amount: 1500, change: func(o *order.Order) {
			o.Payments[0].Disputed = 4962
		}},
		{name: "more came in than the order costs", lines: []order.RefundLine{line("mug", 3, 2997), line("teapot", 1, 2975)}, shipping: 490, amount: 7000, change: func(o *order.Order) {
			o.Payments[0].Captured = 7000
		}},
		{name: "lines were left out before the capture", lines: []order.RefundLine{line("teapot", 1, 2975)}, shipping: 490, amount: 3465, change: func(o *order.Order) {
			o.Refunds = []order.Refund{{Status: order.RefundReleased, Amount: euro(2997), Lines: []order.RefundLine{line("mug", 3, 2997)}}}
			o.Payments[0].Captured = 3465
		}},
		{name: "a second transfer is no goods", amount: 1000, paidOut: true, change: func(o *order.Order) {
			o.Payments = append(o.Payments, order.Payment{Number: 2, Provider: order.Manual, Reference: "S", Captured: 1000, Surplus: true})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := paidOrder()
			if c.change != nil {
				c.change(&o)
			}
			ask := order.RefundRequest{ID: "r1", All: true, Reason: "r"}
			if c.paidOut {
				ask.PaidOut = "transfer 1"
			}
			parts, err := o.PlanRefund(ask)
			if err != nil {
				t.Fatal(err)
			}
			if p := parts[0]; p.Amount.Amount != c.amount || p.Shipping != c.shipping || !cmp.Equal(p.Lines, c.lines) {
				t.Errorf("got %+v", p)
			}
			for _, p := range parts {
				o.Refunds = append(o.Refunds, p)
				for i := range o.Payments {
					if o.Payments[i].Reference == p.PaymentRef {
						o.Payments[i].Refunded += p.Amount.Amount
					}
				}
			}
			if left := o.Refundable(); left != 0 {
				t.Errorf("%d is left", left)
			}
			for _, l := range o.Lines {
				_, paid, _ := o.RefundedOf(l.SKU)
				_, err := o.PlanRefund(order.RefundRequest{ID: "r2", Lines: []order.RefundItem{{SKU: l.SKU, Quantity: 1}}, Reason: "r"})
				if paid > l.Total() || !errors.Is(err, order.ErrNotRefundable) {
					t.Errorf("of %q %d of %d was refunded; another piece: %v", l.SKU, paid, l.Total(), err)
				}
			}
		})
	}
}

// TestPartsOfLine (REF-1): when a part of a line's refund has failed, the line is refunded
// what it still lacks, and not more.
func TestPartsOfLine(t *testing.T) {
	for _, c := range []struct {
		name   string
		parts  []order.Refund
		ask    int64 // pieces
		amount int64
	}{
		{name: "the part that counts the pieces has failed", ask: 3, amount: 1400, parts: []order.Refund{
			{Status: order.RefundFailed, Lines: []order.RefundLine{{SKU: "mug", Quantity: 3, Amount: 1400}}},
			{Status: order.RefundSucceeded, Lines: []order.RefundLine{{SKU: "mug", Amount: 1597}}},
		}},
		{name: "all has failed", ask: 3, amount: 2997, parts: []order.Refund{
			{Status: order.RefundFailed, Lines: []order.RefundLine{{SKU: "mug", Quantity: 3, Amount: 2997}}},
		}},
		{name: "a piece and a part were refunded", ask: 2, amount: 1498, parts: []order.Refund{
			{Status: order.RefundPending, Lines: []order.RefundLine{{SKU: "mug", Quantity: 1, Amount: 1499}}},
		}},
	} {
		o := paidOrder()
		o.Refunds = c.parts
		parts, err := o.PlanRefund(order.RefundRequest{ID: "r1", Lines: []order.RefundItem{{SKU: "mug", Quantity: c.ask}}, Reason: "r"})
		if err != nil || parts[0].Amount.Amount != c.amount {
			t.Errorf("%s: %+v, %v; want %d", c.name, parts, err, c.amount)
		}
	}
}

// TestRefundOrder (REF-2): of several payments, the one is refunded first that a refund
// is most likely about.
func TestRefundOrder(t *testing.T) {
	payments := []order.Payment{
		{Number: 1, Provider: "stripe", Reference: "card", Status: order.PaymentCaptured, Captured: 3000},
		{Number: 2, Provider: order.Manual, Reference: "transfer", Captured: 3462},
		{Number: 3, Provider: order.Manual, Reference: "surplus", Captured: 2000, Surplus: true},
	}
	goods := []order.RefundItem{{SKU: "mug", Quantity: 3}}
	for _, c := range []struct {
		name string
		ask  order.RefundRequest
		want []string
	}{
		{name: "an amount that a person pays out", ask: order.RefundRequest{Amount: order.Money{Amount: 6000, Currency: "EUR"}, PaidOut: "p"}, want: []string{"surplus", "transfer", "card"}},
		{name: "an amount that the provider refunds", ask: order.RefundRequest{Amount: order.Money{Amount: 3000, Currency: "EUR"}}, want: []string{"card"}},
		{name: "goods that a person pays out", ask: order.RefundRequest{Lines: goods, PaidOut: "p"}, want: []string{"transfer"}},
		{name: "goods and the fee that a person pays out", ask: order.RefundRequest{Lines: append([]order.RefundItem{{SKU: "teapot", Quantity: 1}}, goods...), PaidOut: "p"}, want: []string{"transfer", "card"}},
		{name: "goods that the provider refunds", ask: order.RefundRequest{Lines: goods}, want: []string{"card"}},
		{name: "everything", ask: order.RefundRequest{All: true, PaidOut: "p"}, want: []string{"surplus", "transfer", "card"}},
	} {
		o := paidOrder()
		o.Payments = payments
		c.ask.ID, c.ask.Reason = "r1", "r"
		parts, err := o.PlanRefund(c.ask)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, p := range parts {
			got = append(got, p.PaymentRef)
		}
		if !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
