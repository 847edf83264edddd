package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api/apitest"
)

// TestHeadersOnce proves SEC-9 and IDEM-1: a header that restricts or
// identifies a request and is empty or sent twice is not ignored, because that
// would show more or make a second order.
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
		{name: "SEC-9 no customer's order", method: "GET", target: path, header: "Purser-Customer", values: []string{""}, status: 400},
		{name: "SEC-9 no customer's events", method: "GET", target: path + "/events", header: "Purser-Customer", values: []string{""}, status: 400},
		{name: "SEC-9 no customer's list", method: "GET", target: "/v1/orders", header: "Purser-Customer", values: []string{""}, status: 400},
		{name: "SEC-9 two customers", method: "GET", target: path, header: "Purser-Customer", values: []string{"cus_1", "cus_2"}, status: 400},
		{name: "SEC-9 the same twice", method: "GET", target: path, header: "Purser-Customer", values: []string{"cus_1", "cus_1"}, status: 400},
		{name: "SEC-9 two in one", method: "GET", target: path, header: "Purser-Customer", values: []string{"cus_1,cus_2"}, status: 404},
		{name: "SEC-9 in another case", method: "GET", target: path, header: "Purser-Customer", values: []string{"CUS_1"}, status: 404},
		{name: "SEC-9 the customer", method: "GET", target: path, header: "Purser-Customer", values: []string{"cus_1"}, status: 200},
		{name: "IDEM-1 empty key", method: "POST", target: "/v1/orders", header: "Idempotency-Key", values: []string{""}, status: 400},
		{name: "IDEM-1 two keys", method: "POST", target: "/v1/orders", header: "Idempotency-Key", values: []string{"a", "b"}, status: 400},
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
