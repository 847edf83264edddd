package stack

import (
	"context"
	"fmt"
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
