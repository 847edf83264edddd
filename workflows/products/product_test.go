package products_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/porttest"
	steps "purser/activities/products"
	"purser/catalog"
	"purser/order"
	"purser/workflows/products"
	"purser/workflows/workflowtest"
)

// fixture is one product under test: the real workflow and activities over a record and
// an index in memory, and a script.
type fixture struct {
	workflowtest.TB
	record fake.Catalogue
	index  fake.Index
	steps  *steps.Activities
	env    *testsuite.TestWorkflowEnvironment
	state  products.ProductState
	script []*workflowtest.Cue
	began  time.Time
	now    time.Time
	killed time.Duration
	runs   int

	mu     sync.Mutex
	faults []*indexFault
	during []func() // what happens while a document is being sent, one action per document
}

// indexFault makes calls of the index fail until a time.
type indexFault struct {
	until time.Duration
	after bool
	kind  error
}

func newFixture(t workflowtest.TB) *fixture {
	c := &fixture{TB: t, now: workflowtest.Start, began: workflowtest.Start, state: products.ProductState{SKU: "mug"}}
	c.record.Now = func() time.Time { return workflowtest.MaxTime(c.now, c.env.Now()) }
	c.index.Before = func(op string) error { return c.inject(op, false) }
	c.index.After = func(op string) error { return c.inject(op, true) }
	c.steps = &steps.Activities{
		Products: &c.record, Listings: &c.record, Revisions: &c.record, DueProducts: &c.record, Index: &c.index, IndexKeys: &c.index, Rebuild: &c.index,
	}
	return c
}

func (c *fixture) inject(op string, after bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op != "PutDocuments" && op != "DeleteDocuments" {
		return nil
	}
	if !after && len(c.during) > 0 {
		happens := c.during[0]
		c.during = c.during[1:]
		happens()
	}
	for _, f := range c.faults {
		if f.after == after && c.record.Now().Before(workflowtest.Start.Add(f.until)) {
			return &order.ProviderError{Provider: "search", Op: op, Kind: f.kind}
		}
	}
	return nil
}

func (c *fixture) at(d time.Duration, do func()) {
	c.script = append(c.script, &workflowtest.Cue{At: d, Do: do})
}

// signal scripts a change that comes as a signal; ask scripts one that comes as an
// update.
func (c *fixture) signal(d time.Duration, change catalog.Change) {
	c.at(d, func() { c.env.SignalWorkflow(string(products.ProductChanged), change) })
}

func (c *fixture) ask(d time.Duration, change catalog.Change, to *productResult) {
	c.at(d, func() {
		c.env.UpdateWorkflow(string(products.ChangeProduct), change.ID, to, change)
	})
}

// productResult is the result of an update.
type productResult struct {
	product catalog.Stocked
	err     error
	done    bool
}

func (a *productResult) Accept() {}

func (a *productResult) Reject(err error) { a.err, a.done = err, true }

func (a *productResult) Complete(v any, err error) {
	a.err, a.done = err, true
	if p, ok := v.(catalog.Stocked); ok {
		a.product = p
	}
}

// run follows the script, over as many runs of the workflow as it takes: a message that
// comes after the end of a run starts the next.
func (c *fixture) run() *fixture {
	c.Helper()
	for n := 0; ; n++ {
		var next *workflowtest.Cue
		for _, q := range c.script {
			if !q.Done && (next == nil || q.At < next.At) {
				next = q
			}
		}
		if next == nil || n > 100 {
			return c
		}
		c.now = workflowtest.MaxTime(c.now, workflowtest.Start.Add(next.At))
		c.runOnce()
	}
}

func (c *fixture) runOnce() {
	c.Helper()
	c.env = workflowtest.NewEnv(new(workflowtest.Observer))
	c.env.SetStartTime(c.now)
	c.env.RegisterActivity(c.steps)
	c.began = c.now
	c.runs++
	for _, q := range c.script {
		if !q.Done {
			c.env.RegisterDelayedCallback(func() { q.Done = true; q.Do() }, max(workflowtest.Start.Add(q.At).Sub(c.began), 0))
		}
	}
	if c.killed > 0 {
		c.env.SetWorkflowRunTimeout(c.killed)
		c.killed = 0
	}
	c.env.ExecuteWorkflow(products.ProductWorkflow, c.state)
	c.now = c.env.Now()
	err := c.env.GetWorkflowError()
	var again *workflow.ContinueAsNewError
	switch {
	case errors.As(err, &again):
		if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &c.state); err != nil {
			c.Fatalf("the next run's input: %v", err)
		}
		c.at(0, func() {}) // the next run begins by itself
	case temporal.IsTimeoutError(err):
		c.state = products.ProductState{SKU: "mug"}
	case err != nil || !c.env.IsWorkflowCompleted():
		c.Fatalf("the workflow failed or hangs: %v", err)
	default:
		c.state = products.ProductState{SKU: "mug"}
	}
}

// wantAgreement checks that the index agrees with the record.
func (c *fixture) wantAgreement() {
	c.Helper()
	p := c.product()
	d, shown := c.index.Documents()["mug"]
	switch {
	case shown != (p.Revision > 0 && p.ForSale()):
		c.Errorf("in the index: %t, in the record: %+v", shown, p)
	case shown && (d.Version != p.Revision || d.Price != p.Price || d.Available != p.Available):
		c.Errorf("the index says %+v, the record %+v", d, p)
	}
}

func (c *fixture) product() catalog.Stocked {
	c.Helper()
	all, err := c.record.Stocked(context.Background(), []string{"mug"})
	if err != nil {
		c.Fatalf("stocked: %v", err)
	}
	return all["mug"]
}

func price(id string, amount int64) catalog.Change {
	return catalog.Change{ID: id, Price: &catalog.Price{Amount: amount}}
}

func TestProductWorkflow(t *testing.T) {
	for name, check := range map[string]func(*fixture){
		"SRCH-1 a change is recorded and indexed":                    productPlain,
		"SRCH-3 a burst is one write and one document":               productBurst,
		"SRCH-5 F56 stock that moves while it is sent is sent again": productMoves,
		"SRCH-8 F52 F53 the product waits for an index that is down": productIndexDown,
		"F54 a task that fails is sent again":                        productTaskFails,
		"SRCH-3 F55 a delete is not lost":                            productDeleted,
		"IDEM-1 IDEM-6 each caller gets its result":                  productAnswers,
		"IDEM-2 another change under a known ID is refused":          productOtherChange,
		"IMG-9 an image that is ready is shown":                      productImage,
		"the change waits for a record that is down":                 productRecordDown,
		"a product the index refuses fails, its changes stay":        productRejected,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(newFixture(t))
		})
	}
}

func productPlain(c *fixture) {
	c.signal(0, porttest.PutOf("1", "mug"))
	c.run().wantAgreement()
	if p := c.product(); p.Version != 1 || c.runs != 1 {
		c.Errorf("%+v after %d runs", p, c.runs)
	}
}

func productBurst(c *fixture) {
	c.signal(0, porttest.PutOf("1", "mug"))
	for i := range 50 {
		c.signal(0, price(fmt.Sprint("p", i), int64(100+i)))
	}
	c.run().wantAgreement()
	if p := c.product(); p.Price != 149 || p.Version != 51 {
		c.Errorf("ended as %+v", p)
	}
	if n := c.index.Puts(); n > 2 {
		c.Errorf("%d documents for one burst", n)
	}
}

func productMoves(c *fixture) {
	c.signal(0, porttest.PutOf("1", "mug"))
	c.during = []func(){func() { c.record.Reserve("mug", 3) }, func() { c.record.Reserve("mug", 1) }}
	c.run().wantAgreement()
	if p := c.product(); p.Available != 6 {
		c.Errorf("ended as %+v", p)
	}
}

func productIndexDown(c *fixture) {
	c.faults = []*indexFault{{until: 3 * time.Hour, kind: order.ErrUnavailable}}
	var first, second productResult
	c.ask(0, porttest.PutOf("1", "mug"), &first)
	c.ask(time.Hour, price("2", 900), &second)
	c.at(2*time.Hour, func() {
		if !first.done || !second.done || first.err != nil || second.err != nil {
			c.Errorf("callers wait for the index: %+v %+v", first, second)
		}
		v, err := c.env.QueryWorkflow(string(products.GetProduct))
		var s products.ProductStatus
		if err == nil {
			err = v.Get(&s)
		}
		if err != nil || s.WaitingOn != "search" || s.Recorded <= s.Indexed {
			c.Errorf("status %+v %v", s, err)
		}
	})
	c.run().wantAgreement()
	if c.runs != 1 || c.product().Price != 900 {
		c.Errorf("%d runs, %+v", c.runs, c.product())
	}
}

func productTaskFails(c *fixture) {
	c.faults = []*indexFault{{until: time.Minute, kind: order.ErrUnknownOutcome, after: true}}
	c.signal(0, porttest.PutOf("1", "mug"))
	c.run().wantAgreement()
}

func productDeleted(c *fixture) {
	c.signal(0, porttest.PutOf("1", "mug"))
	c.faults = []*indexFault{{until: 2 * time.Hour, kind: order.ErrUnavailable}}
	c.signal(time.Hour, catalog.Change{ID: "2", Delete: true})
	c.run().wantAgreement()
	if n := len(c.index.Documents()); n != 0 {
		c.Errorf("%d documents", n)
	}
}

func productAnswers(c *fixture) {
	none := int64(0)
	create := porttest.PutOf("1", "mug")
	create.IfVersion = &none
	var made, again, late, bad, other productResult
	c.ask(0, create, &made)
	c.ask(time.Second, create, &again) // the first response was lost
	second := porttest.PutOf("2", "mug")
	second.IfVersion = &none
	c.ask(time.Second, second, &late)
	wrong := porttest.PutOf("3", "mug")
	wrong.Put.Name = ""
	c.ask(2*time.Second, wrong, &bad)
	c.ask(3*time.Second, price("1", 5), &other)
	c.run().wantAgreement()
	if made.err != nil || made.product.Version != 1 || again.err != nil || again.product.Version != 1 {
		c.Errorf("made %+v, again %+v", made, again)
	}
	for _, a := range []struct {
		got  error
		want string
	}{{late.err, activities.FailureProductVersion}, {bad.err, activities.FailureProduct}, {other.err, activities.FailureOtherChange}} {
		var app *temporal.ApplicationError
		if !errors.As(a.got, &app) || app.Type() != a.want {
			c.Errorf("failed with %v, want %s", a.got, a.want)
		}
	}
}

// productOtherChange lets two changes with one ID wait for the record together.
func productOtherChange(c *fixture) {
	down := true
	c.record.Before = func(op string) error {
		if down && op == "ChangeProduct" {
			return errors.New("the database is down")
		}
		return nil
	}
	var made, first, second productResult
	c.ask(0, porttest.PutOf("1", "mug"), &made)
	c.ask(time.Minute, price("k", 5), &first)
	c.at(time.Minute, func() { c.env.UpdateWorkflow(string(products.ChangeProduct), "k/other", &second, price("k", 6)) })
	c.at(time.Hour, func() { down = false })
	c.run().wantAgreement()
	var app *temporal.ApplicationError
	if first.err != nil || first.product.Price != 5 || !errors.As(second.err, &app) || app.Type() != activities.FailureOtherChange {
		c.Errorf("the first returned %+v, the other %+v", first, second)
	}
}

func productImage(c *fixture) {
	c.signal(0, porttest.PutOf("1", "mug"))
	c.signal(time.Minute, catalog.Change{ID: "2", AddImage: &catalog.Image{ID: "pic", Renditions: []catalog.Rendition{{Name: "thumbnail", Key: "t"}, {Name: "medium", Key: "m"}}}})
	c.steps.ImageURL = func(key string) string { return "https://cdn.example/" + key }
	c.run().wantAgreement()
	if d := c.index.Documents()["mug"]; d.Thumbnail != "https://cdn.example/t" || len(d.Images) != 1 || d.Images[0] != "https://cdn.example/m" {
		c.Errorf("shown as %+v", d)
	}
}

func productRecordDown(c *fixture) {
	down := true
	c.record.Before = func(op string) error {
		if down && op == "ChangeProduct" {
			return errors.New("the database is down")
		}
		return nil
	}
	var a productResult
	c.ask(0, porttest.PutOf("1", "mug"), &a)
	c.at(time.Hour, func() { down = false })
	c.run().wantAgreement()
	if a.err != nil || a.product.Version != 1 {
		c.Errorf("returned %+v", a)
	}
}

func productRejected(c *fixture) {
	c.index.Before = func(op string) error {
		if op == "PutDocuments" {
			return &order.ProviderError{Provider: "search", Op: op, Kind: order.ErrRejected}
		}
		return nil
	}
	c.env = workflowtest.NewEnv()
	c.env.RegisterActivity(c.steps)
	c.env.RegisterDelayedCallback(func() { c.env.SignalWorkflow(string(products.ProductChanged), porttest.PutOf("1", "mug")) }, 0)
	c.env.ExecuteWorkflow(products.ProductWorkflow, c.state)
	var app *temporal.ApplicationError
	if err := c.env.GetWorkflowError(); !errors.As(err, &app) || app.Type() != activities.FailureRejected {
		c.Errorf("ended with %v", err)
	}
	if p := c.product(); p.Version != 1 {
		c.Errorf("the change was lost: %+v", p)
	}
}
