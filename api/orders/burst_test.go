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

// counter is a shop where placing waits until somebody opens the door.
type counter struct {
	orders.Workflows
	entered chan struct{}
	open    chan struct{}
}

func (c counter) Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (order.Order, string, error) {
	c.entered <- struct{}{}
	<-c.open
	return c.Workflows.Place(ctx, id, r, actor, correlation)
}

// A burst is placed as fast as orders can be opened; what finds no turn is
// told so before anything was started, and may come again (API-2, WHK-16).
func TestPlace_burst(t *testing.T) {
	t.Parallel()
	door := counter{entered: make(chan struct{}, 10), open: make(chan struct{})}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		door.Workflows = c.Orders.Workflows
		c.Orders.Workflows, c.PlaceAtOnce, c.TurnWithin = door, 2, 20*time.Millisecond
	})
	answers := make(chan int, 2)
	for range 2 {
		go func() { answers <- s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")).Status }()
		<-door.entered
	}
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "k")
	if p := a.Problem(t); a.Status != 429 || p.Code != "too_many_requests" || a.Header.Get("Retry-After") == "" {
		t.Errorf("third: got %d %s", a.Status, a.Body)
	}
	if len(door.entered) != 0 {
		t.Error("something was started for an order that was turned away")
	}
	if a := s.Ask("GET", "/v1/orders", apitest.ShopKey, ""); a.Status != 200 {
		t.Errorf("reading meanwhile: got %d", a.Status)
	}
	close(door.open)
	for range 2 {
		if got := <-answers; got != http.StatusCreated {
			t.Errorf("one of the first: got %d", got)
		}
	}
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "Idempotency-Key", "k"); a.Status != http.StatusCreated {
		t.Errorf("third again: got %d %s", a.Status, a.Body)
	}
}

// named is a counter that says whose orders it takes.
type named struct {
	orders.Workflows
	entered chan string
	open    chan struct{}
}

func (c named) Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (order.Order, string, error) {
	c.entered <- actor
	<-c.open
	return c.Workflows.Place(ctx, id, r, actor, correlation)
}

// TestPlace_flood_of_one (API-2, F82): one key's orders, however many are being
// placed, leave room for those of another.
func TestPlace_flood_of_one(t *testing.T) {
	t.Parallel()
	door := named{entered: make(chan string, 12), open: make(chan struct{})}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		door.Workflows = c.Orders.Workflows
		c.Orders.Workflows, c.PlaceAtOnce, c.TurnWithin = door, 4, 20*time.Millisecond
	})
	answers := make(chan *apitest.Answer, 5)
	place := func(key string) {
		go func() { answers <- s.Ask("POST", "/v1/orders", key, apitest.OrderBody("cus_1")) }()
	}
	for range 3 {
		place(apitest.ShopKey)
		<-door.entered
	}
	place(apitest.ShopKey)
	select {
	case a := <-answers:
		if p := a.Problem(t); a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
			t.Errorf("a fourth of the same key: %d %s", a.Status, p.Code)
		}
	case who := <-door.entered:
		close(door.open)
		t.Fatalf("a fourth of %s got in", who)
	}
	place(apitest.OperatorKey)
	if got := <-door.entered; got != "key:ops" {
		t.Errorf("the last place went to %s", got)
	}
	close(door.open)
	for range 4 {
		if a := <-answers; a.Status != http.StatusCreated {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	}
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")); a.Status != http.StatusCreated {
		t.Errorf("after the flood: %d %s", a.Status, a.Body)
	}
}

// What finds a turn in time is placed like the others.
func TestPlace_waits_for_its_turn(t *testing.T) {
	t.Parallel()
	door := counter{entered: make(chan struct{}, 10), open: make(chan struct{})}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		door.Workflows = c.Orders.Workflows
		c.Orders.Workflows, c.PlaceAtOnce, c.TurnWithin = door, 1, time.Minute
	})
	answers := make(chan int, 8)
	for range cap(answers) {
		go func() { answers <- s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")).Status }()
	}
	<-door.entered
	close(door.open)
	for range cap(answers) {
		if got := <-answers; got != http.StatusCreated {
			t.Errorf("got %d", got)
		}
	}
}
