package pricing_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/order"
	"purser/pricing"
)

// priceable is a request, what the catalogue has for it, and what was decided.
type priceable struct {
	ask     order.Request
	offers  map[string]order.Offer
	decided order.Pricing
}

// draw draws any order, with any rules that a table can hold.
func draw(t *rapid.T, currency string) priceable {
	g := order.Granule(currency)
	amount := func(most int64, name string) int64 { return rapid.Int64Range(0, most).Draw(t, name) * g }
	percent := rapid.Map(rapid.IntRange(0, 1_000_000), func(n int) string {
		return fmt.Sprintf("%d.%04d", n/10_000, n%10_000)
	})
	p := priceable{ask: request(currency, "DE", "10115"), offers: map[string]order.Offer{}}
	some := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 3, rapid.ID[string])
	for _, sku := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 1, 5, rapid.ID[string]).Draw(t, "goods") {
		quantity := rapid.Int64Range(1, 7).Draw(t, "quantity")
		p.ask.Lines = append(p.ask.Lines, order.RequestLine{SKU: sku, Quantity: quantity})
		p.offers[sku] = order.Offer{SKU: sku, Name: sku, Price: order.Money{Amount: amount(2_500, "price") + g, Currency: currency}, Available: quantity}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "discounts") {
		d := order.Discount{Code: fmt.Sprint("CODE", i), Per: rapid.SampledFrom([]order.DiscountScope{order.PerLine, order.PerOrder, order.PerShipping}).Draw(t, "per")}
		if rapid.Bool().Draw(t, "in per cent") {
			d.Percent = percent.Draw(t, "percent")
		} else {
			d.Amount = amount(4_000, "amount off")
		}
		if d.Per != order.PerShipping {
			d.SKUs = some.Draw(t, "discounted")
		}
		p.decided.Discounts = append(p.decided.Discounts, d)
	}
	if rapid.Bool().Draw(t, "fee") {
		p.decided.Shipping = &order.ShippingRate{Name: "Post", Fee: amount(1_000, "fee"), FreeFrom: amount(20_000, "free from")}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "taxes") {
		p.decided.Taxes = append(p.decided.Taxes, order.TaxRate{
			Name: fmt.Sprint("Tax ", i), Rate: percent.Draw(t, "rate"), Included: rapid.Bool().Draw(t, "included"),
			Shipping: rapid.Bool().Draw(t, "on shipping"), SKUs: some.Draw(t, "taxed"),
		})
	}
	return p
}

// TestMeets (PAY-1, PAY-21): whatever the rules are, the lines and the fee add up to
// the total, each is an amount that can be charged and refunded, nothing falls below
// zero, and the decision that travels with the order leads to the same price.
func TestMeets(t *testing.T) {
	for _, currency := range []string{"EUR", "JPY", "KWD", "ISK"} {
		t.Run(currency, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := draw(t, currency)
				got, err := pricing.Price(p.ask, p.offers, &p.decided)
				if err != nil { // above or below what can be charged
					return
				}
				g, sum, paid := order.Granule(currency), int64(0), got.Total.Amount
				check := func(price, discount int64, tax *order.Tax, total int64) {
					if discount < 0 || discount > price || discount%g != 0 || total < 0 || total%g != 0 || tax != nil && tax.Amount < 0 {
						t.Fatalf("price %d, discount %d, tax %+v, total %d", price, discount, tax, total)
					}
					sum += total
				}
				for _, l := range got.Lines {
					check(l.Subtotal, l.Discount, l.Tax, l.Total())
				}
				if f := got.Shipping; f != nil {
					check(f.Price, f.Discount, f.Tax, f.Total())
				}
				if sum != paid || paid%g != 0 {
					t.Fatalf("the parts add up to %d, the total is %s", sum, got.Total)
				}
				taxesMeet(t, got, g)
				again, err := pricing.Price(p.ask, p.offers, travelled(t, p.decided))
				if diff := cmp.Diff(got, again); diff != "" || err != nil {
					t.Fatalf("%v\n%s", err, diff)
				}
			})
		})
	}
}

// taxesMeet checks that the tax of each rule, over all lines, is its rate of what they
// cost, as nearly as the granule allows.
func taxesMeet(t *rapid.T, p pricing.Priced, granule int64) {
	type group struct {
		base, tax int64
		of        order.Tax
	}
	groups := map[string]*group{}
	add := func(base int64, tax *order.Tax) {
		if tax == nil {
			return
		}
		if groups[tax.Name] == nil {
			groups[tax.Name] = &group{of: *tax}
		}
		groups[tax.Name].base += base
		groups[tax.Name].tax += tax.Amount
	}
	for _, l := range p.Lines {
		add(l.Subtotal-l.Discount, l.Tax)
	}
	if f := p.Shipping; f != nil {
		add(f.Price-f.Discount, f.Tax)
	}
	for name, g := range groups {
		var units, parts int64
		if _, err := fmt.Sscanf(g.of.Rate, "%d.%d", &units, &parts); err != nil {
			t.Fatal(err)
		}
		rate, by, step := units*10_000+parts, int64(1_000_000), granule
		if g.of.Included {
			by, step = by+rate, 1
		}
		if off := 2 * (g.tax*by - g.base*rate); off > step*by || off <= -step*by {
			t.Fatalf("%s: %d is not %s per cent of %d (included %v)", name, g.tax, g.of.Rate, g.base, g.of.Included)
		}
	}
}

// travelled returns the decision as it comes out of a history.
func travelled(t *rapid.T, p order.Pricing) *order.Pricing {
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	out := &order.Pricing{}
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRefundsOfPricedOrders (PAY-21, REF-1): a priced order that is refunded piece by
// piece, in any sequence, is refunded exactly what was paid, in amounts that the
// provider can take.
func TestRefundsOfPricedOrders(t *testing.T) {
	for _, currency := range []string{"EUR", "JPY", "KWD", "ISK"} {
		t.Run(currency, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := draw(t, currency)
				got, err := pricing.Price(p.ask, p.offers, &p.decided)
				if err != nil {
					return
				}
				o := order.Order{
					Lines: got.Lines, Shipping: got.Shipping, Total: got.Total,
					Payments: []order.Payment{{Number: 1, Reference: "pi_1", Provider: "stripe", Captured: got.Total.Amount}},
				}
				refundAll(t, &o)
				if left := o.Refundable(); left != 0 {
					t.Fatalf("%d of %s is left", left, o.Total)
				}
			})
		})
	}
}

// refundAll refunds each piece of each line, and the shipping fee, by requests of
// their own.
func refundAll(t *rapid.T, o *order.Order) {
	var asks []order.RefundRequest
	for _, l := range o.Lines {
		for range l.Quantity {
			asks = append(asks, order.RefundRequest{Lines: []order.RefundItem{{SKU: l.SKU, Quantity: 1}}})
		}
	}
	if fee := o.Shipping.Total(); fee > 0 {
		asks = append(asks, order.RefundRequest{Shipping: fee})
	}
	pending := map[string]int64{} // pieces that cost nothing by themselves, by product
	for i, ask := range rapid.Permutation(asks).Draw(t, "sequence") {
		if len(ask.Lines) > 0 {
			ask.Lines[0].Quantity += pending[ask.Lines[0].SKU]
		}
		ask.ID, ask.Reason = fmt.Sprint("r", i), "test"
		parts, err := o.PlanRefund(ask)
		if err != nil {
			if len(ask.Lines) == 0 {
				t.Fatal(err)
			}
			pending[ask.Lines[0].SKU] = ask.Lines[0].Quantity
			continue
		}
		if len(ask.Lines) > 0 {
			pending[ask.Lines[0].SKU] = 0
		}
		for _, part := range parts {
			if err := part.Amount.Chargeable(); err != nil {
				t.Fatal(err)
			}
			o.Payments[0].Refunded += part.Amount.Amount
		}
		o.Refunds = append(o.Refunds, parts...)
	}
}
