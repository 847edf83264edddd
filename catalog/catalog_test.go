package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"purser/catalog"
	"purser/order"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(*catalog.Product)
		wantFault string // what the error names; "" if nothing is wantFault
	}{
		{name: "valid", change: func(*catalog.Product) {}},
		{name: "none on hand", change: func(p *catalog.Product) { p.OnHand = 0 }},
		{name: "negative stock", change: func(p *catalog.Product) { p.OnHand = -1 }, wantFault: "onHand"},
		{name: "no sku", change: func(p *catalog.Product) { p.SKU = "" }, wantFault: "sku"},
		{name: "the longest sku", change: func(p *catalog.Product) { p.SKU = strings.Repeat("x", 64) }},
		{name: "a sku that is too long", change: func(p *catalog.Product) { p.SKU = strings.Repeat("x", 65) }, wantFault: "sku"},
		{name: "a sku with a space", change: func(p *catalog.Product) { p.SKU = "blue mug" }, wantFault: "sku"},
		{name: "a sku with a line break", change: func(p *catalog.Product) { p.SKU = "mug\n" }, wantFault: "sku"},
		{name: "a sku with a control character", change: func(p *catalog.Product) { p.SKU = "mug\x00" }, wantFault: "sku"},
		{name: "no name", change: func(p *catalog.Product) { p.Name = "" }, wantFault: "name"},
		{name: "a blank name", change: func(p *catalog.Product) { p.Name = " \t" }, wantFault: "name"},
		{name: "the longest name", change: func(p *catalog.Product) { p.Name = strings.Repeat("é", 200) }},
		{name: "a name that is too long", change: func(p *catalog.Product) { p.Name = strings.Repeat("é", 201) }, wantFault: "name"},
		{name: "a name in broken UTF-8", change: func(p *catalog.Product) { p.Name = "mug\xff" }, wantFault: "name"},
		{name: "a name with a line break", change: func(p *catalog.Product) { p.Name = "mug\r\nBcc: x" }, wantFault: "name"},
		{name: "a price of zero", change: func(p *catalog.Product) { p.Price = 0 }, wantFault: "price"},
		{name: "a negative price", change: func(p *catalog.Product) { p.Price = -1 }, wantFault: "price"},
		{name: "the highest price in euro", change: func(p *catalog.Product) { p.Price = 99_999_999 }},
		{name: "a price that is too high in euro", change: func(p *catalog.Product) { p.Price = 100_000_000 }, wantFault: "price: want 1 to 99999999 minor units"},
		{name: "a shoe in rupiah", change: func(p *catalog.Product) { p.Price, p.Currency = 150_000_000, "IDR" }},
		{name: "a price that is too high in rupiah", change: func(p *catalog.Product) { p.Price, p.Currency = 1_000_000_000_000, "IDR" }, wantFault: "price: want 1 to 999999999999 minor units"},
		{name: "a price that is too high in Indian rupees", change: func(p *catalog.Product) { p.Price, p.Currency = 1_000_000_000, "INR" }, wantFault: "price: want 1 to 999999999 minor units"},
		{name: "a price that is too high in krónur", change: func(p *catalog.Product) { p.Price, p.Currency = 1_000_000, "ISK" }, wantFault: "price: want 1 to 999999 minor units"},
		{name: "no currency", change: func(p *catalog.Product) { p.Currency = "" }, wantFault: "currency"},
		{name: "half a currency", change: func(p *catalog.Product) { p.Currency = "EU" }, wantFault: "currency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := catalog.Product{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 5}
			c.change(&p)
			err := p.Validate()
			if c.wantFault == "" && err != nil {
				t.Error(err)
			}
			if c.wantFault != "" && (!errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.wantFault)) {
				t.Errorf("%v, want an error about %s", err, c.wantFault)
			}
		})
	}
}

// TestSample checks that every product of the sample catalogue can be ordered,
// also as a single piece, and that there are currencies of zero, two and three
// decimals.
func TestSample(t *testing.T) {
	seen, decimals := map[string]bool{}, map[int]bool{}
	for _, p := range catalog.Sample() {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if err := (order.Money{Amount: p.Price, Currency: p.Currency}).Chargeable(); err != nil {
			t.Errorf("%s: %v", p.SKU, err)
		}
		if seen[p.SKU] {
			t.Errorf("%s appears twice", p.SKU)
		}
		if p.OnHand < 1 {
			t.Errorf("%s is sold out from the start", p.SKU)
		}
		exp, err := order.Exponent(p.Currency)
		if err != nil {
			t.Error(err)
		}
		seen[p.SKU], decimals[exp] = true, true
	}
	for _, exp := range []int{0, 2, 3} {
		if !decimals[exp] {
			t.Errorf("no product has a currency of %d decimals", exp)
		}
	}
}
