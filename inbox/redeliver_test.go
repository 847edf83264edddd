package inbox_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"purser/inbox"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// newer understands events that testProvider does not.
type newer struct{ testProvider }

func (n newer) Parse(body []byte) (order.Delivery, error) {
	d, err := n.testProvider.Parse(body)
	if d.Problem == "version 2" {
		d.Problem, d.Event = "", &order.ProviderEvent{ID: "post:" + d.EventID, Type: d.Type, OrderID: d.OrderID}
	}
	return d, err
}

// TestRedeliver proves REC-8, RES-12, PAY-16 and F89: a parked event is
// delivered once it is understood, and a delivered event may be delivered
// again.
func TestRedeliver(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.sendEvent(t, testEvent{ID: "evt_new", Type: "paid", OrderID: "ord_a", Version: "2"})
	b.sendEvent(t, testEvent{ID: "evt_odd", Type: "paid", OrderID: "ord_a", Version: "3"})
	b.sendEvent(t, testEvent{ID: "evt_kept", Type: "chat", OrderID: "ord_a", Useless: true})
	parked, kept := b.awaitState(t, inboxrecords.Parked, 2), b.awaitState(t, inboxrecords.Kept, 1)
	again := func(id int64) error {
		_, err := b.Redeliver(t.Context(), id, "key:ops")
		return err
	}
	for _, it := range parked {
		if err := again(it.ID); !errors.Is(err, inbox.ErrStillParked) {
			t.Errorf("%s: %v, want it still parked", it.EventID, err)
		}
	}
	b.Sources["post"] = newer{testProvider{"s3cret"}}
	for _, it := range parked {
		if err := again(it.ID); (err == nil) != (it.EventID == "evt_new") {
			t.Errorf("%s: %v", it.EventID, err)
		}
	}
	it := b.awaitState(t, inboxrecords.Delivered, 1)[0]
	if received := b.workflows.received("ord_a"); len(received) != 1 || received[0] != "post:evt_new" || it.Note != "" {
		t.Errorf("received %q, note %q", received, it.Note)
	}
	if err := again(it.ID); err != nil {
		t.Error(err)
	}
	b.workflows.await(t, "ord_a", 2)
	if err := again(kept[0].ID); !errors.Is(err, inbox.ErrNotNeeded) {
		t.Errorf("an event of a type that is not needed: %v", err)
	}
	if err := again(999); !errors.Is(err, inboxrecords.ErrNoItem) {
		t.Errorf("an unknown event: %v", err)
	}
}

// TestRedeliver_pruned proves WHK-7 and REC-8: an event whose bytes were
// deleted cannot be delivered again, and the error says so. If its provider
// sends it again, it is still known and not delivered twice.
func TestRedeliver_pruned(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	old := testEvent{ID: "evt_1", Type: "paid", OrderID: "ord_a"}
	b.sendEvent(t, old)
	it := b.awaitState(t, inboxrecords.Delivered, 1)[0]
	if n, err := b.store.PruneInbox(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if _, err := b.Redeliver(t.Context(), it.ID, "key:ops"); !errors.Is(err, inbox.ErrPruned) {
		t.Errorf("redelivered: %v", err)
	}
	if got := b.sendEvent(t, old); got.StatusCode != http.StatusOK {
		t.Errorf("sent again by the provider: %d", got.StatusCode)
	}
	b.sendEvent(t, testEvent{ID: "evt_2", Type: "paid", OrderID: "ord_a"})
	if received := b.workflows.await(t, "ord_a", 2); received[1] != "post:evt_2" {
		t.Errorf("received %q", received)
	}
}

// TestRedeliver_at_once checks that a redelivered event is delivered at once,
// not at the next sweep.
func TestRedeliver_at_once(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) { b.relay.SweepEvery = time.Hour })
	b.sendEvent(t, testEvent{ID: "evt_1", Type: "paid", OrderID: "ord_a", Parcel: "ref_1"})
	it := b.awaitState(t, inboxrecords.Delivered, 1)[0]
	for tick := time.NewTicker(time.Millisecond); b.relay.Counts().Waiting > 0; <-tick.C { // an event in memory is not queued again
	}
	if _, err := b.Redeliver(t.Context(), it.ID, "key:ops"); err != nil {
		t.Fatal(err)
	}
	b.workflows.await(t, "ord_a", 2)
}
