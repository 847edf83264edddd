package products_test

import (
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
