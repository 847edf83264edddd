package products_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/activities/products"
	"purser/catalog"
)

// TestOutcomesFit: the outcomes of as many changes as are written at once fit into a
// message, even those of a product with the longest description; no outcome lacks
// anything in the end.
func TestOutcomesFit(t *testing.T) {
	record := &fake.Catalogue{}
	steps := products.Activities{Products: record}
	put := func(id, description string) catalog.Change {
		c := porttest.PutOf(id, "mug")
		c.Put.Description = description
		return c
	}
	long := strings.Repeat("\U0001f375", 20_000)
	changes := []catalog.Change{put("0", long)}
	for n := range 98 {
		changes = append(changes, catalog.Change{ID: fmt.Sprint("price-", n), Price: &catalog.Price{Amount: int64(n + 1)}})
	}
	changes = append(changes, put("short", "short"))
	out, err := steps.ChangeProduct(t.Context(), products.ProductChanges{SKU: "mug", Changes: changes})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(out)
	if err != nil || len(b) > 300<<10 {
		t.Errorf("%d bytes %v", len(b), err)
	}
	var received []products.ProductOutcome
	if err := json.Unmarshal(b, &received); err != nil {
		t.Fatal(err)
	}
	// The record returns the same outcomes for changes that it knows.
	plain, err := record.ChangeProduct(t.Context(), "mug", changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range products.Expand(received) {
		want := long
		if i == len(received)-1 {
			want = "short"
		}
		if o.ID != plain[i].ID || o.Product.Description != want {
			t.Errorf("outcome %d: %s with %d bytes of description", i, o.ID, len(o.Product.Description))
		}
	}
	if diff := cmp.Diff(plain[len(plain)-1].Product, received[len(received)-1].Product); diff != "" {
		t.Errorf("the last outcome (-want +got):\n%s", diff)
	}
}
