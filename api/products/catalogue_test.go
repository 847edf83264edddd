package products_test

import (
	"encoding/json"
	"testing"

	"purser/api/apitest"
)

func TestProducts(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	var p struct {
		Products  []json.RawMessage
		NextAfter string
	}
	s.Ask("GET", "/v1/products?limit=3", apitest.ShopKey, "").Into(t, &p)
	if len(p.Products) != 3 || p.NextAfter == "" {
		t.Errorf("got %+v", p)
	}
}
