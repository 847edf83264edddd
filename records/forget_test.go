package records

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"purser/catalog"
	"purser/postgrestest"
)

// weighed is a database that notes how many rows each transaction changes, and
// lets something happen after each.
type weighed struct {
	database
	changed []int64
	between func()
}

func (w *weighed) write(ctx context.Context, f func(context.Context, querier) error) error {
	return w.weigh(ctx, w.database.write, f)
}

func (w *weighed) writeAlone(ctx context.Context, f func(context.Context, querier) error) error {
	return w.weigh(ctx, w.database.writeAlone, f)
}

func (w *weighed) weigh(ctx context.Context, run func(context.Context, func(context.Context, querier) error) error, f func(context.Context, querier) error) error {
	var n int64
	err := run(ctx, func(ctx context.Context, q querier) error {
		n = 0
		return f(ctx, weighing{q, &n})
	})
	w.changed = append(w.changed, n)
	if then := w.between; then != nil {
		w.between = nil // not of what happens then
		then()
		w.between = then
	}
	return err
}

type weighing struct {
	querier
	n *int64
}

func (c weighing) exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := c.querier.exec(ctx, query, args...)
	*c.n += n
	return n, err
}

const (
	forgetRows   = 4_500 // in three transactions
	forgetChunks = 20
)

// stagedImport receives and stages an import of some size.
func stagedImport(t *testing.T, s *Store, id string) {
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

// partsLeft counts what there is of imports.
func partsLeft(t *testing.T, s *Store) (n int64) {
	t.Helper()
	for _, table := range []string{"import_chunks", "import_rows", "import_errors"} {
		some, err := one[int64](t.Context(), s.db.reader(), "SELECT COUNT(*) FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		n += some
	}
	return n
}

// A large import is forgotten in small transactions, between which others
// write: an order does not wait for the whole of it (F82).
func TestForgetInSmallTransactions(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), url(t), Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			later := micros(time.Now().Add(time.Hour))
			forgetsInSmall(t, s, "ended", catalog.ImportReading, 0, func(id string) error {
				return s.EndImport(t.Context(), id, catalog.ImportDone, "")
			})
			forgetsInSmall(t, s, "old", catalog.ImportDone, 0, func(string) error {
				_, err := s.ForgetImports(t.Context(), later, later)
				return err
			})
			forgetsInSmall(t, s, "ended, and then came a crash", catalog.ImportDone, 0, func(id string) error {
				if _, err := s.ForgetImports(t.Context(), 0, 0); err != nil {
					return err
				}
				_, err := s.Import(t.Context(), id) // its figures stay
				return err
			})
			// What is still coming in has no rows of its own: those are of one
			// that was being forgotten, and must not be taken for the new one's.
			forgetsInSmall(t, s, "received anew", catalog.ImportReceiving, 0, func(id string) error {
				_, fresh, err := s.OpenImport(t.Context(), catalog.Import{ID: id, Kind: catalog.ImportProducts}, "{}")
				if err == nil && !fresh {
					err = errors.New("it was not opened anew")
				}
				return err
			})
		})
	}
}

func forgetsInSmall(t *testing.T, s *Store, id string, state catalog.ImportState, stay int64, forget func(id string) error) {
	t.Helper()
	stagedImport(t, s, id)
	if err := s.moveImport(t.Context(), "UPDATE imports SET state = ? WHERE id = ?", string(state), id); err != nil {
		t.Fatal(err)
	}
	plain := s.db
	w := &weighed{database: plain}
	passed := 0 // writes that came in between
	w.between = func() {
		before := partsLeft(t, s)
		if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1, Currency: "EUR"}}); err != nil {
			t.Error(err)
		}
		if before > stay && before < forgetRows+forgetChunks {
			passed++
		}
	}
	s.db = w
	err := forget(id)
	s.db = plain
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	for _, n := range w.changed {
		if n > 2_000 {
			t.Errorf("%s: a transaction of %d rows", id, n)
		}
	}
	if n := partsLeft(t, s); n != stay || passed < 2 {
		t.Errorf("%s: %d rows are left, want %d; %d writes came in between", id, n, stay, passed)
	}
}

// Changes of products are forgotten by their age, in small transactions; what is
// younger stays, and the keys of it (IDEM-1, SEC-9).
func TestForgetChanges(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			s, err := Open(t.Context(), url(t), Options{Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
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
			w := &weighed{database: s.db}
			s.db = w
			n, err := s.ForgetChanges(t.Context(), then.Add(time.Minute).UnixMicro())
			s.db = w.database
			if err != nil || n != old || len(w.changed) != 3 {
				t.Errorf("%d changes forgotten in %d transactions: %v", n, len(w.changed), err)
			}
			change(young)
			known, err := s.ProductChanges(t.Context(), "mug", 10)
			p, perr := s.Product(t.Context(), "mug")
			if err != nil || perr != nil || len(known) != 1 || known[0].ID != "young" || p.OnHand != old-1+5 {
				t.Errorf("known: %+v, %d on hand, %v", known, p.OnHand, errors.Join(err, perr))
			}
		})
	}
}

// What is forgotten of an attempt is not another attempt's.
func TestForgetLeavesTheNewAttempt(t *testing.T) {
	s, err := Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "record.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	first, _, err := s.OpenImport(t.Context(), catalog.Import{ID: "imp", Kind: catalog.ImportStock}, "{}")
	if err == nil {
		err = s.PutChunk(t.Context(), first, 0, []byte("old"))
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &weighed{database: s.db}
	var second catalog.Import
	opened := false
	w.between = func() { // the first has gone, and its chunk is still there
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
	s.db = w
	if err := s.GiveUpImport(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if b, err := s.ImportBytes(t.Context(), "imp", 0); err != nil || string(b) != "new" {
		t.Errorf("kept %q %v", b, err)
	}
}
