package orders_test

import (
	"fmt"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/catalog"
)

// TestOrderOfAnyScript: a product whose SKU is not ASCII is ordered however the shop
// composes the SKU (SEC-7).
func TestOrderOfAnyScript(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	products := []catalog.Product{}
	for _, sku := range []string{"caf\u00e9-1", "zz\u00e9", "ばら-2"} {
		products = append(products, catalog.Product{SKU: sku, Name: "Thing", Price: 1000, Currency: "EUR", OnHand: 9})
	}
	if err := s.Store.PutProducts(t.Context(), products); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, sku, want string }{
		{name: "composed", sku: "caf\u00e9-1"},
		{name: "decomposed", sku: "cafe\u0301-1"},
		{name: "decomposed at the end", sku: "zze\u0301"},
		{name: "with a byte order mark", sku: "\ufeffばら-2"},
		{name: "with an invisible character inside", sku: "caf\u00e9\u200b-1", want: "an invisible character"},
		{name: "in another case", sku: "CAF\u00c9-1", want: "unknown_sku"},
	} {
		body := strings.Replace(apitest.OrderBody("cus_1"), "mug-blue", c.sku, 1)
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, body)
		if c.want == "" && a.Status != 201 || c.want != "" && (a.Status != 422 || !strings.Contains(string(a.Body), c.want)) {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
}

// TestRefundOfAnyScript (SEC-7): goods are refunded however the caller composes their SKU.
func TestRefundOfAnyScript(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	if err := s.Store.PutProducts(t.Context(), []catalog.Product{{SKU: "caf\u00e9-1", Name: "Thing", Price: 1000, Currency: "EUR", OnHand: 9}}); err != nil {
		t.Fatal(err)
	}
	var placed apitest.PlacedBody
	s.Ask("POST", "/v1/orders", apitest.ShopKey, strings.Replace(apitest.OrderBody("cus_1"), "mug-blue", "caf\u00e9-1", 1)).Into(t, &placed)
	o := placed.Order
	captured(t, s, o.ID)
	for i, c := range []struct {
		sku    string
		status int
	}{{sku: "cafe\u0301-1", status: 202}, {sku: "\ufeffcaf\u00e9-1 ", status: 202}, {sku: "cafe-1", status: 422}} {
		body := fmt.Sprintf(`{"id":"r%d","reason":"damaged","lines":[{"sku":%q,"quantity":1}]}`, i, c.sku)
		if a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/refunds", apitest.OperatorKey, body); a.Status != c.status {
			t.Errorf("%q: %d %s", c.sku, a.Status, a.Body)
		}
	}
}
