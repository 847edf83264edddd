package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/order"
	"purser/records"
	inboxrecords "purser/records/inbox"
	"purser/soak"
)

// ahead is a clock that is past the grace of every fresh event.
func ahead() time.Time { return time.Now().Add(time.Minute) }

// TestRelay_crash proves WHK-15 and F36: if the process dies between storing an
// event and relaying it, the next process delivers it.
func TestRelay_crash(t *testing.T) {
	t.Parallel()
	b := setUp(t, noRelay)
	b.stop()
	for i := range 250 { // more than one sweep takes
		l := testEvent{ID: fmt.Sprintf("evt_%d", i), Type: "paid", OrderID: order.ID(fmt.Sprintf("ord_%d", i%7)), Intent: "pi_1"}
		if res := b.sendEvent(t, l); res.StatusCode != http.StatusAccepted {
			t.Fatalf("got %d", res.StatusCode)
		}
	}
	restarted := newRelay(b.store, b.workflows, slog.New(slog.DiscardHandler))
	restarted.Now = ahead
	stop := run(t, restarted)
	b.awaitState(t, inboxrecords.Delivered, 250)
	stop()
	if c := restarted.Counts(); c.Delivered != 250 || c.Waiting != 0 {
		t.Errorf("counts %+v, want 250 delivered once each", c)
	}
}

// TestRelay_unknown_order_is_held proves WHK-12, F32 and F12: an event of an
// order that does not exist yet is held until the order exists.
func TestRelay_unknown_order_is_held(t *testing.T) {
	t.Parallel()
	// The next scheduled attempt would come too late for this test.
	b := setUp(t, func(b *bench) { b.relay.RetryAfter, b.relay.RetryAtMost = time.Hour, time.Hour })
	b.workflows.set(func(order.ID) error { return order.ErrNotFound })
	if res := b.send(request(good)); res.StatusCode != http.StatusAccepted {
		t.Fatalf("got %d", res.StatusCode)
	}
	if it := b.awaitState(t, inboxrecords.Held, 1)[0]; it.Note == "" || it.Attempts != 1 || time.Until(it.NextAt) < 20*time.Minute {
		t.Errorf("held %+v", it)
	}
	b.workflows.set(nil)
	// If the order appears after the record is updated and before the memory
	// is, the event waits for the next scheduled attempt.
	appear := time.NewTicker(2 * time.Millisecond)
	defer appear.Stop()
	for len(b.workflows.received("ord_a")) == 0 {
		b.relay.OrderAppeared("ord_b")
		b.relay.OrderAppeared("ord_a")
		<-appear.C
	}
	b.awaitState(t, inboxrecords.Delivered, 1)
}

// TestRelay_held_attempts_back_off proves RES-3 and WHK-21: the order that an event
// names is looked up less and less often and, after some days, only when it appears.
func TestRelay_held_attempts_back_off(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	b := setUp(t, func(b *bench) {
		b.relay.RetryAfter, b.relay.RetryAtMost, b.relay.HeldFor = time.Minute, time.Minute, 12*time.Hour
		b.relay.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	b.workflows.set(func(order.ID) error { return order.ErrNotFound })
	b.sendEvent(t, testEvent{ID: "evt_1", Type: "paid", OrderID: "ord_x", Intent: "pi_x"})
	began := now
	for attempt := 1; ; attempt++ {
		it := b.awaitAttempt(t, attempt)
		wait := it.NextAt.Sub(now)
		if soon := wait <= time.Minute; soon != (attempt < 10) || wait > 6*time.Hour || !soon && wait < 2*time.Hour {
			t.Errorf("wait %d is %s", attempt, wait)
		}
		mu.Lock()
		now = it.NextAt.Add(time.Second)
		over := now.Sub(began) >= 12*time.Hour
		mu.Unlock()
		if over {
			break
		}
	}
	if it := b.awaitState(t, inboxrecords.Foreign, 1)[0]; !it.NextAt.IsZero() || !strings.Contains(it.Note, "12h") {
		t.Errorf("%+v", it)
	}
	b.workflows.set(nil)
	mu.Lock()
	now = now.Add(240 * time.Hour)
	mu.Unlock()
	open(t, b.store, "ord_x", "pi_other", "")
	b.workflows.await(t, "ord_x", 1)
}

// awaitAttempt waits until the only event is held after this many attempts.
func (b *bench) awaitAttempt(t *testing.T, attempts int) inboxrecords.Item {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for {
		if held := b.stored(t, inboxrecords.Held); len(held) == 1 && held[0].Attempts >= attempts {
			return held[0]
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("no attempt %d", attempts)
		}
	}
}

// TestRelay_matched_by_reference checks that an event that does not name its
// order is matched by its payment or its parcel.
func TestRelay_matched_by_reference(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	open(t, b.store, "ord_x", "pi_9", "par_9")
	b.sendEvent(t, testEvent{ID: "evt_1", Type: "paid", Intent: "pi_9"})
	b.sendEvent(t, testEvent{ID: "evt_2", Type: "moved", Parcel: "par_9"})
	b.workflows.await(t, "ord_x", 2)
	b.awaitState(t, inboxrecords.Delivered, 2)
}

// open writes an order with an intent and a parcel.
func open(t *testing.T, s *records.Store, id order.ID, intent, parcel string) {
	t.Helper()
	now := time.Now()
	sku := sell(t, s)
	o, err := s.OpenOrder(t.Context(), order.Opening{
		ID: id, RunID: "run", RequestHash: "h", Actor: "test", Now: now, HoldUntil: now.Add(time.Hour),
		Request: order.Request{Customer: "c", Email: "a@example.com", Currency: "EUR", Lines: []order.RequestLine{{SKU: sku, Quantity: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	seq := o.Version + 1
	o.Version, o.Payments[0].Reference = seq, intent
	if parcel != "" {
		o.Shipments = []order.Shipment{{Number: 1, Reference: parcel, Status: order.ParcelUnknown}}
	}
	err = s.SaveOrder(t.Context(), order.Change{Order: o, Events: []order.Event{{OrderID: id, Seq: seq, At: now, Kind: order.PaymentReady, From: o.Status, To: o.Status, Actor: "test"}}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRelay_late proves F30: an event that arrives after its order's workflow
// has ended starts the aftercare workflow.
func TestRelay_late(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.workflows.set(func(order.ID) error { return order.ErrClosed })
	b.send(request(good))
	b.awaitState(t, inboxrecords.Delivered, 1)
	b.stop()
	if got := b.workflows.reports; len(got) != 1 || !got[0].late || got[0].id != "ord_a" {
		t.Errorf("received %+v, want one late report", got)
	}
}

// TestRelay_engine_down proves WHK-14 and F25: while the engine is down, an
// event is retried until it arrives.
func TestRelay_engine_down(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	var tries atomic.Int64
	b.workflows.set(func(order.ID) error {
		if tries.Add(1) < 6 {
			return errors.New("engine down")
		}
		return nil
	})
	b.send(request(good))
	if it := b.awaitState(t, inboxrecords.Delivered, 1)[0]; it.Attempts != 6 {
		t.Errorf("%d attempts recorded, want 6", it.Attempts)
	}
}

// TestRelay_keeps_order checks that an order's events are delivered in the
// order of their arrival, in fewer signals than events.
func TestRelay_keeps_order(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	release := make(chan struct{})
	b.workflows.set(func(order.ID) error { <-release; return nil })
	var want []string
	for i := range 100 {
		id := fmt.Sprintf("evt_%03d", i)
		want = append(want, "post:"+id)
		b.sendEvent(t, testEvent{ID: id, Type: "paid", OrderID: "ord_a", Intent: "pi_1"})
	}
	close(release)
	b.awaitState(t, inboxrecords.Delivered, 100)
	b.stop()
	if diff := cmp.Diff(want, b.workflows.received("ord_a")); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	if n := len(b.workflows.reports); n > 5 {
		t.Errorf("%d signals, want at most 5", n)
	}
}

// TestRelay_never_blocks_the_response proves WHK-5 and PERF-3: the
// acknowledgement does not wait for the workflow, however many events are
// waiting.
func TestRelay_never_blocks_the_response(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) { b.relay.Queue, b.relay.AtOnce = 2, 1 })
	release := make(chan struct{})
	b.workflows.set(func(order.ID) error { <-release; return nil })
	for i := range 50 {
		if res := b.sendEvent(t, testEvent{ID: fmt.Sprint(i), Type: "paid", OrderID: "ord_a", Intent: "pi_1"}); res.StatusCode != http.StatusAccepted {
			t.Fatalf("got %d", res.StatusCode)
		}
	}
	close(release)
	b.awaitState(t, inboxrecords.Delivered, 50) // the sweeper finds the events that did not fit
	if b.relay.Counts().Overflow == 0 {
		t.Error("no queue was full: the test proves nothing")
	}
}

// forgetful is a ledger that sometimes fails to record a delivery.
type forgetful struct {
	*records.Store
	fail func() bool
}

func (f forgetful) RecordDelivery(ctx context.Context, ids []int64, st inboxrecords.State, note string, next time.Time) error {
	if f.fail() {
		return errors.New("disk full")
	}
	return f.Store.RecordDelivery(ctx, ids, st, note, next)
}

// TestRelay_delivers_everything checks that, whatever fails, each event arrives
// at least once at its own order, and no other event arrives.
func TestRelay_delivers_everything(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.stop()
	run, sent := 0, 0
	if err := soak.Checks(100); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		results := rapid.SliceOfN(rapid.SampledFrom([]error{nil, nil, order.ErrNotFound, order.ErrClosed, errors.New("down")}), 1, 12).Draw(rt, "results")
		forgets := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(rt, "forgets")
		events := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 12).Draw(rt, "events")
		run++
		want := make(map[order.ID][]string)
		b.Handler.Relay = newRelay(b.store, b.workflows, slog.New(slog.DiscardHandler))
		b.Handler.Relay.Now = ahead
		b.Handler.Relay.Ledger = forgetful{b.store, script(forgets, false)}
		b.workflows.set(func() func(order.ID) error {
			next := script(results, nil)
			return func(order.ID) error { return next() }
		}())
		stop := start(b.Handler.Relay)
		defer stop()
		for i, to := range events {
			id := order.ID(fmt.Sprintf("ord_%d_%d", run, to))
			event := fmt.Sprintf("%d_%d", run, i)
			want[id] = append(want[id], "post:"+event)
			b.sendEvent(t, testEvent{ID: event, Type: "paid", OrderID: id, Intent: "pi"})
		}
		sent += len(events)
		b.awaitState(t, inboxrecords.Delivered, sent)
		for id, events := range want {
			got := b.workflows.received(id)
			slices.Sort(got)
			slices.Sort(events)
			if diff := cmp.Diff(events, slices.Compact(got)); diff != "" {
				rt.Errorf("%s received (-want +got):\n%s", id, diff)
			}
		}
	})
}

// script returns one value after the other, and last once there are no more.
func script[T any](values []T, last T) func() T {
	var n atomic.Int64
	return func() T {
		if i := int(n.Add(1)) - 1; i < len(values) {
			return values[i]
		}
		return last
	}
}
