package orders_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/order"
)

// TestBelowMinimum (PAY-1, API-4): an order that costs less than can be
// charged is refused with the minimum before anything is opened.
func TestBelowMinimum(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	pins := `{"products":[{"sku":"pin","name":"Pin","price":24,"currency":"EUR","onHand":9}]}`
	if a := s.Ask("PUT", "/v1/products", apitest.OperatorKey, pins); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	two := strings.Replace(apitest.OrderBody("cus_1"), `"mug-blue"`, `"pin"`, 1)
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, two, "Idempotency-Key", "cart-8")
	p := a.Problem(t)
	if a.Status != http.StatusUnprocessableEntity || p.Code != "amount_too_small" || !strings.Contains(p.Detail, "0.48 EUR, the minimum is 0.50 EUR") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	page, err := s.Store.Orders(t.Context(), order.Filter{})
	if err != nil || len(page.Orders) != 0 || len(s.Orders.Placed) != 0 {
		t.Errorf("%d orders are in the record, %d were placed (%v), want none", len(page.Orders), len(s.Orders.Placed), err)
	}
	offers, err := s.Store.Offers(t.Context(), []string{"pin"})
	if err != nil || offers["pin"].Available != 9 {
		t.Errorf("%d pins are left (%v), want 9", offers["pin"].Available, err)
	}
	three := strings.Replace(two, `"quantity":2`, `"quantity":3`, 1)
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, three, "Idempotency-Key", "cart-8"); a.Status != http.StatusCreated {
		t.Errorf("one pin more: got %d %s", a.Status, a.Body)
	}
}

// TestBelowMinimum_since_the_quote: where the price falls after it was quoted,
// the workflow refuses the order, and the minimum is named all the same.
func TestBelowMinimum_since_the_quote(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	s.Orders.Fail = fmt.Errorf("open order: %w", order.ErrBelowMinimum)
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"))
	p := a.Problem(t)
	if a.Status != http.StatusUnprocessableEntity || p.Code != "amount_too_small" || !strings.Contains(p.Detail, "the minimum is 0.50 EUR") || strings.Contains(p.Detail, "open order") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}
