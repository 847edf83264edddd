package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"purser/catalog"
	"purser/records"
)

// TestLostIndex: an index is rebuilt when it holds less than half of the documents
// that it confirmed, also if a changed product has already created it again; it
// is not rebuilt while products arrive, or when there are none.
func TestLostIndex(t *testing.T) {
	ctx := t.Context()
	record, err := records.Open(ctx, "sqlite://"+t.TempDir()+"/record.db", records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	held := int64(0)
	l := &loss{held: func(context.Context) (int64, error) { return held, nil }, record: record}
	look := func(when string, n int64, want bool) {
		t.Helper()
		held = n
		if lost, err := l.found(ctx); lost != want || err != nil {
			t.Errorf("%s: lost: %t, %v", when, lost, err)
		}
	}
	look("an empty shop", 0, false)
	var products []catalog.Product
	for i := range 10 {
		products = append(products, catalog.Product{SKU: fmt.Sprint("mug-", i), Name: "Mug", Price: 1, Currency: "EUR"})
	}
	if err := record.PutProducts(ctx, products); err != nil {
		t.Fatal(err)
	}
	look("none confirmed yet", 0, false)
	confirmed := map[string]int64{}
	for _, p := range products {
		now, err := record.Product(ctx, p.SKU)
		if err != nil {
			t.Fatal(err)
		}
		confirmed[p.SKU] = now.Revision
	}
	if _, err := record.RecordIndexed(ctx, confirmed); err != nil {
		t.Fatal(err)
	}
	look("complete", 10, false)
	look("more", 11, false)
	look("gone", 0, true)
	look("created again by the product that changed", 1, true)
	look("rebuilt", 10, false)
	look("a few missing", 7, false)
}

// TestIndexSettings (SRCH-2): the settings are applied at the start and whenever the
// shop changes them, an attempt that fails is repeated and told, and another worker's
// changes do not lead to a second attempt.
func TestIndexSettings(t *testing.T) {
	ctx := t.Context()
	record, err := records.Open(ctx, "sqlite://"+t.TempDir()+"/record.db", records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	applied, down := 0, error(nil)
	worker := func() *indexSettings {
		return &indexSettings{record: record, log: slog.New(slog.DiscardHandler), applied: -1, apply: func(context.Context) (bool, error) {
			if down != nil {
				return false, down
			}
			applied++
			return true, nil
		}}
	}
	one, two := worker(), worker()
	look := func(when string, w *indexSettings, wantApplied int, wantVersion int64, wantProblem string) {
		t.Helper()
		if err := w.keep(ctx); !errors.Is(err, down) {
			t.Errorf("%s: %v", when, err)
		}
		now, err := record.SearchSettings(ctx)
		if err != nil || applied != wantApplied || now.Version != wantVersion || now.Applied != (wantProblem == "") || now.Problem != wantProblem {
			t.Errorf("%s: applied %d times, %+v, %v", when, applied, now, err)
		}
	}
	put := func() {
		t.Helper()
		if _, err := record.PutSearchSettings(ctx, catalog.SampleSearch(), "key:ops", nil); err != nil {
			t.Fatal(err)
		}
	}
	down = errors.New("the search engine is away")
	look("while the engine is away", one, 0, 0, "the search engine is away")
	look("and still", one, 0, 0, "the search engine is away")
	down = nil
	look("at the start", one, 1, 0, "")
	look("unchanged", one, 1, 0, "")
	look("another worker", two, 2, 0, "")
	put()
	look("changed", one, 3, 1, "")
	look("changed, the other", two, 4, 1, "")
	look("unchanged again", two, 4, 1, "")
	put()
	down = errors.New("full")
	look("changed, and refused", one, 4, 2, "full")
	down = nil
	look("the other gets through", two, 5, 2, "")
	look("after a restart", worker(), 6, 2, "")
}
