package orders_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"purser/activities/fake"
	"purser/activities/mails"
	steps "purser/activities/orders"
	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

const (
	id        = order.ID("ord_00000000000000000000000001")
	reference = string(id) + "-1"
	hash      = "hash-1"
	onHand    = 5 // pieces of each product
)

// world is one order with everything around it: the real activities over the
// outside parties in memory, and a script of what happens when.
type world struct {
	workflowtest.TB
	bank    fake.Bank
	carrier fake.Carrier
	mailer  fake.Mailer
	ledger  fake.Ledger
	record  fake.Record
	keeper  steps.Record // what the order is written to; nil: the record

	placement      orders.Placement
	env            *testsuite.TestWorkflowEnvironment
	seen           *workflowtest.Observer // by the workflow under way
	script         []*workflowtest.Cue
	late           []*workflowtest.Cue // what happens so long after a late report
	began          time.Time           // of the run under way
	over           bool                // the order's workflow has ended
	killed         time.Duration       // after placing, an operator terminates the workflow
	runs           int
	eventCount     int
	refundedByHand int64 // of the order's money, back by hand
	reports        []order.ProviderEvent
	placed         updateResult // to the first Place
	outcome        orders.Outcome

	mu     sync.Mutex
	faults []*fault
	calls  []string
	byHand bool
	now    time.Time
}

// fault makes calls fail: the first few, or all those until a time.
type fault struct {
	op    string
	after bool // the work is done, the answer is lost
	kind  error
	times int
	until time.Duration
}

func newWorld(t workflowtest.TB) *world {
	w := &world{TB: t, placement: orders.Placement{
		ID: id, Hash: hash, Actor: "key:shop", Correlation: "corr-1",
		Request: order.Request{
			Customer: "c-1", Email: "ada@example.com", Locale: "en", Currency: "EUR",
			ShipTo: order.Address{Name: "Ada", Line1: "1 Quay", City: "Bristol", PostalCode: "BS1", Country: "GB"},
			Lines:  []order.RequestLine{{SKU: "mug", Quantity: 2}},
		},
		Terms: orders.Terms{PayWithin: 30 * time.Minute, AskAfter: 2 * time.Minute, TrackAfter: 12 * time.Hour, OverdueAfter: 14 * 24 * time.Hour},
	}}
	err := w.record.PutProducts(context.Background(), []catalog.Product{
		{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: onHand},
		{SKU: "pin", Name: "Pin", Price: 24, Currency: "EUR", OnHand: onHand},
		{SKU: "bowl", Name: "Bowl", Price: 6800, Currency: "JPY", OnHand: onHand},
		{SKU: "oud", Name: "Oud", Price: 12_750, Currency: "KWD", OnHand: onHand},
	})
	if err != nil {
		t.Fatalf("products: %v", err)
	}
	w.bank.Before, w.bank.After = w.hooks()
	before, after := w.hooks()
	w.carrier.Before = func(op, _ string) error { return before(op, id) }
	w.carrier.After = func(op, _ string) error { return after(op, id) }
	w.record.Before, w.record.After = w.hooks()
	w.mailer.Before = func(mail.Message) error { return before("SendMail", id) }
	w.mailer.After = func(mail.Message) error { return after("SendMail", id) }
	return w
}

// hooks let the faults strike before and after the work.
func (w *world) hooks() (before, after func(op string, _ order.ID) error) {
	return func(op string, _ order.ID) error { return w.strike(op, false) },
		func(op string, _ order.ID) error { return w.strike(op, true) }
}

func (w *world) strike(op string, after bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byHand {
		return nil
	}
	if !after {
		w.calls = append(w.calls, op)
	}
	for _, f := range w.faults {
		if f.op != op || f.after != after {
			continue
		}
		if f.times > 0 {
			f.times--
		} else if !w.clock().Before(workflowtest.Start.Add(f.until)) {
			continue
		}
		return &order.ProviderError{Provider: "fake", Op: op, Kind: f.kind}
	}
	return nil
}

func (w *world) clock() time.Time {
	return workflowtest.Later(w.now, w.env.Now())
}

// fail makes the next calls of an activity fail, before or after the work.
func (w *world) fail(op string, times int, kind error) {
	w.addFault(&fault{op: op, times: times, kind: kind, after: kind == order.ErrUnknownOutcome})
}

// down makes every call of an activity fail until a time after placing.
func (w *world) down(until time.Duration, kind error, ops ...string) {
	for _, op := range ops {
		w.addFault(&fault{op: op, until: until, kind: kind, after: kind == order.ErrUnknownOutcome})
	}
}

func (w *world) addFault(f *fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, f)
}

// hand does something at an outside party that is not a call of ours: no
// fault strikes it.
func (w *world) hand(do func()) {
	w.setByHand(true)
	defer w.setByHand(false)
	do()
}

func (w *world) setByHand(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byHand = on
}

// at adds to the script.
func (w *world) at(d time.Duration, do func()) {
	w.script = append(w.script, &workflowtest.Cue{At: d, Do: do})
}

// run places the order and follows the script, over as many runs of the
// workflow as it takes. What the script does after the order's end comes to
// a world without its workflow.
func (w *world) run() *world {
	w.Helper()
	w.now = workflowtest.Start
	for p := &w.placement; p != nil; {
		p = w.runOnce(*p)
	}
	slices.SortStableFunc(w.script, func(a, b *workflowtest.Cue) int { return int(a.At - b.At) })
	for _, c := range w.script {
		if !c.Done {
			w.now = workflowtest.Later(w.now, workflowtest.Start.Add(c.At))
			c.Do()
		}
	}
	return w
}

// runOnce runs the workflow once and returns the placement of the next run.
func (w *world) runOnce(p orders.Placement) (next *orders.Placement) {
	w.Helper()
	w.env, w.began = w.newEnv(), w.now
	w.runs++
	if p.Snapshot == nil {
		w.env.RegisterDelayedCallback(func() { w.place("place-1", p.Hash, &w.placed) }, 0)
	}
	for _, c := range w.script {
		if !c.Done {
			w.env.RegisterDelayedCallback(func() { c.Done = true; c.Do() }, max(workflowtest.Start.Add(c.At).Sub(w.began), 0))
		}
	}
	if w.killed > 0 { // a timeout is as sudden and as silent as a termination
		w.env.SetWorkflowRunTimeout(w.killed)
	}
	w.env.ExecuteWorkflow(orders.OrderWorkflow, p)
	w.now = w.env.Now()
	err := w.env.GetWorkflowError()
	var again *workflow.ContinueAsNewError
	if errors.As(err, &again) {
		next = new(orders.Placement)
		if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, next); err != nil {
			w.Fatalf("the next run's input: %v", err)
		}
		return next
	}
	w.over = true
	if w.killed > 0 && temporal.IsTimeoutError(err) {
		return nil
	}
	if !w.env.IsWorkflowCompleted() || err != nil {
		w.logTimeline()
		w.Fatalf("the workflow failed or hangs: %v", err)
	}
	if err := w.env.GetWorkflowResult(&w.outcome); err != nil {
		w.Fatalf("outcome: %v", err)
	}
	return nil
}

func (w *world) newEnv() *testsuite.TestWorkflowEnvironment {
	w.seen = new(workflowtest.Observer)
	env := workflowtest.NewEnv(w.seen)
	env.SetStartTime(w.now)
	env.RegisterActivity(&steps.Activities{
		Record: cmp.Or[steps.Record](w.keeper, &w.record), Orders: &w.record, Intents: &w.bank, Captures: &w.bank,
		Carrier: &w.carrier, Sealer: sealer{},
	})
	env.RegisterActivity(&mails.Activities{
		MailRouter: &w.mailer, Templates: fake.MailTemplates{}, Ledger: &w.ledger, ToShop: mail.Address{Email: "disputes@shop.example"},
	})
	return env
}

type sealer struct{}

func (sealer) Seal(_ order.ID, secret string) (string, error) { return "sealed:" + secret, nil }
