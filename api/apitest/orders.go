package apitest

import (
	"cmp"
	"context"
	"sync"
	"time"

	"purser/order"
	"purser/records"
)

// Orders stands in for the orders' workflows: it opens orders in the record, as
// they would, and fails as configured.
type Orders struct {
	store *records.Store

	mu     sync.Mutex
	Placed []Placement
	Fail   error // of every message
	Stall  bool  // return only when the caller's context ends
	hash   map[order.ID]string
}

// Placement is an order that was placed.
type Placement struct {
	ID                 order.ID
	Actor, Correlation string
}

// FailWith makes every message fail.
func (f *Orders) FailWith(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Fail = err
}

func (f *Orders) script() (error, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Fail, f.Stall
}

// Place opens the order, as its workflow would.
func (f *Orders) Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (order.Order, string, error) {
	fail, stall := f.script()
	if fail != nil {
		return order.Order{}, "", fail
	}
	f.mu.Lock()
	known, again := f.hash[id]
	if !again {
		f.hash[id] = r.Hash()
		f.Placed = append(f.Placed, Placement{ID: id, Actor: actor, Correlation: correlation})
	}
	f.mu.Unlock()
	if again && known != r.Hash() {
		return order.Order{}, "", order.ErrOtherRequest
	}
	now := time.Now()
	o, err := f.store.OpenOrder(context.WithoutCancel(ctx), order.Opening{
		ID: id, RunID: "run", RequestHash: r.Hash(), Request: r, Actor: actor, Correlation: correlation, Now: now, HoldUntil: now.Add(time.Hour),
	})
	if err != nil {
		return order.Order{}, "", err
	}
	if stall {
		<-ctx.Done()
		return order.Order{}, "", ctx.Err()
	}
	return o, "pi_1_secret_2", nil
}

// Cancel begins to cancel the order.
func (f *Orders) Cancel(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error) {
	return f.move(ctx, id, order.Cancelling, actor, reason, correlation)
}

// Release lets the order wait for its payment.
func (f *Orders) Release(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error) {
	return f.move(ctx, id, order.AwaitingPayment, actor, reason, correlation)
}

func (f *Orders) move(ctx context.Context, id order.ID, to order.Status, actor, reason, correlation string) (order.Order, error) {
	fail, stall := f.script()
	if stall {
		<-ctx.Done()
		return order.Order{}, cmp.Or(fail, ctx.Err())
	}
	if fail != nil {
		return order.Order{}, fail
	}
	return f.Save(ctx, id, to, order.CancelRequested, actor, reason, correlation)
}

// Save writes the next event of an order, as its workflow would.
func (f *Orders) Save(ctx context.Context, id order.ID, to order.Status, kind order.Kind, actor, why, correlation string) (order.Order, error) {
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return o, err
	}
	e := order.Event{OrderID: id, Seq: o.Version + 1, At: time.Now(), Kind: kind, From: o.Status, To: to, Actor: actor, Why: why, Correlation: correlation}
	o.Status, o.Version, o.UpdatedAt = to, e.Seq, e.At
	return o, f.store.SaveOrder(ctx, order.Change{Order: o, Events: []order.Event{e}})
}
