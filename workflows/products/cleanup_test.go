package products_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"purser/activities/fake"
	steps "purser/activities/products"
	"purser/order"
	"purser/workflows/products"
	"purser/workflows/workflowtest"
)

// past counts the deletions of old data; fails says which of them fails at first.
type past struct {
	fails                      error
	imports, changes, webhooks int
}

func (p *past) ForgetImports(context.Context, int64, int64) (int64, error) {
	p.imports++
	return 0, p.failOnce()
}

func (p *past) ForgetChanges(context.Context, int64) (int64, error) {
	p.changes++
	return 0, nil
}

func (p *past) PruneInbox(context.Context, time.Time) (int64, error) {
	p.webhooks++
	return 0, nil
}

func (p *past) failOnce() (err error) {
	err, p.fails = p.fails, nil
	return err
}

// TestCleanUp: old data, such as personal data in webhooks, is deleted although the
// index is down, and one deletion that fails does not stop the others.
func TestCleanUp(t *testing.T) {
	for _, tt := range []struct {
		name                       string
		fails                      error
		keepWebhooks               time.Duration
		imports, changes, webhooks int
	}{
		{name: "all", keepWebhooks: time.Hour, imports: 1, changes: 1, webhooks: 1},
		{name: "webhooks are kept for ever", imports: 1, changes: 1},
		{name: "imports fail at first", fails: errors.New("disk full"), keepWebhooks: time.Hour, imports: 2, changes: 2, webhooks: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			down := &fake.Index{Before: func(op string) error {
				return &order.ProviderError{Provider: "search", Op: op, Kind: order.ErrUnavailable}
			}}
			p := &past{fails: tt.fails}
			env := workflowtest.NewEnv()
			env.RegisterActivity(&steps.Activities{Past: p, KeepWebhooks: tt.keepWebhooks, Index: down, IndexKeys: down, Rebuild: down})
			env.ExecuteWorkflow(products.CleanUpWorkflow)
			if err := env.GetWorkflowError(); err != nil {
				t.Fatal(err)
			}
			if p.imports != tt.imports || p.changes != tt.changes || p.webhooks != tt.webhooks {
				t.Errorf("deleted imports %d, changes %d, webhooks %d times; want %d, %d, %d", p.imports, p.changes, p.webhooks, tt.imports, tt.changes, tt.webhooks)
			}
		})
	}
}

// TestReconcileDeletesNothing: a comparison waits for the index, so it leaves the
// deletion of old data to CleanUpWorkflow.
func TestReconcileDeletesNothing(t *testing.T) {
	for _, nightly := range []bool{false, true} {
		c, p := threeProducts(t), &past{}
		c.steps.Past, c.steps.StockAudit = p, balanced{}
		c.env = workflowtest.NewEnv()
		c.env.RegisterActivity(c.steps)
		c.env.ExecuteWorkflow(products.ReconcileWorkflow, products.Reconcile{Nightly: nightly})
		if err := c.env.GetWorkflowError(); err != nil {
			t.Fatal(err)
		}
		if p.imports+p.changes+p.webhooks > 0 {
			t.Errorf("nightly %t: it deleted old data", nightly)
		}
	}
}

// balanced is a stock that agrees with its reservations.
type balanced struct{}

func (balanced) UnbalancedStock(context.Context, int) ([]string, error) { return nil, nil }
