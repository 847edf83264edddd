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
		{"empty", catalog.Query{}, ""},
		{"the longest text", catalog.Query{Text: long[2:]}, ""},
		{"one longer", catalog.Query{Text: long}, "text"},
		{"broken text", catalog.Query{Text: "a\xff"}, "text"},
		{"a control character", catalog.Query{Text: "a\x00b"}, "text"},
		{"the largest page", catalog.Query{PerPage: 100, Page: 10}, ""},
		{"one more on it", catalog.Query{PerPage: 101}, "perPage"},
		{"fewer than none", catalog.Query{PerPage: -1}, "perPage"},
		{"one page further", catalog.Query{PerPage: 100, Page: 11}, "page"},
		{"before the first", catalog.Query{Page: -1}, "page"},
		{"a page that overflows", catalog.Query{Page: 1 << 62, PerPage: 100}, "page"},
		{"many brands", catalog.Query{Brands: slices.Repeat([]string{"x"}, 50)}, ""},
		{"one too many", catalog.Query{Brands: slices.Repeat([]string{"x"}, 51)}, "brand"},
		{"an empty tag", catalog.Query{Tags: []string{""}}, "tag"},
		{"a long group", catalog.Query{Groups: []string{long}}, "group"},
		{"a category with a line break", catalog.Query{Categories: []string{"a\nb"}}, "category"},
		{"half a currency", catalog.Query{Currency: "EU"}, "currency"},
		{"a filter for a currency", catalog.Query{Currency: "E' "}, "currency"},
		{"a price without a currency", catalog.Query{PriceTo: 5}, "price"},
		{"a range", catalog.Query{PriceFrom: 5, PriceTo: 5, Currency: "EUR"}, ""},
		{"upside down", catalog.Query{PriceFrom: 6, PriceTo: 5, Currency: "EUR"}, "price"},
		{"below zero", catalog.Query{PriceFrom: -1, Currency: "EUR"}, "price"},
		{"six stars", catalog.Query{MinRating: 600}, "minRating"},
		{"an order", catalog.Query{Sort: catalog.BestRated}, ""},
		{"another order", catalog.Query{Sort: "sku"}, "sort"},
		{"by price of what", catalog.Query{Sort: catalog.DearFirst}, "sort"},
		{"all facets", catalog.Query{Facets: catalog.Facets}, ""},
		{"a facet twice", catalog.Query{Facets: []catalog.Facet{"tags", "tags"}}, "facets"},
		{"another facet", catalog.Query{Facets: []catalog.Facet{"version"}}, "facets"},
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
