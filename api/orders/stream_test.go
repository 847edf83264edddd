package orders_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// stream is a live stream as a browser reads it.
type stream struct {
	*bufio.Scanner
	res *http.Response
}

func follow(t *testing.T, srv *httptest.Server, id order.ID, lastEvent string) *stream {
	t.Helper()
	return followAs(t, srv, apitest.ViewerKey, id, lastEvent)
}

func followAs(t *testing.T, srv *httptest.Server, key string, id order.ID, lastEvent string) *stream {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(deadline, http.MethodGet, srv.URL+"/v1/orders/"+string(id)+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept", "text/event-stream")
	if lastEvent != "" {
		r.Header.Set("Last-Event-ID", lastEvent)
	}
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{Scanner: bufio.NewScanner(res.Body), res: res}
}

// next reads up to the next line of one field, such as "event: ".
func (s *stream) next(t *testing.T, prefix string) string {
	t.Helper()
	for s.Scan() {
		if v, ok := strings.CutPrefix(s.Text(), prefix); ok {
			return v
		}
	}
	t.Fatalf("the stream ended before a line %q: %v", prefix, s.Err())
	return ""
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Orders.PollEvery = time.Minute }) // so that only the wake-up can be in time
	srv := apitest.Serve(t, s)
	o := s.Place(t, "cus_1")
	live := follow(t, srv, o.ID, "")
	if ct := live.res.Header.Get("Content-Type"); live.res.StatusCode != 200 || ct != "text/event-stream" {
		t.Fatalf("got %d %s", live.res.StatusCode, ct)
	}
	if got := live.next(t, "event: "); got != string(order.OrderPlaced) {
		t.Errorf("first event %s", got)
	}
	if got := live.next(t, "id: "); got != "2-0" {
		t.Errorf("second event %s", got)
	}
	if _, err := s.Orders.Cancel(t.Context(), o.ID, "test", "x", ""); err != nil {
		t.Fatal(err)
	}
	if got := live.next(t, "id: "); got != "3-0" {
		t.Errorf("third event %s", got)
	}
	if data := live.next(t, "data: "); !strings.Contains(data, `"kind":"order.cancel_requested"`) {
		t.Errorf("data %s", data)
	}
	resumed := follow(t, srv, o.ID, "1")
	if got := resumed.next(t, "id: "); got != "2-0" {
		t.Errorf("resumed after 1 with %s", got)
	}
}

// TestStream_replaced_events (ORD-2): a task of the workflow is lost after it was
// written, and the next records other events under the same numbers. A follower who
// saw the lost ones, now or before it came back, is sent those that count.
func TestStream_replaced_events(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	srv := apitest.Serve(t, s)
	o := s.Place(t, "cus_1")
	save := func(fence int64, after order.Order, to order.Status, kinds ...order.Kind) order.Order {
		t.Helper()
		c := order.Change{Order: after}
		c.Order.Status, c.Fence = to, fence
		for _, k := range kinds {
			c.Order.Version++
			c.Events = append(c.Events, order.Event{OrderID: o.ID, Seq: c.Order.Version, At: time.Now(), Kind: k, From: after.Status, To: to, Actor: "test"})
			after.Status = to
		}
		c.Order.UpdatedAt = time.Now()
		if err := s.Store.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		return c.Order
	}
	event := func(live *stream) (line string) {
		t.Helper()
		id := live.next(t, "id: ")
		return id + " " + live.next(t, "event: ")
	}
	want := func(live *stream, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if got := event(live); got != line {
				t.Fatalf("sent %q, want %q", got, line)
			}
		}
	}

	live := follow(t, srv, o.ID, "")
	want(live, "1-0 order.placed", "2-0 stock.reserved")
	ready := save(5, s.Recorded(t, o.ID), order.AwaitingPayment, order.PaymentReady)
	save(5, ready, order.Authorized, order.PaymentWasAuthorized, order.MailSent)
	want(live, "3-5 payment.ready", "4-5 payment.authorized", "5-5 mail.sent")
	bare := follow(t, srv, o.ID, "5") // a seq alone
	if first := bare.next(t, ": events of "); first != string(o.ID) {
		t.Fatal(first)
	}

	// The lost attempt wrote two events, the one that counts only one so far.
	cancelling := save(9, ready, order.Cancelling, order.CancelRequested)
	for name, l := range map[string]*stream{"live": live, "bare": bare, "back": follow(t, srv, o.ID, "5-5")} {
		t.Log(name)
		want(l, "4-9 order.cancel_requested")
	}
	save(9, cancelling, order.Cancelled, order.OrderCancelled)
	want(live, "5-9 order.cancelled")
	want(bare, "5-9 order.cancelled")
	want(follow(t, srv, o.ID, "4-9"), "5-9 order.cancelled")
	want(follow(t, srv, o.ID, "5-5"), "4-9 order.cancel_requested", "5-9 order.cancelled")
	if got := follow(t, srv, o.ID, "5-9").next(t, "event: "); got != "end" {
		t.Errorf("a follower who has seen all of it was sent %s", got)
	}
}

// A stream ends after a final order, with what was recorded last.
func TestStream_ends(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	srv := apitest.Serve(t, s)
	o := s.Place(t, "cus_1")
	for _, step := range []struct {
		to   order.Status
		kind order.Kind
	}{{to: order.Cancelling, kind: order.CancelRequested}, {to: order.Cancelled, kind: order.OrderCancelled}, {to: order.Cancelled, kind: order.MailSent}} {
		if _, err := s.Orders.Save(t.Context(), o.ID, step.to, step.kind, "test", "", ""); err != nil {
			t.Fatal(err)
		}
	}
	live := follow(t, srv, o.ID, "")
	var got []string
	for live.Scan() {
		if v, ok := strings.CutPrefix(live.Text(), "event: "); ok {
			got = append(got, v)
		}
	}
	want := []string{"order.placed", "stock.reserved", "order.cancel_requested", "order.cancelled", "mail.sent", "end"}
	if diff := cmp.Diff(want, got); diff != "" || live.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", live.Err(), diff)
	}
}

// Quiet streams show that they are alive, there are only so many of them,
// and a shutdown ends them.
func TestStream_beat_limit_stop(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Orders.BeatEvery, c.Streams, c.Orders.Stopping = 5*time.Millisecond, 1, stopping
	})
	srv := apitest.Serve(t, s)
	o := s.Place(t, "cus_1")
	live := follow(t, srv, o.ID, "")
	live.next(t, ": still here")
	second := follow(t, srv, o.ID, "")
	if second.res.StatusCode != http.StatusServiceUnavailable || second.res.Header.Get("Retry-After") == "" {
		t.Errorf("second stream: got %d", second.res.StatusCode)
	}
	close(stopping)
	for live.Scan() {
	}
	if err := live.Err(); err != nil {
		t.Errorf("stopped with %v", err)
	}
}

// One caller's forgotten streams leave some for the others.
func TestStream_limit_of_one(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Streams = 4 })
	srv := apitest.Serve(t, s)
	o := s.Place(t, "cus_1")
	for range 3 {
		follow(t, srv, o.ID, "").next(t, "id: ")
	}
	if got := follow(t, srv, o.ID, "").res.StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("a fourth of the same caller: got %d", got)
	}
	if got := followAs(t, srv, apitest.OperatorKey, o.ID, "").res.StatusCode; got != http.StatusOK {
		t.Errorf("another caller: got %d", got)
	}
}
