package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/order"
)

// with changes one piece of a good order.
func with(old, new string) string {
	b := orderBody("cus_1")
	if !strings.Contains(b, old) {
		panic("no such piece: " + old)
	}
	return strings.Replace(b, old, new, 1)
}

// Bad input: refused with a reason, nothing started, nothing leaked.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	started := len(s.orders.placed)
	stock := `{"products":[{"sku":"sold-out","name":"Lamp","price":1,"currency":"EUR","onHand":0},{"sku":"ship","name":"Ship","price":99999999,"currency":"EUR","onHand":9}]}`
	if a := s.ask("PUT", "/v1/products", operatorKey, stock); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	many := strings.TrimSuffix(strings.Repeat(`{"sku":"mug-blue","quantity":1},`, 3000), ",")
	path := "/v1/orders/" + string(o.ID)
	json := []string{"Content-Type", "application/json"}
	for _, tc := range []struct {
		name, method, target, key, body string
		headers                         []string
		status                          int
		code                            string
	}{
		{name: "no key", method: "GET", target: "/v1/orders", status: 401, code: "unauthorized"},
		{name: "wrong key", method: "GET", target: "/v1/orders", key: "guess", status: 401, code: "unauthorized"},
		{name: "basic auth", method: "GET", target: "/v1/orders", headers: []string{"Authorization", "Basic " + shopKey}, status: 401, code: "unauthorized"},
		{name: "SEC-8 viewer places", method: "POST", target: "/v1/orders", key: viewerKey, body: orderBody("c"), status: 403, code: "forbidden"},
		{name: "SEC-8 shop releases", method: "POST", target: path + "/release", key: shopKey, body: `{"reason":"x"}`, status: 403, code: "forbidden"},
		{name: "SEC-8 shop reads the inbox", method: "GET", target: "/v1/inbox", key: shopKey, status: 403, code: "forbidden"},
		{name: "SEC-8 shop changes prices", method: "PUT", target: "/v1/products", key: shopKey, body: `{"products":[]}`, status: 403, code: "forbidden"},
		{name: "no route", method: "GET", target: "/v2/orders", key: shopKey, status: 404, code: "not_found"},
		{name: "no route at all", method: "GET", target: "/", status: 404, code: "not_found"},
		{name: "wrong method", method: "DELETE", target: "/v1/orders", key: shopKey, status: 405, code: "method_not_allowed"},
		{name: "empty order", method: "POST", target: "/v1/orders", key: shopKey, body: with(`[{"sku":"mug-blue","quantity":2}]`, `[]`), status: 422, code: "invalid"},
		{name: "10,000 lines", method: "POST", target: "/v1/orders", key: shopKey, body: with(`{"sku":"mug-blue","quantity":2}`, many), status: 422, code: "invalid"},
		{name: "quantity 0", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":0`), status: 422, code: "invalid"},
		{name: "quantity 10^9", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":1000000000`), status: 422, code: "invalid"},
		{name: "quantity 10^30", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":1e30`), status: 422, code: "invalid"},
		{name: "half a mug", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":0.5`), status: 422, code: "invalid"},
		{name: "quantity in words", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":"two"`), status: 422, code: "invalid"},
		{name: "unknown SKU", method: "POST", target: "/v1/orders", key: shopKey, body: with(`mug-blue`, `mug-green`), status: 422, code: "unknown_sku"},
		{name: "mixed currencies", method: "POST", target: "/v1/orders", key: shopKey, body: with(`mug-blue`, `bowl-hagi`), status: 422, code: "mixed_currency"},
		{name: "sold out", method: "POST", target: "/v1/orders", key: shopKey, body: with(`mug-blue`, `sold-out`), status: 409, code: "out_of_stock"},
		{name: "amount too large", method: "POST", target: "/v1/orders", key: shopKey, body: with(`mug-blue","quantity":2`, `ship","quantity":2`), status: 422, code: "amount_invalid"},
		{name: "a price of the client's", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":2,"price":1`), status: 422, code: "invalid"},
		{name: "unknown member", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"currency"`, `"admin":true,"currency"`), status: 422, code: "invalid"},
		{name: "no such currency", method: "POST", target: "/v1/orders", key: shopKey, body: with(`EUR`, `EUX`), status: 422, code: "invalid"},
		{name: "not a mail address", method: "POST", target: "/v1/orders", key: shopKey, body: with(`jane@example.com`, `jane`), status: 422, code: "invalid"},
		{name: "control character", method: "POST", target: "/v1/orders", key: shopKey, body: with(`Jane Doe`, `Jane\r\nBcc: x`), status: 422, code: "invalid"},
		{name: "broken UTF-8", method: "POST", target: "/v1/orders", key: shopKey, body: with(`Jane Doe`, "Jane \xff"), status: 400, code: "malformed"},
		{name: "broken JSON", method: "POST", target: "/v1/orders", key: shopKey, body: `{"customerId":`, status: 400, code: "malformed"},
		{name: "two values", method: "POST", target: "/v1/orders", key: shopKey, body: orderBody("c") + "{}", status: 400, code: "malformed"},
		{name: "too deep", method: "POST", target: "/v1/orders", key: shopKey, body: strings.Repeat("[", 5000), status: 400, code: "malformed"},
		{name: "not an object", method: "POST", target: "/v1/orders", key: shopKey, body: `[1]`, status: 422, code: "invalid"},
		{name: "null", method: "POST", target: "/v1/orders", key: shopKey, body: `null`, status: 422, code: "invalid"},
		{name: "no body", method: "POST", target: "/v1/orders", key: shopKey, headers: json, status: 400, code: "malformed"},
		{name: "large body", method: "POST", target: "/v1/orders", key: shopKey, body: `"` + strings.Repeat("x", 300<<10) + `"`, status: 413, code: "body_too_large"},
		{name: "form", method: "POST", target: "/v1/orders", key: shopKey, body: `a=b`, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "latin-1", method: "POST", target: "/v1/orders", key: shopKey, body: orderBody("c"), headers: []string{"Content-Type", "application/json; charset=latin1"}, status: 415, code: "unsupported_media_type"},
		{name: "compressed", method: "POST", target: "/v1/orders", key: shopKey, body: orderBody("c"), headers: []string{"Content-Encoding", "gzip"}, status: 415, code: "unsupported_media_type"},
		{name: "key with spaces", method: "POST", target: "/v1/orders", key: shopKey, body: orderBody("c"), headers: []string{"Idempotency-Key", "a b"}, status: 422, code: "invalid"},
		{name: "IDEM-4 long key", method: "POST", target: "/v1/orders", key: shopKey, body: orderBody("c"), headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 422, code: "invalid"},
		{name: "customer in the header is another", method: "POST", target: "/v1/orders", key: shopKey, body: orderBody("cus_1"), headers: []string{"Purser-Customer", "cus_2"}, status: 403, code: "forbidden"},
		{name: "customer with a space", method: "GET", target: "/v1/orders", key: shopKey, headers: []string{"Purser-Customer", "a b"}, status: 400, code: "malformed"},
		{name: "unknown order", method: "GET", target: "/v1/orders/" + string(order.NewID()), key: shopKey, status: 404, code: "not_found"},
		{name: "malformed id", method: "GET", target: "/v1/orders/1", key: shopKey, status: 404, code: "not_found"},
		{name: "another customer's order", method: "GET", target: path, key: shopKey, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "another customer's events", method: "GET", target: path + "/events", key: shopKey, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "cancel another customer's", method: "POST", target: path + "/cancel", key: shopKey, body: `{"reason":"x"}`, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "cancel without a reason", method: "POST", target: path + "/cancel", key: shopKey, body: `{"reason":" "}`, status: 422, code: "invalid"},
		{name: "cancel with a long reason", method: "POST", target: path + "/cancel", key: shopKey, body: `{"reason":"` + strings.Repeat("x", 201) + `"}`, status: 422, code: "invalid"},
		{name: "SEC-7 cancel with a turned reason", method: "POST", target: path + "/cancel", key: shopKey, body: `{"reason":"x\u202ey"}`, status: 422, code: "invalid"},
		{name: "SEC-7 cancel with a long reason beside a short one", method: "POST", target: path + "/cancel", key: shopKey, body: `{"reason":"x","Reason":"` + strings.Repeat("x", 200_000) + `"}`, status: 400, code: "malformed"},
		{name: "SEC-7 cancel with a reason in capitals", method: "POST", target: path + "/cancel", key: shopKey, body: `{"REASON":"x"}`, status: 422, code: "invalid"},
		{name: "SEC-7 quantity twice", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":1,"quantity":3`), status: 400, code: "malformed"},
		{name: "SEC-7 quantity twice, once in capitals", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":1,"QUANTITY":3`), status: 400, code: "malformed"},
		{name: "SEC-7 sku twice, once with a long s", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"quantity":1,"\u017fku":"ship"`), status: 400, code: "malformed"},
		{name: "SEC-7 quantity in capitals", method: "POST", target: "/v1/orders", key: shopKey, body: with(`"quantity":2`, `"QUANTITY":2`), status: 422, code: "invalid"},
		{name: "half a character", method: "POST", target: "/v1/orders", key: shopKey, body: with(`Jane Doe`, `Jane \ud800`), status: 400, code: "malformed"},
		{name: "half a character before another escape", method: "POST", target: "/v1/orders", key: shopKey, body: with(`Jane Doe`, `Jane \ud83d\u0041`), status: 400, code: "malformed"},
		{name: "the other half", method: "POST", target: "/v1/orders", key: shopKey, body: with(`Jane Doe`, `\ude00 Jane`), status: 400, code: "malformed"},
		{name: "right-to-left override", method: "POST", target: "/v1/orders", key: shopKey, body: with(`Jane Doe`, `Jane\u202eeoD`), status: 422, code: "invalid"},
		{name: "no route, untidy", method: "GET", target: "//v1/orders", key: shopKey, status: 404, code: "not_found"},
		{name: "no route, untidy inside", method: "GET", target: "/v1/products/../orders", key: shopKey, status: 404, code: "not_found"},
		{name: "no file of the documentation", method: "GET", target: "/docs/x", status: 404, code: "not_found"},
		{name: "unknown status", method: "GET", target: "/v1/orders?status=lost", key: shopKey, status: 422, code: "invalid"},
		{name: "limit 0", method: "GET", target: "/v1/orders?limit=0", key: shopKey, status: 422, code: "invalid"},
		{name: "limit 10^9", method: "GET", target: "/v1/orders?limit=1000000000", key: shopKey, status: 422, code: "invalid"},
		{name: "limit in words", method: "GET", target: "/v1/orders?limit=all", key: shopKey, status: 422, code: "invalid"},
		{name: "not a time", method: "GET", target: "/v1/orders?placedFrom=yesterday", key: shopKey, status: 422, code: "invalid"},
		{name: "not a cursor", method: "GET", target: "/v1/orders?cursor=abc", key: shopKey, status: 422, code: "invalid"},
		{name: "not an inbox cursor", method: "GET", target: "/v1/inbox?cursor=abc", key: operatorKey, status: 422, code: "invalid"},
		{name: "unknown parameter", method: "GET", target: "/v1/orders?sort=asc", key: shopKey, status: 422, code: "invalid"},
		{name: "events after -1", method: "GET", target: path + "/events?after=-1", key: shopKey, status: 422, code: "invalid"},
		{name: "Last-Event-ID in words", method: "GET", target: path + "/events", key: shopKey, headers: []string{"Accept", "text/event-stream", "Last-Event-ID", "x"}, status: 422, code: "invalid"},
		{name: "product without a price", method: "PUT", target: "/v1/products", key: operatorKey, body: `{"products":[{"sku":"x","name":"X","price":0,"currency":"EUR","onHand":1}]}`, status: 422, code: "invalid"},
		{name: "product in no currency", method: "PUT", target: "/v1/products", key: operatorKey, body: `{"products":[{"sku":"x","name":"X","price":1,"currency":"EUX","onHand":1}]}`, status: 422, code: "invalid"},
		{name: "product above all prices", method: "PUT", target: "/v1/products", key: operatorKey, body: `{"products":[{"sku":"x","name":"X","price":100000000,"currency":"EUR","onHand":1}]}`, status: 422, code: "amount_invalid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := s.ask(tc.method, tc.target, tc.key, tc.body, tc.headers...)
			p := a.problem(t)
			if a.status != tc.status || p.Code != tc.code {
				t.Fatalf("got %d %s, want %d %s", a.status, a.body, tc.status, tc.code)
			}
			for _, leak := range []string{"jane", "Jane", "json:", "order.", "Go ", "sqlite", "records:"} {
				if strings.Contains(string(a.body), leak) {
					t.Errorf("%q leaks in %s", leak, a.body)
				}
			}
		})
	}
	if got := len(s.orders.placed); got != started {
		t.Errorf("%d orders started by bad requests", got-started)
	}
}

// An id that is unknown, malformed or another customer's is answered alike,
// to the byte.
func TestForeignOrderLooksUnknown(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	same := []string{"Purser-Customer", "cus_2", "X-Correlation-Id", "c-1"}
	foreign := s.ask("GET", "/v1/orders/"+string(o.ID), shopKey, "", same...)
	unknown := s.ask("GET", "/v1/orders/"+string(order.NewID()), shopKey, "", same...)
	malformed := s.ask("GET", "/v1/orders/nonsense", shopKey, "", same...)
	if string(foreign.body) != string(unknown.body) || string(unknown.body) != string(malformed.body) {
		t.Errorf("told apart:\n%s%s%s", foreign.body, unknown.body, malformed.body)
	}
}

// What the workflow refuses becomes the answer for it; what nobody foresaw is
// internal, and its text stays inside.
func TestMessageErrors(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
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
		{order.ErrBelowMinimum, 422, "amount_too_small", ""},
		{order.ErrInvalid, 422, "invalid", ""},
		{order.ErrTooLate, 409, "too_late", ""},
		{order.ErrClosed, 409, "too_late", ""},
		{order.ErrIllegalMove, 409, "wrong_state", ""},
		{order.ErrDuplicate, 409, "duplicate", ""},
		{order.ErrNotFound, 404, "not_found", ""},
		{inside, 500, "internal", ""},
	} {
		s.orders.mu.Lock()
		s.orders.fail = fmt.Errorf("%w: %w", tc.err, inside)
		s.orders.mu.Unlock()
		for _, a := range []*answer{
			s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1")),
			s.ask("POST", "/v1/orders/"+string(o.ID)+"/cancel", shopKey, `{"reason":"changed my mind"}`),
			s.ask("POST", "/v1/orders/"+string(o.ID)+"/release", operatorKey, `{"reason":"paid by hand"}`),
		} {
			p := a.problem(t)
			if a.status != tc.status || p.Code != tc.code || a.header.Get("Retry-After") != tc.retry {
				t.Errorf("%v: got %d %s, Retry-After %q", tc.err, a.status, a.body, a.header.Get("Retry-After"))
			}
			if strings.Contains(string(a.body), "10.0.0.7") {
				t.Errorf("%v: leaks %s", tc.err, a.body)
			}
		}
	}
	if !strings.Contains(s.log.String(), "10.0.0.7") {
		t.Error("the cause of an internal error is not in the log")
	}
}

// A message that nobody has taken by the time the caller's patience ends may
// never be carried out: 202 would say that it will be.
func TestNotTaken(t *testing.T) {
	t.Parallel()
	s := setUp(t, func(c *api.Config) { c.SteerWithin = time.Millisecond })
	o := s.place(t, "cus_1")
	s.orders.stall, s.orders.fail = true, fmt.Errorf("%w: no worker has taken it", order.ErrBusy)
	for _, path := range []string{"/cancel", "/release"} {
		a := s.ask("POST", "/v1/orders/"+string(o.ID)+path, operatorKey, `{"reason":"changed my mind"}`)
		if p := a.problem(t); a.status != 503 || p.Code != "busy" || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s", path, a.status, a.body)
		}
	}
}

// An engine that is busy may have opened the order all the same. Only under a
// key is it safe to send it again (IDEM-1).
func TestBusy(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	o := s.place(t, "cus_1")
	s.orders.fail = fmt.Errorf("%w: unexpected workflow task failure", order.ErrBusy)
	for _, path := range []string{"/cancel", "/release"} {
		a := s.ask("POST", "/v1/orders/"+string(o.ID)+path, operatorKey, `{"reason":"changed my mind"}`)
		if p := a.problem(t); a.status != 503 || p.Code != "busy" || a.header.Get("Retry-After") != "1" {
			t.Errorf("%s: got %d %s, Retry-After %q", path, a.status, a.body, a.header.Get("Retry-After"))
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
		{"busy, under a key", s.orders.fail, "busy", []string{"Idempotency-Key", "k"}, "same Idempotency-Key", true},
		{"late, under a key", context.DeadlineExceeded, "timeout", []string{"Idempotency-Key", "k"}, "same Idempotency-Key", true},
		{"busy", s.orders.fail, "busy", nil, "may have been opened", false},
		{"late", context.DeadlineExceeded, "timeout", nil, "may have been opened", false},
	} {
		s.orders.fail = tc.fail
		a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"), tc.headers...)
		p := a.problem(t)
		if a.status != 503 || p.Code != tc.code || !strings.Contains(p.Detail, tc.says) || (a.header.Get("Retry-After") != "") != tc.retry {
			t.Errorf("%s: got %d %s, Retry-After %q", tc.name, a.status, a.body, a.header.Get("Retry-After"))
		}
	}
}

func TestPanicIsOneProblem(t *testing.T) {
	t.Parallel()
	s := setUp(t, func(c *api.Config) {
		c.Webhooks = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret 42") })
	})
	a := s.ask("POST", "/webhooks/x", "", "{}")
	if p := a.problem(t); a.status != 500 || p.Code != "internal" || strings.Contains(string(a.body), "42") {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if !strings.Contains(s.log.String(), "handler panicked") {
		t.Error("panic is not in the log")
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", ",", "a", "a:shop", "a:king:0123456789abcdef", "a:0123456789abcdef:shop", "a:shop:short", "a b:shop:0123456789abcdef",
		"a:shop:0123456789 abcdef", ":shop:0123456789abcdef",
		"a:viewer:0123456789abcdef,b:operator:0123456789abcdef", // SEC-8: who calls, and with which rights?
		"a:viewer:0123456789abcdef,a:operator:0123456789abcdeg", // one principal, two roles
		"a:shop:0123456789abcdef,b:shop:0123456789abcdeg,a:shop:0123456789abcdef",
	} {
		if keys, err := api.ParseKeys(bad); err == nil {
			t.Errorf("%q: got %d keys, want an error", bad, len(keys))
		} else if strings.Contains(err.Error(), "0123456789") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error tells the secret, or is not one line: %v", bad, err)
		}
	}
}
