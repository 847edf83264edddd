package api_test

import (
	"path/filepath"
	"testing"

	"purser/postgrestest"
)

// An address that is no text names nothing: it is refused, whatever the
// record thinks of a NUL (F79).
func TestAddressIsText(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &products{}
			s := setUpOn(t, url(t), f.desk)
			for _, target := range []string{
				"/v1/products/mug%00", "/v1/products/%ff", "/v1/products/mug%00/changes", "/v1/products?after=mug%00", "/v1/products?after=%ff",
				"/v1/products?x=%zz&after=%00", "/v1/imports/imp%00", "/v1/imports/imp%00/errors", "/v1/orders/ord%00", "/v1/orders?customer=%00",
			} {
				if a := s.ask("GET", target, operatorKey, ""); a.status != 400 || a.problem(t).Code != "malformed" {
					t.Errorf("%s: %d %s", target, a.status, a.body)
				}
			}
			if a := upload(s, operatorKey, "kind=stock&name=a%00b", "sku,onHand\nmug-blue,1\n"); a.status != 400 || len(f.started) > 0 {
				t.Errorf("the name of an import: %d %s", a.status, a.body)
			}
			for _, target := range []string{"/v1/products/%E2%82%AC", "/v1/products/mug%0A"} {
				if a := s.ask("GET", target, operatorKey, ""); a.status != 404 {
					t.Errorf("%s: %d %s", target, a.status, a.body)
				}
			}
		})
	}
}
