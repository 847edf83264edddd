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

// TestBadInput sends what must be refused, with a reason, starting nothing.
func TestBadInput(t *testing.T) {
	const viewer = "viewer-secret-0123456789"
	keys := "PURSER_API_KEYS=boss:operator:operator-secret-0123,look:viewer:" + viewer
	s := newStack(t, []string{keys})
	s.at.Key = "operator-secret-0123"
	s.shop.Key = s.at.Key
	s.stocked(t, catalog.Product{SKU: "yacht", Name: "Yacht", Price: order.MaxAmount, Currency: "EUR", OnHand: 1000})
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
		{"quantity 0", "POST", orders, s.at.Key, text(body(t, wish("mug-blue", 0, "EUR"))), nil, 422, "invalid"},
		{"negative quantity", "POST", orders, s.at.Key, text(body(t, wish("mug-blue", -1, "EUR"))), nil, 422, "invalid"},
		{"quantity 10^9", "POST", orders, s.at.Key, text(body(t, wish("mug-blue", 1e9, "EUR"))), nil, 422, "invalid"},
		{"quantity 10^30", "POST", orders, s.at.Key, text(strings.Replace(plainBody, `"quantity":1`, `"quantity":1000000000000000000000000000000`, 1)), nil, 422, "invalid"},
		{"half a piece", "POST", orders, s.at.Key, text(strings.Replace(plainBody, `"quantity":1`, `"quantity":0.5`, 1)), nil, 422, "invalid"},
		{"unknown product", "POST", orders, s.at.Key, text(body(t, wish("nothing", 1, "EUR"))), nil, 422, "unknown_sku"},
		{"mixed currencies", "POST", orders, s.at.Key, text(with(func(r *order.Request) {
			r.Lines = append(r.Lines, order.RequestLine{SKU: "bowl-hagi", Quantity: 1})
		})), nil, 422, "mixed_currency"},
		{"no currency", "POST", orders, s.at.Key, text(body(t, wish("mug-blue", 1, "ZZZ"))), nil, 422, "invalid"},
		{"amount overflows", "POST", orders, s.at.Key, text(body(t, wish("yacht", 2, "EUR"))), nil, 422, "amount_invalid"},
		{"empty order", "POST", orders, s.at.Key, text(with(func(r *order.Request) { r.Lines = nil })), nil, 422, "invalid"},
		{"a product twice", "POST", orders, s.at.Key, text(with(func(r *order.Request) { r.Lines = append(r.Lines, r.Lines[0]) })), nil, 422, "invalid"},
		{"10,000 lines", "POST", orders, s.at.Key, text(with(func(r *order.Request) {
			for i := range 9_999 {
				r.Lines = append(r.Lines, order.RequestLine{SKU: fmt.Sprint("p", i), Quantity: 1})
			}
		})), nil, 413, "body_too_large"},
		{"101 lines", "POST", orders, s.at.Key, text(with(func(r *order.Request) {
			for i := range 100 {
				r.Lines = append(r.Lines, order.RequestLine{SKU: fmt.Sprint("p", i), Quantity: 1})
			}
		})), nil, 422, "invalid"},
		{"100 MB, announced", "POST", orders, s.at.Key, bytes.NewReader(make([]byte, 100<<20)), nil, 413, "body_too_large"},
		{"broken UTF-8", "POST", orders, s.at.Key, text(strings.Replace(plainBody, "Harbourtown", "Harbour\xff\xfe", 1)), nil, 400, "malformed"},
		{"control characters", "POST", orders, s.at.Key, text(with(func(r *order.Request) { r.ShipTo.Name = "Sam\r\nBcc: x@shop.example" })), nil, 422, "invalid"},
		{"no JSON", "POST", orders, s.at.Key, text(`{"customerId":`), nil, 400, "malformed"},
		{"unknown member", "POST", orders, s.at.Key, text(strings.Replace(plainBody, `"lines"`, `"price":1,"lines"`, 1)), nil, 422, "invalid"},
		{"form", "POST", orders, s.at.Key, text("sku=mug-blue"), []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
		{"long idempotency key", "POST", orders, s.at.Key, text(plainBody), []string{"Idempotency-Key", strings.Repeat("k", 300)}, 422, "invalid"},
		{"no key", "POST", orders, "", text(plainBody), nil, 401, "unauthorized"},
		{"wrong key", "POST", orders, "operator-secret-0124", text(plainBody), nil, 401, "unauthorized"},
		{"viewer's key", "POST", orders, viewer, text(plainBody), nil, 403, "forbidden"},
		{"viewer cancels", "POST", one + "/cancel", viewer, text(`{"reason":"x"}`), nil, 403, "forbidden"},
		{"for another customer", "POST", orders, s.at.Key, text(plainBody), []string{"Purser-Customer", "cust_other"}, 403, "forbidden"},
		{"another customer's order", "GET", one, s.at.Key, nil, []string{"Purser-Customer", "cust_other"}, 404, "not_found"},
		{"another customer's story", "GET", one + "/events", s.at.Key, nil, []string{"Purser-Customer", "cust_other"}, 404, "not_found"},
		{"cancel another customer's order", "POST", one + "/cancel", s.at.Key, text(`{"reason":"x"}`), []string{"Purser-Customer", "cust_other"}, 404, "not_found"},
		{"order that does not exist", "GET", orders + "/ord_00000000000000000000000000", s.at.Key, nil, nil, 404, "not_found"},
		{"no order id", "GET", orders + "/1%20OR%201=1", s.at.Key, nil, nil, 404, "not_found"},
		{"cursor", "GET", orders + "?cursor=nonsense", s.at.Key, nil, nil, 422, "invalid"},
		{"unknown filter", "GET", orders + "?where=1", s.at.Key, nil, nil, 422, "invalid"},
		{"limit", "GET", orders + "?limit=100000", s.at.Key, nil, nil, 422, "invalid"},
		{"method", "DELETE", one, s.at.Key, nil, nil, 405, "method_not_allowed"},
		{"nowhere", "GET", s.at.API + "/v1/nothing", s.at.Key, nil, nil, 404, "not_found"},
		{"forged Stripe event", "POST", s.at.API + "/webhooks/stripe", "", text(`{"id":"evt_1"}`), []string{"Stripe-Signature", "t=1,v1=00"}, 400, ""},
		{"forged carrier event", "POST", s.at.API + "/webhooks/carrier", "", text(`{"id":"evt_1"}`), nil, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := send(t, c.method, c.url, c.key, c.body, c.header...)
			if a.status != c.status || a.code() != c.code && c.code != "" {
				t.Errorf("HTTP %d %s, want %d %s: %.300s", a.status, a.code(), c.status, c.code, a.body)
			}
			if strings.Contains(string(a.body), "Harbour") || strings.Contains(string(a.body), "shop.example") {
				t.Errorf("the answer tells of the request: %s", a.body)
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
			return // cut off while it was still talking: as good
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
