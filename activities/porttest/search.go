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
	{"everything", catalog.Query{}, []string{"bowl", "jeans-501", "jeans-505", "mug-blue", "mug-red", "poster"}},
	{"a word", catalog.Query{Text: "jeans"}, []string{"jeans-501", "jeans-505"}},
	{"in capitals", catalog.Query{Text: "JEANS"}, []string{"jeans-501", "jeans-505"}},
	{"a beginning", catalog.Query{Text: "har"}, []string{"poster"}},
	{"a word and a beginning", catalog.Query{Text: "regular je"}, []string{"jeans-505"}},
	{"none", catalog.Query{Text: "zeppelin"}, []string{}},
	{"a tag as a word", catalog.Query{Text: "camping"}, []string{"mug-blue"}},
	{"SRCH-7 F57 an apostrophe", catalog.Query{Brands: []string{"Levi's"}}, []string{"jeans-501", "jeans-505"}},
	{"SRCH-7 quotes", catalog.Query{Brands: []string{`Kiln "North"`}}, []string{"mug-blue", "mug-red"}},
	{"SRCH-7 a backslash and brackets", catalog.Query{Brands: []string{`Back\slash [Prints]`}}, []string{"poster"}},
	{"SRCH-7 a filter as a value", catalog.Query{Brands: []string{"price > 0 OR sku"}}, []string{"bowl"}},
	{"SRCH-7 a keyword as a value", catalog.Query{Tags: []string{"NOT"}}, []string{"bowl"}},
	{"SRCH-7 an attack", catalog.Query{Brands: []string{`x' OR price > 0 OR brand = 'x`, `" OR "" = "`, `\`, `\'`}}, []string{}},
	{"several values", catalog.Query{Brands: []string{"Levi's", `Back\slash [Prints]`}}, []string{"jeans-501", "jeans-505", "poster"}},
	{"filters together", catalog.Query{Brands: []string{"Levi's"}, Tags: []string{"blue"}}, []string{"jeans-501"}},
	{"a group", catalog.Query{Groups: []string{"jeans"}, InStock: true}, []string{"jeans-501"}},
	{"in stock", catalog.Query{Categories: []string{"Trousers"}, InStock: true}, []string{"jeans-501"}},
	{"a price range", catalog.Query{Currency: "EUR", PriceFrom: 1451, PriceTo: 7900}, []string{"jeans-505", "mug-red"}},
	{"an open range", catalog.Query{Currency: "EUR", PriceFrom: 7900}, []string{"jeans-501", "jeans-505"}},
	{"a currency", catalog.Query{Currency: "USD"}, []string{"poster"}},
	{"a rating", catalog.Query{MinRating: 460}, []string{"bowl", "jeans-501", "mug-blue"}},
	{"words and filters", catalog.Query{Text: "mug", Currency: "EUR", PriceTo: 1500}, []string{"mug-blue"}},
	{"cheap first", catalog.Query{Currency: "EUR", Sort: catalog.CheapFirst}, []string{"mug-blue", "mug-red", "jeans-505", "jeans-501"}},
	{"dear first", catalog.Query{Currency: "EUR", Sort: catalog.DearFirst}, []string{"jeans-501", "jeans-505", "mug-red", "mug-blue"}},
	{"best rated", catalog.Query{Sort: catalog.BestRated}, []string{"bowl", "mug-blue", "jeans-501", "poster", "jeans-505", "mug-red"}},
	{"newest first", catalog.Query{Sort: catalog.NewestFirst, PerPage: 2}, []string{"bowl", "poster"}},
	{"by name", catalog.Query{Sort: catalog.ByName, Categories: []string{"Kitchen"}}, []string{"mug-blue", "mug-red", "bowl"}},
	{"the second page", catalog.Query{Sort: catalog.NewestFirst, PerPage: 4, Page: 2}, []string{"jeans-505", "jeans-501"}},
	{"a page too far", catalog.Query{PerPage: 4, Page: 3}, []string{}},
	{"words in an order", catalog.Query{Text: "mug", Sort: catalog.NewestFirst}, []string{"mug-red", "mug-blue"}},
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
		t.Run("the name counts more", func(t *testing.T) {
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
	if r := search(t, b, catalog.Query{Text: "zeppelin", Facets: []catalog.Facet{catalog.FacetTags}}); r.Total != 0 || len(r.Facets[catalog.FacetTags]) != 0 {
		t.Errorf("nothing found, and yet: %+v", r)
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
		t.Errorf("highlighted unasked: %v", r.Hits[0].Highlighted)
	}
	if err := b.Index.DeleteDocuments(t.Context(), []string{"evil"}); err != nil {
		t.Fatal(err)
	}
}

func refusals(t *testing.T, b IndexBench) {
	for name, q := range map[string]catalog.Query{
		"too much on a page": {PerPage: catalog.MaxPerPage + 1},
		"too deep":           {PerPage: 100, Page: 11},
		"another order":      {Sort: "sku); DROP"},
		"another facet":      {Facets: []catalog.Facet{"version"}},
		"price without unit": {PriceTo: 100},
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
