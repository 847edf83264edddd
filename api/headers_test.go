package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api/apitest"
)

// A header that narrows or names a request and is empty, or there twice, does
// not count as left out: that would show more, or make a second order.
func TestHeadersOnce(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	path := "/v1/orders/" + string(s.Place(t, "cus_1").ID)
	started := len(s.Orders.Placed)
	for _, tc := range []struct {
		name, method, target, header string
		values                       []string
		status                       int
	}{
		{"SEC-9 no customer's order", "GET", path, "Purser-Customer", []string{""}, 400},
		{"SEC-9 no customer's events", "GET", path + "/events", "Purser-Customer", []string{""}, 400},
		{"SEC-9 no customer's list", "GET", "/v1/orders", "Purser-Customer", []string{""}, 400},
		{"SEC-9 two customers", "GET", path, "Purser-Customer", []string{"cus_1", "cus_2"}, 400},
		{"SEC-9 the same twice", "GET", path, "Purser-Customer", []string{"cus_1", "cus_1"}, 400},
		{"SEC-9 two in one", "GET", path, "Purser-Customer", []string{"cus_1,cus_2"}, 404},
		{"SEC-9 in another case", "GET", path, "Purser-Customer", []string{"CUS_1"}, 404},
		{"SEC-9 the customer", "GET", path, "Purser-Customer", []string{"cus_1"}, 200},
		{"IDEM-1 empty key", "POST", "/v1/orders", "Idempotency-Key", []string{""}, 400},
		{"IDEM-1 two keys", "POST", "/v1/orders", "Idempotency-Key", []string{"a", "b"}, 400},
	} {
		body := ""
		if tc.method == http.MethodPost {
			body = apitest.OrderBody("cus_1")
		}
		r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+apitest.ShopKey)
		r.Header[tc.header] = tc.values
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != tc.status {
			t.Errorf("%s: got %d %s, want %d", tc.name, rec.Code, rec.Body, tc.status)
		}
	}
	if got := len(s.Orders.Placed); got != started {
		t.Errorf("%d orders were started", got-started)
	}
}
