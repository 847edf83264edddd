package imports_test

import (
	"fmt"
	"strings"
	"testing"

	"purser/catalog"
	"purser/records"
	"purser/records/recordstest"
)

// TestImportLookalikes: of the rows of a file, and of the products in the catalogue, no
// two look the same; the others are applied (SEC-7).
func TestImportLookalikes(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		m := newImporter(t, open(t))
		m.run(catalog.ImportProducts, "sku,name,price,currency\nA-1,A,1,EUR\n")
		i := m.run(catalog.ImportProducts, "sku,name,price,currency\na-1,a,1,EUR\nA-1,A,2,EUR\nb-1,b,1,EUR\nB-1,B,1,EUR\nB\u20131,B,1,EUR\nb-1,b,1,EUR\nc,C,1,EUR\n")
		want := `2 a-1 sku: looks like the product "A-1": use that SKU, or one that differs in more than case, hyphens or similar letters
3 A-1 sku: looks like "a-1" on line 2: use that SKU, or one that differs in more than case, hyphens or similar letters
5 B-1 sku: looks like "b-1" on line 4: use that SKU, or one that differs in more than case, hyphens or similar letters
6 B–1 sku: looks like "b-1" on line 4: use that SKU, or one that differs in more than case, hyphens or similar letters
7 b-1 sku: occurs twice: first on line 4
`
		if got := m.errors(i.ID); got != want || i.Applied != 2 || i.Bad != 5 {
			t.Errorf("%+v\n%s", i, got)
		}
		if p := m.product("A-1"); p.Price != 1 {
			t.Errorf("%+v", p)
		}
		m.wantAgreement()
	})
}

// TestImportLongDescriptions: rows with long descriptions are read and applied in
// several transactions, and none is lost (ORD-8).
func TestImportLongDescriptions(t *testing.T) {
	s := recordstest.Open(t, recordstest.SQLite(t))
	m := newImporter(t, s)
	const rows = 230 // 4.6 MB
	var file strings.Builder
	file.WriteString("sku,name,price,currency,description\n")
	for n := range rows {
		fmt.Fprintf(&file, "p%03d,Long,1,EUR,\"%s\"\n", n, strings.Repeat("<i>x</i>\r\n", 2_000))
	}
	i := m.finish(m.receive(catalog.ImportProducts, file.String(), 1<<20, false).ID)
	if i.State != catalog.ImportDone || i.Applied != rows || i.Bad != 0 || i.Lines != 1+rows*2_001 {
		t.Errorf("%+v\n%.500s", i, m.errors(i.ID))
	}
	if p := m.product("p229"); len(p.Description) != 2_000*9-1 || strings.Contains(p.Description, "\r") {
		t.Errorf("%d bytes of description", len(p.Description))
	}
	m.wantAgreement()
}
