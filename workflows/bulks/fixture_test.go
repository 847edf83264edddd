package bulks_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	steps "purser/activities/bulks"
	"purser/activities/fake"
	"purser/mail"
	"purser/order"
	"purser/workflows/bulks"
	"purser/workflows/workflowtest"
)

// shopOrders stands in for the orders' workflows and their record: it takes a message
// once per key, as they do.
type shopOrders struct {
	mu     sync.Mutex
	orders map[order.ID]*order.Order
	taken  map[order.ID][]string // the keys of what was carried out
	sent   int                   // messages
	events map[order.ID][]order.Event
	// fail is called with the number of each message; before says that nothing is done
	// yet. If it fails, the message fails with its error.
	fail func(n int, id order.ID, before bool) error
}

func (s *shopOrders) Order(_ context.Context, id order.ID) (order.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[id]; o != nil {
		return *o, nil
	}
	return order.Order{}, order.ErrNotFound
}

func (s *shopOrders) Events(_ context.Context, id order.ID, after int64, _ int) ([]order.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events[id][min(int(after), len(s.events[id])):], nil
}

func (s *shopOrders) HadMail(_ context.Context, id order.ID, _ order.Notification) (bool, error) {
	o, err := s.Order(context.Background(), id)
	return o.Status != order.Placed, err
}

// take carries a message out, unless its key was carried out before.
func (s *shopOrders) take(id order.ID, key string, refuse func(order.Order) error, change func(*order.Order)) (order.Order, error) {
	s.mu.Lock()
	s.sent++
	n := s.sent
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(n, id, true); err != nil {
			return order.Order{}, err
		}
	}
	s.mu.Lock()
	o := s.orders[id]
	if !slices.Contains(s.taken[id], key) {
		if err := refuse(*o); err != nil {
			s.mu.Unlock()
			return order.Order{}, err
		}
		change(o)
		s.taken[id] = append(s.taken[id], key)
	}
	now := *o
	s.mu.Unlock()
	if s.fail != nil {
		return now, s.fail(n, id, false)
	}
	return now, nil
}

func (s *shopOrders) Cancel(_ context.Context, id order.ID, _, why, correlation string) (order.Order, error) {
	return s.take(id, "cancel", order.BulkRequest{Action: order.BulkCancel}.Check, func(o *order.Order) { o.Status, o.Reason = order.Cancelled, why })
}

func (s *shopOrders) Refund(_ context.Context, id order.ID, ask order.RefundRequest, _, _ string) (order.Order, error) {
	return s.take(id, ask.ID, order.BulkRequest{Action: order.BulkRefund, Reason: ask.Reason}.Check, func(o *order.Order) {
		parts, _ := o.PlanRefund(ask) // checked before
		for _, p := range parts {
			p.Status = order.RefundSucceeded
			o.Refunds = append(o.Refunds, p)
			o.Payments[0].Refunded += p.Amount.Amount
		}
	})
}

func (s *shopOrders) ResolveOnce(_ context.Context, key string, id order.ID, c order.Choice, actor, why, _ string) (order.Order, error) {
	return s.take(id, key, order.BulkRequest{Action: order.BulkResolve, Choice: c}.Check, func(o *order.Order) {
		s.events[id] = append(s.events[id], order.Event{Seq: int64(len(s.events[id]) + 1), Kind: order.OrderResolved, Actor: actor, Why: string(c) + ": " + why})
	})
}

func (s *shopOrders) StartResend(context.Context, order.Resend) error { return nil }

func (s *shopOrders) ResendMail(_ context.Context, r order.Resend) (mail.Outcome, error) {
	_, err := s.take(r.OrderID, r.Key, func(o order.Order) error {
		if o.Status == order.Placed {
			return order.ErrNotFound
		}
		return nil
	}, func(*order.Order) {})
	return mail.Outcome{State: mail.StateSent}, err
}

// fixture is one bulk under test: the real workflow and activities over records in
// memory.
type fixture struct {
	*shopOrders
	t      *testing.T
	record fake.Bulks
	bulk   order.Bulk
	ids    []order.ID
	slice  time.Duration // of an activity
	short  bool          // each run ends after one step
	runs   int
	steps  int
	env    *testsuite.TestWorkflowEnvironment
}

// newBulk returns a bulk about so many paid orders.
func newBulk(t *testing.T, r order.BulkRequest, orders int) *fixture {
	t.Helper()
	f := &fixture{
		t: t, bulk: order.Bulk{ID: "bulk_1", BulkRequest: r, Actor: "key:ops"}, slice: time.Minute,
		shopOrders: &shopOrders{orders: map[order.ID]*order.Order{}, taken: map[order.ID][]string{}, events: map[order.ID][]order.Event{}},
	}
	for range orders {
		euro := order.Money{Amount: 1000, Currency: "EUR"}
		id := order.NewID()
		f.orders[id] = &order.Order{
			ID: id, Status: order.Paid, Total: euro, Customer: "cus_1",
			Payments: []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentCaptured, Authorized: 1000, Captured: 1000}},
		}
		f.ids = append(f.ids, id)
	}
	return f
}

// play runs the workflow to its end, over as many runs as it takes.
func (f *fixture) play() {
	f.t.Helper()
	f.record.OpenBulk(f.bulk, f.ids...)
	for again := true; again; {
		f.runs++
		f.env = workflowtest.NewEnv(new(workflowtest.Observer))
		f.env.SetContinueAsNewSuggested(f.short)
		f.env.RegisterActivity(&steps.Activities{Bulks: &f.record, Orders: f.shopOrders, Messages: f.shopOrders, Parallel: 2, Slice: f.slice, Within: time.Minute})
		f.env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { f.steps++ })
		f.env.ExecuteWorkflow(bulks.BulkWorkflow, bulks.BulkStart{ID: f.bulk.ID})
		var next *workflow.ContinueAsNewError
		err := f.env.GetWorkflowError()
		again = errors.As(err, &next)
		if err != nil && !again || f.runs > 100 {
			f.t.Fatalf("run %d: %v", f.runs, err)
		}
	}
	var result order.Bulk
	if err := f.env.GetWorkflowResult(&result); err != nil {
		f.t.Fatal(err)
	}
	if now, err := f.record.Bulk(f.t.Context(), f.bulk.ID); err != nil || !now.State.Final() || now != result {
		f.t.Errorf("the record has %+v, %v, and the result is %+v", now, err, result)
	}
}

// wantEach checks that each order was asked under one key, carried it out once, and has
// an outcome.
func (f *fixture) wantEach(outcome order.BulkOutcome) {
	f.t.Helper()
	for _, o := range f.record.BulkOrders(f.bulk.ID) {
		if o.Outcome != outcome || len(f.taken[o.OrderID]) != 1 {
			f.t.Errorf("order %d is %s (%s), carried out %q", o.N, o.Outcome, o.Why, f.taken[o.OrderID])
		}
	}
}

var cancelAll = order.BulkRequest{Action: order.BulkCancel, Reason: "recalled"}

// everyAction lists each action once.
var everyAction = []order.BulkRequest{
	cancelAll,
	{Action: order.BulkRefund, Reason: "recalled"},
	{Action: order.BulkResolve, Choice: order.ChooseRelease, Reason: "recalled"},
	{Action: order.BulkResend, Template: order.MailShipped, Reason: "recalled"},
}

// holdAll puts the orders on hold, so that they take a decision.
func (f *fixture) holdAll() *fixture {
	if f.bulk.Action == order.BulkResolve {
		for _, o := range f.orders {
			o.Status, o.Hold = order.OnHold, &order.Hold{Kind: order.HoldFunds, Choices: order.HoldFunds.Choices()}
		}
	}
	return f
}
