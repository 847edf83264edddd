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

// TestDocumentID proves SRCH-7: every SKU has an id of its own that a search
// engine accepts, from which the SKU can be restored.
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
			t.Fatalf("%q is not a valid id", id)
		}
		if back, err := url.PathUnescape(strings.ReplaceAll(id, "_", "%")); err != nil || back != sku {
			t.Fatalf("%q decodes to %q, %v: two products could share a document", id, back, err)
		}
	})
}

func TestComplete(t *testing.T) {
	d := catalog.Document{SKU: "a_b", Available: 1, Rating: 499, InStock: false, Stars: 9}.Complete()
	if d.ID != "a_5Fb" || !d.InStock || d.Stars != 4 {
		t.Errorf("%+v", d)
	}
	if d.Available = 0; d.Complete().InStock {
		t.Error("in stock, but none is available")
	}
}

// TestQueryChecked proves SRCH-6: a query beyond a limit is refused, and the
// error names the field.
func TestQueryChecked(t *testing.T) {
	long := strings.Repeat("é", 201)
	for _, tt := range []struct {
		name      string
		q         catalog.Query
		wantFault string // what the error names; "" if nothing is wantFault
	}{
		{name: "empty", q: catalog.Query{}},
		{name: "the longest text", q: catalog.Query{Text: long[2:]}},
		{name: "a text that is too long", q: catalog.Query{Text: long}, wantFault: "text"},
		{name: "broken text", q: catalog.Query{Text: "a\xff"}, wantFault: "text"},
		{name: "a control character", q: catalog.Query{Text: "a\x00b"}, wantFault: "text"},
		{name: "the largest page", q: catalog.Query{PerPage: 100, Page: 10}},
		{name: "a page that is too large", q: catalog.Query{PerPage: 101}, wantFault: "perPage"},
		{name: "a negative page size", q: catalog.Query{PerPage: -1}, wantFault: "perPage"},
		{name: "a page beyond the last", q: catalog.Query{PerPage: 100, Page: 11}, wantFault: "page"},
		{name: "a page before the first", q: catalog.Query{Page: -1}, wantFault: "page"},
		{name: "a page that overflows", q: catalog.Query{Page: 1 << 62, PerPage: 100}, wantFault: "page"},
		{name: "many brands", q: catalog.Query{Brands: slices.Repeat([]string{"x"}, 50)}},
		{name: "too many brands", q: catalog.Query{Brands: slices.Repeat([]string{"x"}, 51)}, wantFault: "brand"},
		{name: "an empty tag", q: catalog.Query{Tags: []string{""}}, wantFault: "tag"},
		{name: "a long group", q: catalog.Query{Groups: []string{long}}, wantFault: "group"},
		{name: "a category with a line break", q: catalog.Query{Categories: []string{"a\nb"}}, wantFault: "category"},
		{name: "half a currency", q: catalog.Query{Currency: "EU"}, wantFault: "currency"},
		{name: "a filter expression as a currency", q: catalog.Query{Currency: "E' "}, wantFault: "currency"},
		{name: "a price without a currency", q: catalog.Query{PriceTo: 5}, wantFault: "price"},
		{name: "a price range", q: catalog.Query{PriceFrom: 5, PriceTo: 5, Currency: "EUR"}},
		{name: "a price range with its ends swapped", q: catalog.Query{PriceFrom: 6, PriceTo: 5, Currency: "EUR"}, wantFault: "price"},
		{name: "a negative price", q: catalog.Query{PriceFrom: -1, Currency: "EUR"}, wantFault: "price"},
		{name: "six stars", q: catalog.Query{MinRating: 600}, wantFault: "minRating"},
		{name: "a sort order", q: catalog.Query{Sort: catalog.BestRated}},
		{name: "an unknown sort order", q: catalog.Query{Sort: "sku"}, wantFault: "sort"},
		{name: "by price, without a currency", q: catalog.Query{Sort: catalog.DearFirst}, wantFault: "sort"},
		{name: "all facets", q: catalog.Query{Facets: catalog.Facets}},
		{name: "a facet twice", q: catalog.Query{Facets: []catalog.Facet{"tags", "tags"}}, wantFault: "facets"},
		{name: "an unknown facet", q: catalog.Query{Facets: []catalog.Facet{"version"}}, wantFault: "facets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := tt.q.Checked()
			if tt.wantFault == "" && (err != nil || q.Page < 1 || q.PerPage < 1) {
				t.Errorf("%+v, %v", q, err)
			}
			if tt.wantFault != "" && (!errors.Is(err, catalog.ErrQuery) || !strings.Contains(err.Error(), tt.wantFault)) {
				t.Errorf("%v, want an error about %s", err, tt.wantFault)
			}
		})
	}
}

// TestQueryCleaned (SRCH-7) checks that a query has its texts as the catalogue has its own.
func TestQueryCleaned(t *testing.T) {
	for _, c := range []struct{ name, in, value, text string }{
		{name: "decomposed", in: "cafe\u0301", value: "caf\u00e9", text: "caf\u00e9"},
		{name: "invisible characters at the ends", in: "\u200bmug\ufeff", value: "mug", text: "\u200bmug\ufeff"},
		{name: "spaces at the ends", in: " mug\u00a0", value: "mug", text: "mug\u00a0"},
		{name: "the longest value, decomposed", in: strings.Repeat("a\u0308", 200), value: strings.Repeat("\u00e4", 200), text: strings.Repeat("\u00e4", 200)},
	} {
		brands := []string{c.in}
		q, err := catalog.Query{Text: c.in, Brands: brands, Categories: brands, Tags: brands, Groups: brands}.Checked()
		if err != nil || q.Text != c.text || brands[0] != c.in {
			t.Errorf("%s: text %q, %v", c.name, q.Text, err)
		}
		for _, got := range [][]string{q.Brands, q.Categories, q.Tags, q.Groups} {
			if len(got) != 1 || got[0] != c.value {
				t.Errorf("%s: %q", c.name, got)
			}
		}
	}
	if _, err := (catalog.Query{Tags: []string{"\u200b \ufeff"}}).Checked(); !errors.Is(err, catalog.ErrQuery) {
		t.Errorf("a tag that nobody sees: %v", err)
	}
}
