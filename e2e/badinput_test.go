package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"purser/catalog"
	"purser/order"
)

// TestBadInput: invalid requests are refused with a reason and start nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	const viewer = "viewer-secret-0123456789"
	keys := "PURSER_API_KEYS=boss:operator:operator-secret-0123,look:viewer:" + viewer
	s := newStack(t, []string{keys})
	s.at.Key = "operator-secret-0123"
	s.shop.Key = s.at.Key
	s.stocked(t, catalog.Product{SKU: "yacht", Name: "Yacht", Price: order.Maximum("EUR").Amount, Currency: "EUR", OnHand: 1000})
	mine := s.place(t, wish("mug-blue", 1, "EUR"), "")
	workflows, intents := s.workflows(), len(s.intents())

	plainBody := body(t, wish("mug-blue", 1, "EUR"))
	with := func(change func(*order.Request)) string {
		r := wish("mug-blue", 1, "EUR")
		change(&r)
		return body(t, r)
	}
	orders, one := s.at.API+"/v1/orders", s.at.API+"/v1/orders/"+string(mine.ID)
	for _, c := range []struct {
		name, method, url, key string
		body                   io.Reader
		header                 []string
		status                 int
		code                   string
	}{
		{name: "quantity 0", method: "POST", url: orders, key: s.at.Key, body: text(body(t, wish("mug-blue", 0, "EUR"))), status: 422, code: "invalid"},
		{name: "negative quantity", method: "POST", url: orders, key: s.at.Key, body: text(body(t, wish("mug-blue", -1, "EUR"))), status: 422, code: "invalid"},
		{name: "quantity 10^9", method: "POST", url: orders, key: s.at.Key, body: text(body(t, wish("mug-blue", 1e9, "EUR"))), status: 422, code: "invalid"},
		{name: "quantity 10^30", method: "POST", url: orders, key: s.at.Key, body: text(strings.Replace(plainBody, `"quantity":1`, `"quantity":1000000000000000000000000000000`, 1)), status: 422, code: "invalid"},
		{name: "half a piece", method: "POST", url: orders, key: s.at.Key, body: text(strings.Replace(plainBody, `"quantity":1`, `"quantity":0.5`, 1)), status: 422, code: "invalid"},
		{name: "unknown product", method: "POST", url: orders, key: s.at.Key, body: text(body(t, wish("nothing", 1, "EUR"))), status: 422, code: "unknown_sku"},
		{name: "mixed currencies", method: "POST", url: orders, key: s.at.Key, body: text(with(func(r *order.Request) {
			r.Lines = append(r.Lines, order.RequestLine{SKU: "bowl-hagi", Quantity: 1})
		})), status: 422, code: "mixed_currency"},
		{name: "no currency", method: "POST", url: orders, key: s.at.Key, body: text(body(t, wish("mug-blue", 1, "ZZZ"))), status: 422, code: "invalid"},
		{name: "amount overflows", method: "POST", url: orders, key: s.at.Key, body: text(body(t, wish("yacht", 2, "EUR"))), status: 422, code: "amount_invalid"},
		{name: "empty order", method: "POST", url: orders, key: s.at.Key, body: text(with(func(r *order.Request) { r.Lines = nil })), status: 422, code: "invalid"},
		{name: "a product twice", method: "POST", url: orders, key: s.at.Key, body: text(with(func(r *order.Request) { r.Lines = append(r.Lines, r.Lines[0]) })), status: 422, code: "invalid"},
		{name: "10,000 lines", method: "POST", url: orders, key: s.at.Key, body: text(with(func(r *order.Request) {
			for i := range 9_999 {
				r.Lines = append(r.Lines, order.RequestLine{SKU: fmt.Sprint("p", i), Quantity: 1})
			}
		})), status: 413, code: "body_too_large"},
		{name: "101 lines", method: "POST", url: orders, key: s.at.Key, body: text(with(func(r *order.Request) {
			for i := range 100 {
				r.Lines = append(r.Lines, order.RequestLine{SKU: fmt.Sprint("p", i), Quantity: 1})
			}
		})), status: 422, code: "invalid"},
		{name: "100 MB, announced", method: "POST", url: orders, key: s.at.Key, body: bytes.NewReader(make([]byte, 100<<20)), status: 413, code: "body_too_large"},
		{name: "broken UTF-8", method: "POST", url: orders, key: s.at.Key, body: text(strings.Replace(plainBody, "Harbourtown", "Harbour\xff\xfe", 1)), status: 400, code: "malformed"},
		{name: "control characters", method: "POST", url: orders, key: s.at.Key, body: text(with(func(r *order.Request) { r.ShipTo.Name = "Sam\r\nBcc: x@shop.example" })), status: 422, code: "invalid"},
		{name: "no JSON", method: "POST", url: orders, key: s.at.Key, body: text(`{"customerId":`), status: 400, code: "malformed"},
		{name: "unknown member", method: "POST", url: orders, key: s.at.Key, body: text(strings.Replace(plainBody, `"lines"`, `"price":1,"lines"`, 1)), status: 422, code: "invalid"},
		{name: "form", method: "POST", url: orders, key: s.at.Key, body: text("sku=mug-blue"), header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "long idempotency key", method: "POST", url: orders, key: s.at.Key, body: text(plainBody), header: []string{"Idempotency-Key", strings.Repeat("k", 300)}, status: 422, code: "invalid"},
		{name: "no key", method: "POST", url: orders, body: text(plainBody), status: 401, code: "unauthorized"},
		{name: "wrong key", method: "POST", url: orders, key: "operator-secret-0124", body: text(plainBody), status: 401, code: "unauthorized"},
		{name: "viewer's key", method: "POST", url: orders, key: viewer, body: text(plainBody), status: 403, code: "forbidden"},
		{name: "viewer cancels", method: "POST", url: one + "/cancel", key: viewer, body: text(`{"reason":"x"}`), status: 403, code: "forbidden"},
		{name: "for another customer", method: "POST", url: orders, key: s.at.Key, body: text(plainBody), header: []string{"Purser-Customer", "cust_other"}, status: 403, code: "forbidden"},
		{name: "another customer's order", method: "GET", url: one, key: s.at.Key, header: []string{"Purser-Customer", "cust_other"}, status: 404, code: "not_found"},
		{name: "another customer's timeline", method: "GET", url: one + "/events", key: s.at.Key, header: []string{"Purser-Customer", "cust_other"}, status: 404, code: "not_found"},
		{name: "cancel another customer's order", method: "POST", url: one + "/cancel", key: s.at.Key, body: text(`{"reason":"x"}`), header: []string{"Purser-Customer", "cust_other"}, status: 404, code: "not_found"},
		{name: "order that does not exist", method: "GET", url: orders + "/ord_00000000000000000000000000", key: s.at.Key, status: 404, code: "not_found"},
		{name: "no order id", method: "GET", url: orders + "/1%20OR%201=1", key: s.at.Key, status: 404, code: "not_found"},
		{name: "cursor", method: "GET", url: orders + "?cursor=nonsense", key: s.at.Key, status: 422, code: "invalid"},
		{name: "unknown filter", method: "GET", url: orders + "?where=1", key: s.at.Key, status: 422, code: "invalid"},
		{name: "limit", method: "GET", url: orders + "?limit=100000", key: s.at.Key, status: 422, code: "invalid"},
		{name: "method", method: "DELETE", url: one, key: s.at.Key, status: 405, code: "method_not_allowed"},
		{name: "nowhere", method: "GET", url: s.at.API + "/v1/nothing", key: s.at.Key, status: 404, code: "not_found"},
		{name: "forged Stripe event", method: "POST", url: s.at.API + "/webhooks/stripe", body: text(`{"id":"evt_1"}`), header: []string{"Stripe-Signature", "t=1,v1=00"}, status: 400},
		{name: "forged carrier event", method: "POST", url: s.at.API + "/webhooks/carrier", body: text(`{"id":"evt_1"}`), status: 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := send(t, c.method, c.url, c.key, c.body, c.header...)
			if a.status != c.status || a.code() != c.code && c.code != "" {
				t.Errorf("HTTP %d %s, want %d %s: %.300s", a.status, a.code(), c.status, c.code, a.body)
			}
			if strings.Contains(string(a.body), "Harbour") || strings.Contains(string(a.body), "shop.example") {
				t.Errorf("the response repeats the request: %s", a.body)
			}
		})
	}
	t.Run("endless body", func(t *testing.T) {
		req, err := http.NewRequestWithContext(within(t), http.MethodPost, orders, io.LimitReader(zeros{}, 100<<20)) // length not announced
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.at.Key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return // the connection was cut while the body was being sent, which is as good
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("HTTP %d", resp.StatusCode)
		}
	})
	if n := s.workflows(); n != workflows {
		t.Errorf("%d workflows were started", n-workflows)
	}
	if n := len(s.intents()); n != intents {
		t.Errorf("%d payment intents were made", n-intents)
	}
	if o := s.order(t, mine.ID); o.Status != order.AwaitingPayment {
		t.Errorf("the good order is %s", o.Status)
	}
}

func body(t *testing.T, r order.Request) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func text(s string) io.Reader { return strings.NewReader(s) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
