package api_test

import (
	"path/filepath"
	"testing"

	"purser/api/apitest"
	"purser/postgrestest"
)

// TestAddressIsText proves F79: a URL that is not text names no resource and is
// refused, whether or not the record can hold a NUL.
func TestAddressIsText(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &apitest.Products{}
			s := apitest.NewOn(t, url(t), f.Configure)
			for _, target := range []string{
				"/v1/products/mug%00", "/v1/products/%ff", "/v1/products/mug%00/changes", "/v1/products?after=mug%00", "/v1/products?after=%ff",
				"/v1/products?x=%zz&after=%00", "/v1/imports/imp%00", "/v1/imports/imp%00/errors", "/v1/orders/ord%00", "/v1/orders?customer=%00",
			} {
				if a := s.Ask("GET", target, apitest.OperatorKey, ""); a.Status != 400 || a.Problem(t).Code != "malformed" {
					t.Errorf("%s: %d %s", target, a.Status, a.Body)
				}
			}
			if a := s.Ask("POST", "/v1/imports?kind=stock&name=a%00b", apitest.OperatorKey, "sku,onHand\nmug-blue,1\n"); a.Status != 400 || len(f.Started) > 0 {
				t.Errorf("the name of an import: %d %s", a.Status, a.Body)
			}
			for _, target := range []string{"/v1/products/%E2%82%AC", "/v1/products/mug%0A"} {
				if a := s.Ask("GET", target, apitest.OperatorKey, ""); a.Status != 404 {
					t.Errorf("%s: %d %s", target, a.Status, a.Body)
				}
			}
		})
	}
}
