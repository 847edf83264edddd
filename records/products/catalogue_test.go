package products_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestCatalogue runs the suite of what the workflows rely on.
func TestCatalogue(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		porttest.Catalogue(t, func(t *testing.T) porttest.CatalogueTest {
			var ahead atomic.Int64
			s := recordstest.OpenWith(t, url(t), records.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
			return porttest.CatalogueTest{
				CatalogueBench: s,
				Reserve:        func(t *testing.T, sku string, n int64) bool { return reserves(t, s, sku, n) },
				Later:          func(d time.Duration) { ahead.Add(int64(d)) },
			}
		})
	})
}

// The nightly cleanup deletes changes that are older than three months, or than
// configured.
func TestNightlyForgetsOldChanges(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		known := func() int {
			all, err := s.ProductChanges(t.Context(), "mug", 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		if _, err := s.ChangeProduct(t.Context(), "mug", []catalog.Change{porttest.PutOf("1", "mug")}); err != nil {
			t.Fatal(err)
		}
		for _, night := range []struct {
			keep time.Duration
			left int
		}{{0, 1}, {time.Nanosecond, 0}} {
			steps := products.Activities{Past: s, KeepChanges: night.keep}
			if err := steps.ForgetImports(t.Context(), products.Tidying{}); err != nil || known() != night.left {
				t.Errorf("kept for %s: %d are known, %v", night.keep, known(), err)
			}
		}
	})
}

func TestProducts(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		want := catalog.Sample()
		for range 2 {
			if err := s.PutProducts(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
		var got []catalog.Product
		for after := ""; ; after = got[len(got)-1].SKU {
			some, err := s.Products(t.Context(), 3, after)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, some...); len(some) < 3 {
				break
			}
		}
		if len(got) != len(want) {
			t.Errorf("got %d products, want %d", len(got), len(want))
		}
		if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "x", Name: "X", Price: 1, Currency: "???"}}); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("currency ???: got %v, want ErrInvalid", err)
		}
	})
}

// Every call refuses a currency that cannot be charged.
func TestUnknownCurrency(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		other := porttest.PutOf("2", "mug")
		other.Put.Currency = "XYZ"
		all, err := s.ChangeProduct(t.Context(), "mug", []catalog.Change{
			porttest.PutOf("1", "mug"), other, {ID: "3", Price: &catalog.Price{Amount: 1, Currency: "XYZ"}},
		})
		if err != nil || all[0].Err != nil {
			t.Fatal(err, all)
		}
		for _, c := range all[1:] {
			if !errors.Is(c.Err, catalog.ErrInvalid) {
				t.Errorf("change %s: %v", c.ID, c.Err)
			}
		}
		if err := s.PutProducts(t.Context(), []catalog.Product{*other.Put}); err == nil {
			t.Error("it was put all the same")
		}
		if p, err := s.Product(t.Context(), "mug"); err != nil || p.Currency != "EUR" || p.Version != 1 {
			t.Errorf("%+v %v", p, err)
		}
	})
}

// A count that makes an expired reservation lapse returns the product as it is
// then: with the new revision, which is its ETag, and its stock (ORD-7,
// IDEM-6).
func TestCountedPastExpiredReservations(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		expired := time.Now().Add(-time.Minute)
		put := func(c catalog.Change) catalog.Changed {
			t.Helper()
			all, err := s.ChangeProduct(t.Context(), "mug", []catalog.Change{c})
			if err != nil {
				t.Fatal(err)
			}
			now, err := s.Product(t.Context(), "mug")
			if err != nil || all[0].Product.Revision != now.Revision || all[0].Product.Version != now.Version || all[0].Product.Available != now.Available {
				t.Errorf("returned %+v, the record says %+v %v", all[0].Product, now, err)
			}
			return all[0]
		}
		put(porttest.PutOf("1", "mug"))
		for range 2 {
			if _, err := s.OpenOrder(t.Context(), order.Opening{
				ID: order.NewID(), RunID: "run-1", Actor: "key:shop", Now: expired, HoldUntil: expired,
				Request: order.Request{Customer: "c-1", Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug", Quantity: 3}}},
			}); err != nil {
				t.Fatal(err)
			}
		}
		count := func(n int64) *int64 { return &n }
		before := put(catalog.Change{ID: "2", Receive: 1}).Product
		if after := put(catalog.Change{ID: "3", OnHand: count(4)}); after.Err != nil || after.Product.Revision < before.Revision+2 || after.Product.Available != 1 {
			t.Errorf("counted: %+v", after)
		}
	})
}

// reserves opens an order for the given number of pieces.
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
