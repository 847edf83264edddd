package products_test

import (
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/catalog"
)

func TestReconcileAndReindex(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	var found struct {
		Done bool
		catalog.Drift
	}
	a := s.Ask("POST", "/v1/catalogue/reconcile", apitest.OperatorKey, "")
	a.Into(t, &found)
	if a.Status != 200 || !found.Done || found.Stale != 1 || found.Repaired != 1 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := s.Ask("POST", "/v1/catalogue/reindex", apitest.ShopKey, ""); a.Status != 403 {
		t.Errorf("a shop may rebuild the index: %d", a.Status)
	}
	if a := s.Ask("POST", "/v1/catalogue/reindex", apitest.OperatorKey, ""); a.Status != 200 || !strings.Contains(string(a.Body), `"put":3`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}
