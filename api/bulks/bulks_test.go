package bulks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/order"
)

// start sends a request that is accepted, and returns the bulk.
func start(t *testing.T, s *apitest.Shop, body string, headers ...string) order.Bulk {
	t.Helper()
	a := s.Ask("POST", "/v1/orders/bulk", apitest.OperatorKey, body, headers...)
	if a.Status != http.StatusAccepted {
		t.Fatalf("%s: %d %s", body, a.Status, a.Body)
	}
	var b order.Bulk
	a.Into(t, &b)
	return b
}

// outcomes lists the orders of a bulk, two on each page.
func outcomes(t *testing.T, s *apitest.Shop, id, query string) (all []order.BulkOrder) {
	t.Helper()
	for after := int64(0); ; {
		var page struct {
			Orders    []order.BulkOrder
			NextAfter int64
		}
		s.Ask("GET", fmt.Sprintf("/v1/bulk/%s/orders?limit=2&after=%d%s", id, after, query), apitest.OperatorKey, "").Into(t, &page)
		all = append(all, page.Orders...)
		if after = page.NextAfter; after == 0 {
			return all
		}
	}
}

// TestBulk (RES-15): orders that ids or a filter select have an outcome each, and an id
// that no order has does not stop the others.
func TestBulk(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	a, b, c := s.Place(t, "cus_1"), s.Place(t, "cus_2"), s.Place(t, "cus_2")
	done := start(t, s, fmt.Sprintf(`{"action":"cancel","reason":"recalled","ids":["%s","ord_nobody","%s","%s"]}`, a.ID, b.ID, a.ID))
	var now order.Bulk
	s.Ask("GET", "/v1/bulk/"+done.ID, apitest.OperatorKey, "").Into(t, &now)
	if want := (order.BulkCounts{Total: 3, Done: 2, Refused: 1}); now.State != order.BulkDone || now.Counts != want || now.Actor != "key:ops" || now.EndedAt.IsZero() {
		t.Errorf("got %+v", now)
	}
	all := outcomes(t, s, done.ID, "")
	if len(all) != 3 || all[0].OrderID != a.ID || all[1].Why != "no such order" || all[2].OrderID != b.ID || all[2].Outcome != order.OutcomeDone {
		t.Errorf("got %+v", all)
	}
	if refused := outcomes(t, s, done.ID, "&outcome=refused"); len(refused) != 1 || refused[0].N != 2 {
		t.Errorf("refused: %+v", refused)
	}
	if events, err := s.Store.Events(t.Context(), b.ID, b.Version, 10); err != nil || len(events) != 1 || events[0].Why != "recalled ("+done.ID+")" || events[0].Actor != "key:ops" {
		t.Errorf("events %+v, %v", events, err)
	}
	filtered := start(t, s, `{"action":"cancel","reason":"recalled","filter":{"customerId":"cus_2","status":["placed"]}}`)
	if all := outcomes(t, s, filtered.ID, ""); len(all) != 1 || all[0].OrderID != c.ID {
		t.Errorf("by filter: %+v", all)
	}
}

// TestBulk_dry checks that a dry run changes nothing, and says what would happen.
func TestBulk_dry(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	for action, want := range map[string]order.BulkOutcome{`"cancel"`: order.OutcomePossible, `"refund"`: order.OutcomeRefused, `"resolve","choice":"release"`: order.OutcomeRefused} {
		b := start(t, s, fmt.Sprintf(`{"action":%s,"dryRun":true,"reason":"perhaps","ids":["%s"]}`, action, o.ID))
		if all := outcomes(t, s, b.ID, ""); len(all) != 1 || all[0].Outcome != want || all[0].Why == "" {
			t.Errorf("%s: %+v, want %s", action, all, want)
		}
	}
	if now := s.Recorded(t, o.ID); now.Status != order.Placed || now.Version != o.Version {
		t.Errorf("a dry run has changed the order: %+v", now)
	}
}

// TestBulk_again checks that a repeated request joins the first, about the orders that
// were selected then, and starts the workflow again if it is gone.
func TestBulk_again(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	s.Bulks.Wait = true
	first := s.Place(t, "cus_1")
	const body = `{"action":"cancel","reason":"recalled","filter":{"customerId":"cus_1"}}`
	key := []string{"Idempotency-Key", "recall-1"}
	b := start(t, s, body, key...)
	s.Place(t, "cus_1")
	if again := start(t, s, body, key...); again.ID != b.ID || again.Counts.Total != 1 || len(s.Bulks.Started) != 2 {
		t.Errorf("got %+v, started %q", again, s.Bulks.Started)
	}
	other := s.Ask("POST", "/v1/orders/bulk", apitest.OperatorKey, strings.Replace(body, "recalled", "other", 1), key...)
	if other.Status != http.StatusUnprocessableEntity || other.Problem(t).Code != "idempotency_key_reused" {
		t.Errorf("another request: %d %s", other.Status, other.Body)
	}
	if err := s.Bulks.Work(t.Context(), b, 0); err != nil {
		t.Fatal(err)
	}
	if again := start(t, s, body, key...); again.State != order.BulkDone || len(s.Bulks.Started) != 2 {
		t.Errorf("after its end: %+v, started %q", again, s.Bulks.Started)
	}
	if all := outcomes(t, s, b.ID, ""); len(all) != 1 || all[0].OrderID != first.ID {
		t.Errorf("got %+v", all)
	}
	if fresh := start(t, s, body); fresh.ID == b.ID || fresh.Counts.Total != 2 {
		t.Errorf("without a key: %+v", fresh)
	}
}

// TestBulk_lost checks that a request that could not start the workflow is accepted when
// it is sent again.
func TestBulk_lost(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	s.Orders.FailWith(order.ErrBusy)
	body := fmt.Sprintf(`{"action":"cancel","reason":"recalled","ids":["%s"]}`, o.ID)
	if a := s.Ask("POST", "/v1/orders/bulk", apitest.OperatorKey, body, "Idempotency-Key", "k"); a.Status != http.StatusServiceUnavailable || a.Problem(t).Code != "busy" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	s.Orders.FailWith(nil)
	b := start(t, s, body, "Idempotency-Key", "k")
	if all := outcomes(t, s, b.ID, ""); len(all) != 1 || all[0].Outcome != order.OutcomeDone {
		t.Errorf("got %+v", all)
	}
}

// TestBulk_stop checks that a stopped bulk leaves the orders that were not begun as they
// are.
func TestBulk_stop(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	s.Bulks.Wait = true
	for range 3 {
		s.Place(t, "cus_1")
	}
	b := start(t, s, `{"action":"cancel","reason":"recalled","filter":{"customerId":"cus_1"}}`)
	if err := s.Bulks.Work(t.Context(), b, 1); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a := s.Ask("POST", "/v1/bulk/"+b.ID+"/stop", apitest.OperatorKey, `{"reason":"enough"}`); a.Status != http.StatusOK {
			t.Fatalf("stop: %d %s", a.Status, a.Body)
		}
	}
	var now order.Bulk
	s.Ask("GET", "/v1/bulk/"+b.ID, apitest.OperatorKey, "").Into(t, &now)
	if want := (order.BulkCounts{Total: 3, Done: 1, Due: 2}); now.State != order.BulkStopped || now.Why != "key:ops: enough" || now.Counts != want {
		t.Errorf("got %+v", now)
	}
	ended := start(t, s, `{"action":"cancel","reason":"recalled","ids":["ord_nobody"]}`)
	if err := s.Bulks.Work(t.Context(), ended, 0); err != nil {
		t.Fatal(err)
	}
	if a := s.Ask("POST", "/v1/bulk/"+ended.ID+"/stop", apitest.OperatorKey, `{"reason":"enough"}`); a.Status != http.StatusConflict || a.Problem(t).Code != "too_late" {
		t.Errorf("stop after the end: %d %s", a.Status, a.Body)
	}
}

// TestBulk_scope checks that a caller who acts for one customer reaches no other
// customer's orders and bulks.
func TestBulk_scope(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	mine := s.Place(t, "cus_1")
	s.Place(t, "cus_2")
	scope := []string{"Purser-Customer", "cus_1"}
	b := start(t, s, `{"action":"cancel","reason":"recalled","filter":{"status":["placed"]}}`, scope...)
	if all := outcomes(t, s, b.ID, ""); b.Customer != "cus_1" || len(all) != 1 || all[0].OrderID != mine.ID {
		t.Errorf("%+v %+v", b, all)
	}
	if a := s.Ask("POST", "/v1/orders/bulk", apitest.OperatorKey, `{"action":"cancel","reason":"r","filter":{"customerId":"cus_2"}}`, scope...); a.Status != http.StatusUnprocessableEntity || a.Problem(t).Code != "empty_selection" {
		t.Errorf("another customer's orders: %d %s", a.Status, a.Body)
	}
	all := start(t, s, `{"action":"cancel","reason":"recalled","filter":{"customerId":"cus_2"}}`)
	for _, target := range []string{"/v1/bulk/" + all.ID, "/v1/bulk/" + all.ID + "/orders"} {
		if a := s.Ask("GET", target, apitest.OperatorKey, "", scope...); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", target, a.Status, a.Body)
		}
	}
}

// TestBulk_refusals checks that a request that cannot be meant starts nothing.
func TestBulk_refusals(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for range 3 {
		s.Place(t, "cus_1")
	}
	for _, tt := range []struct {
		name, key, body string
		status          int
		code, says      string
	}{
		{name: "a shop's key", key: apitest.ShopKey, body: `{"action":"cancel","reason":"r","ids":["a"]}`, status: 403, code: "forbidden"},
		{name: "no reason", body: `{"action":"cancel","ids":["a"]}`, status: 422, code: "invalid", says: "reason"},
		{name: "an empty reason", body: `{"action":"cancel","reason":"  ","ids":["a"]}`, status: 422, code: "invalid", says: "reason"},
		{name: "an unknown action", body: `{"action":"delete","reason":"r","ids":["a"]}`, status: 422, code: "invalid", says: "action"},
		{name: "no choice", body: `{"action":"resolve","reason":"r","ids":["a"]}`, status: 422, code: "invalid", says: "choice"},
		{name: "a choice for a cancellation", body: `{"action":"cancel","choice":"keep","reason":"r","ids":["a"]}`, status: 422, code: "invalid", says: "choice"},
		{name: "no template", body: `{"action":"resend","reason":"r","ids":["a"]}`, status: 422, code: "invalid", says: "template"},
		{name: "return instructions", body: `{"action":"resend","template":"return_instructions","reason":"r","ids":["a"]}`, status: 422, code: "invalid", says: "one order at a time"},
		{name: "no selection", body: `{"action":"cancel","reason":"r"}`, status: 422, code: "invalid", says: "ids or filter"},
		{name: "both selections", body: `{"action":"cancel","reason":"r","ids":["a"],"filter":{"customerId":"c"}}`, status: 422, code: "invalid", says: "ids or filter"},
		{name: "no ids", body: `{"action":"cancel","reason":"r","ids":[]}`, status: 422, code: "empty_selection"},
		{name: "an empty id", body: `{"action":"cancel","reason":"r","ids":[""]}`, status: 422, code: "invalid", says: "ids[0]"},
		{name: "a limit of ids", body: `{"action":"cancel","reason":"r","ids":["a"],"limit":1}`, status: 422, code: "invalid", says: "limit"},
		{name: "every order", body: `{"action":"cancel","reason":"r","filter":{}}`, status: 422, code: "invalid", says: "restriction"},
		{name: "nobody's orders", body: `{"action":"cancel","reason":"r","filter":{"customerId":"nobody"}}`, status: 422, code: "empty_selection"},
		{name: "no time", body: `{"action":"cancel","reason":"r","filter":{"placedFrom":"2026-01-02T00:00:00Z","placedTo":"2026-01-01T00:00:00Z"}}`, status: 422, code: "invalid", says: "placedTo"},
		{name: "too many", body: `{"action":"cancel","reason":"r","filter":{"customerId":"cus_1"},"limit":2}`, status: 422, code: "too_many_orders", says: "more than 2 orders"},
		{name: "a limit above the limit", body: `{"action":"cancel","reason":"r","filter":{"customerId":"cus_1"},"limit":20001}`, status: 422, code: "invalid", says: "limit"},
	} {
		key := apitest.OperatorKey
		if tt.key != "" {
			key = tt.key
		}
		a := s.Ask("POST", "/v1/orders/bulk", key, tt.body)
		if a.Status != tt.status || a.Problem(t).Code != tt.code || !strings.Contains(string(a.Body), tt.says) {
			t.Errorf("%s: got %d %s, want %d %s %q", tt.name, a.Status, a.Body, tt.status, tt.code, tt.says)
		}
	}
	if len(s.Bulks.Started) > 0 {
		t.Errorf("started %q", s.Bulks.Started)
	}
	for target, body := range map[string]string{"GET /v1/bulk/none": "", "GET /v1/bulk/none/orders": "", "POST /v1/bulk/none/stop": `{"reason":"r"}`} {
		method, path, _ := strings.Cut(target, " ")
		if a := s.Ask(method, path, apitest.OperatorKey, body); a.Status != http.StatusNotFound || a.Problem(t).Code != "not_found" {
			t.Errorf("%s: %d %s", target, a.Status, a.Body)
		}
	}
}

// TestBulk_list (RES-15): bulks are listed, the latest first, and those of another customer
// are not.
func TestBulk_list(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	body := fmt.Sprintf(`{"action":"cancel","dryRun":true,"reason":"perhaps","ids":["%s"]}`, o.ID)
	first, second := start(t, s, body), start(t, s, body, "Purser-Customer", "cus_1")
	list := func(query string, headers ...string) (ids []string, next string) {
		t.Helper()
		var page struct {
			Bulks      []order.Bulk
			NextCursor string
		}
		s.Ask("GET", "/v1/bulk"+query, apitest.OperatorKey, "", headers...).Into(t, &page)
		for _, b := range page.Bulks {
			ids = append(ids, b.ID)
		}
		return ids, page.NextCursor
	}
	got, next := list("?limit=1")
	if more, _ := list("?limit=1&cursor=" + next); len(got) != 1 || got[0] != second.ID || len(more) != 1 || more[0] != first.ID {
		t.Errorf("got %q, then %q", got, more)
	}
	if got, _ := list("", "Purser-Customer", "cus_1"); len(got) != 1 || got[0] != second.ID {
		t.Errorf("of a customer: %q", got)
	}
	if got, _ := list("?open=true"); len(got) != 0 {
		t.Errorf("open: %q", got)
	}
	if bad := s.Ask("GET", "/v1/bulk?cursor=x", apitest.OperatorKey, ""); bad.Status != http.StatusUnprocessableEntity {
		t.Errorf("a bad cursor: %d %s", bad.Status, bad.Body)
	}
}
