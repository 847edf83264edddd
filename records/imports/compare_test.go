package imports_test

import (
	"testing"

	"purser/activities/porttest"
	"purser/activities/products"
	"purser/catalog"
)

// TestCompareIndex proves SRCH-11 and REC-3: any difference in the index is
// corrected and counted.
func TestCompareIndex(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency\na,A,1,EUR\nb,B,1,EUR\nc,C,1,EUR\nd,D,1,EUR\n")
		m.wantAgreement()
		ctx := m.Context()
		old, ahead, orphan := porttest.DocumentOf("a", 0), porttest.DocumentOf("b", 99), porttest.DocumentOf("ghost", 1)
		if err := m.index.DeleteDocuments(ctx, []string{"a", "c"}); err != nil {
			m.Fatal(err)
		}
		if err := m.index.PutDocuments(ctx, []catalog.Document{old, ahead, orphan}); err != nil {
			m.Fatal(err)
		}
		m.receives("d") // on its way, and no drift
		d, err := m.products.CompareIndex(ctx, products.CompareRequest{Stock: true})
		want := catalog.Drift{Products: 4, Documents: 4, Missing: 1, Stale: 1, Ahead: 1, Orphans: 1, Due: 1, Repaired: 4, TookMS: d.TookMS}
		if err != nil || d != want {
			m.Errorf("found %+v %v, want %+v", d, err, want)
		}
		for _, sku := range []string{"a", "b", "c"} {
			if got := m.index.Documents()[sku]; got.Version != m.product(sku).Revision || got.Name != m.product(sku).Name {
				m.Errorf("%s: %+v", sku, got)
			}
		}
		if _, there := m.index.Documents()["ghost"]; there {
			m.Error("the stray is still there")
		}
	})
}

// TestCompareCountsOnlyWhatItMends checks that products that are due anyway, or
// that the index refuses, or both, are not counted.
func TestCompareCountsOnlyWhatItMends(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency\na,A,1,EUR\nb,B,1,EUR\nc,C,1,EUR\n")
		m.wantAgreement()
		if err := m.index.DeleteDocuments(m.Context(), []string{"a", "b", "c"}); err != nil {
			m.Fatal(err)
		}
		m.receives("a")
		m.receives("b")
		m.products.Index = refusing{&m.index, "a"}
		d, err := m.products.CompareIndex(m.Context(), products.CompareRequest{Swapped: true})
		want := catalog.Drift{Products: 3, Missing: 1, Due: 2, Repaired: 1, Unbalanced: -1, TookMS: d.TookMS}
		if err != nil || d != want {
			m.Errorf("found %+v %v, want %+v", d, err, want)
		}
	})
}

// receives makes a product's stock move without an order.
func (m *importer) receives(sku string) {
	m.Helper()
	if _, err := m.store.ChangeProduct(m.Context(), sku, []catalog.Change{{ID: "x", Receive: 1}}); err != nil {
		m.Fatal(err)
	}
}
