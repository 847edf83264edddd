package apitest

import (
	"context"
	"sync"

	"purser/order"
	"purser/records"
)

// Bulks stands in for the workflows of bulks: it asks the scripted orders one after
// another, as the workflow would.
type Bulks struct {
	store  *records.Store
	orders *Orders

	mu      sync.Mutex
	Started []string // the ids of the bulks that were started, once for each request
	Wait    bool     // do nothing when a bulk starts: Work carries it out
}

// StartBulk carries a bulk out.
func (f *Bulks) StartBulk(ctx context.Context, b order.Bulk) error {
	f.mu.Lock()
	f.Started = append(f.Started, b.ID)
	wait := f.Wait
	f.mu.Unlock()
	if fail, _ := f.orders.script(); fail == order.ErrBusy {
		return fail
	}
	if wait && b.State == order.BulkRunning {
		return nil
	}
	return f.Work(ctx, b, 0)
}

// Work asks so many orders of a bulk, 0: all, and ends it if none is left.
func (f *Bulks) Work(ctx context.Context, b order.Bulk, most int) error {
	for n := 0; most == 0 || n < most; n++ {
		next, err := f.store.BeginBulkOrders(ctx, b.ID, 1)
		if err != nil {
			return err
		}
		if len(next) == 0 {
			break
		}
		next[0].Outcome, next[0].Why = f.ask(ctx, b, next[0].OrderID)
		if err := f.store.RecordBulkOrders(ctx, b.ID, next); err != nil {
			return err
		}
	}
	_, err := f.store.EndBulk(ctx, b.ID)
	return err
}

// ask sends one order the message of the bulk.
func (f *Bulks) ask(ctx context.Context, b order.Bulk, id order.ID) (order.BulkOutcome, string) {
	o, err := f.store.Order(ctx, id)
	switch {
	case err != nil:
		return order.OutcomeRefused, order.ErrNotFound.Error()
	case b.DryRun:
		if err := b.Check(o); err != nil {
			return order.OutcomeRefused, err.Error()
		}
		return order.OutcomePossible, "the order is " + string(o.Status)
	case b.Action == order.BulkCancel:
		o, err = f.orders.Cancel(ctx, id, b.Actor, b.RecordedReason(), b.ID)
	case b.Action == order.BulkRefund:
		o, err = f.orders.Refund(ctx, id, order.RefundRequest{ID: b.Key(id), All: true, Reason: b.RecordedReason()}, b.Actor, b.ID)
	case b.Action == order.BulkResolve:
		o, err = f.orders.Resolve(ctx, id, b.Choice, b.Actor, b.RecordedReason(), b.ID)
	}
	if err != nil {
		return order.OutcomeRefused, err.Error()
	}
	return order.OutcomeDone, "the order is " + string(o.Status)
}
