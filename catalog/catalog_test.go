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
		{name: "as it is", change: func(*catalog.Product) {}},
		{name: "none on hand", change: func(p *catalog.Product) { p.OnHand = 0 }},
		{name: "fewer than none", change: func(p *catalog.Product) { p.OnHand = -1 }, wrong: "onHand"},
		{name: "no sku", change: func(p *catalog.Product) { p.SKU = "" }, wrong: "sku"},
		{name: "the longest sku", change: func(p *catalog.Product) { p.SKU = strings.Repeat("x", 64) }},
		{name: "one longer", change: func(p *catalog.Product) { p.SKU = strings.Repeat("x", 65) }, wrong: "sku"},
		{name: "a sku with a space", change: func(p *catalog.Product) { p.SKU = "blue mug" }, wrong: "sku"},
		{name: "a sku with a line break", change: func(p *catalog.Product) { p.SKU = "mug\n" }, wrong: "sku"},
		{name: "a sku with a control character", change: func(p *catalog.Product) { p.SKU = "mug\x00" }, wrong: "sku"},
		{name: "no name", change: func(p *catalog.Product) { p.Name = "" }, wrong: "name"},
		{name: "a blank name", change: func(p *catalog.Product) { p.Name = " \t" }, wrong: "name"},
		{name: "the longest name", change: func(p *catalog.Product) { p.Name = strings.Repeat("é", 200) }},
		{name: "one longer", change: func(p *catalog.Product) { p.Name = strings.Repeat("é", 201) }, wrong: "name"},
		{name: "a name in broken UTF-8", change: func(p *catalog.Product) { p.Name = "mug\xff" }, wrong: "name"},
		{name: "a name with a line break", change: func(p *catalog.Product) { p.Name = "mug\r\nBcc: x" }, wrong: "name"},
		{name: "for nothing", change: func(p *catalog.Product) { p.Price = 0 }, wrong: "price"},
		{name: "for less than nothing", change: func(p *catalog.Product) { p.Price = -1 }, wrong: "price"},
		{name: "no currency", change: func(p *catalog.Product) { p.Currency = "" }, wrong: "currency"},
		{name: "half a currency", change: func(p *catalog.Product) { p.Currency = "EU" }, wrong: "currency"},
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
