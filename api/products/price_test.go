package products_test

import (
	"net/http"
	"strings"
	"testing"

	"purser/api/apitest"
)

// TestPrice_highest: a product costs at most what one order can be charged in its
// currency, however the price gets there.
func TestPrice_highest(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	const shoe = `{"sku":"shoe","name":"Shoe","price":150000000,"currency":"IDR","onHand":5}`
	other := func(price, currency string) string {
		return strings.NewReplacer("150000000", price, "IDR", currency).Replace(shoe)
	}
	many := func(product string) string { return `{"products":[` + product + `]}` }
	for _, step := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{name: "a shoe of Rp 1,500,000", method: "PUT", path: "", body: many(shoe), status: 200},
		{name: "the same", method: "PUT", path: "/shoe", body: shoe, status: 200},
		{name: "the highest", method: "PUT", path: "/shoe", body: other("999999999999", "IDR"), status: 200},
		{name: "one more", method: "PUT", path: "/shoe", body: other("1000000000000", "IDR"), status: 422, says: "want 1 to 999999999999 minor units"},
		{name: "one more in a list", method: "PUT", path: "", body: many(other("1000000000000", "IDR")), status: 422, says: "want at most 999999999999 minor units (9999999999.99 IDR)"},
		{name: "as many euro", method: "PUT", path: "/shoe", body: other("150000000", "EUR"), status: 422, says: "want 1 to 99999999 minor units"},
		{name: "as many euro in a list", method: "PUT", path: "", body: many(other("150000000", "EUR")), status: 422, says: "want at most 99999999 minor units (999999.99 EUR)"},
		{name: "krónur", method: "PUT", path: "", body: many(other("1000000", "ISK")), status: 422, says: "want at most 999999 minor units (999999 ISK)"},
		{name: "a new price", method: "PATCH", path: "/shoe", body: `{"price":200000000}`, status: 200},
		{name: "a new price above the highest", method: "PATCH", path: "/shoe", body: `{"price":1000000000000}`, status: 422, says: "want 1 to 999999999999 minor units, got 1000000000000"},
		{name: "a new price in euro", method: "PATCH", path: "/shoe", body: `{"price":200000000,"currency":"EUR"}`, status: 422, says: "want 1 to 99999999 minor units"},
		{name: "a new price in Indian rupees", method: "PATCH", path: "/shoe", body: `{"price":1000000000,"currency":"INR"}`, status: 422, says: "want 1 to 999999999 minor units"},
	} {
		a := s.Ask(step.method, "/v1/products"+step.path, apitest.OperatorKey, step.body)
		if a.Status != step.status || !strings.Contains(string(a.Body), step.says) {
			t.Errorf("%s: got %d %s", step.name, a.Status, a.Body)
		}
	}
	if a := s.Ask("GET", "/v1/products/shoe", apitest.ViewerKey, ""); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"price":200000000,"currency":"IDR"`) {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}
