package products_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"purser/activities/porttest"
	"purser/order"
	"purser/workflows/products"
	"purser/workflows/workflowtest"
)

// TestProductMended: if the index refuses a product and accepts it after a change, its
// workflow does not fail.
func TestProductMended(t *testing.T) {
	c := newFixture(t)
	var s testsuite.WorkflowTestSuite
	s.SetLogger(workflowtest.Quiet())
	c.env = s.NewTestWorkflowEnvironment()
	c.env.RegisterActivity(c.steps)
	var mend sync.Once
	c.index.Before = func(op string) error {
		if op != "PutDocuments" || c.product().Version > 1 {
			return nil
		}
		mend.Do(func() { c.env.SignalWorkflow(string(products.ProductChanged), price("2", 900)) })
		return &order.ProviderError{Provider: "search", Op: op, Kind: order.ErrRejected}
	}
	c.env.RegisterDelayedCallback(func() { c.env.SignalWorkflow(string(products.ProductChanged), porttest.PutOf("1", "mug")) }, 0)
	c.env.ExecuteWorkflow(products.ProductWorkflow, c.state)
	if err := c.env.GetWorkflowError(); err != nil {
		t.Errorf("ended with %v", err)
	}
	c.wantAgreement()
	if p := c.product(); p.Version != 2 {
		t.Errorf("%+v", p)
	}
}

// TestLongChangesAreSplit: changes that come together are written together, unless their
// descriptions would not fit into one message.
func TestLongChangesAreSplit(t *testing.T) {
	for _, c := range []struct {
		name        string
		description string
		most, least int // writes
	}{
		{name: "short", description: "short", most: 2, least: 1},
		{name: "the longest", description: strings.Repeat("\U0001f375", 19_990), most: 10, least: 4},
	} {
		f := newFixture(t)
		writes := 0
		f.record.Before = func(op string) error {
			if op == "ChangeProduct" {
				writes++
			}
			return nil
		}
		results := make([]productResult, 20)
		for i := range results {
			put := porttest.PutOf(fmt.Sprint("put-", i), "mug")
			put.Put.Description = c.description + fmt.Sprint(i)
			f.ask(0, put, &results[i])
		}
		f.run().wantAgreement()
		if writes < c.least || writes > c.most {
			t.Errorf("%s: written in %d parts", c.name, writes)
		}
		for i, r := range results {
			if r.err != nil || !strings.HasSuffix(r.product.Description, fmt.Sprint(i)) {
				t.Errorf("%s: change %d: %v, %d bytes of description", c.name, i, r.err, len(r.product.Description))
			}
		}
	}
}
