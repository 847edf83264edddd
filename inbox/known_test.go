package inbox_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/inbox"
	"purser/order"
	"purser/records"
	inboxrecords "purser/records/inbox"
)

// knowing is a record whose knowledge of an event is scripted: one state after
// the other, then always the last.
type knowing struct {
	*records.Store
	mu     sync.Mutex
	states []order.EventState // "": the lookup fails
	asked  int
}

func (k *knowing) Knows(context.Context, order.ProviderEvent) (order.EventState, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.states[min(k.asked, len(k.states)-1)]
	k.asked++
	if a == "" {
		return order.Unknown, errors.New("no record")
	}
	return a, nil
}

// TestRelay_self_caused proves WHK-9 and WHK-10: an order's workflow is not
// notified of an event whose content the record already has. It is notified of
// all other events, also in doubt.
func TestRelay_self_caused(t *testing.T) {
	t.Parallel()
	soon := slices.Repeat([]order.EventState{order.Soon}, 3)
	for _, tt := range []struct {
		name   string
		states []order.EventState
		part   bool
		notify bool
	}{
		{name: "known in part", states: []order.EventState{order.Known}, part: true, notify: false},
		{name: "unknown in part", states: []order.EventState{order.Unknown}, part: true, notify: true},
		{name: "known", states: []order.EventState{order.Known}, notify: false},
		{name: "known after a moment", states: append(soon, order.Known), notify: false},
		{name: "unknown", states: []order.EventState{order.Unknown}, notify: true},
		{name: "unknown after a moment", states: append(soon, order.Unknown), notify: true},
		{name: "never known", states: []order.EventState{order.Soon}, notify: true},
		{name: "the record cannot be read", states: []order.EventState{""}, notify: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := &knowing{states: tt.states}
			b := setUp(t, func(b *bench) {
				k.Store = b.store
				b.relay.Finder, b.relay.RecheckAfter = k, time.Millisecond
			})
			b.sendEvent(t, testEvent{ID: "evt_echo", Type: "paid", OrderID: "ord_a", Intent: "pi_1", Part: tt.part})
			it := b.awaitState(t, inboxrecords.Delivered, 1)[0]
			if received := b.workflows.received("ord_a"); (len(received) > 0) != tt.notify {
				t.Errorf("received %q, want notified: %t", received, tt.notify)
			}
			if (it.Note == "the record already had it") == tt.notify {
				t.Errorf("note %q", it.Note)
			}
		})
	}
}

// counting counts the writes of outcomes of no event at all.
type counting struct {
	inbox.Ledger
	empty atomic.Int64
}

func (c *counting) RecordDelivery(ctx context.Context, ids []int64, st inboxrecords.State, note string, nextAt time.Time) error {
	if len(ids) == 0 {
		c.empty.Add(1)
	}
	return c.Ledger.RecordDelivery(ctx, ids, st, note, nextAt)
}

// TestRelay_looks_up_captures_only proves WHK-10: the record is read only for an event
// that the order may have caused itself, and is written only where an event ended.
func TestRelay_looks_up_captures_only(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		event testEvent
		asked int
	}{
		{name: "a capture", event: testEvent{ID: "evt_1", Type: "paid", OrderID: "ord_a", Intent: "pi_1"}, asked: 1},
		{name: "an authorization", event: testEvent{ID: "evt_1", Type: "held", OrderID: "ord_a", Intent: "pi_1", Held: true}},
		{name: "a scan", event: testEvent{ID: "evt_1", Type: "scan", OrderID: "ord_a", Parcel: "ref_1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, ledger := &knowing{states: []order.EventState{order.Known}}, &counting{}
			b := setUp(t, func(b *bench) {
				k.Store, ledger.Ledger = b.store, b.store
				b.relay.Finder, b.relay.Ledger = k, ledger
			})
			b.sendEvent(t, tt.event)
			b.awaitState(t, inboxrecords.Delivered, 1)
			b.stop()
			if k.asked != tt.asked || ledger.empty.Load() > 0 {
				t.Errorf("the record was read %d times, want %d, and written for nothing %d times", k.asked, tt.asked, ledger.empty.Load())
			}
		})
	}
}

// TestRelay_records_only_arrivals: where no event arrives, because its order is unknown
// or its workflow cannot be reached, no delivery is recorded.
func TestRelay_records_only_arrivals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		err   error
		state inboxrecords.State
	}{
		{name: "unknown order", err: order.ErrNotFound, state: inboxrecords.Held},
		{name: "no engine", err: errors.New("connection refused"), state: inboxrecords.Received},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ledger := &counting{}
			b := setUp(t, func(b *bench) {
				ledger.Ledger = b.store
				b.relay.Ledger, b.relay.RetryAfter, b.relay.RetryAtMost = ledger, time.Hour, time.Hour
			})
			b.workflows.set(func(order.ID) error { return tt.err })
			b.sendEvent(t, testEvent{ID: "evt_1", Type: "scan", OrderID: "ord_a", Parcel: "ref_1"})
			for tick := time.NewTicker(2 * time.Millisecond); ; <-tick.C {
				if it := b.awaitState(t, tt.state, 1)[0]; it.Attempts == 1 {
					break
				}
			}
			b.stop()
			if n := ledger.empty.Load(); n > 0 {
				t.Errorf("the delivery of no event was recorded %d times", n)
			}
		})
	}
}

// TestRelay_self_caused_waits proves F36: a deferred event does not delay other
// events, and is not lost when the process ends before its next check.
func TestRelay_self_caused_waits(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) {
		b.relay.Finder, b.relay.RecheckAfter = &knowing{Store: b.store, states: []order.EventState{order.Soon}}, time.Hour
	})
	b.sendEvent(t, testEvent{ID: "evt_echo", Type: "paid", OrderID: "ord_a", Intent: "pi_1"})
	b.sendEvent(t, testEvent{ID: "evt_scan", Type: "scan", OrderID: "ord_a", Parcel: "ref_1"})
	if received := b.workflows.await(t, "ord_a", 1); received[0] != "post:evt_scan" {
		t.Errorf("received %q", received)
	}
	b.stop()
	restarted := newRelay(b.store, b.workflows, b.Log)
	run(t, restarted)
	if received := b.workflows.await(t, "ord_a", 2); received[1] != "post:evt_echo" {
		t.Errorf("received %q", received)
	}
}
