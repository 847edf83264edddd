package imports_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"purser/catalog"
	"purser/records"
	"purser/records/imports"
	"purser/records/mails"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

const (
	forgetRows   = 4_500 // in three transactions
	forgetChunks = 20
)

// stagedImport receives and stages an import of some size.
func stagedImport(t *testing.T, s *records.Store, id string) {
	t.Helper()
	i, _, err := s.OpenImport(t.Context(), catalog.Import{ID: id, Kind: catalog.ImportProducts}, "{}")
	for n := range forgetChunks {
		if err == nil {
			err = s.PutChunk(t.Context(), i, int64(n), []byte("x"))
		}
	}
	if err == nil {
		err = s.Received(t.Context(), i, forgetChunks, 0, 0)
	}
	rows := make([]catalog.LinedRow, forgetRows)
	for n := range rows {
		rows[n] = catalog.LinedRow{Line: int64(n), Row: catalog.Row{SKU: fmt.Sprint("sku-", n)}}
	}
	if err == nil {
		err = s.StageRows(t.Context(), catalog.Slice{Import: id, ToByte: forgetChunks, Rows: rows})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// partsLeft counts the remaining rows of imports.
func partsLeft(t *testing.T, db *sqldb.DB) (n int64) {
	t.Helper()
	for _, table := range []string{"import_chunks", "import_rows", "import_errors"} {
		some, err := sqldb.One[int64](t.Context(), db.Reader(), "SELECT COUNT(*) FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		n += some
	}
	return n
}

// A large import is deleted in small transactions, between which others write:
// an order does not wait for all of it (F82).
func TestForgetInSmallTransactions(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		db := recordstest.OpenDB(t, url(t), records.Options{})
		later := sqldb.Micros(time.Now().Add(time.Hour))
		forgetsInSmall(t, db, "ended", catalog.ImportReading, 0, func(s *imports.Store, id string) error {
			return s.EndImport(t.Context(), id, catalog.ImportDone, "")
		})
		forgetsInSmall(t, db, "old", catalog.ImportDone, 0, func(s *imports.Store, _ string) error {
			_, err := s.ForgetImports(t.Context(), later, later)
			return err
		})
		forgetsInSmall(t, db, "ended, and then came a crash", catalog.ImportDone, 0, func(s *imports.Store, id string) error {
			if _, err := s.ForgetImports(t.Context(), 0, 0); err != nil {
				return err
			}
			_, err := s.Import(t.Context(), id) // its figures stay
			return err
		})
		// An import that is still being received has no rows of its own: existing rows
		// belong to one that was being deleted, and must not become rows of the new
		// one.
		forgetsInSmall(t, db, "received again", catalog.ImportReceiving, 0, func(s *imports.Store, id string) error {
			_, fresh, err := s.OpenImport(t.Context(), catalog.Import{ID: id, Kind: catalog.ImportProducts}, "{}")
			if err == nil && !fresh {
				err = errors.New("it was not opened again")
			}
			return err
		})
	})
}

func forgetsInSmall(t *testing.T, db *sqldb.DB, id string, state catalog.ImportState, stay int64, forget func(s *imports.Store, id string) error) {
	t.Helper()
	s := records.New(db, mails.Rules{})
	stagedImport(t, s, id)
	err := db.Write(t.Context(), func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE imports SET state = ? WHERE id = ?", string(state), id)
		if err == nil && n != 1 {
			err = catalog.ErrMovedOn
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	counted, counts := recordstest.Count(db)
	passed := 0 // writes that came in between
	counts.Between = func() {
		before := partsLeft(t, db)
		if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1, Currency: "EUR"}}); err != nil {
			t.Error(err)
		}
		if before > stay && before < forgetRows+forgetChunks {
			passed++
		}
	}
	if err := forget(&imports.Store{DB: counted}, id); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	for _, n := range counts.Changed {
		if n > 2_000 {
			t.Errorf("%s: a transaction of %d rows", id, n)
		}
	}
	if n := partsLeft(t, db); n != stay || passed < 2 {
		t.Errorf("%s: %d rows are left, want %d; %d writes came in between", id, n, stay, passed)
	}
}

// Deleting the rows of one attempt does not delete another attempt's.
func TestForgetLeavesTheNewAttempt(t *testing.T) {
	db := recordstest.OpenDB(t, recordstest.SQLite(t), records.Options{})
	s := &imports.Store{DB: db}
	first, _, err := s.OpenImport(t.Context(), catalog.Import{ID: "imp", Kind: catalog.ImportStock}, "{}")
	if err == nil {
		err = s.PutChunk(t.Context(), first, 0, []byte("old"))
	}
	if err != nil {
		t.Fatal(err)
	}
	counted, counts := recordstest.Count(db)
	var second catalog.Import
	opened := false
	counts.Between = func() { // the first has gone, and its chunk is still there
		if opened {
			return
		}
		opened = true
		if second, _, err = s.OpenImport(t.Context(), catalog.Import{ID: "imp", Kind: catalog.ImportStock}, "{}"); err == nil {
			err = s.PutChunk(t.Context(), second, 0, []byte("new"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := (&imports.Store{DB: counted}).DiscardImport(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if b, err := s.ImportBytes(t.Context(), "imp", 0); err != nil || string(b) != "new" {
		t.Errorf("kept %q %v", b, err)
	}
}
