package stack

import (
	"context"
	"fmt"
	"testing"

	"purser/catalog"
	"purser/records"
)

// TestLostIndex: an index is built again when it holds less than half of what it
// confirmed, also if a product that changed has already made it again; and not
// while products come in, or when there are none.
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
	look("all there", 10, false)
	look("more", 11, false)
	look("gone", 0, true)
	look("there again, with the product that changed", 1, true)
	look("built anew", 10, false)
	look("a few short", 7, false)
}
