package orders_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/api"
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/pricing"
	"purser/providers/shopprices"
	"purser/records"
)

const germany = `{
	"taxes": [{"country": "DE", "name": "MwSt.", "rate": "19", "included": true, "shipping": true}],
	"shipping": [{"method": "post", "name": "Versand", "countries": ["DE"], "currency": "EUR", "fee": "4.90"}],
	"discounts": [
		{"code": "TEN", "per": "order", "percent": "10"},
		{"code": "GIFT", "per": "order", "percent": "100", "combines": true},
		{"code": "FREESHIP", "per": "shipping", "percent": "100", "combines": true}
	]
}`

// with returns an API with a pricing table.
func with(t *testing.T, table string) *apitest.Shop {
	t.Helper()
	parsed, err := pricing.Parse([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	return apitest.New(t, func(c *api.Config, _ *records.Store) { c.Orders.Pricing = parsed })
}

// priced adds members to the body of an order.
func priced(members string) string {
	return strings.TrimSuffix(apitest.OrderBody("cus_1"), "}") + ", " + members + "}"
}

func quoteBody(members string) string {
	return `{"currency": "EUR", "shipTo": {"country": "DE"}, "lines": [{"sku": "mug-blue", "quantity": 2}]` + members + `}`
}

// nothingStarted fails if an order was started.
func nothingStarted(t *testing.T, s *apitest.Shop) {
	t.Helper()
	page, err := s.Store.Orders(t.Context(), order.Filter{})
	if err != nil || len(page.Orders) != 0 || len(s.Orders.Placed) != 0 {
		t.Errorf("%d orders are in the record, %d were placed (%v), want none", len(page.Orders), len(s.Orders.Placed), err)
	}
	offers, err := s.Store.Offers(t.Context(), []string{"mug-blue"})
	if err != nil || offers["mug-blue"].Available != 100_000 {
		t.Errorf("%d mugs are left (%v)", offers["mug-blue"].Available, err)
	}
}

// TestQuote (PAY-21): a quote is the price of the order that is placed then, and
// starts nothing.
func TestQuote(t *testing.T) {
	t.Parallel()
	s := with(t, germany)
	a := s.Ask("POST", "/v1/quotes", apitest.ShopKey, quoteBody(`, "discountCodes": ["ten"]`))
	var q orders.Quote
	a.Into(t, &q)
	tax := func(n int64) *order.Tax { return &order.Tax{Name: "MwSt.", Rate: "19", Amount: n, Included: true} }
	want := orders.Quote{
		Lines:    []orders.Line{{SKU: "mug-blue", Name: "Blue enamel mug", Quantity: 2, Price: 1450, Subtotal: 2900, Discount: 290, Tax: tax(417), Total: 2610}},
		Shipping: &orders.ShippingFee{Name: "Versand", Price: 490, Tax: tax(78), Total: 490},
		Discount: 290, Tax: 495, Total: order.Money{Amount: 3100, Currency: "EUR"},
	}
	if diff := cmp.Diff(want, q); diff != "" || a.Status != http.StatusOK {
		t.Fatalf("%d %s\n%s", a.Status, a.Body, diff)
	}
	nothingStarted(t, s)
	var b apitest.PlacedBody
	placed := s.Ask("POST", "/v1/orders", apitest.ShopKey, priced(`"discountCodes": ["TEN"], "expectedTotal": {"amount": 3100, "currency": "EUR"}`))
	placed.Into(t, &b)
	if placed.Status != http.StatusCreated || b.Order.Total != q.Total {
		t.Fatalf("%d %s", placed.Status, placed.Body)
	}
	o := s.Recorded(t, b.Order.ID)
	if l, f := o.Lines[0], o.Shipping; l.Discount != 290 || *l.Tax != *tax(417) || f == nil || f.Total() != 490 || *f.Tax != *tax(78) {
		t.Errorf("recorded: %+v, %+v", l, f)
	}
}

// TestQuote_without_rules: without settings, the price is the catalogue's.
func TestQuote_without_rules(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	var q orders.Quote
	s.Ask("POST", "/v1/quotes", apitest.ShopKey, quoteBody("")).Into(t, &q)
	if q.Total != (order.Money{Amount: 2900, Currency: "EUR"}) || q.Shipping != nil || q.Lines[0].Tax != nil || q.Discount != 0 {
		t.Errorf("%+v", q)
	}
}

// TestPriceRefused (PAY-21, API-4): what cannot be priced is refused by the quote and
// by the order for the same reason, before anything is started.
func TestPriceRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, table, members string // of both bodies
		status               int
		code, detail         string
		orderOnly            bool
	}{
		{name: "an unknown code", table: germany, members: `"discountCodes": ["ELEVEN"]`, status: 422, code: "discount_invalid", detail: `"ELEVEN" is not a code of this shop`},
		{name: "a code without a table", table: "{}", members: `"discountCodes": ["TEN"]`, status: 422, code: "discount_invalid", detail: `"TEN" is not a code of this shop`},
		{name: "codes that do not combine", table: germany, members: `"discountCodes": ["GIFT", "TEN"]`, status: 422, code: "discount_invalid", detail: "cannot be combined"},
		{name: "a code twice", table: germany, members: `"discountCodes": ["TEN", "ten"]`, status: 422, code: "invalid", detail: "appears twice"},
		{name: "an unknown method", table: germany, members: `"shippingMethod": "drone"`, status: 422, code: "no_shipping", detail: `no shipping "drone" to DE in EUR`},
		{name: "another total", table: germany, members: `"expectedTotal": {"amount": 2900, "currency": "EUR"}`, status: 409, code: "price_changed", detail: "costs 33.90 EUR, the shopper saw 29.00 EUR", orderOnly: true},
		{name: "another total without a table", table: "{}", members: `"expectedTotal": {"amount": 3390, "currency": "EUR"}`, status: 409, code: "price_changed", detail: "costs 29.00 EUR, the shopper saw 33.90 EUR", orderOnly: true},
		{name: "a total in another currency", table: germany, members: `"expectedTotal": {"amount": 3390, "currency": "USD"}`, status: 422, code: "invalid", detail: "expectedTotal", orderOnly: true},
		{name: "a total as a text", table: germany, members: `"expectedTotal": {"amount": "33.90", "currency": "EUR"}`, status: 422, code: "invalid", detail: "expectedTotal", orderOnly: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := with(t, c.table)
			asks := map[string]string{"/v1/orders": priced(c.members)}
			if !c.orderOnly {
				asks["/v1/quotes"] = quoteBody(", " + c.members)
			}
			for path, body := range asks {
				a := s.Ask("POST", path, apitest.ShopKey, body)
				if p := a.Problem(t); p.Status != c.status || p.Code != c.code || !strings.Contains(p.Detail, c.detail) {
					t.Errorf("%s: %d %s", path, a.Status, a.Body)
				}
			}
			nothingStarted(t, s)
		})
	}
}

// TestQuoteRefused: goods that are gone, and fields that a quote needs.
func TestQuoteRefused(t *testing.T) {
	t.Parallel()
	s := with(t, germany)
	for _, c := range []struct {
		name, body, code string
		status           int
		header           []string
	}{
		{name: "a product that is gone", body: strings.Replace(quoteBody(""), "mug-blue", "mug-gone", 1), status: 422, code: "unknown_sku"},
		{name: "too many pieces", body: strings.Replace(quoteBody(""), `"quantity": 2`, `"quantity": 1001`, 1), status: 422, code: "invalid"},
		{name: "another currency", body: strings.Replace(quoteBody(""), "EUR", "USD", 1), status: 422, code: "mixed_currency"},
		{name: "no country", body: strings.Replace(quoteBody(""), "DE", "", 1), status: 422, code: "invalid"},
		{name: "no lines", body: `{"currency": "EUR", "shipTo": {"country": "DE"}, "lines": []}`, status: 422, code: "invalid"},
		{name: "a price of the caller's own", body: quoteBody(`, "total": 1`), status: 422, code: "invalid"},
		{name: "a country without shipping", body: strings.Replace(quoteBody(""), "DE", "FR", 1), status: 422, code: "no_shipping"},
		{name: "another customer", body: quoteBody(`, "customerId": "cus_2"`), status: 403, code: "forbidden", header: []string{"Purser-Customer", "cus_1"}},
	} {
		a := s.Ask("POST", "/v1/quotes", apitest.ShopKey, c.body, c.header...)
		if p := a.Problem(t); p.Status != c.status || p.Code != c.code {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
	if a := s.Ask("POST", "/v1/quotes", apitest.ViewerKey, quoteBody("")); a.Status != http.StatusForbidden {
		t.Errorf("a viewer: %d %s", a.Status, a.Body)
	}
}

// TestPriceChanged_since_the_quote: a price that rises between the quote and the
// opening refuses the order with both totals, and without internal words.
func TestPriceChanged_since_the_quote(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	says := fmt.Errorf("records: open order: %w: the order costs 30.00 EUR, the shopper saw 29.00 EUR", order.ErrPriceChanged)
	for _, fail := range []error{says, &order.Refusal{Kind: order.ErrPriceChanged, Text: says.Error()}} {
		s.Orders.FailWith(fail)
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, priced(`"expectedTotal": {"amount": 2900, "currency": "EUR"}`))
		p := a.Problem(t)
		if a.Status != http.StatusConflict || p.Code != "price_changed" || !strings.HasSuffix(p.Detail, "costs 30.00 EUR, the shopper saw 29.00 EUR") || strings.Contains(p.Detail, "open order") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
}

// TestFreeOrder (PAY-21): an order that costs nothing is placed without a payment.
func TestFreeOrder(t *testing.T) {
	t.Parallel()
	s := with(t, germany)
	var b apitest.PlacedBody
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, priced(`"discountCodes": ["GIFT", "FREESHIP"]`))
	a.Into(t, &b)
	if b.Order.Total != (order.Money{Amount: 0, Currency: "EUR"}) || len(b.Order.Payments) != 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if n, err := s.Store.OrderByIntent(t.Context(), ""); err == nil {
		t.Errorf("a payment is recorded for %s", n)
	}
}

// endpointShop returns an API whose prices come from an endpoint over HTTP.
func endpointShop(t *testing.T, h http.HandlerFunc) *apitest.Shop {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Orders.Pricing = shopprices.New(shopprices.Config{URL: server.URL, Secret: "0123456789abcdef", Timeout: 200 * time.Millisecond})
	})
}

const endpointPrice = `{"currency": "EUR", "lines": [{"sku": "mug-blue", "price": 1400, "discount": 100,
	"tax": {"name": "VAT", "rate": "10", "amount": 270, "included": false}, "total": 2970}],
	"shipping": {"name": "Courier", "price": 300, "total": 300}, "total": 3270}`

// TestEndpoint (PAY-22): an order has the price of the shop's endpoint, and is found
// again under its key while the endpoint is down.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	s := endpointShop(t, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, endpointPrice)
	})
	var b, again apitest.PlacedBody
	body := priced(`"expectedTotal": {"amount": 3270, "currency": "EUR"}`)
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, body, "Idempotency-Key", "cart-9")
	a.Into(t, &b)
	if a.Status != http.StatusCreated || b.Order.Total.Amount != 3270 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	o := s.Recorded(t, b.Order.ID)
	if l := o.Lines[0]; l.Price != 1400 || l.Discount != 100 || l.Total() != 2970 || o.Shipping.Total() != 300 || o.Total.Amount != 3270 {
		t.Errorf("%+v, %+v", o.Lines, o.Shipping)
	}
	down.Store(true)
	a = s.Ask("POST", "/v1/orders", apitest.ShopKey, body, "Idempotency-Key", "cart-9")
	if a.Into(t, &again); a.Status != http.StatusCreated || again.Order.ID != b.Order.ID || again.Order.Total != b.Order.Total {
		t.Errorf("again: %d %s", a.Status, a.Body)
	}
}

// TestEndpointFails (PAY-22): whatever is wrong with the endpoint, the caller gets a
// typed problem without its words, nothing is started, and the log says why.
func TestEndpointFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		h            http.HandlerFunc
		status       int
		code, detail string
		log          string
	}{
		{name: "down", h: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, status: 503, code: "pricing_unavailable", log: "status 500"},
		{name: "late", h: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, status: 503, code: "pricing_unavailable", log: "deadline exceeded"},
		{name: "a sum that does not add up", h: says(strings.Replace(endpointPrice, `"total": 3270`, `"total": 3271`, 1)), status: 502, code: "pricing_invalid", log: "add up to 32.70 EUR, not to 32.71 EUR"},
		{name: "a tax that does not add up", h: says(strings.NewReplacer(`"amount": 270`, `"amount": 300`, "2970", "3000", "3270", "3300").Replace(endpointPrice)), status: 502, code: "pricing_invalid", log: "10 per cent of 27.00 EUR are 2.70 EUR"},
		{name: "a discount above the price", h: says(strings.NewReplacer(`"discount": 100`, `"discount": 2801`).Replace(endpointPrice)), status: 502, code: "pricing_invalid", log: "discount: want 0 to 2800"},
		{name: "another product", h: says(strings.Replace(endpointPrice, "mug-blue", "lamp", 1)), status: 502, code: "pricing_invalid", log: "mug-blue"},
		{name: "not a price", h: says("<html>"), status: 502, code: "pricing_invalid", log: "pricing endpoint"},
		{name: "a refusal", h: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(422)
			_, _ = io.WriteString(w, `{"detail": "this code has been used"}`)
		}, status: 422, code: "price_refused", detail: "this code has been used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := endpointShop(t, c.h)
			for path, body := range map[string]string{"/v1/orders": apitest.OrderBody("cus_1"), "/v1/quotes": quoteBody("")} {
				a := s.Ask("POST", path, apitest.ShopKey, body)
				p := a.Problem(t)
				if p.Status != c.status || p.Code != c.code || !strings.Contains(p.Detail, c.detail) || c.log != "" && strings.Contains(p.Detail, c.log) && c.name != "not a price" {
					t.Errorf("%s: %d %s", path, a.Status, a.Body)
				}
				if c.status == 503 && a.Header.Get("Retry-After") == "" {
					t.Errorf("%s: no Retry-After", path)
				}
			}
			if log := s.Log.String(); !strings.Contains(log, c.log) {
				t.Errorf("the log does not say %q: %s", c.log, log)
			}
			nothingStarted(t, s)
		})
	}
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// TestEndpointIsNotAsked: the shop's endpoint is not asked about goods that cannot be
// sold, or about a request that is refused anyway.
func TestEndpointIsNotAsked(t *testing.T) {
	t.Parallel()
	s := endpointShop(t, func(http.ResponseWriter, *http.Request) { t.Error("the endpoint was asked") })
	for _, body := range []string{
		strings.Replace(apitest.OrderBody("cus_1"), "mug-blue", "mug-gone", 1),
		strings.Replace(apitest.OrderBody("cus_1"), `"EUR"`, `"USD"`, 1),
		strings.Replace(apitest.OrderBody("cus_1"), `"quantity":2`, `"quantity":0`, 1),
	} {
		if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, body); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
}
