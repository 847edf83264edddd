package orders_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/api/apitest"
	"purser/order"
)

func TestGet(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	a := s.Ask("GET", target, apitest.ViewerKey, "", "Purser-Customer", "cus_1")
	var got order.Order
	a.Into(t, &got)
	if diff := cmp.Diff(o, got); a.Status != http.StatusOK || diff != "" {
		t.Errorf("%d (-want +got):\n%s", a.Status, diff)
	}
	for tag, want := range map[string]int{`"2"`: 304, `W/"2"`: 304, `"0", "2"`: 304, `*`: 304, `"1"`: 200, `2`: 200} {
		a := s.Ask("GET", target, apitest.ViewerKey, "", "If-None-Match", tag)
		if a.Status != want || a.Header.Get("ETag") != `"2"` || want == 304 && len(a.Body) > 0 {
			t.Errorf("If-None-Match %s: got %d %q %s", tag, a.Status, a.Header.Get("ETag"), a.Body)
		}
	}
}

// TestGet_waits (IDEM-6): where the end of a wait is put off and nothing else
// changes, the version stays and the ETag does not.
func TestGet_waits(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	tags := map[string]bool{s.Ask("GET", target, apitest.ViewerKey, "").Header.Get("ETag"): true}
	for n := range 2 {
		o.Fence++
		o.Waiting = &order.Waiting{On: "carrier", Until: o.PlacedAt.Add(time.Duration(n+1) * time.Hour)}
		if err := s.Store.SaveOrder(t.Context(), order.Change{Order: o}); err != nil {
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
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	tags := map[string]bool{}
	for n, to := range []order.Status{order.Cancelling, order.AwaitingPayment} {
		c := order.Change{Order: o, Events: []order.Event{{OrderID: o.ID, Seq: o.Version + 1, At: o.PlacedAt, Kind: order.PaymentReady, From: o.Status, To: to, Actor: "purser"}}}
		c.Order.Version, c.Order.Status, c.Order.Fence = o.Version+1, to, o.Fence+int64(n)+1
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

func TestCancelAndRelease(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID)
	a := s.Ask("POST", target+"/cancel", apitest.ShopKey, `{"reason":"changed my mind"}`, "X-Correlation-Id", "click-2", "Purser-Customer", "cus_1")
	var got order.Order
	a.Into(t, &got)
	if a.Status != http.StatusOK || got.Status != order.Cancelling || a.Header.Get("ETag") != `"3"` {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	events, err := s.Store.Events(t.Context(), o.ID, o.Version, 10)
	if err != nil || len(events) != 1 || events[0].Actor != "key:web" || events[0].Why != "changed my mind" || events[0].Correlation != "click-2" {
		t.Errorf("events %+v, %v", events, err)
	}
	held := s.Place(t, "cus_1")
	if a := s.Ask("POST", "/v1/orders/"+string(held.ID)+"/release", apitest.OperatorKey, `{"reason":"seen to it"}`); a.Status != http.StatusOK {
		t.Errorf("release: got %d %s", a.Status, a.Body)
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
	type page struct {
		Orders     []order.Order
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
		Events    []order.Event
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
