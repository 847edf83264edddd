package orders_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/records"
)

// blocked are workflows in which placing blocks until open is closed.
type blocked struct {
	orders.Workflows
	entered chan struct{}
	open    chan struct{}
}

func (c blocked) Place(ctx context.Context, id order.ID, r order.Request, decided *order.Pricing, actor, correlation string) (order.Order, string, error) {
	c.entered <- struct{}{}
	<-c.open
	return c.Workflows.Place(ctx, id, r, decided, actor, correlation)
}

// A burst is placed as fast as orders can be opened; an order that finds no place is
// refused before anything was started, and may come again (API-2, WHK-16).
func TestPlace_burst(t *testing.T) {
	t.Parallel()
	workflows := blocked{entered: make(chan struct{}, 10), open: make(chan struct{})}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		workflows.Workflows = c.Orders.Workflows
		c.Orders.Workflows, c.PlaceAtOnce, c.PlaceWait = workflows, 2, 20*time.Millisecond
	})
	answers := make(chan int, 2)
	for range 2 {
		go func() { answers <- s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")).Status }()
		<-workflows.entered
	}
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "k")
	if p := a.Problem(t); a.Status != 429 || p.Code != "too_many_requests" || a.Header.Get("Retry-After") == "" {
		t.Errorf("third: got %d %s", a.Status, a.Body)
	}
	if len(workflows.entered) != 0 {
		t.Error("something was started for an order that was turned away")
	}
	if a := s.Ask("GET", "/v1/orders", apitest.ShopKey, ""); a.Status != 200 {
		t.Errorf("reading during the burst: got %d", a.Status)
	}
	close(workflows.open)
	for range 2 {
		if got := <-answers; got != http.StatusCreated {
			t.Errorf("one of the first: got %d", got)
		}
	}
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "k"); a.Status != http.StatusCreated {
		t.Errorf("third again: got %d %s", a.Status, a.Body)
	}
}

// blockedByActor is blocked, and sends whose order it places.
type blockedByActor struct {
	orders.Workflows
	entered chan string
	open    chan struct{}
}

func (c blockedByActor) Place(ctx context.Context, id order.ID, r order.Request, decided *order.Pricing, actor, correlation string) (order.Order, string, error) {
	c.entered <- actor
	<-c.open
	return c.Workflows.Place(ctx, id, r, decided, actor, correlation)
}

// TestPlace_flood_of_one (API-2, F82): one key's orders, however many are being
// placed, leave slots for those of another.
func TestPlace_flood_of_one(t *testing.T) {
	t.Parallel()
	workflows := blockedByActor{entered: make(chan string, 12), open: make(chan struct{})}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		workflows.Workflows = c.Orders.Workflows
		c.Orders.Workflows, c.PlaceAtOnce, c.PlaceWait = workflows, 4, 20*time.Millisecond
	})
	answers := make(chan *apitest.Answer, 5)
	place := func(key string) {
		go func() { answers <- s.Ask("POST", "/v1/orders", key, apitest.OrderBody("cus_1")) }()
	}
	for range 3 {
		place(apitest.ShopKey)
		<-workflows.entered
	}
	place(apitest.ShopKey)
	select {
	case a := <-answers:
		if p := a.Problem(t); a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
			t.Errorf("a fourth of the same key: %d %s", a.Status, p.Code)
		}
	case who := <-workflows.entered:
		close(workflows.open)
		t.Fatalf("a fourth of %s got in", who)
	}
	place(apitest.OperatorKey)
	if got := <-workflows.entered; got != "key:ops" {
		t.Errorf("the last place went to %s", got)
	}
	close(workflows.open)
	for range 4 {
		if a := <-answers; a.Status != http.StatusCreated {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	}
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")); a.Status != http.StatusCreated {
		t.Errorf("after the flood: %d %s", a.Status, a.Body)
	}
}

// An order that finds a place in time is placed like the others.
func TestPlace_waits_for_a_place(t *testing.T) {
	t.Parallel()
	workflows := blocked{entered: make(chan struct{}, 10), open: make(chan struct{})}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		workflows.Workflows = c.Orders.Workflows
		c.Orders.Workflows, c.PlaceAtOnce, c.PlaceWait = workflows, 1, time.Minute
	})
	answers := make(chan int, 8)
	for range cap(answers) {
		go func() { answers <- s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")).Status }()
	}
	<-workflows.entered
	close(workflows.open)
	for range cap(answers) {
		if got := <-answers; got != http.StatusCreated {
			t.Errorf("got %d", got)
		}
	}
}
