package imports_test

import (
	"context"
	"database/sql"
	"net/url"
	"testing"

	"purser/catalog"
	"purser/records/recordstest"
)

// otherOrder is a database whose collation sorts lower case first, unlike
// bytes, which sort upper case first.
func otherOrder(t *testing.T) string {
	t.Helper()
	at := recordstest.Postgres(t)
	db, err := sql.Open("pgx", at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	name := u.Path[1:] + "_en"
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db, err := sql.Open("pgx", at)
		if err == nil {
			_, err = db.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
			_ = db.Close()
		}
		if err != nil {
			t.Log(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// An import locks products in the same order as orders do, whatever the
// collation of the database; otherwise the two could deadlock.
func TestImportLocksLikeOrders(t *testing.T) {
	at := otherOrder(t)
	s, db := recordstest.OpenWithConn(t, at)
	var other bool
	if err := db.QueryRowContext(t.Context(), "SELECT 'a' < 'B'").Scan(&other); err != nil || !other {
		t.Fatalf("the database sorts by bytes: %v", err)
	}
	if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "B", Name: "B", Price: 1, Currency: "EUR"}, {SKU: "a", Name: "a", Price: 1, Currency: "EUR"}}); err != nil {
		t.Fatal(err)
	}
	for kind, write := range map[catalog.ImportKind]func(id string) error{
		catalog.ImportProducts: func(id string) error { _, err := s.ApplyRows(t.Context(), id, 10); return err },
		catalog.ImportPrices:   func(id string) error { return s.SwitchRows(t.Context(), id) },
	} {
		id := string(kind)
		price := int64(2)
		i, _, err := s.OpenImport(t.Context(), catalog.Import{ID: id, Kind: kind}, "{}")
		if err == nil {
			err = s.Received(t.Context(), i, 0, 0, 0)
		}
		if err == nil {
			err = s.StageRows(t.Context(), catalog.Slice{Import: id, Rows: []catalog.LinedRow{
				{Line: 1, Row: catalog.Row{SKU: "a", Price: &price}}, {Line: 2, Row: catalog.Row{SKU: "B", Price: &price}},
			}})
		}
		if err == nil {
			err = s.StartApplying(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
		order, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := order.ExecContext(t.Context(), "SELECT 1 FROM products WHERE sku = 'B' FOR UPDATE"); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- write(id) }()
		recordstest.AwaitLock(t, db)
		if _, err := order.ExecContext(t.Context(), "SELECT 1 FROM products WHERE sku = 'a' FOR UPDATE NOWAIT"); err != nil {
			t.Errorf("an import of %s holds what an order needs next: %v", kind, err)
		}
		if err := order.Rollback(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
