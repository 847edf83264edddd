package api_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/api/httpkit"
	"purser/api/images"
	"purser/api/orders"
	"purser/api/search"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// hang makes calls block until the test ends.
type hang struct {
	entered  chan struct{}
	released chan struct{}
	all      sync.WaitGroup
}

func newHang(t *testing.T) *hang {
	w := &hang{entered: make(chan struct{}, 100), released: make(chan struct{})}
	t.Cleanup(func() {
		close(w.released)
		w.all.Wait()
	})
	return w
}

func (w *hang) block() {
	w.entered <- struct{}{}
	<-w.released
}

// flood makes n requests and waits until all of them block.
func (w *hang) flood(s *apitest.Shop, n int, method, target, key, body string) {
	for range n {
		w.all.Go(func() { s.Ask(method, target, key, body) })
		<-w.entered
	}
}

// hangingSearch is a search engine that does not respond or, if it is down,
// fails at once.
type hangingSearch struct {
	*hang
	down bool
}

func (h *hangingSearch) Search(context.Context, catalog.Query) (catalog.Results, error) {
	if h.down {
		return catalog.Results{}, &order.ProviderError{Provider: "search", Op: "search", Kind: order.ErrUnavailable}
	}
	h.block()
	return catalog.Results{}, nil
}

// hangingCatalogue is a catalogue that does not return lists of products.
type hangingCatalogue struct {
	search.Catalogue
	*hang
}

func (h hangingCatalogue) Products(context.Context, int, string) ([]catalog.Product, error) {
	h.block()
	return nil, nil
}

// hangingFinder is a record in which the search for orders does not return.
type hangingFinder struct {
	orders.Records
	*hang
}

func (h hangingFinder) FindOrders(context.Context, string, string, int) ([]order.Order, error) {
	h.block()
	return nil, nil
}

// hangingStore is an image store that does not respond.
type hangingStore struct {
	*apitest.ImageStore
	*hang
}

func (h hangingStore) HeadObject(ctx context.Context, key string) (catalog.Object, error) {
	h.block()
	return h.ImageStore.HeadObject(ctx, key)
}

// wantOthersServed fails unless every class of requests but the flooded one is
// served.
func wantOthersServed(t *testing.T, s *apitest.Shop, flooded string) {
	t.Helper()
	for name, r := range map[string]struct {
		method, target, key, body string
		status                    int
	}{
		"an order":   {method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("cus_1"), status: http.StatusCreated},
		"the search": {method: "GET", target: "/v1/search?q=mug", key: apitest.ViewerKey, status: http.StatusOK},
		"an image":   {method: "GET", target: "/images/img_none/large.jpg", status: http.StatusNotFound},
		"an upload":  {method: "POST", target: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"image/jpeg","size":4}`, status: http.StatusCreated},
		"the orders": {method: "GET", target: "/v1/orders", key: apitest.ViewerKey, status: http.StatusOK},
		"health":     {method: "GET", target: "/livez", status: http.StatusOK},
	} {
		if name == flooded {
			continue
		}
		if a := s.Ask(r.method, r.target, r.key, r.body); a.Status != r.status {
			t.Errorf("%s, while %s is flooded: %d %s", name, flooded, a.Status, a.Body)
		}
	}
}

// wantRefused fails unless a request is refused at once, with a Retry-After.
func (w *hang) wantRefused(t *testing.T, s *apitest.Shop, status int, code, method, target, key, body string) {
	t.Helper()
	responses := make(chan *apitest.Answer, 1)
	w.all.Go(func() { responses <- s.Ask(method, target, key, body) })
	var a *apitest.Answer
	select {
	case a = <-responses:
	case <-w.entered:
		t.Fatalf("%s %s was admitted", method, target)
	}
	if p := a.Problem(t); a.Status != status || p.Code != code || a.Header.Get("Retry-After") == "" {
		t.Errorf("%s %s: %d %v %s", method, target, a.Status, a.Header, a.Body)
	}
}

// TestFlood proves SRCH-8, RES-10, RES-11, API-2, F52 and F82: a flood in one
// class, whose partner hangs, is refused with a Retry-After and takes no slot
// from any other class.
func TestFlood(t *testing.T) {
	t.Parallel()
	set := func(t *testing.T, w *hang, change func(*api.Config)) *apitest.Shop {
		return apitest.New(t, func(c *api.Config, store *records.Store) {
			d := &apitest.ImageStore{}
			c.Limits = httpkit.Limits{Orders: 2, Search: 3, Scans: 2, Files: 3, Images: 1, Rest: 1}
			c.Search = &search.Service{Engine: &hangingSearch{hang: w, down: true}, Catalogue: store}
			c.Images = &images.Service{Records: store, Store: d, Links: d, Workflows: d}
			change(c)
		})
	}
	t.Run("a search engine that hangs", func(t *testing.T) {
		w := newHang(t)
		s := set(t, w, func(c *api.Config) { c.Search.Engine = &hangingSearch{hang: w} })
		w.flood(s, 3, "GET", "/v1/search?q=mug", apitest.ViewerKey, "")
		w.wantRefused(t, s, 429, "too_many_requests", "GET", "/v1/search?q=mug", apitest.ViewerKey, "")
		wantOthersServed(t, s, "the search")
		for _, key := range []string{apitest.ShopKey, apitest.ViewerKey, apitest.OperatorKey} {
			w.wantRefused(t, s, 429, "too_many_requests", "GET", "/v1/search?q=mug", key, "")
		}
		if a := s.Ask("GET", "/v1/search/orders?q=mug", apitest.OperatorKey, ""); a.Status != http.StatusOK {
			t.Errorf("an operator's search for an order: %d %s", a.Status, a.Body)
		}
	})
	t.Run("a search engine that is down, with many searches", func(t *testing.T) {
		w := newHang(t)
		s := set(t, w, func(c *api.Config) {
			c.Limits.Rest = 2
			c.Search.Catalogue, c.Orders.Records = hangingCatalogue{Catalogue: c.Search.Catalogue, hang: w}, hangingFinder{Records: c.Orders.Records, hang: w}
		})
		w.flood(s, 1, "GET", "/v1/search?q=mug", apitest.ViewerKey, "")
		w.wantRefused(t, s, 503, "search_unavailable", "GET", "/v1/search?q=mug", apitest.ShopKey, "")
		w.flood(s, 1, "GET", "/v1/search/orders?q=mug", apitest.OperatorKey, "") // operators are admitted
		w.wantRefused(t, s, 503, "search_unavailable", "GET", "/v1/search?q=mug", apitest.ViewerKey, "")
		wantOthersServed(t, s, "the search")
	})
	t.Run("searches for orders", func(t *testing.T) {
		w := newHang(t)
		s := set(t, w, func(c *api.Config) {
			c.Limits.Rest = 2
			c.Search.Catalogue, c.Orders.Records = hangingCatalogue{Catalogue: c.Search.Catalogue, hang: w}, hangingFinder{Records: c.Orders.Records, hang: w}
		})
		w.flood(s, 1, "GET", "/v1/search/orders?q=mug", apitest.OperatorKey, "")
		w.wantRefused(t, s, 503, "search_unavailable", "GET", "/v1/search/orders?q=mug", apitest.OperatorKey, "")
		w.flood(s, 1, "GET", "/v1/search?q=mug", apitest.ViewerKey, "") // shoppers are admitted
		wantOthersServed(t, s, "the search")
	})
	t.Run("an image store that hangs", func(t *testing.T) {
		w := newHang(t)
		s := set(t, w, func(c *api.Config) { c.Images.Store = hangingStore{ImageStore: &apitest.ImageStore{}, hang: w} })
		a := s.Ask("POST", "/v1/products/mug-blue/images", apitest.ShopKey, `{"contentType":"image/jpeg","size":4}`)
		w.flood(s, 3, "POST", a.Header.Get("Location")+"/complete", apitest.ShopKey, "")
		w.wantRefused(t, s, 429, "too_many_requests", "POST", "/v1/products/mug-blue/images", apitest.ShopKey, `{"contentType":"image/jpeg","size":4}`)
		wantOthersServed(t, s, "an upload")
	})
	t.Run("requests for images", func(t *testing.T) {
		w := newHang(t)
		s := set(t, w, func(c *api.Config) { c.Images.Records = hangingUploads{Records: c.Images.Records, hang: w} })
		w.flood(s, 1, "GET", "/images/img_abcdefghijklmnopqrstuvwxyz/large.jpg", "", "")
		w.wantRefused(t, s, 429, "too_many_requests", "GET", "/images/img_none/large.jpg", "", "")
		wantOthersServed(t, s, "an image")
	})
	t.Run("all other requests", func(t *testing.T) {
		w := newHang(t)
		s := set(t, w, func(c *api.Config) {
			c.Orders.Records, c.Search.Engine = hangingLists{Records: c.Orders.Records, hang: w}, nothing{}
		})
		w.flood(s, 1, "GET", "/v1/orders", apitest.ViewerKey, "")
		w.wantRefused(t, s, 429, "too_many_requests", "GET", "/v1/products", apitest.ViewerKey, "")
		wantOthersServed(t, s, "the orders")
	})
}

// hangingUploads is a record of images that does not respond.
type hangingUploads struct {
	images.Records
	*hang
}

func (h hangingUploads) Upload(ctx context.Context, id string) (catalog.Upload, error) {
	h.block()
	return h.Records.Upload(ctx, id)
}

// hangingLists is a record that does not return lists of orders.
type hangingLists struct {
	orders.Records
	*hang
}

func (h hangingLists) Orders(context.Context, order.Filter) (order.Page, error) {
	h.block()
	return order.Page{}, nil
}

// nothing is a search engine without products.
type nothing struct{}

func (nothing) Search(context.Context, catalog.Query) (catalog.Results, error) {
	return catalog.Results{}, nil
}
