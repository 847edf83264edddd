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
		name   string
		change func(*catalog.Product)
		wrong  string // what the error names; "" if nothing is wrong
	}{
		{"as it is", func(*catalog.Product) {}, ""},
		{"none on hand", func(p *catalog.Product) { p.OnHand = 0 }, ""},
		{"fewer than none", func(p *catalog.Product) { p.OnHand = -1 }, "onHand"},
		{"no sku", func(p *catalog.Product) { p.SKU = "" }, "sku"},
		{"the longest sku", func(p *catalog.Product) { p.SKU = strings.Repeat("x", 64) }, ""},
		{"one longer", func(p *catalog.Product) { p.SKU = strings.Repeat("x", 65) }, "sku"},
		{"a sku with a space", func(p *catalog.Product) { p.SKU = "blue mug" }, "sku"},
		{"a sku with a line break", func(p *catalog.Product) { p.SKU = "mug\n" }, "sku"},
		{"a sku with a control character", func(p *catalog.Product) { p.SKU = "mug\x00" }, "sku"},
		{"no name", func(p *catalog.Product) { p.Name = "" }, "name"},
		{"a blank name", func(p *catalog.Product) { p.Name = " \t" }, "name"},
		{"the longest name", func(p *catalog.Product) { p.Name = strings.Repeat("é", 200) }, ""},
		{"one longer", func(p *catalog.Product) { p.Name = strings.Repeat("é", 201) }, "name"},
		{"a name in broken UTF-8", func(p *catalog.Product) { p.Name = "mug\xff" }, "name"},
		{"a name with a line break", func(p *catalog.Product) { p.Name = "mug\r\nBcc: x" }, "name"},
		{"for nothing", func(p *catalog.Product) { p.Price = 0 }, "price"},
		{"for less than nothing", func(p *catalog.Product) { p.Price = -1 }, "price"},
		{"no currency", func(p *catalog.Product) { p.Currency = "" }, "currency"},
		{"half a currency", func(p *catalog.Product) { p.Currency = "EU" }, "currency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := catalog.Product{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 5}
			c.change(&p)
			err := p.Validate()
			if c.wrong == "" && err != nil {
				t.Error(err)
			}
			if c.wrong != "" && (!errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("%v, want %s refused", err, c.wrong)
			}
		})
	}
}

// TestSample is a catalogue from which everything can be bought, one piece at
// a time, in currencies of zero, two and three decimals.
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
			t.Errorf("%s stands twice", p.SKU)
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
			t.Errorf("nothing is sold in a currency of %d decimals", exp)
		}
	}
}
