package orders_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
)

func TestGet(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	a := s.Ask("GET", target, apitest.ViewerKey, "", "Purser-Customer", "cus_1")
	var got orders.Order
	a.Into(t, &got)
	if diff := cmp.Diff(o, got); a.Status != http.StatusOK || diff != "" {
		t.Errorf("%d (-want +got):\n%s", a.Status, diff)
	}
	tag := a.Header.Get("ETag")
	for sent, want := range map[string]int{tag: 304, "W/" + tag: 304, `"0", ` + tag: 304, `*`: 304, `"1"`: 200, strings.Trim(tag, `"`): 200} {
		a := s.Ask("GET", target, apitest.ViewerKey, "", "If-None-Match", sent)
		if a.Status != want || a.Header.Get("ETag") != tag || want == 304 && len(a.Body) > 0 {
			t.Errorf("If-None-Match %s: got %d %q %s", sent, a.Status, a.Header.Get("ETag"), a.Body)
		}
	}
}

// TestGet_waits (IDEM-6): where the end of a wait is put off and nothing else
// changes, the version stays and the ETag does not.
func TestGet_waits(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Recorded(t, s.Place(t, "cus_1").ID)
	target := "/v1/orders/" + string(o.ID)
	tags := map[string]bool{s.Ask("GET", target, apitest.ViewerKey, "").Header.Get("ETag"): true}
	for n := range 2 {
		o.Waiting = &order.Waiting{On: "carrier", Until: o.PlacedAt.Add(time.Duration(n+1) * time.Hour)}
		if err := s.Store.SaveOrder(t.Context(), order.Change{Order: o, Fence: int64(n + 1)}); err != nil {
			t.Fatal(err)
		}
		for tag := range tags {
			if a := s.Ask("GET", target, apitest.ViewerKey, "", "If-None-Match", tag); a.Status != http.StatusOK {
				t.Errorf("%s: %d", tag, a.Status)
			}
		}
		tags[s.Ask("GET", target, apitest.ViewerKey, "").Header.Get("ETag")] = true
	}
	if len(tags) != 3 || o.Version != 2 {
		t.Errorf("ETags %v at version %d", tags, o.Version)
	}
}

// TestGet_replaced_event (IDEM-6, F87): the events of a lost task and those that
// replace them have the same version and different ETags.
func TestGet_replaced_event(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Recorded(t, s.Place(t, "cus_1").ID)
	target := "/v1/orders/" + string(o.ID)
	tags := map[string]bool{}
	for n, to := range []order.Status{order.Cancelling, order.AwaitingPayment} {
		c := order.Change{Order: o, Events: []order.Event{{OrderID: o.ID, Seq: o.Version + 1, At: o.PlacedAt, Kind: order.PaymentReady, From: o.Status, To: to, Actor: "purser"}}}
		c.Order.Version, c.Order.Status, c.Fence = o.Version+1, to, int64(n)+1
		if err := s.Store.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for tag := range tags {
			if a := s.Ask("GET", target, apitest.ViewerKey, "", "If-None-Match", tag); a.Status != http.StatusOK {
				t.Errorf("%s: %d", tag, a.Status)
			}
		}
		tags[s.Ask("GET", target, apitest.ViewerKey, "").Header.Get("ETag")] = true
	}
	if len(tags) != 2 {
		t.Errorf("ETags %v", tags)
	}
}

// wait records what an order waits for and what needs attention.
func wait(t *testing.T, s *apitest.Shop, id order.ID, on string, attention ...order.Attention) {
	t.Helper()
	o, err := s.Store.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	o.Waiting, o.Attention = &order.Waiting{On: on}, attention
	if err := s.Store.SaveOrder(t.Context(), order.Change{Order: o}); err != nil {
		t.Fatal(err)
	}
}

// TestListRefuses: a filter that cannot be understood is refused by its name; it never
// lists other orders than those that were asked for.
func TestListRefuses(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, tt := range []struct{ query, says string }{
		{query: "waitingOn=nobody", says: "query.waitingOn"},
		{query: "waitingOn=Operator", says: "query.waitingOn"},
		{query: "placedFrom=yesterday", says: "query.placedFrom"},
		{query: "placedTo=2026-13-01T00:00:00Z", says: "query.placedTo"},
		{query: "placedTo=2026-03-01", says: "query.placedTo"},
		{query: "placedFrom=2026-03-02T00:00:00Z&placedTo=2026-03-01T00:00:00Z", says: "placedTo: want a time after placedFrom"},
		{query: "placedFrom=2026-03-01T01:00:00%2B01:00&placedTo=2026-03-01T00:00:00Z", says: "placedTo: want a time after placedFrom"},
	} {
		a := s.Ask("GET", "/v1/orders?"+tt.query, apitest.ViewerKey, "")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(string(a.Body), tt.says) {
			t.Errorf("%s: %d %s, want 422 and %q", tt.query, a.Status, a.Body, tt.says)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	var ids []order.ID
	for range 5 {
		ids = append([]order.ID{s.Place(t, "cus_1").ID}, ids...)
	}
	foreign := s.Place(t, "cus_2")
	if _, err := s.Orders.Cancel(t.Context(), ids[0], "test", "x", ""); err != nil {
		t.Fatal(err)
	}
	wait(t, s, ids[1], order.WaitCarrier, order.Attention{About: "re_1", Why: "it failed"})
	wait(t, s, ids[2], order.WaitPayment)
	type page struct {
		Orders     []orders.Order
		NextCursor string
	}
	list := func(query string, headers ...string) (got []order.ID) {
		t.Helper()
		for cursor := ""; ; {
			a := s.Ask("GET", "/v1/orders?"+query+"&cursor="+url.QueryEscape(cursor), apitest.ViewerKey, "", headers...)
			if a.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", query, a.Status, a.Body)
			}
			var p page
			a.Into(t, &p)
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
		{want: append([]order.ID{foreign.ID}, ids...)},
		{query: "limit=2&customerId=cus_1", want: ids},
		{query: "limit=1&status=placed&status=placed&status=cancelling&customerId=cus_1", want: ids},
		{query: "limit=2&status=placed&status=cancelling&status=placed", want: append([]order.ID{foreign.ID}, ids...)},
		{query: "status=cancelling", want: ids[:1]},
		{query: "status=delivered"},
		{query: "waitingOn=operator", want: ids[1:2]},
		{query: "waitingOn=operator&customerId=cus_1", want: ids[1:2]},
		{query: "waitingOn=operator", headers: []string{"Purser-Customer", "cus_2"}},
		{query: "waitingOn=payment&status=placed&placedFrom=" + now.Add(-time.Hour).Format(time.RFC3339), want: ids[2:3]},
		{query: "waitingOn=payment&status=cancelling"},
		{query: "waitingOn=mail"},
		{query: "placedFrom=" + now.Add(time.Hour).Format(time.RFC3339)},
		{query: "placedTo=" + now.Add(-time.Hour).Format(time.RFC3339)},
		{query: "placedFrom=" + now.Add(-time.Hour).Format(time.RFC3339) + "&placedTo=" + now.Add(time.Hour).Format(time.RFC3339), want: append([]order.ID{foreign.ID}, ids...)},
		{headers: []string{"Purser-Customer", "cus_2"}, want: []order.ID{foreign.ID}},
		{query: "customerId=cus_1", headers: []string{"Purser-Customer", "cus_2"}},
	} {
		if diff := cmp.Diff(tc.want, list(tc.query, tc.headers...)); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", tc.query, tc.headers, diff)
		}
	}
}

func TestEventsAsPages(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	if _, err := s.Orders.Cancel(t.Context(), o.ID, "test", "x", ""); err != nil {
		t.Fatal(err)
	}
	var p struct {
		Events    []orders.Event
		NextAfter int64
	}
	s.Ask("GET", "/v1/orders/"+string(o.ID)+"/events?limit=1", apitest.ViewerKey, "").Into(t, &p)
	if len(p.Events) != 1 || p.Events[0].Kind != order.OrderPlaced || p.NextAfter != 1 {
		t.Errorf("first page %+v", p)
	}
	p.NextAfter = 0
	s.Ask("GET", "/v1/orders/"+string(o.ID)+"/events?after=2", apitest.ViewerKey, "").Into(t, &p)
	if len(p.Events) != 1 || p.Events[0].Seq != 3 || p.NextAfter != 0 {
		t.Errorf("second page %+v", p)
	}
}
