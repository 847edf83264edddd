package records_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/catalog"
	"purser/feed"
	"purser/order"
	"purser/records"
)

// importer is an import over a real record and an index in memory.
type importer struct {
	*testing.T
	store *records.Store
	index fake.Index
	steps *activities.Activities
	n     int
}

func newImporter(t *testing.T, s *records.Store) *importer {
	m := &importer{T: t, store: s}
	m.steps = &activities.Activities{
		Imports: s, ImportRows: s, Products: s, Listings: s, Revisions: s, DueProducts: s, StockAudit: s, Index: &m.index, IndexKeys: &m.index, Rebuild: &m.index,
	}
	return m
}

// receive keeps a file, in chunks of some bytes.
func (m *importer) receive(kind catalog.ImportKind, text string, chunk int, dry bool) catalog.Import {
	m.Helper()
	h, err := feed.Sniff(kind, []byte(text[:min(len(text), feed.MaxRow)]))
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

// run receives a file and carries it out.
func (m *importer) run(kind catalog.ImportKind, text string) catalog.Import {
	m.Helper()
	return m.finish(m.receive(kind, text, 100, false).ID)
}

func (m *importer) finish(id string) catalog.Import {
	m.Helper()
	for range 1000 {
		i, err := m.steps.AdvanceImport(m.Context(), activities.ImportRef{ID: id})
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
	faults, err := m.store.ImportErrors(m.Context(), id, 0, 100)
	if err != nil {
		m.Fatal(err)
	}
	var b strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&b, "%d %s %s\n", f.Line, f.SKU, f.Fault)
	}
	return b.String()
}

// wantAgreement wants the index to say what the record says.
func (m *importer) wantAgreement() {
	m.Helper()
	d, err := m.steps.CompareIndex(m.Context(), activities.CompareRequest{Stock: true})
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
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) { check(newImporter(t, open(t))) })
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
		// The same file again changes nothing, and the index hears nothing.
		puts := m.index.Puts()
		if i = m.run(catalog.ImportProducts, someProducts); i.Unchanged != 2 || i.Applied != 0 || m.index.Puts() != puts {
			m.Errorf("again: %+v, %d documents", i, m.index.Puts()-puts)
		}
		// What a file does not say stays; stock is not for it to set.
		i = m.run(catalog.ImportProducts, "sku,price,currency,onHand\nmug,999,EUR,5\n")
		if p := m.product("mug"); i.Applied != 1 || p.Price != 999 || p.Name != "Mug" || p.OnHand != 10 || p.Version != 2 {
			m.Errorf("partly: %+v", p)
		}
		m.wantAgreement()
	})
}

// Rows with errors are left out, each with a reason and its line.
func TestImportErrors(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		i := m.run(catalog.ImportProducts, "sku,name,price,currency\nmug,Mug,1450,EUR\ntea,,890,EUR\nlamp,Lamp,-5,EUR\nmug,Mug again,1,EUR\nbowl,Bowl,1,XYZ\nnew,,,\n\xff,x,1,EUR\n")
		if i.State != catalog.ImportDone || i.Applied != 1 || i.Bad != 6 {
			m.Errorf("ended as %+v", i)
		}
		for _, want := range []string{
			"3 tea name: want 1 to 200", "4 lamp price: want 1 to", "5 mug sku: stands twice: first on line 2", `6 bowl currency: unknown currency "XYZ"`,
			"7 new name: want 1 to 200", "8  : not valid UTF-8",
		} {
			if got := m.errors(i.ID); !strings.Contains(got, want) {
				m.Errorf("errors %q: want %q", got, want)
			}
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

// TestImportStock proves F67 and ORD-7: stock that was counted before goods
// left does not bring them back, and what is set aside stays set aside.
func TestImportStock(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency,onHand\nmug,Mug,1450,EUR,10\ntea,Tea,890,EUR,20\nlamp,Lamp,1,EUR,5\n")
		leaving := m.order("mug", 4)
		m.order("tea", 6)
		staged := m.receive(catalog.ImportStock, "sku,onHand\nmug,12\ntea,3\nlamp,5\n", 1000, false)
		m.readOnly(staged.ID)
		m.move(leaving, order.StockShip) // between counting and switching
		i := m.finish(staged.ID)
		if i.State != catalog.ImportDone || i.Applied != 2 || i.Unchanged != 1 {
			m.Errorf("ended as %+v", i)
		}
		if p := m.product("mug"); p.OnHand != 8 || p.Available != 8 {
			m.Errorf("12 counted, 4 have left since: %+v", p)
		}
		if p := m.product("tea"); p.OnHand != 6 || p.Available != 0 || !strings.Contains(m.errors(i.ID), "6 are set aside for orders and stay on hand, but only 3 are there") {
			m.Errorf("3 counted, 6 set aside: %+v %s", p, m.errors(i.ID))
		}
		due, err := m.store.DueProducts(m.Context(), time.Minute, 10) // what orders moved is the sweep's
		if err != nil {
			m.Fatal(err)
		}
		if _, err := m.steps.IndexProducts(m.Context(), activities.IndexRequest{SKUs: due}); err != nil {
			m.Fatal(err)
		}
		m.wantAgreement()
	})
}

// readOnly goes on with an import until its rows are staged.
func (m *importer) readOnly(id string) {
	m.Helper()
	apart := *m.steps
	apart.ImportRows = failing{m.store, func(op string) error {
		if op == "SwitchRows" || op == "ApplyRows" {
			return errors.New("not yet")
		}
		return nil
	}}
	if _, err := apart.AdvanceImport(m.Context(), activities.ImportRef{ID: id}); err == nil {
		m.Fatal("it went on")
	}
}

func (m *importer) order(sku string, n int64) order.Order {
	m.Helper()
	now := time.Now()
	o, err := m.store.OpenOrder(m.Context(), order.Opening{
		ID: order.NewID(), RunID: "run-1", Actor: "key:shop", Now: now, HoldUntil: now.Add(time.Hour),
		Request: order.Request{Customer: "c-1", Currency: "EUR", Lines: []order.RequestLine{{SKU: sku, Quantity: n}}},
	})
	if err != nil {
		m.Fatal(err)
	}
	return o
}

func (m *importer) move(o order.Order, move order.StockMove) {
	m.Helper()
	c := next(o, o.Status, move)
	c.Order.UpdatedAt = time.Now()
	if err := m.store.SaveOrder(m.Context(), c); err != nil {
		m.Fatal(err)
	}
}

// failing is the record with calls that fail, some of them after they were
// carried out.
type failing struct {
	*records.Store
	before func(op string) error
}

func (f failing) StageRows(ctx context.Context, s catalog.Slice) error {
	return f.do("StageRows", func() error { return f.Store.StageRows(ctx, s) })
}

func (f failing) ApplyRows(ctx context.Context, id string, limit int) (more bool, err error) {
	return more, f.do("ApplyRows", func() error { more, err = f.Store.ApplyRows(ctx, id, min(limit, 37)); return err })
}

func (f failing) SwitchRows(ctx context.Context, id string) error {
	return f.do("SwitchRows", func() error { return f.Store.SwitchRows(ctx, id) })
}

func (f failing) MarkedProducts(ctx context.Context, mark int64, after string, limit int) (some []catalog.Stocked, err error) {
	return some, f.do("MarkedProducts", func() error { some, err = f.Store.MarkedProducts(ctx, mark, after, min(limit, 41)); return err })
}

func (f failing) do(op string, work func() error) error {
	if err := f.before(op); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return f.before(op) // done, and the answer lost
}

// TestImportBreaksOff: however often an import breaks off, before or after
// what it was doing was kept, no row is lost and none is doubled.
func TestImportBreaksOff(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		const rows = 2500
		var b strings.Builder
		b.WriteString("sku,name,description,price,currency,onHand\n")
		for i := range rows {
			fmt.Fprintf(&b, "sku-%04d,Thing %d,\"first\nsecond\",%d,EUR,3\n", i, i, i+1)
		}
		i := m.receive(catalog.ImportProducts, b.String(), 999, false)
		chance := rand.IntN
		m.steps.ImportRows = failing{m.store, func(string) error {
			if chance(5) == 0 {
				return errors.New("killed")
			}
			return nil
		}}
		m.index.After = func(string) error {
			if chance(5) == 0 {
				return &order.ProviderError{Provider: "search", Op: "put", Kind: order.ErrUnknownOutcome}
			}
			return nil
		}
		var err error
		for i.State = catalog.ImportReading; !i.State.Final(); {
			if i, err = m.steps.AdvanceImport(m.Context(), activities.ImportRef{ID: i.ID}); err != nil {
				i.State = catalog.ImportReading
			}
		}
		m.index.After = nil
		if i.Rows != rows || i.Applied != rows || i.Bad != 0 || i.Unchanged != 0 || i.Lines != 2*rows+1 {
			m.Errorf("ended as %+v", i)
		}
		for after, n := "", 0; ; {
			page, err := m.store.Products(m.Context(), 500, after)
			if err != nil {
				m.Fatal(err)
			}
			for _, p := range page {
				if p.SKU != fmt.Sprintf("sku-%04d", n) || p.Price != int64(n+1) || p.Version != 1 || p.OnHand != 3 {
					m.Fatalf("row %d: %+v", n, p)
				}
				n++
			}
			if len(page) == 0 {
				if n != rows {
					m.Errorf("%d products of %d", n, rows)
				}
				break
			}
			after = page[len(page)-1].SKU
		}
		m.wantAgreement()
		if n := len(m.index.Documents()); n != rows {
			m.Errorf("%d documents", n)
		}
	})
}

// Receiving anew turns away whoever was sending before.
func TestImportReceivedAnew(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		open := func() catalog.Import {
			i, fresh, err := m.store.OpenImport(m.Context(), catalog.Import{ID: "imp_x", Kind: catalog.ImportStock}, "{}")
			if err != nil || !fresh {
				m.Fatalf("open: %t %v", fresh, err)
			}
			return i
		}
		first := open()
		if err := m.store.PutChunk(m.Context(), first, 0, []byte("abc")); err != nil {
			m.Fatal(err)
		}
		second := open()
		if err := m.store.PutChunk(m.Context(), first, 3, []byte("def")); !errors.Is(err, catalog.ErrMovedOn) {
			m.Errorf("the first sender goes on: %v", err)
		}
		if err := m.store.GiveUpImport(m.Context(), first); err != nil {
			m.Error(err)
		}
		if err := m.store.PutChunk(m.Context(), second, 0, []byte("xyz")); err != nil {
			m.Error(err)
		}
		if b, err := m.store.ImportBytes(m.Context(), "imp_x", 1); err != nil || string(b) != "yz" {
			m.Errorf("kept %q %v", b, err)
		}
		if err := m.store.Received(m.Context(), second, 3, 0, 0); err != nil {
			m.Error(err)
		}
		if was, fresh, err := m.store.OpenImport(m.Context(), catalog.Import{ID: "imp_x"}, "{}"); err != nil || fresh || was.State != catalog.ImportReading {
			m.Errorf("received, and opened again: %+v %t %v", was, fresh, err)
		}
		if _, err := m.store.Import(m.Context(), "imp_y"); !errors.Is(err, catalog.ErrNoImport) {
			m.Errorf("no such import: %v", err)
		}
	})
}

// TestCompareIndex proves SRCH-11 and REC-3: whatever the index holds, it is
// put right, and told.
func TestCompareIndex(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency\na,A,1,EUR\nb,B,1,EUR\nc,C,1,EUR\nd,D,1,EUR\n")
		m.wantAgreement()
		ctx := m.Context()
		old, ahead, stray := porttest.DocumentOf("a", 0), porttest.DocumentOf("b", 99), porttest.DocumentOf("ghost", 1)
		if err := m.index.DeleteDocuments(ctx, []string{"a", "c"}); err != nil {
			m.Fatal(err)
		}
		if err := m.index.PutDocuments(ctx, []catalog.Document{old, ahead, stray}); err != nil {
			m.Fatal(err)
		}
		m.receives("d") // on its way, and no drift
		d, err := m.steps.CompareIndex(ctx, activities.CompareRequest{Stock: true})
		want := catalog.Drift{Products: 4, Documents: 4, Missing: 1, Stale: 1, Ahead: 1, Strays: 1, Due: 1, Repaired: 4, TookMS: d.TookMS}
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

// receives makes a product move without an order.
func (m *importer) receives(sku string) {
	m.Helper()
	if _, err := m.store.ChangeProduct(m.Context(), sku, []catalog.Change{{ID: "x", Receive: 1}}); err != nil {
		m.Fatal(err)
	}
}
