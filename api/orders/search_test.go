package orders_test

import (
	"net/http"
	"testing"

	"purser/api/apitest"
	"purser/api/orders"
)

// TestSearchOrders (SRCH-10): operators find orders, others do not.
func TestSearchOrders(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1")); a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	var page struct{ Orders []orders.Order }
	s.Ask("GET", "/v1/search/orders?q=CUS_1", apitest.OperatorKey, "").Into(t, &page)
	if len(page.Orders) != 1 || page.Orders[0].Customer != "cus_1" {
		t.Errorf("found %+v", page.Orders)
	}
	s.Ask("GET", "/v1/search/orders?q=cus_1", apitest.OperatorKey, "", "Purser-Customer", "cus_2").Into(t, &page)
	if len(page.Orders) != 0 {
		t.Errorf("another customer's: %+v", page.Orders)
	}
	for range 2 { // newer orders of others must not push the customer's out of the page
		if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_2")); a.Status != http.StatusCreated {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	for query, want := range map[string]int{"q=mug&limit=1": 1, "q=mug&limit=2": 1, "q=mug-blue": 1, "q=cus_2": 0} {
		s.Ask("GET", "/v1/search/orders?"+query, apitest.OperatorKey, "", "Purser-Customer", "cus_1").Into(t, &page)
		if len(page.Orders) != want || want > 0 && page.Orders[0].Customer != "cus_1" {
			t.Errorf("%s for cus_1: %+v", query, page.Orders)
		}
	}
	for _, key := range []string{apitest.ShopKey, apitest.ViewerKey} {
		if a := s.Ask("GET", "/v1/search/orders?q=cus_1", key, ""); a.Status != http.StatusForbidden {
			t.Errorf("%s: %d", key, a.Status)
		}
	}
	if a := s.Ask("GET", "/v1/search/orders", apitest.OperatorKey, ""); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("for nothing: %d", a.Status)
	}
}
