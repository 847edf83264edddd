package shopprices_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/providers/shopprices"
	"purser/providers/signature"
)

const secret = "0123456789abcdef"

var asked = order.Request{
	Customer: "cus_1", Email: "ada@example.com", Locale: "de-DE", Currency: "EUR",
	ShipTo:        order.Address{Name: "Ada", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
	Lines:         []order.RequestLine{{SKU: "mug", Quantity: 2}},
	DiscountCodes: []string{"SPRING"}, ShippingMethod: "express",
}

var offers = map[string]order.Offer{"mug": {SKU: "mug", Name: "Mug", Price: order.Money{Amount: 1250, Currency: "EUR"}, Available: 9}}

// endpoint starts a shop's pricing endpoint.
func endpoint(t *testing.T, timeout time.Duration, h http.HandlerFunc) *shopprices.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return shopprices.New(shopprices.Config{URL: server.URL + "/prices", Secret: secret, Timeout: timeout})
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const full = `{"currency": "EUR", "lines": [{"sku": "mug", "price": 1250, "discount": 250,
	"tax": {"name": "MwSt.", "rate": "19", "amount": 359, "included": true}, "total": 2250}],
	"shipping": {"name": "Express", "price": 1290, "total": 1290}, "total": 3540}`

// TestDecide (PAY-22): the endpoint gets a signed request, without names and mail
// addresses, and its price is taken over.
func TestDecide(t *testing.T) {
	var body []byte
	c := endpoint(t, 0, func(w http.ResponseWriter, r *http.Request) {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		if err := signature.Check(r.Header, shopprices.Header, body, []string{secret}, time.Now()); err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/prices" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		_, _ = io.WriteString(w, full)
	})
	got, err := c.Decide(t.Context(), asked, offers)
	want := &order.Pricing{Quoted: &order.Quoted{
		Lines:    []order.QuotedLine{{SKU: "mug", Price: 1250, Discount: 250, Tax: &order.Tax{Name: "MwSt.", Rate: "19", Amount: 359, Included: true}, Total: 2250}},
		Shipping: &order.QuotedFee{Fee: order.Fee{Name: "Express", Price: 1290}, Total: 1290},
		Total:    3540,
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	var sent, expected any
	const ask = `{"customerId": "cus_1", "locale": "de-DE", "currency": "EUR", "shipTo": {"country": "DE", "postalCode": "10115"},
		"lines": [{"sku": "mug", "name": "Mug", "quantity": 2, "price": 1250}], "discountCodes": ["SPRING"], "shippingMethod": "express"}`
	if err := errors.Join(json.Unmarshal(body, &sent), json.Unmarshal([]byte(ask), &expected)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, sent); diff != "" {
		t.Error(diff)
	}
}

// TestRefusals (PAY-22): each response that is not a price has one meaning.
func TestRefusals(t *testing.T) {
	without := func(part string) string {
		if !strings.Contains(full, part) {
			t.Fatalf("%q is not in the response", part)
		}
		return strings.Replace(full, part, "", 1)
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   error
		text   string
	}{
		{name: "a price", status: 200, body: full},
		{name: "a refusal", status: 422, body: `{"detail": "this code has been used", "more": 1}`, want: order.ErrPriceRefused, text: "this code has been used"},
		{name: "a refusal without a text", status: 422, body: `{}`, want: order.ErrPricing},
		{name: "a refusal with a line break", status: 422, body: `{"detail": "a\nb"}`, want: order.ErrPricing},
		{name: "a refusal in HTML", status: 422, body: `<html>`, want: order.ErrPricing},
		{name: "another currency", status: 200, body: strings.Replace(full, "EUR", "USD", 1), want: order.ErrPricing, text: "want EUR"},
		{name: "no currency", status: 200, body: without(`"currency": "EUR", `), want: order.ErrPricing, text: "want EUR"},
		{name: "no total", status: 200, body: without(`, "total": 3540`), want: order.ErrPricing, text: "total is missing"},
		{name: "no price of a line", status: 200, body: without(`"price": 1250, `), want: order.ErrPricing, text: "lines[0]: price or total is missing"},
		{name: "no total of a line", status: 200, body: without(`, "total": 2250`), want: order.ErrPricing, text: "lines[0]: price or total is missing"},
		{name: "no amount of a tax", status: 200, body: without(`"amount": 359, `), want: order.ErrPricing, text: "lines[0].tax: amount is missing"},
		{name: "no price of the fee", status: 200, body: without(`"price": 1290, `), want: order.ErrPricing, text: "shipping: price or total is missing"},
		{name: "a misspelt member", status: 200, body: strings.Replace(full, "discount", "dicount", 1), want: order.ErrPricing},
		{name: "a fraction", status: 200, body: strings.Replace(full, "3540", "3540.5", 1), want: order.ErrPricing},
		{name: "a repeated member", status: 200, body: strings.Replace(full, `"total": 3540`, `"total": 3540, "total": 1`, 1), want: order.ErrPricing},
		{name: "no JSON", status: 200, body: "busy", want: order.ErrPricing},
		{name: "nothing", status: 200, body: "", want: order.ErrPricing},
		{name: "far too much", status: 200, body: full + strings.Repeat(" ", 1<<20), want: order.ErrPricing, text: "more than"},
		{name: "no permission", status: 401, body: "{}", want: order.ErrPricing, text: "status 401"},
		{name: "not there", status: 404, body: "{}", want: order.ErrPricing, text: "status 404"},
		{name: "created", status: 201, body: full, want: order.ErrPricing, text: "status 201"},
		{name: "too many requests", status: 429, body: "{}", want: order.ErrPricingDown, text: "status 429"},
		{name: "an error", status: 500, body: "{}", want: order.ErrPricingDown, text: "status 500"},
		{name: "away", status: 503, body: full, want: order.ErrPricingDown, text: "status 503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := endpoint(t, 0, answering(c.status, c.body)).Decide(t.Context(), asked, offers)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || (got == nil) != (c.want != nil) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%+v, %v", got, err)
			}
			if errors.Is(err, order.ErrInvalid) {
				t.Errorf("%v: it is not the caller's fault", err)
			}
		})
	}
}

// TestUnreachable (PAY-22): an endpoint that is late, silent or away is down, and a
// redirect is not followed.
func TestUnreachable(t *testing.T) {
	stuck := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server only then notices that the client has gone
		<-r.Context().Done()
	}
	slow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, full[:20])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	broken := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	for name, h := range map[string]http.HandlerFunc{"late": stuck, "late with the rest": slow, "the connection breaks": broken} {
		t.Run(name, func(t *testing.T) {
			if _, err := endpoint(t, 100*time.Millisecond, h).Decide(t.Context(), asked, offers); !errors.Is(err, order.ErrPricingDown) {
				t.Error(err)
			}
		})
	}
	t.Run("away", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		if _, err := shopprices.New(shopprices.Config{URL: server.URL, Secret: secret}).Decide(t.Context(), asked, offers); !errors.Is(err, order.ErrPricingDown) {
			t.Error(err)
		}
	})
	t.Run("a redirect", func(t *testing.T) {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
		t.Cleanup(elsewhere.Close)
		c := endpoint(t, 0, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		})
		if _, err := c.Decide(t.Context(), asked, offers); !errors.Is(err, order.ErrPricing) {
			t.Error(err)
		}
	})
	t.Run("the caller has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := endpoint(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			stuck(w, r)
		})
		if _, err := c.Decide(ctx, asked, offers); !errors.Is(err, context.Canceled) || errors.Is(err, order.ErrPricingDown) {
			t.Error(err)
		}
	})
}
