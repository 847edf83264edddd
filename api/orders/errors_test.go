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

// The problems of an id that is unknown, malformed or another customer's are the
// same, to the byte.
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

// The errors of workflows become problems; an error without a problem of its own is
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
		{err: order.ErrOtherRequest, status: 422, code: "idempotency_key_reused"},
		{err: order.ErrInFlight, status: 409, code: "in_flight", retry: "1"},
		{err: order.ErrOutOfStock, status: 409, code: "out_of_stock"},
		{err: order.ErrUnknownSKU, status: 422, code: "unknown_sku"},
		{err: order.ErrMixedCurrency, status: 422, code: "mixed_currency"},
		{err: order.ErrAmount, status: 422, code: "amount_invalid"},
		{err: order.ErrBelowMinimum, status: 422, code: "amount_too_small"},
		{err: order.ErrInvalid, status: 422, code: "invalid"},
		{err: order.ErrTooLate, status: 409, code: "too_late"},
		{err: order.ErrClosed, status: 409, code: "too_late"},
		{err: order.ErrIllegalMove, status: 409, code: "wrong_state"},
		{err: order.ErrDuplicate, status: 409, code: "duplicate"},
		{err: order.ErrNotFound, status: 404, code: "not_found"},
		{err: inside, status: 500, code: "internal"},
	} {
		s.Orders.FailWith(fmt.Errorf("%w: %w", tc.err, inside))
		for _, a := range []*apitest.Answer{
			s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")),
			s.Ask("POST", "/v1/orders/"+string(o.ID)+"/cancel", apitest.ShopKey, `{"reason":"changed my mind"}`),
			s.Ask("POST", "/v1/orders/"+string(o.ID)+"/resolve", apitest.OperatorKey, `{"choice":"release","reason":"paid by hand"}`),
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

// steers are the requests that send a message to an order's workflow.
var steers = map[string]string{"/cancel": `{"reason":"changed my mind"}`, "/resolve": `{"choice":"release","reason":"seen to it"}`}

// A message that no worker has taken in time may never be carried out: 202 would say
// that it will be.
func TestNotTaken(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = time.Millisecond })
	o := s.Place(t, "cus_1")
	s.Orders.Stall, s.Orders.Fail = true, fmt.Errorf("%w: no worker has taken it", order.ErrBusy)
	for path, body := range steers {
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+path, apitest.OperatorKey, body)
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
	for path, body := range steers {
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+path, apitest.OperatorKey, body)
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
		{name: "busy, under a key", fail: s.Orders.Fail, code: "busy", headers: []string{"Idempotency-Key", "k"}, says: "same Idempotency-Key", retry: true},
		{name: "late, under a key", fail: context.DeadlineExceeded, code: "timeout", headers: []string{"Idempotency-Key", "k"}, says: "same Idempotency-Key", retry: true},
		{name: "busy", fail: s.Orders.Fail, code: "busy", says: "may have been opened"},
		{name: "late", fail: context.DeadlineExceeded, code: "timeout", says: "may have been opened"},
	} {
		s.Orders.Fail = tc.fail
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), tc.headers...)
		p := a.Problem(t)
		if a.Status != 503 || p.Code != tc.code || !strings.Contains(p.Detail, tc.says) || (a.Header.Get("Retry-After") != "") != tc.retry {
			t.Errorf("%s: got %d %s, Retry-After %q", tc.name, a.Status, a.Body, a.Header.Get("Retry-After"))
		}
	}
}
