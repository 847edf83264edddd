package inbox_test

import (
	"fmt"
	"testing"
	"time"

	"purser/activities/products"
	"purser/records"
	"purser/records/inbox"
	"purser/records/recordstest"
)

// TestPruneInbox (WHK-4, WHK-6, WHK-7, WHK-19) checks that old delivered events
// lose their bytes and are still recognised when repeated. Undelivered events
// keep their bytes, however old they are.
func TestPruneInbox(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		states := []inbox.State{inbox.Received, inbox.Held, inbox.Delivered, inbox.Kept, inbox.Parked, inbox.Foreign, inbox.Dismissed}
		ids := map[string]int64{}
		for age, at := range map[string]time.Time{"old": recordstest.Noon, "young": recordstest.Noon.Add(48 * time.Hour)} {
			for _, st := range states {
				it := event(age+" "+string(st), "ord_1")
				it.ReceivedAt, it.State = at, st
				if st == inbox.Delivered { // as one is that was relayed
					it.State = inbox.Received
				}
				ids[it.EventID] = receive(t, s, it).ID
				if st == inbox.Delivered {
					recordDelivery(t, s, st, time.Time{}, ids[it.EventID])
				}
			}
		}
		for i := range 250 { // more than one batch
			it := event(fmt.Sprint("many ", i), "ord_2")
			it.State = inbox.Kept
			ids[it.EventID] = receive(t, s, it).ID
		}
		for _, want := range []int64{254, 0} {
			if n, err := s.PruneInbox(t.Context(), recordstest.Noon.Add(time.Hour)); err != nil || n != want {
				t.Fatalf("%d lost their bytes, want %d; %v", n, want, err)
			}
		}
		for name, id := range ids {
			it, err := s.Item(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			gone := name == "old delivered" || name == "old kept" || name == "old foreign" || name == "old dismissed" || it.OrderID == "ord_2"
			if without := len(it.Body)+len(it.Headers)+len(it.Event) == 0; without != gone || it.PrunedAt.IsZero() == gone {
				t.Errorf("%s: %d bytes, pruned %v; want them gone: %t", name, len(it.Body), it.PrunedAt, gone)
			}
			again := event(name, "ord_1")
			again.State = inbox.Parked // it is as unusable as the first
			if fresh, err := s.Receive(t.Context(), &again); err != nil || fresh || again.ID != id || again.State != it.State {
				t.Errorf("%s again: fresh %t, %d %s, %v", name, fresh, again.ID, again.State, err)
			}
		}
	})
}

// The nightly cleanup does it, unless the bytes are kept for ever.
func TestNightlyPrunesInbox(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		it := event("evt_1", "ord_1")
		it.State = inbox.Kept
		it = receive(t, s, it)
		for _, night := range []struct {
			keep time.Duration
			left int
		}{{0, len(it.Body)}, {time.Since(recordstest.Noon) + time.Hour, len(it.Body)}, {time.Hour, 0}} {
			steps := products.Activities{Past: s, KeepWebhooks: night.keep}
			if err := steps.ForgetImports(t.Context(), products.Tidying{}); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Item(t.Context(), it.ID); err != nil || len(got.Body) != night.left {
				t.Errorf("kept for %s: %d bytes left, want %d, %v", night.keep, len(got.Body), night.left, err)
			}
		}
	})
}
