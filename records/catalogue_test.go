package records_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/order"
	"purser/records"
	"purser/sandbox/postgres"
)

// TestCatalogue runs what the workflows rely on.
func TestCatalogue(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return postgres.ForTest(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			porttest.Catalogue(t, func(t *testing.T) porttest.CatalogueTest {
				var ahead atomic.Int64
				s, err := records.Open(t.Context(), url(t), records.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				return porttest.CatalogueTest{
					CatalogueBench: s,
					Reserve:        func(t *testing.T, sku string, n int64) bool { return reserves(t, s, sku, n) },
					Later:          func(d time.Duration) { ahead.Add(int64(d)) },
				}
			})
		})
	}
}

// reserves opens an order for so many pieces.
func reserves(t *testing.T, s *records.Store, sku string, n int64) bool {
	t.Helper()
	now := time.Now()
	_, err := s.OpenOrder(t.Context(), order.Opening{
		ID: order.NewID(), RunID: "run-1", Actor: "key:shop", Now: now, HoldUntil: now.Add(time.Hour),
		Request: order.Request{Customer: "c-1", Currency: "EUR", Lines: []order.RequestLine{{SKU: sku, Quantity: n}}},
	})
	if err != nil && !errors.Is(err, order.ErrOutOfStock) {
		t.Fatal(err)
	}
	return err == nil
}
