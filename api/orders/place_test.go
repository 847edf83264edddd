package orders_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// IDEM-1, IDEM-2, F1, API-4: the same key finds the same order; with another
// body it is refused; another caller's key is another key.
func TestPlace(t *testing.T) {
	t.Parallel()
	var appeared []order.ID
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Orders.Appeared = func(id order.ID) { appeared = append(appeared, id) }
	})
	first := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "cart-7", "X-Correlation-Id", "click-1")
	var b apitest.PlacedBody
	first.Into(t, &b)
	if first.Status != http.StatusCreated || b.ClientSecret == "" || b.Order.Total != (order.Money{Amount: 2900, Currency: "EUR"}) {
		t.Fatalf("got %d %s", first.Status, first.Body)
	}
	if l, e := first.Header.Get("Location"), first.Header.Get("ETag"); l != "/v1/orders/"+string(b.Order.ID) || e != s.Ask("GET", l, apitest.ShopKey, "").Header.Get("ETag") || e == "" {
		t.Errorf("Location %q, ETag %q", l, e)
	}
	again := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "cart-7")
	if again.Status != first.Status || string(again.Body) != string(first.Body) {
		t.Errorf("again: got %d %s, want what it was the first time", again.Status, again.Body)
	}
	other := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_2"), "Idempotency-Key", "cart-7")
	if p := other.Problem(t); other.Status != 422 || p.Code != "idempotency_key_reused" {
		t.Errorf("other body: got %d %s", other.Status, other.Body)
	}
	if a := s.Ask("POST", "/v1/orders", apitest.OperatorKey, apitest.OrderBody("cus_2"), "Idempotency-Key", "cart-7"); a.Status != http.StatusCreated {
		t.Errorf("other caller: got %d %s", a.Status, a.Body)
	}
	got := s.Orders.Placed
	if len(got) != 2 || got[0] != (apitest.Placement{ID: b.Order.ID, Actor: "key:web", Correlation: "click-1"}) {
		t.Errorf("placed %+v", got)
	}
	if len(appeared) != 3 {
		t.Errorf("%d orders were said to have appeared, want 3", len(appeared))
	}
}

// An order already placed is returned again even if its goods have sold out since
// (IDEM-2).
func TestPlace_again_after_sold_out(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	body := strings.Replace(apitest.OrderBody("cus_1"), `mug-blue","quantity":2`, `last-lamp","quantity":1`, 1)
	for i := range 2 {
		if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, body, "Idempotency-Key", "k"); a.Status != http.StatusCreated {
			t.Fatalf("time %d: got %d %s", i+1, a.Status, a.Body)
		}
	}
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, body, "Idempotency-Key", "other"); a.Problem(t).Code != "out_of_stock" {
		t.Errorf("another order: got %d %s", a.Status, a.Body)
	}
}

// PERF-2, API-2: the status is 202 for what takes long and is under way.
func TestPlace_and_cancel_take_long(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.PlaceWithin, c.SteerWithin = 50*time.Millisecond, 50*time.Millisecond
	})
	s.Orders.Stall = true
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"))
	var b apitest.PlacedBody
	a.Into(t, &b)
	if a.Status != http.StatusAccepted || a.Header.Get("Retry-After") == "" || b.Order.ID == "" || b.ClientSecret != "" {
		t.Fatalf("place: got %d %s", a.Status, a.Body)
	}
	if _, err := s.Orders.Save(t.Context(), b.Order.ID, order.Cancelling, order.CancelRequested, "key:web", "too slow", ""); err != nil {
		t.Fatal(err)
	}
	a = s.Ask("POST", "/v1/orders/"+string(b.Order.ID)+"/cancel", apitest.ShopKey, `{"reason":"too slow"}`)
	if a.Status != http.StatusAccepted || a.Header.Get("Retry-After") == "" {
		t.Errorf("cancel: got %d %s", a.Status, a.Body)
	}
	s.Orders.Fail = context.DeadlineExceeded // before anything was written
	a = s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "k")
	if p := a.Problem(t); a.Status != http.StatusServiceUnavailable || p.Code != "timeout" || a.Header.Get("Retry-After") == "" {
		t.Errorf("nobody knows: got %d %s", a.Status, a.Body)
	}
}

// TestPlace_return (PAY-6): a configured address to come back to from the bank's page
// names the order, and keeps its own query.
func TestPlace_return(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, configured, want string }{
		{name: "none"},
		{name: "a page", configured: "https://shop.example/thanks", want: "https://shop.example/thanks?order="},
		{name: "with a query", configured: "https://shop.example/?page=thanks", want: "https://shop.example/?order={id}&page=thanks"},
		{name: "with a query about an order", configured: "https://shop.example/?order=x", want: "https://shop.example/?order="},
		{name: "with a fragment", configured: "https://shop.example/app#thanks", want: "https://shop.example/app?order={id}#thanks"},
	} {
		s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Orders.ReturnURL = tt.configured })
		var b struct {
			apitest.PlacedBody
			ReturnURL string `json:"returnUrl"`
		}
		s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")).Into(t, &b)
		want := tt.want
		if strings.HasSuffix(want, "=") {
			want += "{id}"
		}
		if want = strings.ReplaceAll(want, "{id}", string(b.Order.ID)); b.ReturnURL != want {
			t.Errorf("%s: returns to %q, want %q", tt.name, b.ReturnURL, want)
		}
	}
}
