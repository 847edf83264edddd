package api_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"purser/api"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// swamp is where calls stay until it is drained.
type swamp struct {
	entered chan struct{}
	drained chan struct{}
	all     sync.WaitGroup
}

func newSwamp(t *testing.T) *swamp {
	w := &swamp{entered: make(chan struct{}, 100), drained: make(chan struct{})}
	t.Cleanup(func() {
		close(w.drained)
		w.all.Wait()
	})
	return w
}

func (w *swamp) wade() {
	w.entered <- struct{}{}
	<-w.drained
}

// flood makes n requests that get stuck.
func (w *swamp) flood(s *shop, n int, method, target, key, body string) {
	for range n {
		w.all.Go(func() { s.ask(method, target, key, body) })
		<-w.entered
	}
}

// hangingSearch is an engine that does not answer, or, once it is down, fails
// at once.
type hangingSearch struct {
	*swamp
	down bool
}

func (h *hangingSearch) Search(context.Context, catalog.Query) (catalog.Results, error) {
	if h.down {
		return catalog.Results{}, &order.ProviderError{Provider: "search", Op: "search", Kind: order.ErrUnavailable}
	}
	h.wade()
	return catalog.Results{}, nil
}

// hangingRecord is a record whose lists of products do not come.
type hangingRecord struct {
	api.Records
	*swamp
}

func (h hangingRecord) Products(context.Context, int, string) ([]catalog.Product, error) {
	h.wade()
	return nil, nil
}

func (h hangingRecord) FindOrders(ctx context.Context, text string, limit int) ([]order.Order, error) {
	h.wade()
	return nil, nil
}

// hangingStore is a store of pictures that does not answer.
type hangingStore struct {
	*desk
	*swamp
}

func (h hangingStore) HeadObject(ctx context.Context, key string) (catalog.Object, error) {
	h.wade()
	return h.desk.HeadObject(ctx, key)
}

// others wants every class but the flooded one to be served: orders first of
// all.
func (s *shop) others(t *testing.T, flooded string) {
	t.Helper()
	for name, r := range map[string]struct {
		method, target, key, body string
		status                    int
	}{
		"an order":   {"POST", "/v1/orders", shopKey, orderBody("cus_1"), http.StatusCreated},
		"the search": {"GET", "/v1/search?q=mug", viewerKey, "", http.StatusOK},
		"a picture":  {"GET", "/pictures/pic_none/large.jpg", "", "", http.StatusNotFound},
		"an upload":  {"POST", "/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/jpeg","size":4}`, http.StatusCreated},
		"the orders": {"GET", "/v1/orders", viewerKey, "", http.StatusOK},
		"health":     {"GET", "/livez", "", "", http.StatusOK},
	} {
		if name == flooded {
			continue
		}
		if a := s.ask(r.method, r.target, r.key, r.body); a.status != r.status {
			t.Errorf("%s, while %s is flooded: %d %s", name, flooded, a.status, a.body)
		}
	}
}

// away wants a request to be turned away: with a time to come back, and without
// getting stuck.
func (w *swamp) away(t *testing.T, s *shop, status int, code, method, target, key, body string) {
	t.Helper()
	answers := make(chan *answer, 1)
	w.all.Go(func() { answers <- s.ask(method, target, key, body) })
	var a *answer
	select {
	case a = <-answers:
	case <-w.entered:
		t.Fatalf("%s %s got in", method, target)
	}
	if p := a.problem(t); a.status != status || p.Code != code || a.header.Get("Retry-After") == "" {
		t.Errorf("%s %s: %d %v %s", method, target, a.status, a.header, a.body)
	}
}

// TestFlood (SRCH-8, RES-10, RES-11, API-2, F52, F82): a flood of one class,
// whose partner hangs, is turned away with a time to come back, and takes
// nothing from any other class.
func TestFlood(t *testing.T) {
	t.Parallel()
	set := func(t *testing.T, w *swamp, change func(*api.Config)) *shop {
		return setUp(t, func(c *api.Config) {
			d := &desk{}
			c.Limits = api.Limits{Orders: 2, Search: 3, Scans: 2, Files: 3, Pictures: 1, Rest: 1}
			c.Search = &hangingSearch{swamp: w, down: true}
			c.Pictures = &api.Pictures{Record: c.Records.(api.PictureRecords), Store: d, Links: d, Start: d}
			change(c)
		})
	}
	t.Run("a search engine that hangs", func(t *testing.T) {
		w := newSwamp(t)
		s := set(t, w, func(c *api.Config) { c.Search = &hangingSearch{swamp: w} })
		w.flood(s, 3, "GET", "/v1/search?q=mug", viewerKey, "")
		w.away(t, s, 429, "too_many_requests", "GET", "/v1/search?q=mug", viewerKey, "")
		s.others(t, "the search")
		for _, key := range []string{shopKey, viewerKey, operatorKey} { // whoever is turned away
			w.away(t, s, 429, "too_many_requests", "GET", "/v1/search?q=mug", key, "")
		}
		if a := s.ask("GET", "/v1/search/orders?q=mug", operatorKey, ""); a.status != http.StatusOK {
			t.Errorf("an operator looks for an order: %d %s", a.status, a.body)
		}
	})
	t.Run("an engine that is down, and many who search all the same", func(t *testing.T) {
		w := newSwamp(t)
		s := set(t, w, func(c *api.Config) { c.Limits.Rest, c.Records = 2, hangingRecord{c.Records, w} })
		w.flood(s, 1, "GET", "/v1/search?q=mug", viewerKey, "")
		w.away(t, s, 503, "search_unavailable", "GET", "/v1/search?q=mug", shopKey, "")
		w.flood(s, 1, "GET", "/v1/search/orders?q=mug", operatorKey, "") // operators get in
		w.away(t, s, 503, "search_unavailable", "GET", "/v1/search?q=mug", viewerKey, "")
		s.others(t, "the search")
	})
	t.Run("operators who look for orders", func(t *testing.T) {
		w := newSwamp(t)
		s := set(t, w, func(c *api.Config) { c.Limits.Rest, c.Records = 2, hangingRecord{c.Records, w} })
		w.flood(s, 1, "GET", "/v1/search/orders?q=mug", operatorKey, "")
		w.away(t, s, 503, "search_unavailable", "GET", "/v1/search/orders?q=mug", operatorKey, "")
		w.flood(s, 1, "GET", "/v1/search?q=mug", viewerKey, "") // shoppers get in
		s.others(t, "the search")
	})
	t.Run("a store that hangs", func(t *testing.T) {
		w := newSwamp(t)
		s := set(t, w, func(c *api.Config) {
			d := &desk{}
			c.Pictures.Store = hangingStore{d, w}
		})
		p, _ := askPicture(t, s)
		w.flood(s, 3, "POST", "/v1/pictures/"+p.ID+"/complete", shopKey, "")
		w.away(t, s, 429, "too_many_requests", "POST", "/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/jpeg","size":4}`)
		s.others(t, "an upload")
	})
	t.Run("pictures that are looked at", func(t *testing.T) {
		w := newSwamp(t)
		s := set(t, w, func(c *api.Config) { c.Pictures.Record = hangingUploads{c.Pictures.Record, w} })
		w.flood(s, 1, "GET", "/pictures/pic_abcdefghijklmnopqrstuvwxyz/large.jpg", "", "")
		w.away(t, s, 429, "too_many_requests", "GET", "/pictures/pic_none/large.jpg", "", "")
		s.others(t, "a picture")
	})
	t.Run("all else", func(t *testing.T) {
		w := newSwamp(t)
		s := set(t, w, func(c *api.Config) { c.Records, c.Search = hangingLists{c.Records, w}, nothing{} })
		w.flood(s, 1, "GET", "/v1/orders", viewerKey, "")
		w.away(t, s, 429, "too_many_requests", "GET", "/v1/products", viewerKey, "")
		s.others(t, "the orders")
	})
}

// hangingUploads is a record of pictures that does not answer.
type hangingUploads struct {
	api.PictureRecords
	*swamp
}

func (h hangingUploads) Upload(ctx context.Context, id string) (catalog.Upload, error) {
	h.wade()
	return h.PictureRecords.Upload(ctx, id)
}

// hangingLists is a record whose lists of orders do not come.
type hangingLists struct {
	api.Records
	*swamp
}

func (h hangingLists) Orders(context.Context, records.Filter) (records.Page, error) {
	h.wade()
	return records.Page{}, nil
}

// nothing is a search that finds nothing.
type nothing struct{}

func (nothing) Search(context.Context, catalog.Query) (catalog.Results, error) {
	return catalog.Results{}, nil
}
