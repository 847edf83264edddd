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
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/records"
)

// TestConcurrencyLimit proves API-2: requests beyond the limit get a
// Retry-After, and the health checks still work.
func TestConcurrencyLimit(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Limits.Rest, c.Orders.Records = 1, slow{Records: c.Orders.Records, entered: entered, leave: leave}
	})
	done := make(chan int)
	go func() { done <- s.Ask("GET", "/v1/orders", apitest.ShopKey, "").Status }()
	<-entered
	a := s.Ask("GET", "/v1/orders", apitest.ShopKey, "", "Accept", "text/event-stream")
	if p := a.Problem(t); a.Status != 429 || p.Code != "too_many_requests" || a.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/livez", "", ""); a.Status != 200 {
		t.Errorf("livez: got %d", a.Status)
	}
	close(leave)
	if got := <-done; got != 200 {
		t.Errorf("the first request: got %d", got)
	}
}

// slow is a record whose first list waits.
type slow struct {
	orders.Records
	entered, leave chan struct{}
}

func (r slow) Orders(ctx context.Context, f order.Filter) (order.Page, error) {
	close(r.entered)
	<-r.leave
	return r.Records.Orders(ctx, f)
}

// large is a record whose lists are larger than any network buffer.
type large struct{ orders.Records }

func (large) Orders(context.Context, order.Filter) (order.Page, error) {
	o := order.Order{ID: order.NewID(), Customer: strings.Repeat("x", 1<<20)}
	p := order.Page{Orders: make([]order.Order, 32)}
	for i := range p.Orders {
		p.Orders[i] = o
	}
	return p, nil
}

// TestSlowReader checks that a caller who does not read the response is cut
// off, so that the slot is free for others.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Orders.Records, c.Limits.Rest, c.WriteWithin = large{c.Orders.Records}, 1, 100*time.Millisecond
	})
	srv := apitest.Serve(t, s)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer %s\r\n\r\n", apitest.ShopKey)
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the response has begun; the rest stays unread
		t.Fatal(err)
	}
	limit := time.Now().Add(20 * time.Second)
	for s.Ask("GET", "/v1/products", apitest.ShopKey, "").Status != http.StatusOK {
		if time.Now().After(limit) {
			t.Fatal("the slow reader still holds the only slot")
		}
		time.Sleep(5 * time.Millisecond) // nothing signals that the slot is free
	}
}

// crowded is a record whose lists wait.
type crowded struct {
	orders.Records
	entered, leave chan struct{}
}

func (r crowded) Orders(ctx context.Context, f order.Filter) (order.Page, error) {
	r.entered <- struct{}{}
	<-r.leave
	return r.Records.Orders(ctx, f)
}

// TestFlood_of_one_caller proves API-2 and F82: one caller's flood leaves slots
// for the others, such as the operator who has to stop it.
func TestFlood_of_one_caller(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Limits.Rest, c.Orders.Records = 4, crowded{Records: c.Orders.Records, entered: entered, leave: leave}
	})
	o := s.Place(t, "cus_1")
	statuses := make(chan int, 3)
	for range cap(statuses) {
		go func() { statuses <- s.Ask("GET", "/v1/orders", apitest.ShopKey, "").Status }()
		<-entered
	}
	one := "/v1/orders/" + string(o.ID)
	if a := s.Ask("GET", one, apitest.ShopKey, ""); a.Status != http.StatusTooManyRequests {
		t.Errorf("the caller's fourth request: got %d", a.Status)
	}
	for _, key := range []string{apitest.ViewerKey, apitest.OperatorKey} {
		if a := s.Ask("GET", one, key, ""); a.Status != http.StatusOK {
			t.Errorf("another caller: got %d %s", a.Status, a.Body)
		}
	}
	close(leave)
	for range cap(statuses) {
		if got := <-statuses; got != http.StatusOK {
			t.Errorf("one of the first three requests: got %d", got)
		}
	}
	if a := s.Ask("GET", one, apitest.ShopKey, ""); a.Status != http.StatusOK {
		t.Errorf("after the flood: got %d", a.Status)
	}
}
