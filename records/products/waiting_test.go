package products_test

import (
	"testing"

	"purser/catalog"
	"purser/records/recordstest"
)

// A change or an import that waits for a locked product sees all of what the
// other wrote (SRCH-5): a new price does not restore an old description.
func TestWaitingSeesWhatWasWritten(t *testing.T) {
	s, db := recordstest.OpenWithConn(t, recordstest.Postgres(t))
	price := int64(2)
	for name, write := range map[string]func() error{
		"a change": func() error {
			_, err := s.ChangeProduct(t.Context(), "mug", []catalog.Change{{ID: "1", Actor: "shop", Price: &catalog.Price{Amount: price}}})
			return err
		},
		"an import": func() error {
			i, _, err := s.OpenImport(t.Context(), catalog.Import{ID: "1", Kind: catalog.ImportProducts}, "{}")
			if err == nil {
				err = s.Received(t.Context(), i, 0, 0, 0)
			}
			if err == nil {
				err = s.StageRows(t.Context(), catalog.Slice{Import: "1", Rows: []catalog.LinedRow{{Line: 1, Row: catalog.Row{SKU: "mug", Price: &price}}}})
			}
			if err == nil {
				err = s.StartApplying(t.Context(), "1")
			}
			if err == nil {
				_, err = s.ApplyRows(t.Context(), "1", 10)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1, Currency: "EUR", Description: "old"}}); err != nil {
				t.Fatal(err)
			}
			other, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{
				"UPDATE products SET name = 'Beaker', version = version + 1 WHERE sku = 'mug'",
				`UPDATE product_details SET doc = '{"description":"new"}' WHERE sku = 'mug'`,
			} {
				if _, err := other.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			done := make(chan error, 1)
			go func() { done <- write() }()
			recordstest.AwaitLock(t, db)
			if err := other.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if p, err := s.Product(t.Context(), "mug"); err != nil || p.Price != 2 || p.Name != "Beaker" || p.Description != "new" {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}
