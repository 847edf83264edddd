package imports_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"purser/activities/imports"
	"purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/records/recordstest"
)

// TestImportStock proves F67 and ORD-7: stock that was counted before goods
// left does not restore them, and reserved stock stays reserved.
func TestImportStock(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency,onHand\nmug,Mug,1450,EUR,10\ntea,Tea,890,EUR,20\nlamp,Lamp,1,EUR,5\n")
		leaving := m.order("mug", 4)
		m.order("tea", 6)
		staged := m.receive(catalog.ImportStock, "sku,onHand\nmug,12\ntea,3\nlamp,5\n", 1000, false)
		m.readOnly(staged.ID)
		m.move(leaving, order.StockShip) // between counting and switching
		i := m.finish(staged.ID)
		if i.State != catalog.ImportDone || i.Applied != 2 || i.Unchanged != 1 || i.Bad != 1 { // the one that was short
			m.Errorf("ended as %+v", i)
		}
		if p := m.product("mug"); p.OnHand != 8 || p.Available != 8 {
			m.Errorf("12 counted, 4 have left since: %+v", p)
		}
		if p := m.product("tea"); p.OnHand != 6 || p.Available != 0 || !strings.Contains(m.errors(i.ID), "6 are set aside for orders and stay on hand, but only 3 are there") {
			m.Errorf("3 counted, 6 reserved: %+v %s", p, m.errors(i.ID))
		}
		due, err := m.store.DueProducts(m.Context(), time.Minute, 10) // what orders moved is the sweep's
		if err != nil {
			m.Fatal(err)
		}
		if _, err := m.products.IndexProducts(m.Context(), products.IndexRequest{SKUs: due}); err != nil {
			m.Fatal(err)
		}
		m.wantAgreement()
	})
}

// TestImportStockAndChanges (ORD-7, SRCH-5) checks that goods that came in
// after a stock file was read are not lost, and that a later count wins.
func TestImportStockAndChanges(t *testing.T) {
	onBothImporters(t, func(m *importer) {
		m.run(catalog.ImportProducts, "sku,name,price,currency,onHand\nmug,Mug,1450,EUR,10\ntea,Tea,890,EUR,20\nlamp,Lamp,1,EUR,5\nbowl,Bowl,1,EUR,5\n")
		leaving := m.order("mug", 4)
		staged := m.receive(catalog.ImportStock, "sku,onHand\nmug,12\ntea,3\nlamp,7\nbowl,9\n", 1000, false)
		m.readOnly(staged.ID)
		seven, lamp := int64(7), catalog.Product{SKU: "lamp", Name: "Lamp", Price: 1, Currency: "EUR", OnHand: 2}
		for sku, changes := range map[string][]catalog.Change{
			"mug":  {{ID: "1", Receive: 50}},
			"tea":  {{ID: "2", OnHand: &seven}, {ID: "3", Receive: 1}},
			"lamp": {{ID: "4", Delete: true}, {ID: "5", Put: &lamp}},
			"bowl": {{ID: "6", Receive: -2}},
		} {
			ended, err := m.store.ChangeProduct(m.Context(), sku, changes)
			if err != nil {
				m.Fatal(err)
			}
			for _, e := range ended {
				if e.Err != nil {
					m.Fatal(e.Err)
				}
			}
		}
		m.move(leaving, order.StockShip)
		if i := m.finish(staged.ID); i.State != catalog.ImportDone || i.Applied != 2 || i.Unchanged != 2 || i.Bad != 0 {
			m.Errorf("ended as %+v", i)
		}
		for sku, want := range map[string]int64{"mug": 12 + 50 - 4, "tea": 8, "lamp": 2, "bowl": 9 - 2} {
			if p := m.product(sku); p.OnHand != want {
				m.Errorf("%s: %d on hand, want %d", sku, p.OnHand, want)
			}
		}
		if wrong, err := m.store.UnbalancedStock(m.Context(), 10); err != nil || len(wrong) > 0 {
			m.Errorf("unbalanced: %v, %v", wrong, err)
		}
		// A second file counts again.
		m.run(catalog.ImportStock, "sku,onHand\ntea,30\n")
		if p := m.product("tea"); p.OnHand != 30 {
			m.Errorf("tea counted again: %+v", p)
		}
	})
}

// TestImportStockTwice (ORD-7, ORD-8) checks that of two stock files that are
// read at the same time, the one received later counts, whichever finishes
// first.
func TestImportStockTwice(t *testing.T) {
	for _, laterFirst := range []bool{false, true} {
		onBothImporters(t, func(m *importer) {
			m.run(catalog.ImportProducts, "sku,name,price,currency,onHand\nmug,Mug,1450,EUR,10\ntea,Tea,890,EUR,20\nlamp,Lamp,1,EUR,5\n")
			leaving := m.order("mug", 4)
			var ids []string
			for _, file := range []string{"mug,12\ntea,3\nlamp,5\n", "mug,30\ntea,4\nlamp,6\n"} {
				ids = append(ids, m.receive(catalog.ImportStock, "sku,onHand\n"+file, 1000, false).ID)
				m.readOnly(ids[len(ids)-1])
			}
			if _, err := m.store.ChangeProduct(m.Context(), "tea", []catalog.Change{{ID: "1", Receive: 50}}); err != nil {
				m.Fatal(err)
			}
			m.move(leaving, order.StockShip)
			if laterFirst {
				ids[0], ids[1] = ids[1], ids[0]
			}
			for _, id := range ids {
				m.finish(id)
			}
			for sku, want := range map[string]int64{"mug": 30 - 4, "tea": 4 + 50, "lamp": 6} {
				if p := m.product(sku); p.OnHand != want {
					m.Errorf("later first %t: %s: %d on hand, want %d", laterFirst, sku, p.OnHand, want)
				}
			}
			if wrong, err := m.store.UnbalancedStock(m.Context(), 10); err != nil || len(wrong) > 0 {
				m.Errorf("unbalanced: %v, %v", wrong, err)
			}
		})
	}
}

// readOnly continues an import until its rows are staged.
func (m *importer) readOnly(id string) {
	m.Helper()
	apart := *m.imports
	apart.ImportRows = failing{m.store, func(op string) error {
		if op == "SwitchRows" || op == "ApplyRows" {
			return errors.New("not yet")
		}
		return nil
	}}
	if _, err := apart.AdvanceImport(m.Context(), imports.ImportRef{ID: id}); err == nil {
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

func (m *importer) move(o order.Order, move order.StockAction) {
	m.Helper()
	c := recordstest.Next(o, o.Status, move)
	c.Order.UpdatedAt = time.Now()
	if err := m.store.SaveOrder(m.Context(), c); err != nil {
		m.Fatal(err)
	}
}
