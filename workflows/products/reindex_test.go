package products_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/porttest"
	steps "purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/workflows/products"
	"purser/workflows/workflowtest"
)

// reindex rebuilds the index.
func (c *fixture) reindex() (done catalog.Rebuilt, err error) {
	c.Helper()
	c.env = workflowtest.NewEnv()
	c.env.RegisterActivity(c.steps)
	c.env.ExecuteWorkflow(products.ReindexWorkflow)
	if err := c.env.GetWorkflowError(); err != nil {
		return done, err
	}
	return done, c.env.GetWorkflowResult(&done)
}

// threeProducts returns a fixture with three products that have been in the record and
// in the index for an hour.
func threeProducts(t *testing.T) *fixture {
	t.Helper()
	c := newFixture(t)
	c.record.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	for _, sku := range []string{"bowl", "mug", "tea"} {
		if _, err := c.record.ChangeProduct(t.Context(), sku, []catalog.Change{porttest.PutOf("1", sku)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.steps.IndexProducts(t.Context(), steps.IndexRequest{SKUs: []string{"bowl", "mug", "tea"}}); err != nil {
		t.Fatal(err)
	}
	c.record.Now = nil
	return c
}

// TestReindexWhileStockMoves: a change of stock right before the swap may be written to
// the old index, and be recorded as indexed after the comparison. Although no change of
// the product reports it, it is not lost (SRCH-4, F58).
func TestReindexWhileStockMoves(t *testing.T) {
	c := threeProducts(t)
	ctx := t.Context()
	swapping := func(op string) error {
		if op != "SwapShadow" {
			return nil
		}
		c.index.Before = nil
		c.record.Reserve("mug", 3)
		due, err := c.record.DueProducts(ctx, time.Minute, 10) // a sweep has it
		if err != nil || len(due) != 1 {
			t.Errorf("due: %q %v", due, err)
		}
		p := c.product()
		return c.index.PutDocuments(ctx, []catalog.Document{p.Document(nil)})
	}
	c.index.Before = swapping
	done, err := c.reindex()
	if err != nil || done.Put != 3 {
		t.Fatalf("%+v %v", done, err)
	}
	if moved, err := c.record.RecordIndexed(ctx, map[string]int64{"mug": c.product().Revision}); err != nil || len(moved) > 0 {
		t.Fatalf("moved: %q %v", moved, err)
	}
	c.wantAgreement()
	if len(c.due()) > 0 {
		t.Error("it is still due")
	}
}

// TestReindexPassesOverWhatIsRefused: a document that the index refuses for good does not
// keep the others out of a new index; if it refuses them all, the old index stays
// (SRCH-4, F54).
func TestReindexPassesOverWhatIsRefused(t *testing.T) {
	c := threeProducts(t)
	c.steps.Index, c.steps.Rebuild = picky{&c.index}, picky{&c.index}
	done, err := c.reindex()
	if err != nil || done.Put != 2 || len(c.index.Documents()) != 2 {
		t.Errorf("%+v %v, %d documents", done, err, len(c.index.Documents()))
	}
	c = threeProducts(t)
	c.index.Before = func(op string) error {
		if op == "PutShadow" {
			return &order.ProviderError{Provider: "search", Op: op, Kind: order.ErrRejected}
		}
		return nil
	}
	_, err = c.reindex()
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || app.Type() != activities.FailureRejected || len(c.index.Documents()) != 3 {
		t.Errorf("it ended with %v, %d documents", err, len(c.index.Documents()))
	}
}

// picky is an index that refuses the mug.
type picky struct{ *fake.Index }

func (p picky) PutDocuments(ctx context.Context, docs []catalog.Document) error {
	if err := p.check(docs); err != nil {
		return err
	}
	return p.Index.PutDocuments(ctx, docs)
}

func (p picky) PutShadow(ctx context.Context, name string, docs []catalog.Document) error {
	if err := p.check(docs); err != nil {
		return err
	}
	return p.Index.PutShadow(ctx, name, docs)
}

func (picky) check(docs []catalog.Document) error {
	for _, d := range docs {
		if d.SKU == "mug" {
			return &order.ProviderError{Provider: "search", Op: "put", Kind: order.ErrRejected}
		}
	}
	return nil
}
