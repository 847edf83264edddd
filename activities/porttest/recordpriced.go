package porttest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

// ruled returns an opening of two mugs and a tea with rules: 10 per cent off, a fee,
// and a tax on top.
func (r recordTest) ruled() order.Opening {
	o := r.opening("EUR", line("mug", 2), line("tea", 1))
	o.Pricing = &order.Pricing{
		Discounts: []order.Discount{{Code: "TEN", Per: order.PerOrder, Percent: "10"}},
		Shipping:  &order.ShippingRate{Name: "Post", Fee: 490},
		Taxes:     []order.TaxRate{{Name: "VAT", Rate: "20", Shipping: true}},
	}
	return o
}

// opensByRules checks that an order has the price that was decided, with everything
// that it is made of, and finds it again.
func opensByRules(t *testing.T, r recordTest) {
	o := r.ruled()
	placed := r.mustOpen(t, o)
	vat := func(n int64) *order.Tax { return &order.Tax{Name: "VAT", Rate: "20", Amount: n} }
	want := []order.Line{
		{SKU: "mug", Name: "Mug", Quantity: 2, Price: 1450, Subtotal: 2900, Discount: 290, Tax: vat(522)},
		{SKU: "tea", Name: "Tea", Quantity: 1, Price: 890, Subtotal: 890, Discount: 89, Tax: vat(160)},
	}
	if diff := cmp.Diff(want, placed.Lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&order.Fee{Name: "Post", Price: 490, Tax: vat(98)}, placed.Shipping); diff != "" {
		t.Errorf("shipping (-want +got):\n%s", diff)
	}
	if placed.Total != (order.Money{Amount: 3132 + 961 + 588, Currency: "EUR"}) {
		t.Errorf("total %s", placed.Total)
	}
	r.wantStored(t, placed)
	if diff := cmp.Diff(placed, r.mustOpen(t, o)); diff != "" {
		t.Errorf("opened again (-want +got):\n%s", diff)
	}
	ready := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	if err := r.SaveOrder(t.Context(), ready); err != nil {
		t.Fatal(err)
	}
	r.wantStored(t, ready.Order)
}

// refusesPrice checks that an order whose price is not what was expected, or cannot be
// computed, leaves nothing.
func refusesPrice(t *testing.T, r recordTest) {
	for _, c := range []struct {
		name   string
		change func(o *order.Opening)
		want   error
	}{
		{"another total", func(o *order.Opening) { o.Request.ExpectedTotal = &order.Money{Amount: 4680, Currency: "EUR"} }, order.ErrPriceChanged},
		{"another total without rules", func(o *order.Opening) {
			o.Pricing, o.Request.ExpectedTotal = nil, &order.Money{Amount: 4681, Currency: "EUR"}
		}, order.ErrPriceChanged},
		{"below a minimum", func(o *order.Opening) { o.Pricing.Discounts[0].Minimum = 3791 }, order.ErrDiscount},
		{"sums that do not add up", func(o *order.Opening) {
			o.Pricing = &order.Pricing{Quoted: &order.Quoted{Total: 1}}
		}, order.ErrPricing},
	} {
		o := r.ruled()
		c.change(&o)
		if _, err := r.OpenOrder(t.Context(), o); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		r.wantNothing(t, o.ID)
	}
	r.wantAvailable(t, "mug", 10)
	expected := r.ruled()
	expected.Request.ExpectedTotal = &order.Money{Amount: 4681, Currency: "EUR"}
	r.mustOpen(t, expected)
}

// opensFree checks that an order that costs nothing has no payment, and that its goods
// are reserved, kept and shipped like any other's.
func opensFree(t *testing.T, r recordTest) {
	o := r.opening("EUR", line("lamp", 1))
	o.Pricing = &order.Pricing{Discounts: []order.Discount{{Code: "GIFT", Per: order.PerOrder, Percent: "100"}}}
	placed := r.mustOpen(t, o)
	if !placed.Free() || len(placed.Payments) != 0 || placed.Lines[0].Total() != 0 {
		t.Errorf("opened as %+v", placed)
	}
	r.wantStored(t, placed)
	r.wantAvailable(t, "lamp", 0)
	kept := follow(placed, order.Authorized, order.PaymentNotNeeded, order.StockKeep)
	if err := r.SaveOrder(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	r.wantStored(t, kept.Order)
	r.wantSoldOut(t, "lamp", 1)
	r.mustMove(t, kept.Order, order.StockMove{Action: order.StockShip})
	r.wantOnHand(t, 0, "lamp", 0)
}
