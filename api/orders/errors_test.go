package orders_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// An id that is unknown, malformed or another customer's is answered alike,
// to the byte.
func TestForeignOrderLooksUnknown(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	same := []string{"Purser-Customer", "cus_2", "X-Correlation-Id", "c-1"}
	foreign := s.Ask("GET", "/v1/orders/"+string(o.ID), apitest.ShopKey, "", same...)
	unknown := s.Ask("GET", "/v1/orders/"+string(order.NewID()), apitest.ShopKey, "", same...)
	malformed := s.Ask("GET", "/v1/orders/nonsense", apitest.ShopKey, "", same...)
	if string(foreign.Body) != string(unknown.Body) || string(unknown.Body) != string(malformed.Body) {
		t.Errorf("told apart:\n%s%s%s", foreign.Body, unknown.Body, malformed.Body)
	}
}

// What the workflow refuses becomes the answer for it; what nobody foresaw is
// internal, and its text stays inside.
func TestMessageErrors(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	inside := errors.New("rpc to 10.0.0.7 failed")
	for _, tc := range []struct {
		err    error
		status int
		code   string
		retry  string
	}{
		{order.ErrOtherRequest, 422, "idempotency_key_reused", ""},
		{order.ErrInFlight, 409, "in_flight", "1"},
		{order.ErrOutOfStock, 409, "out_of_stock", ""},
		{order.ErrUnknownSKU, 422, "unknown_sku", ""},
		{order.ErrMixedCurrency, 422, "mixed_currency", ""},
		{order.ErrAmount, 422, "amount_invalid", ""},
		{order.ErrInvalid, 422, "invalid", ""},
		{order.ErrTooLate, 409, "too_late", ""},
		{order.ErrClosed, 409, "too_late", ""},
		{order.ErrIllegalMove, 409, "wrong_state", ""},
		{order.ErrDuplicate, 409, "duplicate", ""},
		{order.ErrNotFound, 404, "not_found", ""},
		{inside, 500, "internal", ""},
	} {
		s.Orders.FailWith(fmt.Errorf("%w: %w", tc.err, inside))
		for _, a := range []*apitest.Answer{
			s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")),
			s.Ask("POST", "/v1/orders/"+string(o.ID)+"/cancel", apitest.ShopKey, `{"reason":"changed my mind"}`),
			s.Ask("POST", "/v1/orders/"+string(o.ID)+"/release", apitest.OperatorKey, `{"reason":"paid by hand"}`),
		} {
			p := a.Problem(t)
			if a.Status != tc.status || p.Code != tc.code || a.Header.Get("Retry-After") != tc.retry {
				t.Errorf("%v: got %d %s, Retry-After %q", tc.err, a.Status, a.Body, a.Header.Get("Retry-After"))
			}
			if strings.Contains(string(a.Body), "10.0.0.7") {
				t.Errorf("%v: leaks %s", tc.err, a.Body)
			}
		}
	}
	if !strings.Contains(s.Log.String(), "10.0.0.7") {
		t.Error("the cause of an internal error is not in the log")
	}
}

// A message that nobody has taken by the time the caller's patience ends may
// never be carried out: 202 would say that it will be.
func TestNotTaken(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = time.Millisecond })
	o := s.Place(t, "cus_1")
	s.Orders.Stall, s.Orders.Fail = true, fmt.Errorf("%w: no worker has taken it", order.ErrBusy)
	for _, path := range []string{"/cancel", "/release"} {
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+path, apitest.OperatorKey, `{"reason":"changed my mind"}`)
		if p := a.Problem(t); a.Status != 503 || p.Code != "busy" || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
}

// An engine that is busy may have opened the order all the same. Only under a
// key is it safe to send it again (IDEM-1).
func TestBusy(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	s.Orders.Fail = fmt.Errorf("%w: unexpected workflow task failure", order.ErrBusy)
	for _, path := range []string{"/cancel", "/release"} {
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+path, apitest.OperatorKey, `{"reason":"changed my mind"}`)
		if p := a.Problem(t); a.Status != 503 || p.Code != "busy" || a.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: got %d %s, Retry-After %q", path, a.Status, a.Body, a.Header.Get("Retry-After"))
		}
	}
	for _, tc := range []struct {
		name    string
		fail    error
		code    string
		headers []string
		says    string
		retry   bool
	}{
		{"busy, under a key", s.Orders.Fail, "busy", []string{"Idempotency-Key", "k"}, "same Idempotency-Key", true},
		{"late, under a key", context.DeadlineExceeded, "timeout", []string{"Idempotency-Key", "k"}, "same Idempotency-Key", true},
		{"busy", s.Orders.Fail, "busy", nil, "may have been opened", false},
		{"late", context.DeadlineExceeded, "timeout", nil, "may have been opened", false},
	} {
		s.Orders.Fail = tc.fail
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), tc.headers...)
		p := a.Problem(t)
		if a.Status != 503 || p.Code != tc.code || !strings.Contains(p.Detail, tc.says) || (a.Header.Get("Retry-After") != "") != tc.retry {
			t.Errorf("%s: got %d %s, Retry-After %q", tc.name, a.Status, a.Body, a.Header.Get("Retry-After"))
		}
	}
}
