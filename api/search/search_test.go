package search_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/api"
	"purser/api/apitest"
	"purser/api/search"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// goods returns an API whose search engine has the products of the conformance
// suite. Setting down makes the engine fail.
func goods(t *testing.T, mods ...func(*api.Config, *records.Store)) (s *apitest.Shop, down *bool) {
	down = new(bool)
	x := &fake.Index{Before: func(string) error {
		if *down {
			return &order.ProviderError{Provider: "search", Op: "search", Kind: order.ErrUnavailable}
		}
		return nil
	}}
	if err := x.PutDocuments(context.Background(), porttest.Goods()); err != nil {
		t.Fatal(err)
	}
	withSearch := func(c *api.Config, store *records.Store) {
		c.Search = &search.Service{Engine: x, Catalogue: store, Settings: store}
	}
	return apitest.New(t, append([]func(*api.Config, *records.Store){withSearch}, mods...)...), down
}

func find(t *testing.T, s *apitest.Shop, query string) catalog.Results {
	t.Helper()
	a := s.Ask("GET", "/v1/search?"+query, apitest.ViewerKey, "")
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", query, a.Status, a.Body)
	}
	var r catalog.Results
	a.Into(t, &r)
	return r
}

// TestSearch proves SRCH-6 and SRCH-7: every parameter reaches the search
// unchanged.
func TestSearch(t *testing.T) {
	t.Parallel()
	s, _ := goods(t)
	for query, want := range map[string]string{
		"":                                   "bowl jeans-501 jeans-505 mug-blue mug-red poster",
		"q=mug":                              "mug-blue mug-red",
		"brand=" + url.QueryEscape("Levi's"): "jeans-501 jeans-505",
		"brand=" + url.QueryEscape(`Back\slash [Prints]`):     "poster",
		"tag=NOT&tag=red&sort=-added":                         "bowl mug-red",
		"category=Kitchen&inStock=true&minRating=490":         "bowl mug-blue",
		"currency=EUR&priceFrom=1451&priceTo=7900&sort=price": "mug-red jeans-505",
		"group=jeans&sort=-rating&perPage=1&page=2":           "jeans-505",
		"q=zeppelin": "",
		"brand=" + url.QueryEscape(`" OR price > 0 OR brand = "`): "",
	} {
		skus := []string{}
		for _, h := range find(t, s, query).Hits {
			skus = append(skus, h.SKU)
		}
		if got := strings.Join(skus, " "); got != want {
			t.Errorf("%s: found %q, want %q", query, got, want)
		}
	}
	r := find(t, s, "q=enamel&facet=brand&facet=tags&highlight=true")
	if r.Facets[catalog.FacetTags]["camping"] != 1 || r.Hits[0].Highlighted["name"] != "<mark>Enamel</mark> mug" || r.Total != 1 {
		t.Errorf("%+v", r)
	}
}

// TestSearchDecimals proves SRCH-6: each price comes with its decimals, also
// while the search engine is down.
func TestSearchDecimals(t *testing.T) {
	t.Parallel()
	want := map[string]int{"EUR": 2, "MGA": 0, "KWD": 3}
	x := &fake.Index{}
	var sold []catalog.Product
	for code := range want {
		d := porttest.DocumentOf(code, 1)
		d.Currency = code
		if err := x.PutDocuments(context.Background(), []catalog.Document{d}); err != nil {
			t.Fatal(err)
		}
		sold = append(sold, catalog.Product{SKU: "is-" + code, Name: "zebra", Price: 1, Currency: code})
	}
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Search = &search.Service{Engine: x, Catalogue: store}
		if err := store.PutProducts(context.Background(), sold); err != nil {
			t.Fatal(err)
		}
	})
	for range 2 {
		seen := map[string]bool{}
		found := find(t, s, "")
		for _, h := range found.Hits {
			if d, ok := want[h.Currency]; ok && h.Decimals != d {
				t.Errorf("degraded %t: %s has %d decimals, want %d", found.Degraded, h.Currency, h.Decimals, d)
			}
			seen[h.Currency] = true
		}
		if !seen["EUR"] || !seen["MGA"] || !seen["KWD"] {
			t.Errorf("%+v", found)
		}
		x.Before = func(string) error {
			return &order.ProviderError{Provider: "search", Op: "search", Kind: order.ErrUnavailable}
		}
	}
}

// TestSearchRefuses proves SRCH-6: a parameter that is out of bounds is refused
// with a problem that names it.
func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	s, _ := goods(t)
	for query, names := range map[string]string{
		"perPage=101": "perPage", "page=0": "page", "page=11&perPage=100": "page", "sort=sku": "sort", "sort=price": "sort", "facet=version": "facet",
		"facet=brand&facet=brand": "facets", "priceFrom=5": "price", "currency=EUR&priceFrom=6&priceTo=5": "price", "minRating=501": "minRating",
		"q=" + strings.Repeat("x", 201): "q", "q=%07": "text", "currency=E'": "currency", "filter=x": "filter", "inStock=perhaps": "inStock",
	} {
		a := s.Ask("GET", "/v1/search?"+query, apitest.ViewerKey, "")
		p := a.Problem(t)
		b, _ := json.Marshal(p)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(string(b), names) {
			t.Errorf("%s: %d %s, want 422 that names %s", query, a.Status, b, names)
		}
	}
}

// TestSearchDown proves SRCH-8 and F52: while the search engine is down,
// shoppers get a plain list from the catalogue or a problem, and orders are
// placed as usual.
func TestSearchDown(t *testing.T) {
	t.Parallel()
	s, down := goods(t)
	*down = true
	r := find(t, s, "q=mug+blue&currency=EUR")
	if !r.Degraded || r.Total != 1 || r.Hits[0].SKU != "mug-blue" || r.Hits[0].Available != 100_000 || !r.Hits[0].InStock {
		t.Errorf("%+v", r)
	}
	cheap := int64(0)
	for _, p := range catalog.Sample() {
		if p.Currency == "EUR" && p.Price <= 20_000 {
			cheap++
		}
	}
	if r := find(t, s, "perPage=2&page=2&inStock=true&priceTo=20000&currency=EUR"); int64(r.Total) != cheap || len(r.Hits) != 2 || !r.Degraded {
		t.Errorf("%d of %d: %+v", r.Total, cheap, r)
	}
	for _, query := range []string{"brand=Kiln", "facet=tags", "sort=-rating", "minRating=400"} {
		a := s.Ask("GET", "/v1/search?"+query, apitest.ViewerKey, "")
		if p := a.Problem(t); a.Status != http.StatusServiceUnavailable || p.Code != "search_unavailable" || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %+v", query, a.Status, p)
		}
	}
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "while-search-is-down"); a.Status != http.StatusCreated {
		t.Errorf("an order: %d %s", a.Status, a.Body)
	}
}

// TestSearchAccess proves SRCH-9: searching needs a key, unless it is public;
// everything else still needs a key.
func TestSearchAccess(t *testing.T) {
	t.Parallel()
	closed, _ := goods(t)
	if a := closed.Ask("GET", "/v1/search", "", ""); a.Status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", a.Status)
	}
	open, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.Public = true })
	if a := open.Ask("GET", "/v1/search?q=mug", "", ""); a.Status != http.StatusOK {
		t.Errorf("public: %d %s", a.Status, a.Body)
	}
	if a := open.Ask("GET", "/v1/products", "", ""); a.Status != http.StatusUnauthorized {
		t.Errorf("the rest is public too: %d", a.Status)
	}
	none := apitest.New(t)
	if a := none.Ask("GET", "/v1/search", apitest.ViewerKey, ""); a.Status != http.StatusNotFound {
		t.Errorf("without a search engine: %d", a.Status)
	}
}
