package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/catalog"
	"purser/order"
)

// TestProductClean: cleaning loses no value, and leaves the original as it is.
func TestProductClean(t *testing.T) {
	dirty := catalog.Product{
		SKU: "\ufeffcafe\u0301-1", Name: "Mug\u200b", Description: "a\r\nb\r", Brand: " B", Category: "C\u00a0", Parent: "p\u2028",
		Tags: []string{"t "}, Options: map[string]string{"size ": "M\ufeff"},
	}
	want := catalog.Product{
		SKU: "caf\u00e9-1", Name: "Mug", Description: "a\nb", Brand: "B", Category: "C", Parent: "p",
		Tags: []string{"t"}, Options: map[string]string{"size": "M"},
	}
	if diff := cmp.Diff(want, dirty.Clean()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if dirty.Tags[0] != "t " || dirty.Options["size "] == "" {
		t.Error("the original was changed")
	}
	two := catalog.Product{Options: map[string]string{"size": "M", "size ": "L"}}
	if got := two.Clean().Options; len(got) != 2 {
		t.Errorf("two options became %v", got)
	}
	for _, c := range []struct{ name, one, other, want string }{
		{name: "a space", one: "size", other: "size ", want: `the name "size" is there twice`},
		{name: "a no-break space", one: "\u00a0size", other: "size", want: `the name "size" is there twice`},
		{name: "composed and decomposed", one: "gr\u00f6\u00dfe", other: "gro\u0308\u00dfe", want: "the name \"gr\u00f6\u00dfe\" is there twice"},
		{name: "two names", one: "size", other: "colour"},
		{name: "one that is cleaned", one: "size ", other: "colour"},
	} {
		p := catalog.Product{SKU: "mug", Name: "Mug", Price: 1, Currency: "EUR", Options: map[string]string{c.one: "M", c.other: "L"}}.Clean()
		if err := p.Validate(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if got := (catalog.Row{SKU: " a "}).Clean(); got.SKU != "a" || got.Name != nil || got.Tags != nil || got.Options != nil {
		t.Errorf("a row got fields: %+v", got)
	}
}

// TestNamesFitOrders: an order takes the name of every product that the catalogue takes
// (SEC-7).
func TestNamesFitOrders(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := catalog.Product{SKU: "mug", Name: rapid.String().Draw(rt, "name"), Price: 1, Currency: "EUR"}.Clean()
		err := order.CheckText("name", p.Name, true, catalog.MaxName)
		if got := p.Validate(); (got == nil) != (err == nil) {
			rt.Errorf("%q: the catalogue says %v, an order %v", p.Name, got, err)
		}
	})
}
