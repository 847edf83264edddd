package porttest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
)

// Goods returns the products of a small shop, with names that are difficult in
// filters.
func Goods() []catalog.Document {
	return []catalog.Document{
		{SKU: "jeans-501", Name: "Straight jeans", Description: "Blue denim with five pockets", Brand: "Levi's", Category: "Trousers", Tags: []string{"denim", "blue"}, Price: 8900, Currency: "EUR", Available: 4, Rating: 460, Group: "jeans", Added: 10, Version: 1},
		{SKU: "jeans-505", Name: "Regular jeans", Description: "Black denim", Brand: "Levi's", Category: "Trousers", Tags: []string{"denim", "black"}, Price: 7900, Currency: "EUR", Available: 0, Rating: 380, Group: "jeans", Added: 20, Version: 1},
		{SKU: "mug-blue", Name: "Enamel mug", Description: "A mug for the camp fire, blue", Brand: `Kiln "North"`, Category: "Kitchen", Tags: []string{"blue", "camping"}, Price: 1450, Currency: "EUR", Available: 100, Rating: 490, Added: 30, Version: 1},
		{SKU: "mug-red", Name: "Red mug", Description: "Stoneware", Brand: `Kiln "North"`, Category: "Kitchen", Tags: []string{"red"}, Price: 1650, Currency: "EUR", Available: 7, Rating: 0, Added: 40, Version: 1},
		{SKU: "poster", Name: "Harbour poster", Description: "Ships and a blue sea", Brand: `Back\slash [Prints]`, Category: "Art", Tags: []string{"paper"}, Price: 2400, Currency: "USD", Available: 12, Rating: 410, Added: 50, Version: 1},
		{SKU: "bowl", Name: "Tea bowl", Description: "For green tea", Brand: "price > 0 OR sku", Category: "Kitchen", Tags: []string{"tea", "NOT"}, Price: 6800, Currency: "JPY", Available: 2, Rating: 500, Added: 60, Version: 1},
	}
}

var searches = []struct {
	name string
	q    catalog.Query
	want []string // SKUs; sorted if the query has no sort
}{
	{name: "everything", q: catalog.Query{}, want: []string{"bowl", "jeans-501", "jeans-505", "mug-blue", "mug-red", "poster"}},
	{name: "a word", q: catalog.Query{Text: "jeans"}, want: []string{"jeans-501", "jeans-505"}},
	{name: "in capitals", q: catalog.Query{Text: "JEANS"}, want: []string{"jeans-501", "jeans-505"}},
	{name: "a prefix", q: catalog.Query{Text: "har"}, want: []string{"poster"}},
	{name: "a word and a prefix", q: catalog.Query{Text: "regular je"}, want: []string{"jeans-505"}},
	{name: "no match", q: catalog.Query{Text: "zeppelin"}, want: []string{}},
	{name: "a tag as a word", q: catalog.Query{Text: "camping"}, want: []string{"mug-blue"}},
	{name: "SRCH-7 F57 an apostrophe", q: catalog.Query{Brands: []string{"Levi's"}}, want: []string{"jeans-501", "jeans-505"}},
	{name: "SRCH-7 quotes", q: catalog.Query{Brands: []string{`Kiln "North"`}}, want: []string{"mug-blue", "mug-red"}},
	{name: "SRCH-7 a backslash and brackets", q: catalog.Query{Brands: []string{`Back\slash [Prints]`}}, want: []string{"poster"}},
	{name: "SRCH-7 a filter as a value", q: catalog.Query{Brands: []string{"price > 0 OR sku"}}, want: []string{"bowl"}},
	{name: "SRCH-7 a keyword as a value", q: catalog.Query{Tags: []string{"NOT"}}, want: []string{"bowl"}},
	{name: "SRCH-7 an attack", q: catalog.Query{Brands: []string{`x' OR price > 0 OR brand = 'x`, `" OR "" = "`, `\`, `\'`}}, want: []string{}},
	{name: "several values", q: catalog.Query{Brands: []string{"Levi's", `Back\slash [Prints]`}}, want: []string{"jeans-501", "jeans-505", "poster"}},
	{name: "filters together", q: catalog.Query{Brands: []string{"Levi's"}, Tags: []string{"blue"}}, want: []string{"jeans-501"}},
	{name: "a group", q: catalog.Query{Groups: []string{"jeans"}, InStock: true}, want: []string{"jeans-501"}},
	{name: "in stock", q: catalog.Query{Categories: []string{"Trousers"}, InStock: true}, want: []string{"jeans-501"}},
	{name: "a price range", q: catalog.Query{Currency: "EUR", PriceFrom: 1451, PriceTo: 7900}, want: []string{"jeans-505", "mug-red"}},
	{name: "an open range", q: catalog.Query{Currency: "EUR", PriceFrom: 7900}, want: []string{"jeans-501", "jeans-505"}},
	{name: "a currency", q: catalog.Query{Currency: "USD"}, want: []string{"poster"}},
	{name: "a rating", q: catalog.Query{MinRating: 460}, want: []string{"bowl", "jeans-501", "mug-blue"}},
	{name: "words and filters", q: catalog.Query{Text: "mug", Currency: "EUR", PriceTo: 1500}, want: []string{"mug-blue"}},
	{name: "lowest price first", q: catalog.Query{Currency: "EUR", Sort: catalog.CheapFirst}, want: []string{"mug-blue", "mug-red", "jeans-505", "jeans-501"}},
	{name: "highest price first", q: catalog.Query{Currency: "EUR", Sort: catalog.DearFirst}, want: []string{"jeans-501", "jeans-505", "mug-red", "mug-blue"}},
	{name: "best rated", q: catalog.Query{Sort: catalog.BestRated}, want: []string{"bowl", "mug-blue", "jeans-501", "poster", "jeans-505", "mug-red"}},
	{name: "newest first", q: catalog.Query{Sort: catalog.NewestFirst, PerPage: 2}, want: []string{"bowl", "poster"}},
	{name: "by name", q: catalog.Query{Sort: catalog.ByName, Categories: []string{"Kitchen"}}, want: []string{"mug-blue", "mug-red", "bowl"}},
	{name: "the second page", q: catalog.Query{Sort: catalog.NewestFirst, PerPage: 4, Page: 2}, want: []string{"jeans-505", "jeans-501"}},
	{name: "a page beyond the last", q: catalog.Query{PerPage: 4, Page: 3}, want: []string{}},
	{name: "words and a sort order", q: catalog.Query{Text: "mug", Sort: catalog.NewestFirst}, want: []string{"mug-red", "mug-blue"}},
}

// Searches checks what shoppers find. It is part of Index.
func Searches(t *testing.T, setup func(t *testing.T) IndexBench) {
	t.Run("SRCH-6 SRCH-7 searches", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		if _, err := b.Settings.ApplySettings(t.Context()); err != nil {
			t.Fatal(err)
		}
		put(t, b, Goods()...)
		for _, tt := range searches {
			t.Run(tt.name, func(t *testing.T) {
				got := found(search(t, b, tt.q))
				if tt.q.Sort == catalog.ByRelevance {
					slices.Sort(got)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
		t.Run("SRCH-6 facets and totals", func(t *testing.T) { facets(t, b) })
		t.Run("SRCH-6 highlights are safe", func(t *testing.T) { highlights(t, b) })
		t.Run("SRCH-6 out of bounds", func(t *testing.T) { refusals(t, b) })
		t.Run("the name weighs more than the description", func(t *testing.T) {
			put(t, b, catalog.Document{SKU: "zz", Name: "Blue lamp", Price: 1, Currency: "EUR", Version: 1})
			if got := found(search(t, b, catalog.Query{Text: "blue"})); len(got) != 4 || got[0] != "zz" {
				t.Errorf("got %v, want zz first", got)
			}
		})
	})
}

func facets(t *testing.T, b IndexBench) {
	r := search(t, b, catalog.Query{Categories: []string{"Kitchen", "Trousers"}, PerPage: 1, Facets: catalog.Facets})
	want := map[catalog.Facet]catalog.Counts{
		catalog.FacetBrand:    {"Levi's": 2, `Kiln "North"`: 2, "price > 0 OR sku": 1},
		catalog.FacetCategory: {"Kitchen": 3, "Trousers": 2},
		catalog.FacetTags:     {"NOT": 1, "black": 1, "blue": 2, "camping": 1, "denim": 2, "red": 1, "tea": 1},
		catalog.FacetInStock:  {"true": 4, "false": 1},
		catalog.FacetStars:    {"0": 1, "3": 1, "4": 2, "5": 1},
	}
	if diff := cmp.Diff(want, r.Facets); diff != "" {
		t.Error(diff)
	}
	if r.Total != 5 || len(r.Hits) != 1 || r.Page != 1 || r.PerPage != 1 {
		t.Errorf("total %d, %d hits, page %d of %d", r.Total, len(r.Hits), r.Page, r.PerPage)
	}
	chosen := search(t, b, catalog.Query{Tags: []string{"tea", "RED ", "none"}, Facets: []catalog.Facet{catalog.FacetTags}})
	wantChosen := catalog.Counts{"tea": 1, "NOT": 1, "red": 1, "none": 0}
	if diff := cmp.Diff(wantChosen, chosen.Facets[catalog.FacetTags]); diff != "" || len(chosen.CutFacets) > 0 {
		t.Errorf("chosen values, cut %v: %s", chosen.CutFacets, diff)
	}
	if r := search(t, b, catalog.Query{Text: "zeppelin", Facets: []catalog.Facet{catalog.FacetTags}}); r.Total != 0 || len(r.Facets[catalog.FacetTags]) != 0 {
		t.Errorf("without a match: %+v", r)
	}
}

func highlights(t *testing.T, b IndexBench) {
	put(t, b, catalog.Document{SKU: "evil", Name: `<script>alert("zebra")</script> Zebra`, Description: "<b>zebra</b> & co", Price: 1, Currency: "EUR", Version: 1})
	r := search(t, b, catalog.Query{Text: "zebra", Highlight: true})
	if len(r.Hits) != 1 {
		t.Fatalf("found %d", len(r.Hits))
	}
	for field, text := range r.Hits[0].Highlighted {
		if strings.ContainsAny(strings.NewReplacer("<mark>", "", "</mark>", "").Replace(text), "<>") || !strings.Contains(text, "<mark>") {
			t.Errorf("%s: %q is not marked or not escaped", field, text)
		}
	}
	if len(r.Hits[0].Highlighted) != 2 {
		t.Errorf("highlighted: %v, want name and description", r.Hits[0].Highlighted)
	}
	if r := search(t, b, catalog.Query{Text: "zebra"}); len(r.Hits[0].Highlighted) != 0 {
		t.Errorf("highlighted without a request: %v", r.Hits[0].Highlighted)
	}
	if err := b.Index.DeleteDocuments(t.Context(), []string{"evil"}); err != nil {
		t.Fatal(err)
	}
}

func refusals(t *testing.T, b IndexBench) {
	for name, q := range map[string]catalog.Query{
		"too many hits on a page":    {PerPage: catalog.MaxPerPage + 1},
		"a page too far":             {PerPage: 100, Page: 11},
		"an unknown sort order":      {Sort: "sku); DROP"},
		"an unknown facet":           {Facets: []catalog.Facet{"version"}},
		"a price without a currency": {PriceTo: 100},
	} {
		if _, err := b.Search.Search(t.Context(), q); !errors.Is(err, catalog.ErrQuery) {
			t.Errorf("%s: %v, want ErrQuery", name, err)
		}
	}
}

func search(t *testing.T, b IndexBench, q catalog.Query) catalog.Results {
	t.Helper()
	r, err := b.Search.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func found(r catalog.Results) []string {
	skus := []string{}
	for _, h := range r.Hits {
		skus = append(skus, h.SKU)
	}
	return skus
}
