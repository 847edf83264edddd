package orders_test

import (
	"net/http"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/api/httpkit"
	"purser/api/orders"
	"purser/records"
)

// TestRotatedSecret (IDEM-1, SEC-8): a principal that is given a new secret is
// still the same caller, so a request repeated with the new secret finds the
// order that the old one made. Two principals stay apart.
func TestRotatedSecret(t *testing.T) {
	t.Parallel()
	const oldSecret, newSecret, otherSecret = "web-old-0123456789", "web-new-0123456789", "app-one-0123456789"
	keys, err := httpkit.ParseKeys("web:shop:" + oldSecret + ",app:shop:" + otherSecret + ", web:shop:" + newSecret)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 {
		t.Fatalf("got %d principals, want web and app", len(keys))
	}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Keys = keys })
	place := func(secret string) orders.Order {
		t.Helper()
		a := s.Ask("POST", "/v1/orders", secret, apitest.OrderBody("cus_1"), "Idempotency-Key", "cart-7")
		var b apitest.PlacedBody
		a.Into(t, &b)
		if a.Status != http.StatusCreated {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
		return b.Order
	}
	before, after, other := place(oldSecret), place(newSecret), place(otherSecret)
	if before.ID != after.ID {
		t.Errorf("the old secret made %s, the new one %s: two orders for one key", before.ID, after.ID)
	}
	if other.ID == before.ID {
		t.Error("another principal's key found this principal's order")
	}
	for _, p := range s.Orders.Placed {
		if want := map[bool]string{true: "key:web", false: "key:app"}[p.ID == before.ID]; p.Actor != want {
			t.Errorf("%s was placed by %s, want %s", p.ID, p.Actor, want)
		}
	}
	if a := s.Ask("GET", "/v1/orders/"+string(before.ID), "web-out-0123456789", ""); a.Status != http.StatusUnauthorized {
		t.Errorf("a secret that was never given: got %d %s", a.Status, a.Body)
	}
}

// TestRotatedSecret_of_one_role (SEC-8): with either secret a principal may do
// what its role may, and no more.
func TestRotatedSecret_of_one_role(t *testing.T) {
	t.Parallel()
	const oldSecret, newSecret = "eve-old-0123456789", "eve-new-0123456789"
	keys, err := httpkit.ParseKeys("eve:viewer:" + oldSecret + ",eve:viewer:" + newSecret)
	if err != nil {
		t.Fatal(err)
	}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Keys = keys })
	for _, secret := range []string{oldSecret, newSecret} {
		if a := s.Ask("GET", "/v1/orders", secret, ""); a.Status != http.StatusOK {
			t.Errorf("%.7s reads: got %d %s", secret, a.Status, a.Body)
		}
		if a := s.Ask("POST", "/v1/orders", secret, apitest.OrderBody("cus_1")); a.Problem(t).Code != "forbidden" {
			t.Errorf("%.7s places: got %d %s", secret, a.Status, a.Body)
		}
	}
}
