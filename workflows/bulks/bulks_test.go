package bulks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
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

// TestBulk (RES-15): each action is carried out for each order once.
func TestBulk(t *testing.T) {
	for _, r := range everyAction {
		t.Run(string(r.Action), func(t *testing.T) {
			f := newBulk(t, r, 5).holdAll()
			f.play()
			f.wantEach(order.OutcomeDone)
			if f.sent != 5 || f.steps != 1 {
				t.Errorf("%d messages in %d activities", f.sent, f.steps)
			}
			for id, o := range f.orders {
				if r.Action == order.BulkRefund && (len(o.Refunds) != 1 || o.Refunds[0].Amount.Amount != 1000 || o.Refunds[0].Reason != "recalled (bulk_1)") {
					t.Errorf("%s: refunds %+v", id, o.Refunds)
				}
				if r.Action == order.BulkCancel && (o.Status != order.Cancelled || o.Reason != "recalled (bulk_1)") {
					t.Errorf("%s is %s: %s", id, o.Status, o.Reason)
				}
			}
		})
	}
}

// TestBulkAgain (RES-15): whatever call is lost, before its effect or after it, and in
// however many runs, nothing is carried out twice and no order is forgotten.
func TestBulkAgain(t *testing.T) {
	lost := fmt.Errorf("%w: the connection broke", order.ErrBusy)
	for _, r := range everyAction {
		for _, before := range []bool{true, false} {
			for _, short := range []bool{true, false} {
				t.Run(fmt.Sprint(r.Action, before, short), func(t *testing.T) {
					f := newBulk(t, r, 7).holdAll()
					f.short, f.slice = short, 1 // the shortest: an activity begins two orders
					f.fail = func(n int, _ order.ID, was bool) error {
						if n%3 == 0 && was == before {
							return lost
						}
						return nil
					}
					writes := 0
					broken := func(string) error {
						if writes++; writes%4 == 0 {
							return lost
						}
						return nil
					}
					if before {
						f.record.Before = broken
					} else {
						f.record.After = broken
					}
					f.play()
					f.wantEach(order.OutcomeDone)
					if short && f.runs < 2 {
						t.Errorf("only %d runs", f.runs)
					}
				})
			}
		}
	}
}

// TestBulkKilled (RES-15): a process that dies after the orders were asked, and before
// it could write that down, leaves them to the next, which asks no other order before
// them. An order that has come to its next hold is not released again.
func TestBulkKilled(t *testing.T) {
	for _, r := range everyAction {
		t.Run(string(r.Action), func(t *testing.T) {
			f := newBulk(t, r, 4).holdAll()
			killed, begun := false, []order.ID{}
			f.record.Before = func(op string) error {
				if op == "RecordBulkOrders" && !killed {
					killed = true
					for id := range f.taken {
						begun = append(begun, id)
					}
					f.taken = map[order.ID][]string{} // the workflows have run on, and know the keys no more
					if r.Action != order.BulkResolve {
						for _, id := range begun {
							f.taken[id] = []string{"cancel", f.bulk.Key(id)}[:1]
							if r.Action != order.BulkCancel {
								f.taken[id] = []string{f.bulk.Key(id)}
							}
						}
					}
					return errors.New("killed")
				}
				return nil
			}
			f.play()
			if len(begun) != 2 || f.steps != 2 {
				t.Fatalf("%d orders were begun, %d activities", len(begun), f.steps)
			}
			for _, id := range begun {
				if r.Action == order.BulkResolve && len(f.taken[id]) > 0 {
					t.Errorf("%s was released again", id)
				}
			}
			for _, o := range f.record.BulkOrders(f.bulk.ID) {
				if o.Outcome != order.OutcomeDone {
					t.Errorf("order %d is %s: %s", o.N, o.Outcome, o.Why)
				}
			}
		})
	}
}

// TestBulkStopped (RES-15): a bulk that is stopped finishes what it has begun, and leaves
// the other orders as they are; so does one that is cancelled in the Temporal UI.
func TestBulkStopped(t *testing.T) {
	for _, ui := range []bool{false, true} {
		t.Run(fmt.Sprint("in the UI: ", ui), func(t *testing.T) {
			f := newBulk(t, cancelAll, 9)
			f.slice = 1
			f.fail = func(n int, _ order.ID, before bool) error {
				switch {
				case n != 4 || before:
				case ui:
					f.env.CancelWorkflow()
				default:
					if _, err := f.record.StopBulk(context.Background(), f.bulk.ID, "key:ops: enough"); err != nil {
						f.t.Error(err)
					}
				}
				return nil
			}
			f.play()
			done := 0
			for _, o := range f.record.BulkOrders(f.bulk.ID) {
				switch {
				case o.Outcome == order.OutcomeDone && f.orders[o.OrderID].Status == order.Cancelled:
					done++
				case o.Outcome != order.OutcomeDue || f.orders[o.OrderID].Status != order.Paid:
					t.Errorf("order %d is %s, and it is %s", o.N, o.Outcome, f.orders[o.OrderID].Status)
				}
			}
			b, err := f.record.Bulk(t.Context(), f.bulk.ID)
			if err != nil || b.State != order.BulkStopped || b.Why == "" || done < 4 || done > 6 {
				t.Errorf("%d done, %s %q, %v", done, b.State, b.Why, err)
			}
		})
	}
}

// TestBulkOutcomes (RES-15): what one order refuses is its outcome, in its own words, and
// does not stop the others; an order that does not respond fails in the end.
func TestBulkOutcomes(t *testing.T) {
	f := newBulk(t, cancelAll, 7)
	f.bulk.Customer = "cus_1"
	f.orders[f.ids[0]].Status = order.Delivered
	f.orders[f.ids[1]].Customer = "cus_2"
	f.orders[f.ids[2]].Status = order.Cancelled
	stuck, moved, dear := f.ids[3], f.ids[4], f.ids[5]
	f.fail = func(_ int, id order.ID, before bool) error {
		switch {
		case !before:
		case id == stuck:
			return fmt.Errorf("%w: not ready", order.ErrBusy)
		case id == moved: // since it was read
			return &order.Refusal{Kind: order.ErrTooLate, Text: "too late to cancel: the order is shipped"}
		case id == dear:
			return &order.Refusal{Kind: order.ErrNeedsApproval, Text: "a second person must approve: decide it in case c-1"}
		}
		return nil
	}
	f.ids = append(f.ids, "ord_unknown", order.NewID())
	f.play()
	want := []order.BulkOrder{
		{Outcome: order.OutcomeRefused, Why: "the order is delivered"},
		{Outcome: order.OutcomeRefused, Why: "no such order"},
		{Outcome: order.OutcomeRefused, Why: "the order is cancelled"},
		{Outcome: order.OutcomeFailed, Why: "the order did not respond: try again: not ready", Tries: 10},
		{Outcome: order.OutcomeRefused, Why: "too late to cancel: the order is shipped"},
		{Outcome: order.OutcomeRefused, Why: "a second person must approve: decide it in case c-1"},
		{Outcome: order.OutcomeDone, Why: "the order is cancelled"},
		{Outcome: order.OutcomeRefused, Why: "no such order"},
		{Outcome: order.OutcomeRefused, Why: "no such order"},
	}
	for i, got := range f.record.BulkOrders(f.bulk.ID) {
		w := want[i]
		if w.N, w.OrderID = int64(i+1), f.ids[i]; got != w {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
}

// TestBulkDryRun (RES-15): a dry run asks no order, and says which would take it.
func TestBulkDryRun(t *testing.T) {
	for _, r := range everyAction {
		t.Run(string(r.Action), func(t *testing.T) {
			r.DryRun = true
			f := newBulk(t, r, 2).holdAll()
			other := order.Order{ID: f.ids[1], Status: order.Placed, Total: order.Money{Currency: "EUR"}}
			if r.Action == order.BulkCancel {
				other.Status = order.Delivered
			}
			*f.orders[f.ids[1]] = other
			f.play()
			got := f.record.BulkOrders(f.bulk.ID)
			if f.sent != 0 || got[0].Outcome != order.OutcomePossible || got[1].Outcome != order.OutcomeRefused || got[1].Why == "" {
				t.Errorf("%d messages, %+v", f.sent, got)
			}
		})
	}
}

// TestBulkOutage (RES-15): an outage of the engine or the record is waited out, and no
// order fails for it that was not asked.
func TestBulkOutage(t *testing.T) {
	f := newBulk(t, cancelAll, 30)
	calls := 0
	f.fail = func(n int, _ order.ID, before bool) error {
		if before && n > 4 && n <= 20 {
			return fmt.Errorf("%w: unavailable", order.ErrBusy)
		}
		return nil
	}
	f.record.Before = func(string) error {
		if calls++; calls == 5 {
			return temporal.NewApplicationError("the database is down", "Internal")
		}
		return nil
	}
	f.play()
	f.wantEach(order.OutcomeDone)
}

// TestManyOrders (RES-15): ten thousand orders are asked once each, over several runs.
func TestManyOrders(t *testing.T) {
	f := newBulk(t, cancelAll, 10_000)
	f.short, f.slice = true, time.Second
	f.play()
	f.wantEach(order.OutcomeDone)
	if f.sent != 10_000 {
		t.Errorf("%d messages", f.sent)
	}
}
