package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purser/order"
	"purser/records"
)

// TestBelowMinimum (PAY-1, API-4): an order that costs less than can be
// charged is refused with the minimum before anything is opened.
func TestBelowMinimum(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	pins := `{"products":[{"sku":"pin","name":"Pin","price":24,"currency":"EUR","onHand":9}]}`
	if a := s.ask("PUT", "/v1/products", operatorKey, pins); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	two := strings.Replace(orderBody("cus_1"), `"mug-blue"`, `"pin"`, 1)
	a := s.ask("POST", "/v1/orders", shopKey, two, "Idempotency-Key", "cart-8")
	p := a.problem(t)
	if a.status != http.StatusUnprocessableEntity || p.Code != "amount_too_small" || !strings.Contains(p.Detail, "0.48 EUR, the minimum is 0.50 EUR") {
		t.Errorf("got %d %s", a.status, a.body)
	}
	page, err := s.store.Orders(t.Context(), records.Filter{})
	if err != nil || len(page.Orders) != 0 || len(s.orders.placed) != 0 {
		t.Errorf("%d orders are in the record, %d were placed (%v), want none", len(page.Orders), len(s.orders.placed), err)
	}
	offers, err := s.store.Offers(t.Context(), []string{"pin"})
	if err != nil || offers["pin"].Available != 9 {
		t.Errorf("%d pins are left (%v), want 9", offers["pin"].Available, err)
	}
	three := strings.Replace(two, `"quantity":2`, `"quantity":3`, 1)
	if a := s.ask("POST", "/v1/orders", shopKey, three, "Idempotency-Key", "cart-8"); a.status != http.StatusCreated {
		t.Errorf("one pin more: got %d %s", a.status, a.body)
	}
}

// TestBelowMinimum_since_the_quote: where the price falls after it was quoted,
// the workflow refuses the order, and the minimum is named all the same.
func TestBelowMinimum_since_the_quote(t *testing.T) {
	t.Parallel()
	s := setUp(t)
	s.orders.fail = fmt.Errorf("open order: %w", order.ErrBelowMinimum)
	a := s.ask("POST", "/v1/orders", shopKey, orderBody("cus_1"))
	p := a.problem(t)
	if a.status != http.StatusUnprocessableEntity || p.Code != "amount_too_small" || !strings.Contains(p.Detail, "the minimum is 0.50 EUR") || strings.Contains(p.Detail, "open order") {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
