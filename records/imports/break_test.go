package imports_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/imports"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// failing is a record whose calls fail, some of them after they were carried
// out.
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

func (f failing) ImportedProducts(ctx context.Context, mark int64, after string, limit int) (some []catalog.Stocked, err error) {
	return some, f.do("ImportedProducts", func() error { some, err = f.Store.ImportedProducts(ctx, mark, after, min(limit, 41)); return err })
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

// TestImportBreaksOff checks that an import that breaks off, before or after
// its work was recorded, neither loses nor repeats a row.
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
		m.imports.ImportRows = failing{m.store, func(string) error {
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
			if i, err = m.imports.AdvanceImport(m.Context(), imports.ImportRef{ID: i.ID}); err != nil {
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

// Receiving a file again refuses the caller that was sending it before.
func TestImportReceivedAgain(t *testing.T) {
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
		if err := m.store.DiscardImport(m.Context(), first); err != nil {
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

// A product that the index refuses permanently blocks neither the others of its
// batch nor the end of the import; it is due again at once, like any other
// (F54).
func TestImportPassesOverWhatIsRefused(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.products.Index = refusing{&m.index, "tea"}
		i := m.run(catalog.ImportProducts, "sku,name,price,currency\nbowl,Bowl,1,EUR\ntea,Tea,1,EUR\nlamp,Lamp,1,EUR\n")
		docs := m.index.Documents()
		if i.State != catalog.ImportDone || i.Applied != 3 || len(docs) != 2 || docs["lamp"].Name != "Lamp" || docs["bowl"].Name != "Bowl" {
			m.Errorf("ended as %+v with %d documents", i, len(docs))
		}
		if due, err := m.store.DueProducts(m.Context(), time.Minute, 10); err != nil || !slices.Equal(due, []string{"tea"}) {
			m.Errorf("due: %q %v", due, err)
		}
	})
}

// refusing is an index that refuses one product.
type refusing struct {
	*fake.Index
	sku string
}

func (r refusing) PutDocuments(ctx context.Context, docs []catalog.Document) error {
	for _, d := range docs {
		if d.SKU == r.sku {
			return &order.ProviderError{Provider: "search", Op: "put", Kind: order.ErrRejected}
		}
	}
	return r.Index.PutDocuments(ctx, docs)
}

// An error keeps the SKU of its row, whatever the SKU contains.
func TestImportErrorsArePrintable(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		i := m.receive(catalog.ImportStock, "sku,onHand\n", 100, false)
		fault := catalog.RowFault{Line: 2, SKU: "a\x00b\n\xff" + strings.Repeat("ü", 100), Fault: catalog.Fault{Field: "sku", Message: "no"}}
		err := m.store.StageRows(m.Context(), catalog.Slice{Import: i.ID, From: int64(len("sku,onHand\n")), ToByte: 11, Faults: []catalog.RowFault{fault}, Bad: 1})
		if err != nil {
			m.Fatal(err)
		}
		if got, want := m.errors(i.ID), "2 a?b??"+strings.Repeat("ü", 59)+" sku: no\n"; got != want {
			m.Errorf("kept %q, want %q", got, want)
		}
	})
}
