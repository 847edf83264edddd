package imports_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/activities/fake"
	"purser/activities/imports"
	"purser/activities/products"
	"purser/catalog"
	"purser/importfile"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// importer is an import over a real record and an index in memory.
type importer struct {
	*testing.T
	store    *records.Store
	index    fake.Index
	products *products.Activities
	imports  *imports.Activities
	n        int
}

func newImporter(t *testing.T, s *records.Store) *importer {
	m := &importer{T: t, store: s}
	m.products = &products.Activities{
		Products: s, Listings: s, Revisions: s, DueProducts: s, StockAudit: s, Index: &m.index, IndexKeys: &m.index, Rebuild: &m.index,
	}
	m.imports = &imports.Activities{Imports: s, ImportRows: s, Products: m.products}
	return m
}

// receive stores a file in chunks.
func (m *importer) receive(kind catalog.ImportKind, text string, chunk int, dry bool) catalog.Import {
	m.Helper()
	h, err := importfile.Sniff(kind, []byte(text[:min(len(text), importfile.MaxRow)]))
	if err != nil {
		m.Fatal(err)
	}
	header, err := json.Marshal(h)
	if err != nil {
		m.Fatal(err)
	}
	m.n++
	i, fresh, err := m.store.OpenImport(m.Context(), catalog.Import{ID: fmt.Sprint("imp_", m.n), Kind: kind, DryRun: dry, Actor: "key:ops"}, string(header))
	if err != nil || !fresh {
		m.Fatalf("open: %t %v", fresh, err)
	}
	for at := 0; at < len(text); at += chunk {
		if err := m.store.PutChunk(m.Context(), i, int64(at), []byte(text[at:min(at+chunk, len(text))])); err != nil {
			m.Fatal(err)
		}
	}
	if err := m.store.Received(m.Context(), i, int64(len(text)), h.Start.Byte, h.Start.Line); err != nil {
		m.Fatal(err)
	}
	return i
}

// run receives a file and applies it.
func (m *importer) run(kind catalog.ImportKind, text string) catalog.Import {
	m.Helper()
	return m.finish(m.receive(kind, text, 100, false).ID)
}

func (m *importer) finish(id string) catalog.Import {
	m.Helper()
	for range 1000 {
		i, err := m.imports.AdvanceImport(m.Context(), imports.ImportRef{ID: id})
		if err != nil {
			m.Fatal(err)
		}
		if i.State.Final() {
			return i
		}
	}
	m.Fatal("the import does not end")
	return catalog.Import{}
}

func (m *importer) errors(id string) string {
	m.Helper()
	faultControl, err := m.store.ImportErrors(m.Context(), id, 0, 100)
	if err != nil {
		m.Fatal(err)
	}
	var b strings.Builder
	for _, f := range faultControl {
		fmt.Fprintf(&b, "%d %s %s\n", f.Line, f.SKU, f.Fault)
	}
	return b.String()
}

// wantAgreement checks that the index agrees with the record.
func (m *importer) wantAgreement() {
	m.Helper()
	d, err := m.products.CompareIndex(m.Context(), products.CompareRequest{Stock: true})
	if err != nil || d.Found() > 0 || d.Due > 0 || d.Unbalanced != 0 {
		m.Errorf("index and record: %+v %v", d, err)
	}
}

func (m *importer) product(sku string) catalog.Stocked {
	m.Helper()
	p, err := m.store.Product(m.Context(), sku)
	if err != nil {
		m.Fatal(err)
	}
	return p
}

// onBothImporters runs a check on SQLite and on Postgres.
func onBothImporters(t *testing.T, check func(m *importer)) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) { check(newImporter(t, open(t))) })
}

const someProducts = `sku,name,price,currency,onHand,tags
mug,Mug,1450,EUR,10,enamel|blue
tea,Tea,890,EUR,20,
`

func TestImportProducts(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		i := m.run(catalog.ImportProducts, someProducts)
		if i.State != catalog.ImportDone || i.Rows != 2 || i.Applied != 2 || i.Bad != 0 || i.Indexed != 2 || i.Lines != 3 {
			m.Errorf("ended as %+v", i)
		}
		if p := m.product("mug"); p.Price != 1450 || p.OnHand != 10 || len(p.Tags) != 2 || p.Version != 1 {
			m.Errorf("mug: %+v", p)
		}
		m.wantAgreement()
		// The same file again changes nothing, and the index gets nothing.
		puts := m.index.Puts()
		if i = m.run(catalog.ImportProducts, someProducts); i.Unchanged != 2 || i.Applied != 0 || m.index.Puts() != puts {
			m.Errorf("again: %+v, %d documents", i, m.index.Puts()-puts)
		}
		// Fields that the file omits stay; it cannot set the stock.
		i = m.run(catalog.ImportProducts, "sku,price,currency,onHand\nmug,999,EUR,5\n")
		if p := m.product("mug"); i.Applied != 1 || p.Price != 999 || p.Name != "Mug" || p.OnHand != 10 || p.Version != 2 {
			m.Errorf("partly: %+v", p)
		}
		// What the sending depends on is a part of a product.
		m.run(catalog.ImportProducts, "sku,name,price,currency,shipping,delivery\nbook,Book,900,EUR,none,https://shop.example/1\n")
		i = m.run(catalog.ImportProducts, "sku,delivery\nbook,https://shop.example/2\ntea,https://shop.example/3\n")
		if p := m.product("book"); p.Shipping != order.ShippingNone || p.Delivery != "https://shop.example/2" || !strings.Contains(m.errors(i.ID), "3 tea delivery: want at most 1000 characters of text, for a product with shipping none: the product needs a parcel") {
			m.Errorf("without a parcel: %+v, %s", p, m.errors(i.ID))
		}
		m.wantAgreement()
	})
}

// Rows with errors are skipped, each with a reason and its line.
func TestImportErrors(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		i := m.run(catalog.ImportProducts, "sku,name,price,currency\nmug,Mug,1450,EUR\ntea,,890,EUR\nlamp,Lamp,-5,EUR\nmug,Mug again,1,EUR\nbowl,Bowl,1,XYZ\nnew,,,\n\xff,x,1,EUR\n")
		if i.State != catalog.ImportDone || i.Applied != 1 || i.Bad != 6 {
			m.Errorf("ended as %+v", i)
		}
		for _, want := range []string{
			"3 tea name: want 1 to 200", "4 lamp price: want 1 to", "5 mug sku: occurs twice: first on line 2", `6 bowl currency: unknown currency "XYZ"`,
			"7 new name: want 1 to 200", "8  : not in UTF-8",
		} {
			if got := m.errors(i.ID); !strings.Contains(got, want) {
				m.Errorf("errors %q: want %q", got, want)
			}
		}
		m.wantAgreement()
	})
}

// TestImportPrices_highest: a price is compared with the highest of the product's own
// currency, also in a file that does not say it.
func TestImportPrices_highest(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency\nshoe,Shoe,100000000,IDR\nring,Ring,1000,EUR\nyacht,Yacht,999999999999,IDR\n")
		i := m.run(catalog.ImportProducts, `{"sku":"shoe","price":150000000}`+"\n"+`{"sku":"ring","price":150000000}`+"\n")
		if got := m.errors(i.ID); i.Applied != 1 || i.Bad != 1 || !strings.Contains(got, "2 ring price: want 1 to 99999999 minor units, got 150000000") {
			m.Errorf("ended as %+v\n%s", i, got)
		}
		i = m.run(catalog.ImportPrices, "sku,price,currency\nshoe,200000000,IDR\nyacht,999999999998,IDR\n")
		if shoe, ring, yacht := m.product("shoe"), m.product("ring"), m.product("yacht"); i.Applied != 2 || shoe.Price != 200_000_000 || ring.Price != 1000 || yacht.Price != 999_999_999_998 {
			m.Errorf("ended as %+v: %d, %d and %d", i, shoe.Price, ring.Price, yacht.Price)
		}
		m.wantAgreement()
	})
}

func TestImportDryRun(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		i := m.finish(m.receive(catalog.ImportProducts, someProducts+"bad,,1,EUR,1,\nlate,Late,1,XYZ,1,\n", 7, true).ID)
		if i.State != catalog.ImportDone || i.Bad != 2 || i.Applied != 2 || i.Indexed != 0 {
			m.Errorf("ended as %+v", i)
		}
		if some, err := m.store.Products(m.Context(), 1, ""); err != nil || len(some) > 0 || m.index.Puts() > 0 {
			m.Errorf("a dry run changed something: %v %v", some, err)
		}
	})
}

// TestImportForecast: a dry run counts what the import then does, for each kind of
// file, and changes nothing.
func TestImportForecast(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		kind                      catalog.ImportKind
		file                      string
		added, changed, unchanged int64
	}{
		{
			name: "products", kind: catalog.ImportProducts, added: 2, changed: 1, unchanged: 1,
			file: "sku,name,price,currency\nmug,Mug,1500,EUR\ntea,Tea,890,EUR\nnew,New,1,EUR\ngone,Back,1,EUR\n",
		},
		{name: "prices", kind: catalog.ImportPrices, changed: 1, unchanged: 1, file: "sku,price,currency\nmug,1500,EUR\ntea,890,EUR\n"},
		{name: "prices, none changes", kind: catalog.ImportPrices, unchanged: 1, file: "sku,price,currency\ntea,890,EUR\n"},
		{name: "stock", kind: catalog.ImportStock, changed: 1, unchanged: 1, file: "sku,onHand\nmug,11\ntea,20\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onBothImporters(t, func(m *importer) {
				m.run(catalog.ImportProducts, someProducts+"gone,Gone,1,EUR,0,\n")
				if _, err := m.store.ChangeProduct(m.Context(), "gone", []catalog.Change{{ID: "1", Delete: true}}); err != nil {
					m.Fatal(err)
				}
				before := []catalog.Stocked{m.product("mug"), m.product("tea")}
				forecast := m.finish(m.receive(tt.kind, tt.file, 7, true).ID)
				if diff := cmp.Diff(before, []catalog.Stocked{m.product("mug"), m.product("tea")}); diff != "" {
					m.Errorf("the dry run changed something:\n%s", diff)
				}
				done := m.run(tt.kind, tt.file)
				for name, i := range map[string]catalog.Import{"dry run": forecast, "import": done} {
					if i.State != catalog.ImportDone || i.Added != tt.added || i.Applied-i.Added != tt.changed || i.Unchanged != tt.unchanged {
						m.Errorf("%s: %s: %d added, %d changed, %d unchanged; want %d, %d, %d", name, i.State, i.Added, i.Applied-i.Added, i.Unchanged, tt.added, tt.changed, tt.unchanged)
					}
				}
				if forecast.Indexed != 0 || done.Indexed != done.Applied {
					m.Errorf("indexed %d and %d", forecast.Indexed, done.Indexed)
				}
			})
		})
	}
}

// TestImportPrices proves ORD-8: prices change all at once, or not at all.
func TestImportPrices(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, someProducts)
		i := m.run(catalog.ImportPrices, "sku,price,currency\nmug,1,EUR\nghost,1,EUR\ntea,2,EUR\n")
		if i.State != catalog.ImportRefused || i.Why == "" || m.product("mug").Price != 1450 || !strings.Contains(m.errors(i.ID), "3 ghost sku: there is no such product") {
			m.Errorf("half a price list: %+v", i)
		}
		i = m.run(catalog.ImportPrices, "sku,price,currency\nmug,1500,EUR\ntea,890,EUR\n")
		if p := m.product("mug"); i.State != catalog.ImportDone || i.Applied != 1 || i.Unchanged != 1 || p.Price != 1500 || p.Version != 2 || p.OnHand != 10 {
			m.Errorf("prices: %+v, %+v", i, p)
		}
		m.wantAgreement()
	})
}
