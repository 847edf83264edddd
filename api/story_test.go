package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/api"
	"purser/order"
	"purser/records"
)

// IDEM-1, IDEM-2, F1, API-4: the same key finds the same order; with another
// body it is refused; another caller's key is another key.
func TestPlace(t *testing.T) {
	t.Parallel()
	var appeared []order.ID
	s := setUp(t, func(c *api.Config) { c.Appeared = func(id order.ID) { appeared = append(appeared, id) } })
	first := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "Idempotency-Key", "cart-7", "X-Correlation-Id", "click-1")
	var b placedBody
	first.into(t, &b)
	if first.status != http.StatusCreated || b.ClientSecret == "" || b.Order.Total != (order.Money{Amount: 2900, Currency: "EUR"}) {
		t.Fatalf("got %d %s", first.status, first.body)
	}
	if l, e := first.header.Get("Location"), first.header.Get("ETag"); l != "/v1/orders/"+string(b.Order.ID) || e != `"2"` {
		t.Errorf("Location %q, ETag %q", l, e)
	}
	again := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "Idempotency-Key", "cart-7")
	if again.status != first.status || string(again.body) != string(first.body) {
		t.Errorf("again: got %d %s, want what it was the first time", again.status, again.body)
	}
	other := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_2"), "Idempotency-Key", "cart-7")
	if p := other.problem(t); other.status != 422 || p.Code != "idempotency_key_reused" {
		t.Errorf("other body: got %d %s", other.status, other.body)
	}
	if a := s.ask("POST", "/v1/orders", operatorKey, orderBody("cus_2"), "Idempotency-Key", "cart-7"); a.status != http.StatusCreated {
		t.Errorf("other caller: got %d %s", a.status, a.body)
	}
	got := s.orders.placed
	if len(got) != 2 || got[0] != (placement{b.Order.ID, "key:web", "click-1"}) {
		t.Errorf("placed %+v", got)
	}
	if len(appeared) != 3 {
		t.Errorf("%d orders were said to have appeared, want 3", len(appeared))
	}
}

// An order already placed is answered again even when its goods have sold
// out since (IDEM-2).
func TestPlace_again_after_sold_out(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	body := strings.Replace(orderBody("cus_1"), `mug-blue","quantity":2`, `last-lamp","quantity":1`, 1)
	for i := range 2 {
		if a := s.ask("POST", "/v1/orders", shopKey, body, "Idempotency-Key", "k"); a.status != http.StatusCreated {
			t.Fatalf("time %d: got %d %s", i+1, a.status, a.body)
		}
	}
	if a := s.ask("POST", "/v1/orders", shopKey, body, "Idempotency-Key", "other"); a.problem(t).Code != "out_of_stock" {
		t.Errorf("another order: got %d %s", a.status, a.body)
	}
}

// PERF-2, API-2: what takes long is accepted, and said to be.
func TestPlace_and_cancel_take_long(t *testing.T) {
	t.Parallel()
	s := setUp(t, func(c *api.Config) { c.PlaceWithin, c.SteerWithin = 50*time.Millisecond, 50*time.Millisecond })
	s.orders.stall = true
	a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"))
	var b placedBody
	a.into(t, &b)
	if a.status != http.StatusAccepted || a.header.Get("Retry-After") == "" || b.Order.ID == "" || b.ClientSecret != "" {
		t.Fatalf("place: got %d %s", a.status, a.body)
	}
	a = s.ask("POST", "/v1/orders/"+string(b.Order.ID)+"/cancel", shopKey, `{"reason":"too slow"}`)
	if a.status != http.StatusAccepted || a.header.Get("Retry-After") == "" {
		t.Errorf("cancel: got %d %s", a.status, a.body)
	}
	s.orders.fail = context.DeadlineExceeded // before anything was written
	a = s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "Idempotency-Key", "k")
	if p := a.problem(t); a.status != http.StatusServiceUnavailable || p.Code != "timeout" || a.header.Get("Retry-After") == "" {
		t.Errorf("nobody knows: got %d %s", a.status, a.body)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	a := s.ask("GET", target, viewerKey, "", "Purser-Customer", "cus_1")
	var got order.Order
	a.into(t, &got)
	if diff := cmp.Diff(o, got); a.status != http.StatusOK || diff != "" {
		t.Errorf("%d (-want +got):\n%s", a.status, diff)
	}
	for tag, want := range map[string]int{`"2"`: 304, `W/"2"`: 304, `"0", "2"`: 304, `*`: 304, `"1"`: 200, `2`: 200} {
		a := s.ask("GET", target, viewerKey, "", "If-None-Match", tag)
		if a.status != want || a.header.Get("ETag") != `"2"` || want == 304 && len(a.body) > 0 {
			t.Errorf("If-None-Match %s: got %d %q %s", tag, a.status, a.header.Get("ETag"), a.body)
		}
	}
}

// TestGet_waits (IDEM-6): where the end of a wait is put off and nothing else
// changes, the version stays and the ETag does not.
func TestGet_waits(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	tags := map[string]bool{s.ask("GET", target, viewerKey, "").header.Get("ETag"): true}
	for n := range 2 {
		o.Fence++
		o.Waiting = &order.Waiting{On: "carrier", Until: o.PlacedAt.Add(time.Duration(n+1) * time.Hour)}
		if err := s.store.SaveOrder(t.Context(), order.Change{Order: o}); err != nil {
			t.Fatal(err)
		}
		for tag := range tags {
			if a := s.ask("GET", target, viewerKey, "", "If-None-Match", tag); a.status != http.StatusOK {
				t.Errorf("%s: %d", tag, a.status)
			}
		}
		tags[s.ask("GET", target, viewerKey, "").header.Get("ETag")] = true
	}
	if len(tags) != 3 || o.Version != 2 {
		t.Errorf("ETags %v at version %d", tags, o.Version)
	}
}

// TestGet_toldAnew (IDEM-6, F87): what a lost task told and what is told in its
// place have the same version and different ETags.
func TestGet_toldAnew(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	tags := map[string]bool{}
	for n, to := range []order.Status{order.Cancelling, order.AwaitingPayment} {
		c := order.Change{Order: o, Events: []order.Event{{OrderID: o.ID, Seq: o.Version + 1, At: o.PlacedAt, Kind: order.PaymentReady, From: o.Status, To: to, Actor: "purser"}}}
		c.Order.Version, c.Order.Status, c.Order.Fence = o.Version+1, to, o.Fence+int64(n)+1
		if err := s.store.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for tag := range tags {
			if a := s.ask("GET", target, viewerKey, "", "If-None-Match", tag); a.status != http.StatusOK {
				t.Errorf("%s: %d", tag, a.status)
			}
		}
		tags[s.ask("GET", target, viewerKey, "").header.Get("ETag")] = true
	}
	if len(tags) != 2 {
		t.Errorf("ETags %v", tags)
	}
}

func TestCancelAndRelease(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	a := s.ask("POST", target+"/cancel", shopKey, `{"reason":"changed my mind"}`, "X-Correlation-Id", "click-2", "Purser-Customer", "cus_1")
	var got order.Order
	a.into(t, &got)
	if a.status != http.StatusOK || got.Status != order.Cancelling || a.header.Get("ETag") != `"3"` {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	events, err := s.store.Events(t.Context(), o.ID, o.Version, 10)
	if err != nil || len(events) != 1 || events[0].Actor != "key:web" || events[0].Why != "changed my mind" || events[0].Correlation != "click-2" {
		t.Errorf("events %+v, %v", events, err)
	}
	held := s.place(t, "cus_1")
	if a := s.ask("POST", "/v1/orders/"+string(held.ID)+"/release", operatorKey, `{"reason":"seen to it"}`); a.status != http.StatusOK {
		t.Errorf("release: got %d %s", a.status, a.body)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	var ids []order.ID
	for range 5 {
		ids = append([]order.ID{s.place(t, "cus_1").ID}, ids...)
	}
	foreign := s.place(t, "cus_2")
	if _, err := s.orders.Cancel(t.Context(), ids[0], "test", "x", ""); err != nil {
		t.Fatal(err)
	}
	type page struct {
		Orders     []order.Order
		NextCursor string
	}
	list := func(query string, headers ...string) (got []order.ID) {
		t.Helper()
		for cursor := ""; ; {
			a := s.ask("GET", "/v1/orders?"+query+"&cursor="+url.QueryEscape(cursor), viewerKey, "", headers...)
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", query, a.status, a.body)
			}
			var p page
			a.into(t, &p)
			for _, o := range p.Orders {
				got = append(got, o.ID)
			}
			if cursor = p.NextCursor; cursor == "" {
				return got
			}
		}
	}
	now := time.Now().UTC()
	for _, tc := range []struct {
		query   string
		headers []string
		want    []order.ID
	}{
		{"", nil, append([]order.ID{foreign.ID}, ids...)},
		{"limit=2&customerId=cus_1", nil, ids},
		{"limit=1&status=placed&status=placed&status=cancelling&customerId=cus_1", nil, ids},
		{"limit=2&status=placed&status=cancelling&status=placed", nil, append([]order.ID{foreign.ID}, ids...)},
		{"status=cancelling", nil, ids[:1]},
		{"status=delivered", nil, nil},
		{"placedFrom=" + now.Add(time.Hour).Format(time.RFC3339), nil, nil},
		{"placedTo=" + now.Add(-time.Hour).Format(time.RFC3339), nil, nil},
		{"placedFrom=" + now.Add(-time.Hour).Format(time.RFC3339) + "&placedTo=" + now.Add(time.Hour).Format(time.RFC3339), nil, append([]order.ID{foreign.ID}, ids...)},
		{"", []string{"Purser-Customer", "cus_2"}, []order.ID{foreign.ID}},
		{"customerId=cus_1", []string{"Purser-Customer", "cus_2"}, nil},
	} {
		if diff := cmp.Diff(tc.want, list(tc.query, tc.headers...)); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", tc.query, tc.headers, diff)
		}
	}
}

func TestEventsAsPages(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	if _, err := s.orders.Cancel(t.Context(), o.ID, "test", "x", ""); err != nil {
		t.Fatal(err)
	}
	var p struct {
		Events    []order.Event
		NextAfter int64
	}
	s.ask("GET", "/v1/orders/"+string(o.ID)+"/events?limit=1", viewerKey, "").into(t, &p)
	if len(p.Events) != 1 || p.Events[0].Kind != order.OrderPlaced || p.NextAfter != 1 {
		t.Errorf("first page %+v", p)
	}
	p.NextAfter = 0
	s.ask("GET", "/v1/orders/"+string(o.ID)+"/events?after=2", viewerKey, "").into(t, &p)
	if len(p.Events) != 1 || p.Events[0].Seq != 3 || p.NextAfter != 0 {
		t.Errorf("second page %+v", p)
	}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	var p struct {
		Products  []json.RawMessage
		NextAfter string
	}
	s.ask("GET", "/v1/products?limit=3", shopKey, "").into(t, &p)
	if len(p.Products) != 3 || p.NextAfter == "" {
		t.Errorf("got %+v", p)
	}
}

// HLTH-2: ready is about our own parts, and says which is not.
func TestHealth(t *testing.T) {
	t.Parallel()
	var broken error
	s := setUp(t, func(c *api.Config) {
		c.Ready = []api.Check{{Name: "record", Ask: c.Records.(*records.Store).Ping}, {Name: "engine", Ask: func(context.Context) error { return broken }}}
	})
	for _, path := range []string{"/livez", "/readyz"} {
		if a := s.ask("GET", path, "", ""); a.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
	}
	broken = errors.New("dial 10.0.0.7: refused")
	a := s.ask("GET", "/readyz", "", "")
	if p := a.problem(t); a.status != 503 || p.Code != "not_ready" || !strings.Contains(p.Detail, "engine") || strings.Contains(p.Detail, "10.0.0.7") {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := s.ask("GET", "/livez", "", ""); a.status != http.StatusOK {
		t.Errorf("livez while not ready: got %d", a.status)
	}
}

// OBS-1, OBS-2, OBS-8: one JSON line per request, with the ids to search for
// and nothing personal or secret.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), "X-Correlation-Id", "click-1", "Idempotency-Key", "jane-key")
	s.ask("GET", "/v1/orders?customerId=jane", viewerKey, "")
	s.ask("GET", "/v1/orders", "", "", "X-Correlation-Id", "two words")
	var b placedBody
	a.into(t, &b)
	if a.header.Get("X-Correlation-Id") != "click-1" || a.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", a.header)
	}
	logged := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	if len(logged) != 3 {
		t.Fatalf("%d lines, want 3: %s", len(logged), s.log)
	}
	var l map[string]any
	if err := json.Unmarshal([]byte(logged[0]), &l); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{
		"msg": "request", "method": "POST", "route": "POST /v1/orders", "status": 201.0, "key": "web",
		"correlationId": "click-1", "requestId": a.header.Get("X-Request-Id"), "orderId": string(b.Order.ID),
	} {
		if l[k] != want {
			t.Errorf("%s: got %v, want %v", k, l[k], want)
		}
	}
	for _, personal := range []string{"jane", "Jane", "secret", "two words", "Quay"} {
		if strings.Contains(s.log.String(), personal) {
			t.Errorf("%q is in the log: %s", personal, s.log)
		}
	}
}

// A flood is asked to come back, and health is still told (API-2).
func TestTooManyAtOnce(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := setUp(t, func(c *api.Config) { c.Limits.Rest, c.Records = 1, slow{c.Records, entered, leave} })
	done := make(chan int)
	go func() { done <- s.ask("GET", "/v1/orders", shopKey, "").status }()
	<-entered
	a := s.ask("GET", "/v1/orders", shopKey, "", "Accept", "text/event-stream")
	if p := a.problem(t); a.status != 429 || p.Code != "too_many_requests" || a.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := s.ask("GET", "/livez", "", ""); a.status != 200 {
		t.Errorf("livez: got %d", a.status)
	}
	close(leave)
	if got := <-done; got != 200 {
		t.Errorf("the first: got %d", got)
	}
}

// slow is a record whose list waits.
type slow struct {
	api.Records
	entered, leave chan struct{}
}

func (r slow) Orders(ctx context.Context, f records.Filter) (records.Page, error) {
	close(r.entered)
	<-r.leave
	return r.Records.Orders(ctx, f)
}
