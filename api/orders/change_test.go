package orders_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// TestChange (API-3, IDEM-8): an order is changed by a route with the shop's role, which
// returns the secret of the payment for it, and what is wrong with a request is said in words.
func TestChange(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o, sent := s.Place(t, "cus_1"), s.Place(t, "cus_1")
	arrived(t, s, sent.ID, time.Now())
	const more = `{"id":"c1","reason":"called","lines":[{"sku":" mug-blue","quantity":3}]}`
	for _, c := range []struct {
		name, key  string
		id         order.ID
		body       string
		status     int
		code, says string
	}{
		{name: "nothing", key: apitest.ShopKey, id: o.ID, body: `{"id":"c1","reason":"x"}`, status: 422, code: "invalid", says: "want lines, or shipTo"},
		{name: "no reason", key: apitest.ShopKey, id: o.ID, body: `{"id":"c1","lines":[{"sku":"mug-blue","quantity":3}]}`, status: 422, code: "invalid"},
		{name: "less than none", key: apitest.ShopKey, id: o.ID, body: strings.Replace(more, "3}", "-1}", 1), status: 422, code: "invalid"},
		{name: "an address without a street", key: apitest.ShopKey, id: o.ID, body: `{"id":"c1","reason":"x","shipTo":{"name":"Ada","line1":"","city":"Bath","postalCode":"BA1 1AA","country":"GB"}}`, status: 422, code: "invalid", says: "shipTo.line1"},
		{name: "a viewer may not", key: apitest.ViewerKey, id: o.ID, body: more, status: 403, code: "forbidden"},
		{name: "it is sent", key: apitest.ShopKey, id: sent.ID, body: more, status: 409, code: "too_late", says: "it is shipped"},
		{name: "more", key: apitest.ShopKey, id: o.ID, body: more, status: 200, says: `"clientSecret":"cs_change"`},
		{name: "again", key: apitest.ShopKey, id: o.ID, body: more, status: 200, says: `"status":"pending"`},
		{name: "otherwise under the same id", key: apitest.ShopKey, id: o.ID, body: strings.Replace(more, "3}", "4}", 1), status: 422, code: "idempotency_key_reused"},
	} {
		a := s.Ask("POST", "/v1/orders/"+string(c.id)+"/changes", c.key, c.body)
		if a.Status != c.status || !strings.Contains(string(a.Body), c.code) || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: got %d %s, want %d %s %q", c.name, a.Status, a.Body, c.status, c.code, c.says)
		}
	}
}

// TestChange_late (IDEM-8): a change whose result does not arrive in time is accepted only if
// the order has taken it.
func TestChange_late(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = 500 * time.Millisecond })
	o := s.Place(t, "cus_1")
	target, body := "/v1/orders/"+string(o.ID)+"/changes", `{"id":"c1","reason":"x","lines":[{"sku":"mug-blue","quantity":3}]}`
	if a := s.Ask("POST", target, apitest.ShopKey, body); a.Status != http.StatusOK {
		t.Fatalf("the first: %d %s", a.Status, a.Body)
	}
	s.Orders.Stall = true
	if a := s.Ask("POST", target, apitest.ShopKey, body); a.Status != http.StatusAccepted || strings.Contains(string(a.Body), "clientSecret") {
		t.Errorf("taken before: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("POST", target, apitest.ShopKey, strings.Replace(body, "c1", "c2", 1)); a.Status != http.StatusServiceUnavailable {
		t.Errorf("not taken: %d %s", a.Status, a.Body)
	}
}
