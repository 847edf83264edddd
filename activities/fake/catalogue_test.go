package fake_test

import (
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/porttest"
)

func TestCatalogue(t *testing.T) {
	porttest.Catalogue(t, func(*testing.T) porttest.CatalogueTest {
		var ahead time.Duration
		c := &fake.Catalogue{Now: func() time.Time { return time.Now().Add(ahead) }}
		return porttest.CatalogueTest{
			CatalogueBench: c,
			Reserve:        func(_ *testing.T, sku string, n int64) bool { return c.Reserve(sku, n) },
			Later:          func(d time.Duration) { ahead += d },
		}
	})
}
