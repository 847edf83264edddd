package records_test

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
)

// noon is a time as the record keeps it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// event is a report about an order, received at noon.
func event(id string, o order.ID) records.Item {
	return records.Item{
		Provider: "stripe", Account: "acct_1", EventID: id, Type: "payment_intent.succeeded", OrderID: o, Ref: "pi_" + id,
		Headers: []byte("Stripe-Signature: t=1"), Body: []byte("{\"id\":\x00\xff}"), ReceivedAt: noon, ProviderAt: noon.Add(-time.Second),
		Correlation: "corr-1", News: []byte(`{"id":"x"}`), Source: "192.0.2.1",
	}
}

func receive(t *testing.T, s *records.Store, it records.Item) records.Item {
	t.Helper()
	if fresh, err := s.Receive(t.Context(), &it); err != nil || !fresh {
		t.Fatalf("receive %s: fresh %v, %v", it.EventID, fresh, err)
	}
	return it
}

func settle(t *testing.T, s *records.Store, st records.State, next time.Time, ids ...int64) {
	t.Helper()
	if err := s.Settle(t.Context(), ids, st, "note", next); err != nil {
		t.Fatal(err)
	}
}

func wantState(t *testing.T, s *records.Store, id int64, st records.State, attempts int) {
	t.Helper()
	it, err := s.Item(t.Context(), id)
	if err != nil || it.State != st || it.Attempts != attempts {
		t.Errorf("item %d: got %s after %d attempts, %v; want %s after %d", id, it.State, it.Attempts, err, st, attempts)
	}
}

func TestInbox(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		for name, check := range map[string]func(*testing.T, *records.Store){
			"WHK-4 what came over the wire is kept":   keepsRaw,
			"WHK-6 WHK-7 a duplicate finds the first": findsFirst,
			"WHK-7 of many at once one is fresh":      oneFresh,
			"WHK-8 the identity is the event":         identity,
			"WHK-12 unknown order is held":            holdsUnknown,
			"WHK-15 what is received is due":          receivedIsDue,
			"WHK-19 attempts and notes are counted":   countsAttempts,
			"WHK-19 lists and counts":                 listsInbox,
			"settles many":                            settlesMany,
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
	bare := receive(t, s, records.Item{Provider: "carrier", EventID: "1", ReceivedAt: noon})
	if got, err = s.Item(t.Context(), bare.ID); err != nil || got.News != nil || got.State != records.Received || !got.NextAt.Equal(noon) {
		t.Errorf("bare item: got %+v %v", got, err)
	}
	if _, err := s.Item(t.Context(), 999); !errors.Is(err, records.ErrNoItem) {
		t.Errorf("item 999: got %v, want ErrNoItem", err)
	}
}

func findsFirst(t *testing.T, s *records.Store) {
	was := receive(t, s, event("evt_1", "ord_1"))
	for _, st := range []records.State{records.Received, records.Held, records.Delivered} {
		settle(t, s, st, noon, was.ID)
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
	for _, change := range []func(*records.Item){
		func(*records.Item) {},
		func(it *records.Item) { it.EventID = "evt_2" }, // the same payment's next event
		func(it *records.Item) { it.Account = "acct_2" },
		func(it *records.Item) { it.Provider = "carrier" },
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
	settle(t, s, records.Held, noon.Add(time.Hour), byOrder.ID, byRef.ID)
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

func ids(items []records.Item) []int64 {
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
		it.NextAt = noon.Add(-time.Duration(i) * time.Minute)
		want = append([]int64{receive(t, s, it).ID}, want...) // oldest first
	}
	later := event("evt_later", "ord_1")
	later.NextAt = noon.Add(time.Minute)
	laterID := receive(t, s, later).ID
	wantDue := func(now time.Time, want ...int64) {
		t.Helper()
		due, err := s.Due(t.Context(), now, records.Place{}, 10)
		if diff := cmp.Diff(want, ids(due)); err != nil || diff != "" {
			t.Errorf("due: %v (-want +got):\n%s", err, diff)
		}
	}
	wantDue(noon, want...)
	settle(t, s, records.Held, noon.Add(time.Hour), want[0])
	settle(t, s, records.Parked, noon, want[1])
	wantDue(noon, want[2])
	wantDue(noon.Add(time.Hour), want[2], laterID, want[0])
	var behind records.Place
	for _, id := range []int64{want[2], laterID, want[0]} { // page by page
		page, err := s.Due(t.Context(), noon.Add(time.Hour), behind, 1)
		if err != nil || len(page) != 1 || page[0].ID != id || len(page[0].Body) > 0 {
			t.Fatalf("behind %+v: got %+v %v, want %d", behind, page, err, id)
		}
		behind = records.Place{NextAt: page[0].NextAt, ID: id}
	}
	if page, err := s.Due(t.Context(), noon.Add(time.Hour), behind, 1); err != nil || len(page) > 0 {
		t.Errorf("behind the last: %+v %v", page, err)
	}
}

func countsAttempts(t *testing.T, s *records.Store) {
	it := receive(t, s, event("evt_1", "ord_1"))
	settle(t, s, records.Received, noon, it.ID)
	settle(t, s, records.Delivered, noon, it.ID)
	wantState(t, s, it.ID, records.Delivered, 2)
	settle(t, s, records.Received, noon, it.ID) // a slower attempt that failed
	wantState(t, s, it.ID, records.Delivered, 2)
	it.Note, it.News, it.OrderID = "asked for by ada", []byte(`{"id":"anew"}`), "ord_2"
	if err := s.Redeliver(t.Context(), &it); err != nil {
		t.Fatal(err)
	}
	wantState(t, s, it.ID, records.Received, 2)
	if got, err := s.Item(t.Context(), it.ID); err != nil || got.Note != it.Note || string(got.News) != string(it.News) || got.OrderID != it.OrderID {
		t.Errorf("redelivered: %+v, %v", got, err)
	}
	if err := s.Redeliver(t.Context(), &records.Item{ID: 999}); !errors.Is(err, records.ErrNoItem) {
		t.Errorf("redeliver 999: got %v, want ErrNoItem", err)
	}
}

func settlesMany(t *testing.T, s *records.Store) {
	var all []int64
	for i := range 150 {
		all = append(all, receive(t, s, event(fmt.Sprintf("evt_%d", i), "ord_1")).ID)
	}
	settle(t, s, records.Delivered, noon, all[:149]...)
	due, err := s.Due(t.Context(), noon, records.Place{}, 500)
	if diff := cmp.Diff(all[149:], ids(due)); err != nil || diff != "" {
		t.Errorf("still due: %v (-want +got):\n%s", err, diff)
	}
	wantState(t, s, all[0], records.Delivered, 1)
	wantState(t, s, all[148], records.Delivered, 1)
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
	settle(t, s, records.Kept, noon, all[2], all[3])
	for _, c := range []struct {
		filter records.InboxFilter
		want   []int64
	}{
		{records.InboxFilter{}, all},
		{records.InboxFilter{State: records.Kept}, all[2:4]},
		{records.InboxFilter{Provider: "carrier"}, all[:1]},
		{records.InboxFilter{OrderID: "ord_1"}, []int64{all[1], all[3], all[5]}},
		{records.InboxFilter{OrderID: "ord_1", State: records.Received}, []int64{all[1], all[5]}},
		{records.InboxFilter{OrderID: "ord_9"}, nil},
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
	want := map[records.State]int64{records.Received: 5, records.Kept: 2}
	if diff := cmp.Diff(want, counts); err != nil || diff != "" || !oldest.Equal(noon) {
		t.Errorf("counts: oldest %v, %v (-want +got):\n%s", oldest, err, diff)
	}
	for _, bad := range badCursors {
		if _, err := s.Items(t.Context(), records.InboxFilter{Cursor: bad}); !errors.Is(err, records.ErrCursor) {
			t.Errorf("cursor %q: got %v, want ErrCursor", bad, err)
		}
	}
}
