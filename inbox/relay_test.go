package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
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

// ahead is a clock past the grace that a fresh event is given.
func ahead() time.Time { return time.Now().Add(time.Minute) }

// WHK-15, F36: the process dies between keeping and relaying; the next one
// delivers.
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

// WHK-12, F32, F12: news of an order that is not there yet waits for it.
func TestRelay_unknown_order_is_held(t *testing.T) {
	t.Parallel()
	// Its own turn would come too late for this test.
	b := setUp(t, func(b *bench) { b.relay.RetryAfter, b.relay.RetryAtMost = time.Hour, time.Hour })
	b.workflows.set(func(order.ID) error { return order.ErrNotFound })
	if res := b.send(request(good)); res.StatusCode != http.StatusAccepted {
		t.Fatalf("got %d", res.StatusCode)
	}
	if it := b.awaitState(t, inboxrecords.Held, 1)[0]; it.Note == "" || it.Attempts != 1 || time.Until(it.NextAt) < 20*time.Minute {
		t.Errorf("held %+v", it)
	}
	b.workflows.set(nil)
	// The order may appear between the note in the record and the note in
	// memory; then it is the clock's turn.
	appear := time.NewTicker(2 * time.Millisecond)
	defer appear.Stop()
	for len(b.workflows.received("ord_a")) == 0 {
		b.relay.OrderAppeared("ord_b")
		b.relay.OrderAppeared("ord_a")
		<-appear.C
	}
	b.awaitState(t, inboxrecords.Delivered, 1)
}

// RES-3: what is held for long is looked for less and less often, and never given
// up: it may be another shop's payment on the same account.
func TestRelay_held_attempts_get_rare(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	b := setUp(t, func(b *bench) {
		b.relay.RetryAfter, b.relay.RetryAtMost = time.Minute, time.Minute
		b.relay.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	b.sendEvent(t, testEvent{ID: "evt_1", Type: "paid", Intent: "pi_foreign"})
	for attempt := 1; attempt <= 12; attempt++ {
		it := b.awaitAttempt(t, attempt)
		wait := it.NextAt.Sub(now)
		if soon := wait <= time.Minute; soon != (attempt < 10) || wait > 6*time.Hour || !soon && wait < 2*time.Hour {
			t.Errorf("wait %d is %s", attempt, wait)
		}
		if attempt == 12 {
			open(t, b.store, "ord_x", "pi_foreign", "")
		}
		mu.Lock()
		now = it.NextAt.Add(time.Second)
		mu.Unlock()
	}
	b.workflows.await(t, "ord_x", 1)
}

// awaitAttempt waits until the one event is held after so many attempts.
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

// An event that does not name its order is matched by what it is about.
func TestRelay_matched_by_reference(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.sendEvent(t, testEvent{ID: "evt_1", Type: "paid", Intent: "pi_9"})
	b.sendEvent(t, testEvent{ID: "evt_2", Type: "moved", Parcel: "par_9"})
	b.awaitState(t, inboxrecords.Held, 2)
	open(t, b.store, "ord_x", "pi_9", "par_9")
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
	o.Version, o.Payment.Generation, o.Payment.IntentID = seq, 1, intent
	o.Shipment.Reference = parcel
	err = s.SaveOrder(t.Context(), order.Change{Order: o, Events: []order.Event{{OrderID: id, Seq: seq, At: now, Kind: order.PaymentReady, From: o.Status, To: o.Status, Actor: "test"}}})
	if err != nil {
		t.Fatal(err)
	}
}

// F30: news that comes after the order has ended starts the late workflow.
func TestRelay_late(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.workflows.set(func(order.ID) error { return order.ErrClosed })
	b.send(request(good))
	b.awaitState(t, inboxrecords.Delivered, 1)
	b.stop()
	if got := b.workflows.reports; len(got) != 1 || !got[0].late || got[0].id != "ord_a" {
		t.Errorf("heard %+v, want one late report", got)
	}
}

// WHK-14, F25: the engine is away; news is tried again until it arrives.
func TestRelay_engine_away(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	var tries atomic.Int64
	b.workflows.set(func(order.ID) error {
		if tries.Add(1) < 6 {
			return errors.New("engine away")
		}
		return nil
	})
	b.send(request(good))
	if it := b.awaitState(t, inboxrecords.Delivered, 1)[0]; it.Attempts != 6 {
		t.Errorf("%d attempts noted, want 6", it.Attempts)
	}
}

// One order's news is told in the order it came, in fewer signals than
// events.
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
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if n := len(b.workflows.reports); n > 5 {
		t.Errorf("%d signals, want at most 5", n)
	}
}

// WHK-5, PERF-3: the acknowledgement does not wait for the workflow, however
// many events wait.
func TestRelay_never_blocks_the_answer(t *testing.T) {
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
	b.awaitState(t, inboxrecords.Delivered, 50) // the sweeper finds what found no room
	if b.relay.Counts().Overflow == 0 {
		t.Error("nothing overflowed: the test proves nothing")
	}
}

// amnesiac is a ledger that at times does not note what it is told.
type amnesiac struct {
	*records.Store
	fail func() bool
}

func (a amnesiac) RecordDelivery(ctx context.Context, ids []int64, st inboxrecords.State, note string, next time.Time) error {
	if a.fail() {
		return errors.New("disk full")
	}
	return a.Store.RecordDelivery(ctx, ids, st, note, next)
}

// Whatever fails on the way, every event arrives at least once, at its own
// order, and none is invented.
func TestRelay_delivers_everything(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.stop()
	run, sent := 0, 0
	if err := soak.Checks(100); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		answers := rapid.SliceOfN(rapid.SampledFrom([]error{nil, nil, order.ErrNotFound, order.ErrClosed, errors.New("away")}), 1, 12).Draw(rt, "answers")
		forgets := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(rt, "forgets")
		events := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 12).Draw(rt, "events")
		run++
		want := make(map[order.ID][]string)
		b.Handler.Relay = newRelay(b.store, b.workflows, slog.New(slog.DiscardHandler))
		b.Handler.Relay.Now = ahead
		b.Handler.Relay.Ledger = amnesiac{b.store, script(forgets, false)}
		b.workflows.set(func() func(order.ID) error {
			next := script(answers, nil)
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
				rt.Errorf("%s heard (-want +got):\n%s", id, diff)
			}
		}
	})
}

// script returns one value after the other, and then always the last.
func script[T any](values []T, last T) func() T {
	var n atomic.Int64
	return func() T {
		if i := int(n.Add(1)) - 1; i < len(values) {
			return values[i]
		}
		return last
	}
}
