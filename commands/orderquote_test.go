package commands_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/shop"
)

// TestOrderQuote: a quote is printed as a receipt would show it.
func TestOrderQuote(t *testing.T) {
	tax := func(n int64, included bool) *order.Tax {
		return &order.Tax{Name: "MwSt.", Rate: "19", Amount: n, Included: included}
	}
	var asked any
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/quotes" || json.Unmarshal(body, &asked) != nil {
			t.Errorf("%s %s %s %v", r.Method, r.URL.Path, body, err)
		}
		_ = json.NewEncoder(w).Encode(shop.Quote{
			Lines:    []shop.Line{{SKU: "mug", Name: "Mug", Quantity: 2, Price: 1450, Subtotal: 2900, Discount: 290, Tax: tax(417, true), Total: 2610}},
			Shipping: &shop.ShippingFee{Name: "Post", Price: 490, Tax: tax(93, false), Total: 583},
			Total:    order.Money{Amount: 3193, Currency: "EUR"},
		})
	}))
	t.Cleanup(s.Close)
	code, out, errs := typed(t.Context(), "order", "quote", "--api-url="+s.URL, "--line=mug=2", "--code=TEN", "--code=TWO", "--shipping=post", "--country=AT", "--postal-code=1010", "--customer=cus_1")
	if code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	var want any
	if err := json.Unmarshal([]byte(`{"customerId": "cus_1", "shipTo": {"country": "AT", "postalCode": "1010"}, "currency": "EUR",
		"lines": [{"sku": "mug", "quantity": 2}], "discountCodes": ["TEN", "TWO"], "shippingMethod": "post"}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	out = regexp.MustCompile(" {2,}").ReplaceAllString(out, " ")
	for _, line := range []string{
		"2 × Mug (mug) 29.00 EUR", "discount -2.90 EUR", "MwSt. 19 % (included) 4.17 EUR", "shipping Post 4.90 EUR", "MwSt. 19 % (added) 0.93 EUR", "total 31.93 EUR",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in:\n%s", line, out)
		}
	}
}

// TestOrderPlacePriced: what the shopper saw and the codes go with the order.
func TestOrderPlacePriced(t *testing.T) {
	url, requests := ordersAPI(t, shop.Order{ID: "ord_1"})
	code, _, errs := typed(t.Context(), "order", "place", "--api-url="+url, "--line=mug=2", "--code=TEN", "--shipping=post", "--expect=31.00")
	got := requests()
	if code != 0 || len(got) != 1 || !strings.Contains(got[0], `"discountCodes":["TEN"],"shippingMethod":"post","expectedTotal":{"amount":3100,"currency":"EUR"}`) {
		t.Errorf("%d %s %q", code, errs, got)
	}
	for name, flags := range map[string][]string{
		"a comma":           {"--line=mug=2", "--expect=31,00"},
		"too many decimals": {"--line=mug=2", "--expect=31.000"},
		"no quantity":       {"--line=mug", "--expect=31.00"},
	} {
		code, _, errs := typed(t.Context(), append([]string{"order", "place", "--api-url=" + url}, flags...)...)
		if code != 2 || len(requests()) != 1 || !strings.Contains(errs, strings.Split(flags[len(flags)-1], "=")[0]) && name != "no quantity" {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
}
