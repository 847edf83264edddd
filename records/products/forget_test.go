package products_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"purser/catalog"
	"purser/records"
	"purser/records/products"
	"purser/records/recordstest"
)

// Changes of products are deleted by age, in small transactions; younger
// changes and their keys stay (IDEM-1, SEC-9).
func TestForgetChanges(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		now := time.Now()
		db := recordstest.OpenDB(t, url(t), records.Options{Now: func() time.Time { return now }})
		s := &products.Store{DB: db}
		const old = 4_100 // in three transactions
		changes := []catalog.Change{{ID: "put", Put: &catalog.Product{SKU: "mug", Name: "Mug", Price: 1, Currency: "EUR"}}}
		for i := range old - 1 {
			changes = append(changes, catalog.Change{ID: fmt.Sprint("old-", i), Receive: 1})
		}
		young := catalog.Change{ID: "young", Receive: 5}
		change := func(c ...catalog.Change) {
			t.Helper()
			all, err := s.ChangeProduct(t.Context(), "mug", c)
			if err != nil || all[len(all)-1].Err != nil {
				t.Fatal(err, all)
			}
		}
		change(changes...)
		then := now
		now = now.Add(time.Hour)
		change(young)
		counted, counts := recordstest.Count(db)
		n, err := (&products.Store{DB: counted}).ForgetChanges(t.Context(), then.Add(time.Minute).UnixMicro())
		if err != nil || n != old || len(counts.Changed) != 3 {
			t.Errorf("%d changes forgotten in %d transactions: %v", n, len(counts.Changed), err)
		}
		change(young)
		known, err := s.ProductChanges(t.Context(), "mug", 10)
		p, perr := s.Product(t.Context(), "mug")
		if err != nil || perr != nil || len(known) != 1 || known[0].ID != "young" || p.OnHand != old-1+5 {
			t.Errorf("known: %+v, %d on hand, %v", known, p.OnHand, errors.Join(err, perr))
		}
	})
}
