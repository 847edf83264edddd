//go:build !lean

package record_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/fake"
	importactivities "purser/activities/imports"
	"purser/activities/porttest"
	productactivities "purser/activities/products"
	"purser/catalog"
	"purser/importfile"
	"purser/order"
	"purser/records"
	"purser/starter"
	"purser/workers"
	"purser/workflows/imports"
	"purser/workflows/products"
)

// counter runs a catalogue on a real engine with a real record and the index in memory.
type counter struct {
	*bench
	t       *testing.T
	record  *records.Store
	index   fake.Index
	down    atomic.Bool // the index
	starter *starter.Client
}

// recordCatalogue runs each workflow of the catalogue and saves its history.
func recordCatalogue(t *testing.T, label string) {
	for name, live := range map[string]func(*counter) string{
		"product": (*counter).product, "product-index-down": (*counter).productIndexDown,
		"import": (*counter).imported, "reconcile": (*counter).reconciled, "reindex": (*counter).reindexed,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			id := live(c)
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), historyOf(t, c.client, id))
		})
	}
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{bench: &bench{client: newClient(t)}, t: t}
	var err error
	c.record, err = records.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "record.db"), records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.record.Close() })
	c.index.Before = func(op string) error {
		if c.down.Load() {
			return &order.ProviderError{Provider: "search", Op: op, Kind: order.ErrUnavailable}
		}
		return nil
	}
	r := c.record
	products := &productactivities.Activities{
		Products: r, Listings: r, Revisions: r, DueProducts: r, StockAudit: r, Past: r,
		Index: &c.index, IndexKeys: &c.index, Rebuild: &c.index,
	}
	run(t, workers.New(c.client, workers.Activities{
		Products: products, Imports: &importactivities.Activities{Imports: r, ImportRows: r, Products: products},
	}, workers.Limits{}))
	c.starter = &starter.Client{Temporal: c.client}
	return c
}

func (c *counter) change(change catalog.Change) {
	c.t.Helper()
	if _, err := c.starter.ChangeProduct(c.t.Context(), "mug", change); err != nil {
		c.t.Fatal(err)
	}
}

// end waits for a workflow to end.
func (c *counter) end(id string) string {
	c.t.Helper()
	if err := c.client.GetWorkflow(c.t.Context(), id, "").Get(c.t.Context(), nil); err != nil {
		c.t.Fatal(err)
	}
	return id
}

func (c *counter) product() string {
	c.change(porttest.PutOf("1", "mug"))
	return c.end(products.ProductWorkflowID("mug"))
}

// productIndexDown sends changes as a signal and as an update while the index is down.
func (c *counter) productIndexDown() string {
	c.down.Store(true)
	c.change(porttest.PutOf("1", "mug"))
	for {
		s, err := products.GetProduct.Ask(c.t.Context(), c.client, products.ProductWorkflowID("mug"))
		if err != nil {
			c.t.Fatal(err)
		}
		if s.WaitingOn != "" {
			break
		}
	}
	c.change(catalog.Change{ID: "2", Price: &catalog.Price{Amount: 900}})
	if err := c.starter.NotifyProduct(c.t.Context(), "mug", catalog.Change{ID: "3", Receive: 1}); err != nil {
		c.t.Fatal(err)
	}
	c.down.Store(false)
	return c.end(products.ProductWorkflowID("mug"))
}

func (c *counter) imported() string {
	const text = "sku,name,price,currency\nmug,Mug,1450,EUR\ntea,Tea,890,EUR\nbad,,1,EUR\n"
	h, err := importfile.Sniff(catalog.ImportProducts, []byte(text))
	header, jerr := json.Marshal(h)
	if err = errors.Join(err, jerr); err != nil {
		c.t.Fatal(err)
	}
	ctx := c.t.Context()
	i, _, err := c.record.OpenImport(ctx, catalog.Import{ID: "imp_1", Kind: catalog.ImportProducts, Actor: "key:ops"}, string(header))
	if err == nil {
		err = c.record.PutChunk(ctx, i, 0, []byte(text))
	}
	if err == nil {
		err = c.record.Received(ctx, i, int64(len(text)), h.Start.Byte, h.Start.Line)
	}
	if err == nil {
		err = c.starter.StartImport(ctx, i)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return c.end(imports.ImportWorkflowID("imp_1"))
}

func (c *counter) reconciled() string {
	c.product()
	ctx, stop := context.WithTimeout(c.t.Context(), time.Minute)
	defer stop()
	if _, err := c.starter.Reconcile(ctx, true); err != nil {
		c.t.Fatal(err)
	}
	return products.ReconcileWorkflowID
}

func (c *counter) reindexed() string {
	c.product()
	ctx, stop := context.WithTimeout(c.t.Context(), time.Minute)
	defer stop()
	if done, err := c.starter.Reindex(ctx); err != nil || done.Put != 1 || len(c.index.Documents()) != 1 {
		c.t.Fatalf("%+v %v", done, err)
	}
	return products.ReindexWorkflowID
}
