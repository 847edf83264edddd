package api_test

import (
	"net/http"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// with returns a valid order in which old is replaced by new.
func with(old, new string) string {
	b := apitest.OrderBody("cus_1")
	if !strings.Contains(b, old) {
		panic("the order does not contain " + old)
	}
	return strings.Replace(b, old, new, 1)
}

// TestRefusals proves SEC-7, SEC-8 and IDEM-4: bad input is refused with a
// reason, starts nothing, and reveals nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	started := len(s.Orders.Placed)
	stock := `{"products":[{"sku":"sold-out","name":"Lamp","price":1,"currency":"EUR","onHand":0},{"sku":"ship","name":"Ship","price":99999999,"currency":"EUR","onHand":9}]}`
	if a := s.Ask("PUT", "/v1/products", apitest.OperatorKey, stock); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
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
		{name: "basic auth", method: "GET", target: "/v1/orders", headers: []string{"Authorization", "Basic " + apitest.ShopKey}, status: 401, code: "unauthorized"},
		{name: "SEC-8 viewer places", method: "POST", target: "/v1/orders", key: apitest.ViewerKey, body: apitest.OrderBody("c"), status: 403, code: "forbidden"},
		{name: "SEC-8 shop resolves", method: "POST", target: path + "/resolve", key: apitest.ShopKey, body: `{"choice":"release","reason":"x"}`, status: 403, code: "forbidden"},
		{name: "no such choice", method: "POST", target: path + "/resolve", key: apitest.OperatorKey, body: `{"choice":"ship","reason":"x"}`, status: 422, code: "invalid"},
		{name: "no choice", method: "POST", target: path + "/resolve", key: apitest.OperatorKey, body: `{"reason":"x"}`, status: 422, code: "invalid"},
		{name: "resolve without a reason", method: "POST", target: path + "/resolve", key: apitest.OperatorKey, body: `{"choice":"release","reason":" "}`, status: 422, code: "invalid"},
		{name: "resolve another customer's", method: "POST", target: path + "/resolve", key: apitest.OperatorKey, body: `{"choice":"release","reason":"x"}`, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "SEC-8 shop reads the inbox", method: "GET", target: "/v1/inbox", key: apitest.ShopKey, status: 403, code: "forbidden"},
		{name: "SEC-8 shop changes prices", method: "PUT", target: "/v1/products", key: apitest.ShopKey, body: `{"products":[]}`, status: 403, code: "forbidden"},
		{name: "no route", method: "GET", target: "/v2/orders", key: apitest.ShopKey, status: 404, code: "not_found"},
		{name: "no route at all", method: "GET", target: "/", status: 404, code: "not_found"},
		{name: "wrong method", method: "DELETE", target: "/v1/orders", key: apitest.ShopKey, status: 405, code: "method_not_allowed"},
		{name: "empty order", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`[{"sku":"mug-blue","quantity":2}]`, `[]`), status: 422, code: "invalid"},
		{name: "10,000 lines", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`{"sku":"mug-blue","quantity":2}`, many), status: 422, code: "invalid"},
		{name: "quantity 0", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":0`), status: 422, code: "invalid"},
		{name: "quantity 10^9", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":1000000000`), status: 422, code: "invalid"},
		{name: "quantity 10^30", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":1e30`), status: 422, code: "invalid"},
		{name: "half a mug", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":0.5`), status: 422, code: "invalid"},
		{name: "quantity in words", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":"two"`), status: 422, code: "invalid"},
		{name: "unknown SKU", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`mug-blue`, `mug-green`), status: 422, code: "unknown_sku"},
		{name: "mixed currencies", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`mug-blue`, `bowl-hagi`), status: 422, code: "mixed_currency"},
		{name: "sold out", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`mug-blue`, `sold-out`), status: 409, code: "out_of_stock"},
		{name: "amount too large", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`mug-blue","quantity":2`, `ship","quantity":2`), status: 422, code: "amount_invalid"},
		{name: "a price sent by the client", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":2,"price":1`), status: 422, code: "invalid"},
		{name: "unknown member", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"currency"`, `"admin":true,"currency"`), status: 422, code: "invalid"},
		{name: "no such currency", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`EUR`, `EUX`), status: 422, code: "invalid"},
		{name: "not a mail address", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`jane@example.com`, `jane`), status: 422, code: "invalid"},
		{name: "control character", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`Jane Doe`, `Jane\r\nBcc: x`), status: 422, code: "invalid"},
		{name: "broken UTF-8", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`Jane Doe`, "Jane \xff"), status: 400, code: "malformed"},
		{name: "broken JSON", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: `{"customerId":`, status: 400, code: "malformed"},
		{name: "two values", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("c") + "{}", status: 400, code: "malformed"},
		{name: "too deep", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: strings.Repeat("[", 5000), status: 400, code: "malformed"},
		{name: "not an object", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: `[1]`, status: 422, code: "invalid"},
		{name: "null", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: `null`, status: 422, code: "invalid"},
		{name: "no body", method: "POST", target: "/v1/orders", key: apitest.ShopKey, headers: json, status: 400, code: "malformed"},
		{name: "large body", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: `"` + strings.Repeat("x", 300<<10) + `"`, status: 413, code: "body_too_large"},
		{name: "form", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: `a=b`, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "latin-1", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("c"), headers: []string{"Content-Type", "application/json; charset=latin1"}, status: 415, code: "unsupported_media_type"},
		{name: "compressed", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("c"), headers: []string{"Content-Encoding", "gzip"}, status: 415, code: "unsupported_media_type"},
		{name: "key with spaces", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("c"), headers: []string{"Idempotency-Key", "a b"}, status: 422, code: "invalid"},
		{name: "IDEM-4 long key", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("c"), headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 422, code: "invalid"},
		{name: "another customer in the header", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: apitest.OrderBody("cus_1"), headers: []string{"Purser-Customer", "cus_2"}, status: 403, code: "forbidden"},
		{name: "customer with a space", method: "GET", target: "/v1/orders", key: apitest.ShopKey, headers: []string{"Purser-Customer", "a b"}, status: 400, code: "malformed"},
		{name: "unknown order", method: "GET", target: "/v1/orders/" + string(order.NewID()), key: apitest.ShopKey, status: 404, code: "not_found"},
		{name: "malformed id", method: "GET", target: "/v1/orders/1", key: apitest.ShopKey, status: 404, code: "not_found"},
		{name: "another customer's order", method: "GET", target: path, key: apitest.ShopKey, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "another customer's events", method: "GET", target: path + "/events", key: apitest.ShopKey, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "cancel another customer's order", method: "POST", target: path + "/cancel", key: apitest.ShopKey, body: `{"reason":"x"}`, headers: []string{"Purser-Customer", "cus_2"}, status: 404, code: "not_found"},
		{name: "cancel without a reason", method: "POST", target: path + "/cancel", key: apitest.ShopKey, body: `{"reason":" "}`, status: 422, code: "invalid"},
		{name: "cancel with a long reason", method: "POST", target: path + "/cancel", key: apitest.ShopKey, body: `{"reason":"` + strings.Repeat("x", 201) + `"}`, status: 422, code: "invalid"},
		{name: "SEC-7 cancel with a reason that changes the writing direction", method: "POST", target: path + "/cancel", key: apitest.ShopKey, body: `{"reason":"x\u202ey"}`, status: 422, code: "invalid"},
		{name: "SEC-7 cancel with a long and a short reason", method: "POST", target: path + "/cancel", key: apitest.ShopKey, body: `{"reason":"x","Reason":"` + strings.Repeat("x", 200_000) + `"}`, status: 422, code: "invalid"},
		{name: "SEC-7 cancel with a reason in capitals", method: "POST", target: path + "/cancel", key: apitest.ShopKey, body: `{"REASON":"x"}`, status: 422, code: "invalid"},
		{name: "SEC-7 quantity twice", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":1,"quantity":3`), status: 400, code: "malformed"},
		{name: "SEC-7 quantity twice, once in capitals", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":1,"QUANTITY":3`), status: 422, code: "invalid"},
		{name: "SEC-7 sku twice, once with a long s", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"quantity":1,"\u017fku":"ship"`), status: 422, code: "invalid"},
		{name: "SEC-7 quantity in capitals", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`"quantity":2`, `"QUANTITY":2`), status: 422, code: "invalid"},
		{name: "first half of a character", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`Jane Doe`, `Jane \ud800`), status: 400, code: "malformed"},
		{name: "first half of a character before another escape", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`Jane Doe`, `Jane \ud83d\u0041`), status: 400, code: "malformed"},
		{name: "the second half of a character", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`Jane Doe`, `\ude00 Jane`), status: 400, code: "malformed"},
		{name: "right-to-left override", method: "POST", target: "/v1/orders", key: apitest.ShopKey, body: with(`Jane Doe`, `Jane\u202eeoD`), status: 422, code: "invalid"},
		{name: "no route, with an empty element", method: "GET", target: "//v1/orders", key: apitest.ShopKey, status: 404, code: "not_found"},
		{name: "no route, with two dots", method: "GET", target: "/v1/products/../orders", key: apitest.ShopKey, status: 404, code: "not_found"},
		{name: "unknown file of the documentation", method: "GET", target: "/docs/x", status: 404, code: "not_found"},
		{name: "unknown status", method: "GET", target: "/v1/orders?status=lost", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "limit 0", method: "GET", target: "/v1/orders?limit=0", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "limit 10^9", method: "GET", target: "/v1/orders?limit=1000000000", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "limit in words", method: "GET", target: "/v1/orders?limit=all", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "not a time", method: "GET", target: "/v1/orders?placedFrom=yesterday", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "not a cursor", method: "GET", target: "/v1/orders?cursor=abc", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "not an inbox cursor", method: "GET", target: "/v1/inbox?cursor=abc", key: apitest.OperatorKey, status: 422, code: "invalid"},
		{name: "unknown parameter", method: "GET", target: "/v1/orders?sort=asc", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "events after -1", method: "GET", target: path + "/events?after=-1", key: apitest.ShopKey, status: 422, code: "invalid"},
		{name: "Last-Event-ID in words", method: "GET", target: path + "/events", key: apitest.ShopKey, headers: []string{"Accept", "text/event-stream", "Last-Event-ID", "x"}, status: 422, code: "invalid"},
		{name: "product without a price", method: "PUT", target: "/v1/products", key: apitest.OperatorKey, body: `{"products":[{"sku":"x","name":"X","price":0,"currency":"EUR","onHand":1}]}`, status: 422, code: "invalid"},
		{name: "product in an unknown currency", method: "PUT", target: "/v1/products", key: apitest.OperatorKey, body: `{"products":[{"sku":"x","name":"X","price":1,"currency":"EUX","onHand":1}]}`, status: 422, code: "invalid"},
		{name: "product above all prices", method: "PUT", target: "/v1/products", key: apitest.OperatorKey, body: `{"products":[{"sku":"x","name":"X","price":100000000,"currency":"EUR","onHand":1}]}`, status: 422, code: "amount_invalid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := s.Ask(tc.method, tc.target, tc.key, tc.body, tc.headers...)
			p := a.Problem(t)
			if a.Status != tc.status || p.Code != tc.code {
				t.Fatalf("got %d %s, want %d %s", a.Status, a.Body, tc.status, tc.code)
			}
			for _, leak := range []string{"jane", "Jane", "json:", "order.", "Go ", "sqlite", "records:"} {
				if strings.Contains(string(a.Body), leak) {
					t.Errorf("%q leaks in %s", leak, a.Body)
				}
			}
		})
	}
	if got := len(s.Orders.Placed); got != started {
		t.Errorf("%d orders started by bad requests", got-started)
	}
}

// TestMalformedBody checks that the refusal of an unreadable body says what is
// wrong and where.
func TestMalformedBody(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	nested := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for _, tc := range []struct {
		name   string
		body   string
		status int
		want   string
	}{
		{name: "a member twice", body: with(`"quantity":2`, `"quantity":1,"quantity":3`), status: 400, want: "the member /lines/0/quantity appears twice"},
		{name: "a member in two cases", body: with(`"quantity":2`, `"quantity":1,"Quantity":3`), status: 422, want: "body.lines[0].Quantity"},
		{name: "cut off", body: `{"customerId":`, status: 400, want: `not valid JSON in UTF-8 at byte 14 within "/customerId"`},
		{name: "broken UTF-8", body: "{\"customerId\":\"\xff\"}", status: 400, want: `not valid JSON in UTF-8 at byte 15 within "/customerId"`},
		{name: "first half of a character", body: `{"customerId":"\ud800"}`, status: 400, want: `not valid JSON in UTF-8 at byte 15 within "/customerId"`},
		{name: "two values", body: `{} {}`, status: 400, want: `not valid JSON in UTF-8 at byte 3 within ""`},
		{name: "nested as deep as allowed", body: nested(16), status: 422, want: "expected object"},
		{name: "nested deeper", body: nested(17), status: 400, want: "nested deeper than 16 levels"},
	} {
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, tc.body)
		if p := a.Problem(t); a.Status != tc.status || !strings.Contains(p.Detail, tc.want) {
			t.Errorf("%s: got %d %s, want %d and %q", tc.name, a.Status, a.Body, tc.status, tc.want)
		}
	}
}

// TestPanic checks that a panic becomes a problem that reveals nothing, and is
// logged.
func TestPanic(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Webhooks = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret 42") })
	})
	a := s.Ask("POST", "/webhooks/x", "", "{}")
	if p := a.Problem(t); a.Status != 500 || p.Code != "internal" || strings.Contains(string(a.Body), "42") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if !strings.Contains(s.Log.String(), "handler panicked") {
		t.Error("the panic is not in the log")
	}
}
