package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/text"
)

// TestCustomerInAnyScript proves SEC-9: the orders of a customer whose id is not ASCII
// are theirs alone.
func TestCustomerInAnyScript(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, customer := range []string{"zoë", "山田 太郎", "UTF-8''x", "50%"} {
		path := "/v1/orders/" + string(s.Place(t, customer).ID)
		if a := s.Ask("GET", path, apitest.ShopKey, "", "Purser-Customer", text.Header(customer)); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", customer, a.Status, a.Body)
		}
		if a := s.Ask("GET", path, apitest.ShopKey, "", "Purser-Customer", text.Header(customer+"2")); a.Status != http.StatusNotFound {
			t.Errorf("%s, asked for by another: %d %s", customer, a.Status, a.Body)
		}
	}
}

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
		{name: "SEC-9 the customer, encoded", method: "GET", target: path, header: "Purser-Customer", values: []string{"UTF-8''cus_1"}, status: 200},
		{name: "SEC-9 no customer, encoded", method: "GET", target: path, header: "Purser-Customer", values: []string{"UTF-8''"}, status: 400},
		{name: "SEC-9 a blank customer, encoded", method: "GET", target: "/v1/orders", header: "Purser-Customer", values: []string{"utf-8''%20"}, status: 400},
		{name: "SEC-9 half an encoding", method: "GET", target: path, header: "Purser-Customer", values: []string{"UTF-8''cus%5"}, status: 400},
		{name: "SEC-9 raw UTF-8", method: "GET", target: path, header: "Purser-Customer", values: []string{"zoë"}, status: 400},
		{name: "SEC-9 a control character, encoded", method: "GET", target: path, header: "Purser-Customer", values: []string{"UTF-8''cus%00"}, status: 400},
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
