package api_test

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
	"purser/api/search"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// goods is a shop whose search engine knows the goods of the conformance
// suite; down makes it fail.
func goods(t *testing.T, mods ...func(*api.Config, *records.Store)) (s *shop, down *bool) {
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
	withSearch := func(c *api.Config, store *records.Store) { c.Search = &search.Service{Engine: x, Catalogue: store} }
	return setUp(t, append([]func(*api.Config, *records.Store){withSearch}, mods...)...), down
}

func (s *shop) search(t *testing.T, query string) catalog.Results {
	t.Helper()
	a := s.ask("GET", "/v1/search?"+query, viewerKey, "")
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", query, a.status, a.body)
	}
	var r catalog.Results
	a.into(t, &r)
	return r
}

// TestSearch (SRCH-6, SRCH-7): every parameter reaches the search as it is.
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
		for _, h := range s.search(t, query).Hits {
			skus = append(skus, h.SKU)
		}
		if got := strings.Join(skus, " "); got != want {
			t.Errorf("%s: found %q, want %q", query, got, want)
		}
	}
	r := s.search(t, "q=enamel&facet=brand&facet=tags&highlight=true")
	if r.Facets[catalog.FacetTags]["camping"] != 1 || r.Hits[0].Highlighted["name"] != "<mark>Enamel</mark> mug" || r.Total != 1 {
		t.Errorf("%+v", r)
	}
}

// TestSearchDecimals (SRCH-6): a price says how it is written, also while the
// search is down.
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
	s := setUp(t, func(c *api.Config, store *records.Store) {
		c.Search = &search.Service{Engine: x, Catalogue: store}
		if err := store.PutProducts(context.Background(), sold); err != nil {
			t.Fatal(err)
		}
	})
	for range 2 {
		seen := map[string]bool{}
		found := s.search(t, "")
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

// TestSearchRefuses (SRCH-6): what is out of bounds is a problem, and names
// what.
func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	s, _ := goods(t)
	for query, names := range map[string]string{
		"perPage=101": "perPage", "page=0": "page", "page=11&perPage=100": "page", "sort=sku": "sort", "sort=price": "sort", "facet=version": "facet",
		"facet=brand&facet=brand": "facets", "priceFrom=5": "price", "currency=EUR&priceFrom=6&priceTo=5": "price", "minRating=501": "minRating",
		"q=" + strings.Repeat("x", 201): "q", "q=%07": "text", "currency=E'": "currency", "filter=x": "filter", "inStock=perhaps": "inStock",
	} {
		a := s.ask("GET", "/v1/search?"+query, viewerKey, "")
		p := a.problem(t)
		b, _ := json.Marshal(p)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(b), names) {
			t.Errorf("%s: %d %s, want 422 that names %s", query, a.status, b, names)
		}
	}
}

// TestSearchDown (SRCH-8, F52): shoppers get what the catalogue can tell, or
// are told, and orders are placed as ever.
func TestSearchDown(t *testing.T) {
	t.Parallel()
	s, down := goods(t)
	*down = true
	r := s.search(t, "q=mug+blue&currency=EUR")
	if !r.Degraded || r.Total != 1 || r.Hits[0].SKU != "mug-blue" || r.Hits[0].Available != 100_000 || !r.Hits[0].InStock {
		t.Errorf("%+v", r)
	}
	cheap := int64(0)
	for _, p := range catalog.Sample() {
		if p.Currency == "EUR" && p.Price <= 20_000 {
			cheap++
		}
	}
	if r := s.search(t, "perPage=2&page=2&inStock=true&priceTo=20000&currency=EUR"); int64(r.Total) != cheap || len(r.Hits) != 2 || !r.Degraded {
		t.Errorf("%d of %d: %+v", r.Total, cheap, r)
	}
	for _, query := range []string{"brand=Kiln", "facet=tags", "sort=-rating", "minRating=400"} {
		a := s.ask("GET", "/v1/search?"+query, viewerKey, "")
		if p := a.problem(t); a.status != http.StatusServiceUnavailable || p.Code != "search_unavailable" || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %+v", query, a.status, p)
		}
	}
	if a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "Idempotency-Key", "while-search-is-down"); a.status != http.StatusCreated {
		t.Errorf("an order: %d %s", a.status, a.body)
	}
}

// TestSearchDoor (SRCH-9): searching needs a key, unless it is public; then it
// is limited all the same.
func TestSearchDoor(t *testing.T) {
	t.Parallel()
	closed, _ := goods(t)
	if a := closed.ask("GET", "/v1/search", "", ""); a.status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", a.status)
	}
	open, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.Public = true })
	if a := open.ask("GET", "/v1/search?q=mug", "", ""); a.status != http.StatusOK {
		t.Errorf("public: %d %s", a.status, a.body)
	}
	if a := open.ask("GET", "/v1/products", "", ""); a.status != http.StatusUnauthorized {
		t.Errorf("the rest is public too: %d", a.status)
	}
	none := setUp(t)
	if a := none.ask("GET", "/v1/search", viewerKey, ""); a.status != http.StatusNotFound {
		t.Errorf("where there is no search: %d", a.status)
	}
}

// TestSearchOrders (SRCH-10): operators find orders, others do not.
func TestSearchOrders(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	if a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1")); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var page struct{ Orders []order.Order }
	s.ask("GET", "/v1/search/orders?q=CUS_1", operatorKey, "").into(t, &page)
	if len(page.Orders) != 1 || page.Orders[0].Customer != "cus_1" {
		t.Errorf("found %+v", page.Orders)
	}
	s.ask("GET", "/v1/search/orders?q=cus_1", operatorKey, "", "Purser-Customer", "cus_2").into(t, &page)
	if len(page.Orders) != 0 {
		t.Errorf("another customer's: %+v", page.Orders)
	}
	for _, key := range []string{shopKey, viewerKey} {
		if a := s.ask("GET", "/v1/search/orders?q=cus_1", key, ""); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", key, a.status)
		}
	}
	if a := s.ask("GET", "/v1/search/orders", operatorKey, ""); a.status != http.StatusUnprocessableEntity {
		t.Errorf("for nothing: %d", a.status)
	}
}
