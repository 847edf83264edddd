package bulks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/order"
)

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
