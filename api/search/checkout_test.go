package search_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/api/httpkit"
	"purser/api/search"
	"purser/order"
	"purser/records"
)

// TestCheckout: a browser on this machine can buy from the sample shop without a key;
// nobody else can, and no other site's page.
func TestCheckout(t *testing.T) {
	t.Parallel()
	const thisMachine, home = "127.0.0.1:5000", "http://127.0.0.1:8080"
	id := order.NewID()
	var bought []string
	s, _ := goods(t, func(c *api.Config, _ *records.Store) {
		c.Search.SampleShop = true
		c.Search.Checkout = &search.Checkout{
			StripeURL: "http://127.0.0.1:8090/stripe", PublishableKey: "pk_1", Index: "http://127.0.0.1:8090/",
			Buy: func(_ context.Context, sku, currency string) (search.Sale, error) {
				if sku == "gone" {
					return search.Sale{}, httpkit.NewProblem(http.StatusConflict, "out_of_stock", "gone: sold out")
				}
				bought = append(bought, sku+" "+currency)
				return search.Sale{Order: id, ClientSecret: "pi_1_secret_2"}, nil
			},
			Status: func(_ context.Context, of order.ID) (order.Status, error) {
				if of != id {
					return "", order.ErrNotFound
				}
				return order.Paid, nil
			},
		}
	})
	send := func(method, url, remote, body string, headers ...string) *apitest.Answer {
		r := httptest.NewRequest(method, url, strings.NewReader(body))
		r.RemoteAddr = remote
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return apitest.NewAnswer(w)
	}
	const wish = `{"sku":"mug-blue","currency":"EUR"}`
	for _, tt := range []struct {
		name, method, path, remote, body string
		headers                          []string
		status                           int
		says                             string
	}{
		{name: "bought", method: "POST", path: "/shop/orders", body: wish, status: 200, says: "pi_1_secret_2"},
		{name: "from its own page", method: "POST", path: "/shop/orders", body: wish, headers: []string{"Sec-Fetch-Site", "same-origin"}, status: 200, says: string(id)},
		{name: "from another site's page", method: "POST", path: "/shop/orders", body: wish, headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403},
		{name: "from elsewhere", method: "POST", path: "/shop/orders", remote: "192.0.2.7:5000", body: wish, status: 403, says: "its own machine"},
		{name: "through a proxy", method: "POST", path: "/shop/orders", body: wish, headers: []string{"X-Forwarded-For", "192.0.2.7"}, status: 403},
		{name: "sold out", method: "POST", path: "/shop/orders", body: `{"sku":"gone"}`, status: 409, says: "gone: sold out"},
		{name: "nothing", method: "POST", path: "/shop/orders", body: `{}`, status: 400, says: "sku"},
		{name: "no JSON", method: "POST", path: "/shop/orders", body: `sku=mug-blue`, status: 400},
		{name: "too long", method: "POST", path: "/shop/orders", body: `{"sku":"` + strings.Repeat("x", 5000) + `"}`, status: 400},
		{name: "its status", method: "GET", path: "/shop/orders/" + string(id), status: 200, says: `{"status":"paid"}`},
		{name: "of another order", method: "GET", path: "/shop/orders/" + string(order.NewID()), status: 404},
		{name: "of no order", method: "GET", path: "/shop/orders/x", status: 404},
		{name: "its status from elsewhere", method: "GET", path: "/shop/orders/" + string(id), remote: "192.0.2.7:5000", status: 403},
	} {
		remote := tt.remote
		if remote == "" {
			remote = thisMachine
		}
		if a := send(tt.method, home+tt.path, remote, tt.body, tt.headers...); a.Status != tt.status || !strings.Contains(string(a.Body), tt.says) {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
	}
	if len(bought) != 2 || bought[0] != "mug-blue EUR" {
		t.Errorf("bought %q", bought)
	}
	page := from(s, thisMachine, home+"/shop")
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "connect-src 'self' http://127.0.0.1:8090;") ||
		!strings.Contains(string(page.Body), `data-key="pk_1"`) || !strings.Contains(string(page.Body), `class="buy"`) {
		t.Errorf("%s\n%s", policy, page.Body)
	}
	closed, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.SampleShop = true })
	if a := closed.Ask("POST", home+"/shop/orders", "", wish); a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed {
		t.Errorf("without a checkout: %d %s", a.Status, a.Body)
	}
	if page := from(closed, thisMachine, home+"/shop"); strings.Contains(string(page.Body), "buy") || strings.Contains(page.Header.Get("Content-Security-Policy"), "8090") {
		t.Errorf("without a checkout the page has a button to buy: %s", page.Body)
	}
}
