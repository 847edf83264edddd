package catalog_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"purser/catalog"
)

// TestDocumentID (SRCH-7): every SKU has an id of its own that a search engine
// takes, and it leads back.
func TestDocumentID(t *testing.T) {
	for sku, want := range map[string]string{
		"mug-blue": "mug-blue", "mug_blue": "mug_5Fblue", "a/b": "a_2Fb", "é": "_C3_A9", "A1-": "A1-",
	} {
		if got := catalog.DocumentID(sku); got != want {
			t.Errorf("%q: got %q, want %q", sku, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		sku := string(rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "sku"))
		id := catalog.DocumentID(sku)
		if strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || len(id) > 511 {
			t.Fatalf("%q is no id", id)
		}
		if back, err := url.PathUnescape(strings.ReplaceAll(id, "_", "%")); err != nil || back != sku {
			t.Fatalf("%q leads back to %q, %v: two products could share a document", id, back, err)
		}
	})
}

func TestComplete(t *testing.T) {
	d := catalog.Document{SKU: "a_b", Available: 1, Rating: 499, InStock: false, Stars: 9}.Complete()
	if d.ID != "a_5Fb" || !d.InStock || d.Stars != 4 {
		t.Errorf("%+v", d)
	}
	if d.Available = 0; d.Complete().InStock {
		t.Error("none available, and yet in stock")
	}
}

// TestQueryChecked (SRCH-6): what is not bounded is refused, by name.
func TestQueryChecked(t *testing.T) {
	long := strings.Repeat("é", 201)
	for _, tt := range []struct {
		name  string
		q     catalog.Query
		wrong string // what the error names; "" if nothing is wrong
	}{
		{name: "empty", q: catalog.Query{}},
		{name: "the longest text", q: catalog.Query{Text: long[2:]}},
		{name: "one longer", q: catalog.Query{Text: long}, wrong: "text"},
		{name: "broken text", q: catalog.Query{Text: "a\xff"}, wrong: "text"},
		{name: "a control character", q: catalog.Query{Text: "a\x00b"}, wrong: "text"},
		{name: "the largest page", q: catalog.Query{PerPage: 100, Page: 10}},
		{name: "one more on it", q: catalog.Query{PerPage: 101}, wrong: "perPage"},
		{name: "fewer than none", q: catalog.Query{PerPage: -1}, wrong: "perPage"},
		{name: "one page further", q: catalog.Query{PerPage: 100, Page: 11}, wrong: "page"},
		{name: "before the first", q: catalog.Query{Page: -1}, wrong: "page"},
		{name: "a page that overflows", q: catalog.Query{Page: 1 << 62, PerPage: 100}, wrong: "page"},
		{name: "many brands", q: catalog.Query{Brands: slices.Repeat([]string{"x"}, 50)}},
		{name: "one too many", q: catalog.Query{Brands: slices.Repeat([]string{"x"}, 51)}, wrong: "brand"},
		{name: "an empty tag", q: catalog.Query{Tags: []string{""}}, wrong: "tag"},
		{name: "a long group", q: catalog.Query{Groups: []string{long}}, wrong: "group"},
		{name: "a category with a line break", q: catalog.Query{Categories: []string{"a\nb"}}, wrong: "category"},
		{name: "half a currency", q: catalog.Query{Currency: "EU"}, wrong: "currency"},
		{name: "a filter for a currency", q: catalog.Query{Currency: "E' "}, wrong: "currency"},
		{name: "a price without a currency", q: catalog.Query{PriceTo: 5}, wrong: "price"},
		{name: "a range", q: catalog.Query{PriceFrom: 5, PriceTo: 5, Currency: "EUR"}},
		{name: "upside down", q: catalog.Query{PriceFrom: 6, PriceTo: 5, Currency: "EUR"}, wrong: "price"},
		{name: "below zero", q: catalog.Query{PriceFrom: -1, Currency: "EUR"}, wrong: "price"},
		{name: "six stars", q: catalog.Query{MinRating: 600}, wrong: "minRating"},
		{name: "an order", q: catalog.Query{Sort: catalog.BestRated}},
		{name: "another order", q: catalog.Query{Sort: "sku"}, wrong: "sort"},
		{name: "by price of what", q: catalog.Query{Sort: catalog.DearFirst}, wrong: "sort"},
		{name: "all facets", q: catalog.Query{Facets: catalog.Facets}},
		{name: "a facet twice", q: catalog.Query{Facets: []catalog.Facet{"tags", "tags"}}, wrong: "facets"},
		{name: "another facet", q: catalog.Query{Facets: []catalog.Facet{"version"}}, wrong: "facets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := tt.q.Checked()
			if tt.wrong == "" && (err != nil || q.Page < 1 || q.PerPage < 1) {
				t.Errorf("%+v, %v", q, err)
			}
			if tt.wrong != "" && (!errors.Is(err, catalog.ErrQuery) || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%v, want %s refused", err, tt.wrong)
			}
		})
	}
}
