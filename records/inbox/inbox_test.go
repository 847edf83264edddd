package inbox_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/records"
	"purser/records/inbox"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// event is a report about an order, received at recordstest.Noon.
func event(id string, o order.ID) inbox.Item {
	return inbox.Item{
		Provider: "stripe", Account: "acct_1", EventID: id, Type: "payment_intent.succeeded", OrderID: o, Ref: "pi_" + id,
		Headers: []byte("Stripe-Signature: t=1"), Body: []byte("{\"id\":\x00\xff}"), ReceivedAt: recordstest.Noon, ProviderAt: recordstest.Noon.Add(-time.Second),
		Correlation: "corr-1", Event: []byte(`{"id":"x"}`), Source: "192.0.2.1",
	}
}

func receive(t *testing.T, s *records.Store, it inbox.Item) inbox.Item {
	t.Helper()
	if fresh, err := s.Receive(t.Context(), &it); err != nil || !fresh {
		t.Fatalf("receive %s: fresh %v, %v", it.EventID, fresh, err)
	}
	return it
}

func recordDelivery(t *testing.T, s *records.Store, st inbox.State, next time.Time, ids ...int64) {
	t.Helper()
	if err := s.RecordDelivery(t.Context(), ids, st, "note", next); err != nil {
		t.Fatal(err)
	}
}

func wantState(t *testing.T, s *records.Store, id int64, st inbox.State, attempts int) {
	t.Helper()
	it, err := s.Item(t.Context(), id)
	if err != nil || it.State != st || it.Attempts != attempts {
		t.Errorf("item %d: got %s after %d attempts, %v; want %s after %d", id, it.State, it.Attempts, err, st, attempts)
	}
}

func TestInbox(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		for name, check := range map[string]func(*testing.T, *records.Store){
			"WHK-4 what came over the wire is kept":   keepsRaw,
			"WHK-6 WHK-7 a duplicate finds the first": findsFirst,
			"WHK-7 of many at once one is fresh":      oneFresh,
			"WHK-8 the identity is the event":         identity,
			"WHK-12 unknown order is held":            holdsUnknown,
			"WHK-15 what is received is due":          receivedIsDue,
			"WHK-19 attempts and notes are counted":   countsAttempts,
			"WHK-19 lists and counts":                 listsInbox,
			"settles many":                            recordsMany,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t, open(t))
			})
		}
	})
}

func keepsRaw(t *testing.T, s *records.Store) {
	want := receive(t, s, event("evt_1", "ord_1"))
	got, err := s.Item(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
	bare := receive(t, s, inbox.Item{Provider: "carrier", EventID: "1", ReceivedAt: recordstest.Noon})
	if got, err = s.Item(t.Context(), bare.ID); err != nil || got.Event != nil || got.State != inbox.Received || !got.NextAt.Equal(recordstest.Noon) {
		t.Errorf("bare item: got %+v %v", got, err)
	}
	if _, err := s.Item(t.Context(), 999); !errors.Is(err, inbox.ErrNoItem) {
		t.Errorf("item 999: got %v, want ErrNoItem", err)
	}
}

func findsFirst(t *testing.T, s *records.Store) {
	was := receive(t, s, event("evt_1", "ord_1"))
	for _, st := range []inbox.State{inbox.Received, inbox.Held, inbox.Delivered} {
		recordDelivery(t, s, st, recordstest.Noon, was.ID)
		again := event("evt_1", "ord_other")
		fresh, err := s.Receive(t.Context(), &again)
		if err != nil || fresh || again.ID != was.ID || again.State != st {
			t.Errorf("duplicate: fresh %v, id %d, %s, %v; want id %d, %s", fresh, again.ID, again.State, err, was.ID, st)
		}
	}
	if got, err := s.Item(t.Context(), was.ID); err != nil || got.OrderID != "ord_1" {
		t.Errorf("the duplicate changed the first: %+v %v", got, err)
	}
}

func oneFresh(t *testing.T, s *records.Store) {
	var fresh atomic.Int64
	var ids sync.Map
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			it := event("evt_1", "ord_1")
			is, err := s.Receive(t.Context(), &it)
			if err != nil {
				t.Errorf("receive: %v", err)
			}
			if is {
				fresh.Add(1)
			}
			ids.Store(it.ID, true)
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if fresh.Load() != 1 || n != 1 {
		t.Errorf("16 at once: %d fresh, %d ids; want one", fresh.Load(), n)
	}
}

func identity(t *testing.T, s *records.Store) {
	base := event("evt_1", "ord_1")
	for _, change := range []func(*inbox.Item){
		func(*inbox.Item) {},
		func(it *inbox.Item) { it.EventID = "evt_2" }, // the same payment's next event
		func(it *inbox.Item) { it.Account = "acct_2" },
		func(it *inbox.Item) { it.Provider = "carrier" },
	} {
		it := base
		change(&it)
		receive(t, s, it)
	}
}

func holdsUnknown(t *testing.T, s *records.Store) {
	byOrder := receive(t, s, event("evt_1", "ord_1"))
	other := event("evt_2", "")
	other.Ref = "pi_x"
	byRef := receive(t, s, other)
	receive(t, s, event("evt_3", "ord_1")) // not held
	recordDelivery(t, s, inbox.Held, recordstest.Noon.Add(time.Hour), byOrder.ID, byRef.ID)
	for _, c := range []struct {
		id   order.ID
		ref  string
		want []int64
	}{
		{"ord_1", "", []int64{byOrder.ID}},
		{"", "pi_x", []int64{byRef.ID}},
		{"ord_1", "pi_x", []int64{byOrder.ID, byRef.ID}},
		{"", "", nil},
		{"ord_2", "pi_y", nil},
	} {
		found, err := s.HeldFor(t.Context(), c.id, c.ref)
		if diff := cmp.Diff(c.want, ids(found)); err != nil || diff != "" {
			t.Errorf("held for %q %q: %v (-want +got):\n%s", c.id, c.ref, err, diff)
		}
	}
}

func ids(items []inbox.Item) []int64 {
	var all []int64
	for _, it := range items {
		all = append(all, it.ID)
	}
	return all
}

func receivedIsDue(t *testing.T, s *records.Store) {
	var want []int64
	for i := range 3 {
		it := event(fmt.Sprintf("evt_%d", i), "ord_1")
		it.NextAt = recordstest.Noon.Add(-time.Duration(i) * time.Minute)
		want = append([]int64{receive(t, s, it).ID}, want...) // oldest first
	}
	later := event("evt_later", "ord_1")
	later.NextAt = recordstest.Noon.Add(time.Minute)
	laterID := receive(t, s, later).ID
	wantDue := func(now time.Time, want ...int64) {
		t.Helper()
		due, err := s.Due(t.Context(), now, inbox.Place{}, 10)
		if diff := cmp.Diff(want, ids(due)); err != nil || diff != "" {
			t.Errorf("due: %v (-want +got):\n%s", err, diff)
		}
	}
	wantDue(recordstest.Noon, want...)
	recordDelivery(t, s, inbox.Held, recordstest.Noon.Add(time.Hour), want[0])
	recordDelivery(t, s, inbox.Parked, recordstest.Noon, want[1])
	wantDue(recordstest.Noon, want[2])
	wantDue(recordstest.Noon.Add(time.Hour), want[2], laterID, want[0])
	var behind inbox.Place
	for _, id := range []int64{want[2], laterID, want[0]} { // page by page
		page, err := s.Due(t.Context(), recordstest.Noon.Add(time.Hour), behind, 1)
		if err != nil || len(page) != 1 || page[0].ID != id || len(page[0].Body) > 0 {
			t.Fatalf("behind %+v: got %+v %v, want %d", behind, page, err, id)
		}
		behind = inbox.Place{NextAt: page[0].NextAt, ID: id}
	}
	if page, err := s.Due(t.Context(), recordstest.Noon.Add(time.Hour), behind, 1); err != nil || len(page) > 0 {
		t.Errorf("behind the last: %+v %v", page, err)
	}
}

func countsAttempts(t *testing.T, s *records.Store) {
	it := receive(t, s, event("evt_1", "ord_1"))
	recordDelivery(t, s, inbox.Received, recordstest.Noon, it.ID)
	recordDelivery(t, s, inbox.Delivered, recordstest.Noon, it.ID)
	wantState(t, s, it.ID, inbox.Delivered, 2)
	recordDelivery(t, s, inbox.Received, recordstest.Noon, it.ID) // a slower attempt that failed
	wantState(t, s, it.ID, inbox.Delivered, 2)
	it.Note, it.Event, it.OrderID = "asked for by ada", []byte(`{"id":"anew"}`), "ord_2"
	if err := s.Redeliver(t.Context(), &it); err != nil {
		t.Fatal(err)
	}
	wantState(t, s, it.ID, inbox.Received, 2)
	if got, err := s.Item(t.Context(), it.ID); err != nil || got.Note != it.Note || string(got.Event) != string(it.Event) || got.OrderID != it.OrderID {
		t.Errorf("redelivered: %+v, %v", got, err)
	}
	if err := s.Redeliver(t.Context(), &inbox.Item{ID: 999}); !errors.Is(err, inbox.ErrNoItem) {
		t.Errorf("redeliver 999: got %v, want ErrNoItem", err)
	}
}

func recordsMany(t *testing.T, s *records.Store) {
	var all []int64
	for i := range 150 {
		all = append(all, receive(t, s, event(fmt.Sprintf("evt_%d", i), "ord_1")).ID)
	}
	recordDelivery(t, s, inbox.Delivered, recordstest.Noon, all[:149]...)
	due, err := s.Due(t.Context(), recordstest.Noon, inbox.Place{}, 500)
	if diff := cmp.Diff(all[149:], ids(due)); err != nil || diff != "" {
		t.Errorf("still due: %v (-want +got):\n%s", err, diff)
	}
	wantState(t, s, all[0], inbox.Delivered, 1)
	wantState(t, s, all[148], inbox.Delivered, 1)
}

func listsInbox(t *testing.T, s *records.Store) {
	var all []int64
	for i := range 7 {
		it := event(fmt.Sprintf("evt_%d", i), order.ID(fmt.Sprintf("ord_%d", i%2)))
		if i == 6 {
			it.Provider = "carrier"
		}
		all = append([]int64{receive(t, s, it).ID}, all...) // newest first
	}
	recordDelivery(t, s, inbox.Kept, recordstest.Noon, all[2], all[3])
	for _, c := range []struct {
		filter inbox.Filter
		want   []int64
	}{
		{inbox.Filter{}, all},
		{inbox.Filter{State: inbox.Kept}, all[2:4]},
		{inbox.Filter{Provider: "carrier"}, all[:1]},
		{inbox.Filter{OrderID: "ord_1"}, []int64{all[1], all[3], all[5]}},
		{inbox.Filter{OrderID: "ord_1", State: inbox.Received}, []int64{all[1], all[5]}},
		{inbox.Filter{OrderID: "ord_9"}, nil},
	} {
		c.filter.Limit = 2
		var got []int64
		for {
			p, err := s.Items(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, ids(p.Items)...)
			if c.filter.Cursor = p.Next; p.Next == "" {
				break
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.filter, diff)
		}
	}
	counts, oldest, err := s.InboxCounts(t.Context())
	want := map[inbox.State]int64{inbox.Received: 5, inbox.Kept: 2}
	if diff := cmp.Diff(want, counts); err != nil || diff != "" || !oldest.Equal(recordstest.Noon) {
		t.Errorf("counts: oldest %v, %v (-want +got):\n%s", oldest, err, diff)
	}
	for _, bad := range recordstest.BadCursors {
		if _, err := s.Items(t.Context(), inbox.Filter{Cursor: bad}); !errors.Is(err, sqldb.ErrCursor) {
			t.Errorf("cursor %q: got %v, want ErrCursor", bad, err)
		}
	}
}
