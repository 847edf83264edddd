package api_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/order"
	"purser/records"
)

// counter is a shop where placing waits until somebody opens the door.
type counter struct {
	api.Orders
	entered chan struct{}
	open    chan struct{}
}

func (c counter) Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (order.Order, string, error) {
	c.entered <- struct{}{}
	<-c.open
	return c.Orders.Place(ctx, id, r, actor, correlation)
}

// A burst is placed as fast as orders can be opened; what finds no turn is
// told so before anything was started, and may come again (API-2, WHK-16).
func TestPlace_burst(t *testing.T) {
	t.Parallel()
	door := counter{entered: make(chan struct{}, 10), open: make(chan struct{})}
	s := setUp(t, func(c *api.Config) {
		door.Orders = c.Orders
		c.Orders, c.PlaceAtOnce, c.TurnWithin = door, 2, 20*time.Millisecond
	})
	answers := make(chan int, 2)
	for range 2 {
		go func() { answers <- s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1")).status }()
		<-door.entered
	}
	a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "Idempotency-Key", "k")
	if p := a.problem(t); a.status != 429 || p.Code != "too_many_requests" || a.header.Get("Retry-After") == "" {
		t.Errorf("third: got %d %s", a.status, a.body)
	}
	if len(door.entered) != 0 {
		t.Error("something was started for an order that was turned away")
	}
	if a := s.ask("GET", "/v1/orders", shopKey, ""); a.status != 200 {
		t.Errorf("reading meanwhile: got %d", a.status)
	}
	close(door.open)
	for range 2 {
		if got := <-answers; got != http.StatusCreated {
			t.Errorf("one of the first: got %d", got)
		}
	}
	if a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "Idempotency-Key", "k"); a.status != http.StatusCreated {
		t.Errorf("third again: got %d %s", a.status, a.body)
	}
}

// named is a counter that says whose orders it takes.
type named struct {
	api.Orders
	entered chan string
	open    chan struct{}
}

func (c named) Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (order.Order, string, error) {
	c.entered <- actor
	<-c.open
	return c.Orders.Place(ctx, id, r, actor, correlation)
}

// TestPlace_flood_of_one (API-2, F82): one key's orders, however many are being
// placed, leave room for those of another.
func TestPlace_flood_of_one(t *testing.T) {
	t.Parallel()
	door := named{entered: make(chan string, 12), open: make(chan struct{})}
	s := setUp(t, func(c *api.Config) {
		door.Orders = c.Orders
		c.Orders, c.PlaceAtOnce, c.TurnWithin = door, 4, 20*time.Millisecond
	})
	answers := make(chan *answer, 5)
	place := func(key string) {
		go func() { answers <- s.ask("POST", "/v1/orders", key, orderBody("cus_1")) }()
	}
	for range 3 {
		place(shopKey)
		<-door.entered
	}
	place(shopKey)
	select {
	case a := <-answers:
		if p := a.problem(t); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("a fourth of the same key: %d %s", a.status, p.Code)
		}
	case who := <-door.entered:
		close(door.open)
		t.Fatalf("a fourth of %s got in", who)
	}
	place(operatorKey)
	if got := <-door.entered; got != "key:ops" {
		t.Errorf("the last place went to %s", got)
	}
	close(door.open)
	for range 4 {
		if a := <-answers; a.status != http.StatusCreated {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
	if a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1")); a.status != http.StatusCreated {
		t.Errorf("after the flood: %d %s", a.status, a.body)
	}
}

// What finds a turn in time is placed like the others.
func TestPlace_waits_for_its_turn(t *testing.T) {
	t.Parallel()
	door := counter{entered: make(chan struct{}, 10), open: make(chan struct{})}
	s := setUp(t, func(c *api.Config) {
		door.Orders = c.Orders
		c.Orders, c.PlaceAtOnce, c.TurnWithin = door, 1, time.Minute
	})
	answers := make(chan int, 8)
	for range cap(answers) {
		go func() { answers <- s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1")).status }()
	}
	<-door.entered
	close(door.open)
	for range cap(answers) {
		if got := <-answers; got != http.StatusCreated {
			t.Errorf("got %d", got)
		}
	}
}

// thick is a record whose lists are larger than any network buffer.
type thick struct{ api.Records }

func (thick) Orders(context.Context, records.Filter) (records.Page, error) {
	o := order.Order{ID: order.NewID(), Customer: strings.Repeat("x", 1<<20)}
	p := records.Page{Orders: make([]order.Order, 32)}
	for i := range p.Orders {
		p.Orders[i] = o
	}
	return p, nil
}

// A caller who does not read its answer is cut off, so that its place is free
// for others.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	s := setUp(t, func(c *api.Config) {
		c.Records, c.Limits.Rest, c.WriteWithin = thick{c.Records}, 1, 100*time.Millisecond
	})
	srv := serve(t, s)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer %s\r\n\r\n", shopKey)
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the answer has begun, and stays unread
		t.Fatal(err)
	}
	limit := time.Now().Add(20 * time.Second)
	for s.ask("GET", "/v1/products", shopKey, "").status != http.StatusOK {
		if time.Now().After(limit) {
			t.Fatal("the slow reader still holds the only place")
		}
		time.Sleep(5 * time.Millisecond) // nobody is told when the place is free
	}
}

// crowded is a record whose list waits.
type crowded struct {
	api.Records
	entered, leave chan struct{}
}

func (r crowded) Orders(ctx context.Context, f records.Filter) (records.Page, error) {
	r.entered <- struct{}{}
	<-r.leave
	return r.Records.Orders(ctx, f)
}

// One caller's flood leaves room for the others, such as the operator who is
// to stop it (API-2, F82).
func TestFlood_of_one(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := setUp(t, func(c *api.Config) { c.Limits.Rest, c.Records = 4, crowded{c.Records, entered, leave} })
	o := s.place(t, "cus_1")
	answers := make(chan int, 3)
	for range cap(answers) {
		go func() { answers <- s.ask("GET", "/v1/orders", shopKey, "").status }()
		<-entered
	}
	one := "/v1/orders/" + string(o.ID)
	if a := s.ask("GET", one, shopKey, ""); a.status != http.StatusTooManyRequests {
		t.Errorf("a fourth of the same caller: got %d", a.status)
	}
	for _, key := range []string{viewerKey, operatorKey} {
		if a := s.ask("GET", one, key, ""); a.status != http.StatusOK {
			t.Errorf("another caller: got %d %s", a.status, a.body)
		}
	}
	close(leave)
	for range cap(answers) {
		if got := <-answers; got != http.StatusOK {
			t.Errorf("one of the first: got %d", got)
		}
	}
	if a := s.ask("GET", one, shopKey, ""); a.status != http.StatusOK {
		t.Errorf("after the flood: got %d", a.status)
	}
}
