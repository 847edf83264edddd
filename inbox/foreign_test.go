package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/inbox"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// TestForeignEvents (WHK-21, WHK-12): events of another program on the same account
// are kept quietly, counted and never tried again; they are delivered if an order
// with their payment appears.
func TestForeignEvents(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	const many = 300
	for n := range many {
		b.sendEvent(t, testEvent{ID: fmt.Sprintf("evt_%d", n), Type: "paid", Intent: fmt.Sprintf("pi_%d", n)})
	}
	b.sendEvent(t, testEvent{ID: "evt_parcel", Type: "moved", Parcel: "par_foreign"})
	for _, it := range b.awaitState(t, inboxrecords.Foreign, many+1) {
		if it.Attempts != 1 || !it.NextAt.IsZero() || it.Note == "" {
			t.Errorf("%+v", it)
		}
	}
	if c := b.relay.Counts(); c.Foreign != many+1 || c.Held+c.Failed != 0 {
		t.Errorf("counts %+v", c)
	}
	if _, due, err := b.store.InboxCounts(t.Context()); err != nil || !due.IsZero() {
		t.Errorf("something has been due since %v, %v", due, err)
	}
	if log := b.log.String(); strings.Contains(log, "ERROR") || strings.Contains(log, "WARN") {
		t.Errorf("logged %s", log)
	}
	open(t, b.store, "ord_x", "pi_7", "")
	if got := b.workflows.await(t, "ord_x", 1); got[0] != "post:evt_7" {
		t.Errorf("received %v", got)
	}
	b.awaitState(t, inboxrecords.Foreign, many)
}

// TestRecordDecidesOwner (PAY-20): an event goes to the order that the record has for
// its payment, whichever order it names.
func TestRecordDecidesOwner(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	open(t, b.store, "ord_x", "pi_x", "par_x")
	b.sendEvent(t, testEvent{ID: "evt_1", Type: "held", OrderID: "ord_y", Intent: "pi_x", Held: true})
	b.sendEvent(t, testEvent{ID: "evt_2", Type: "part", OrderID: "ord_y", Intent: "pi_x", Part: true})
	b.sendEvent(t, testEvent{ID: "evt_3", Type: "moved", OrderID: "ord_y", Parcel: "par_x"})
	b.sendEvent(t, testEvent{ID: "evt_4", Type: "held", OrderID: "ord_y", Intent: "pi_new", Held: true})
	b.workflows.await(t, "ord_x", 3)
	b.workflows.await(t, "ord_y", 1)
	b.awaitState(t, inboxrecords.Delivered, 4)
	if got := b.workflows.received("ord_y"); len(got) != 1 || got[0] != "post:evt_4" {
		t.Errorf("ord_y received %v", got)
	}
}

// disputes stands in for a provider that is asked about disputes.
type disputes struct {
	mu    sync.Mutex
	asked int
	d     order.Dispute
	of    order.ID
	err   error
}

func (d *disputes) Dispute(context.Context, string) (order.Dispute, order.ID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	return d.d, d.of, d.err
}

// awaitTried waits until the only event is in a state after one attempt: received is
// also the state before it.
func awaitTried(t *testing.T, b *bench, st inboxrecords.State) {
	t.Helper()
	tick, limit := time.NewTicker(2*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		if all := b.stored(t, st); len(all) == 1 && all[0].Attempts == 1 {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it is not %s: %+v", st, b.stored(t, ""))
		}
	}
}

// awaitAttempts waits until n events have been tried once.
func (b *bench) awaitAttempts(t *testing.T, n int) {
	t.Helper()
	tick, limit := time.NewTicker(2*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		tried := 0
		for _, it := range b.stored(t, "") {
			tried += it.Attempts
		}
		if tried >= n {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d of %d were tried: %+v", tried, n, b.stored(t, ""))
		}
	}
}

// TestDisputes (REF-6, PAY-20): a dispute is what its provider says, asked, and
// belongs to the order of the disputed payment, whatever its event says.
func TestDisputes(t *testing.T) {
	t.Parallel()
	fetched := order.Dispute{ID: "dp_1", PaymentRef: "pi_x", Amount: order.Money{Amount: 5, Currency: "EUR"}, Status: order.DisputeLost}
	for name, c := range map[string]struct {
		provider *disputes
		missing  bool // nobody can be asked
		goesTo   order.ID
		state    inboxrecords.State
	}{
		"of a known payment":                                  {provider: &disputes{d: fetched}, goesTo: "ord_x", state: inboxrecords.Delivered},
		"of a known payment that names another":               {provider: &disputes{d: fetched, of: "ord_z"}, goesTo: "ord_x", state: inboxrecords.Delivered},
		"of a payment that names its order":                   {provider: &disputes{d: order.Dispute{ID: "dp_1", PaymentRef: "pi_new"}, of: "ord_z"}, goesTo: "ord_z", state: inboxrecords.Delivered},
		"of nobody's payment":                                 {provider: &disputes{d: order.Dispute{ID: "dp_1", PaymentRef: "pi_new"}}, state: inboxrecords.Foreign},
		"of a charge without an intent":                       {provider: &disputes{d: order.Dispute{ID: "dp_1"}}, state: inboxrecords.Foreign},
		"that the provider does not know":                     {provider: &disputes{err: fmt.Errorf("no: %w", order.ErrNoSuch)}, state: inboxrecords.Foreign},
		"of nobody's payment, which cannot be read":           {provider: &disputes{d: order.Dispute{ID: "dp_1", PaymentRef: "pi_new"}, err: order.ErrRejected}, state: inboxrecords.Foreign},
		"of a known payment, which cannot be read":            {provider: &disputes{d: order.Dispute{ID: "dp_1", PaymentRef: "pi_x"}, err: order.ErrRejected}, state: inboxrecords.Parked},
		"of a known payment, about which nothing can be read": {provider: &disputes{err: order.ErrRejected}, state: inboxrecords.Parked},
		"while the provider is down":                          {provider: &disputes{err: order.ErrUnavailable}, state: inboxrecords.Received},
		"of a provider that this process cannot ask":          {missing: true, state: inboxrecords.Received},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, func(b *bench) {
				b.relay.RetryAfter, b.relay.RetryAtMost = time.Hour, time.Hour
				if !c.missing {
					b.relay.Disputes = map[string]inbox.Disputes{"post": c.provider}
				}
			})
			open(t, b.store, "ord_x", "pi_x", "")
			b.sendEvent(t, testEvent{ID: "evt_1", Type: "disputed", OrderID: "ord_y", Dispute: "dp_1"})
			awaitTried(t, b, c.state)
			for _, id := range []order.ID{"ord_x", "ord_y", "ord_z"} {
				if got := b.workflows.received(id); len(got) > 0 != (id == c.goesTo) {
					t.Errorf("%s received %v", id, got)
				}
			}
			if c.goesTo != "" {
				b.workflows.mu.Lock()
				defer b.workflows.mu.Unlock()
				n := b.workflows.reports[0].events[0]
				if *n.Dispute != c.provider.d || n.OrderID != c.goesTo || time.Since(n.At) > time.Minute {
					t.Errorf("delivered %+v at %v of %s", n.Dispute, n.At, n.OrderID)
				}
			}
		})
	}
}

// disputesByID stands in for a provider that is asked about several disputes: it
// fails for each as it is said, after hold is closed.
type disputesByID struct {
	errs map[string]error
	hold chan struct{}
}

func (d *disputesByID) Dispute(_ context.Context, id string) (order.Dispute, order.ID, error) {
	<-d.hold
	return order.Dispute{}, "", d.errs[id]
}

// TestEachDisputeOnItsOwn (REF-6, WHK-21): disputes that are looked at together and
// whose payment is not known each have their own outcome: one that nobody could be
// asked about is tried again, whatever was found out about the other.
func TestEachDisputeOnItsOwn(t *testing.T) {
	t.Parallel()
	foreign, down := fmt.Errorf("nobody's: %w", order.ErrRejected), error(order.ErrUnavailable)
	for _, c := range []struct {
		name string
		errs []error // of the disputes, in the order in which they come
	}{
		{name: "the first is foreign", errs: []error{foreign, down}},
		{name: "the last is foreign", errs: []error{down, foreign}},
		{name: "between foreign ones", errs: []error{foreign, down, foreign}},
		{name: "between those that cannot be asked about", errs: []error{down, foreign, down}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			provider := &disputesByID{errs: map[string]error{"dp_first": down}, hold: make(chan struct{})}
			b := setUp(t, func(b *bench) {
				b.relay.RetryAfter, b.relay.RetryAtMost = time.Hour, time.Hour
				b.relay.Disputes = map[string]inbox.Disputes{"post": provider}
			})
			b.sendEvent(t, testEvent{ID: "evt_first", Type: "disputed", Dispute: "dp_first"}) // the others wait behind it, and are taken together
			want := map[inboxrecords.State]int{inboxrecords.Received: 1}
			for i, err := range c.errs {
				id := fmt.Sprint("dp_", i)
				provider.errs[id] = err
				b.sendEvent(t, testEvent{ID: "evt_" + id, Type: "disputed", Dispute: id})
				if errors.Is(err, order.ErrRejected) {
					want[inboxrecords.Foreign]++
				} else {
					want[inboxrecords.Received]++
				}
			}
			close(provider.hold)
			b.awaitAttempts(t, 1+len(c.errs))
			for st, n := range want {
				if got := b.stored(t, st); len(got) != n {
					t.Errorf("%d are %s, want %d: %+v", len(got), st, n, b.stored(t, ""))
				}
			}
		})
	}
}

// TestUsableCopyIsDelivered (WHK-6, PAY-16): the same event in a form that can be used
// is delivered after one that was parked or dismissed.
func TestUsableCopyIsDelivered(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	for _, id := range []string{"evt_1", "evt_2"} {
		if res := b.sendEvent(t, testEvent{ID: id, Type: "paid", OrderID: "ord_a", Version: "2"}); res.StatusCode != 202 {
			t.Fatal(res.Status)
		}
	}
	parked := b.awaitState(t, inboxrecords.Parked, 2)
	if _, err := b.Dismiss(t.Context(), parked[0].ID, "key:ops", "not needed"); err != nil {
		t.Fatal(err)
	}
	if it := b.awaitState(t, inboxrecords.Dismissed, 1)[0]; it.Note != "dismissed by key:ops: not needed" {
		t.Errorf("note %q", it.Note)
	}
	if _, err := b.Dismiss(t.Context(), parked[0].ID, "key:ops", "again"); !errors.Is(err, inboxrecords.ErrNotDismissible) {
		t.Errorf("dismissed twice: %v", err)
	}
	for _, id := range []string{"evt_1", "evt_2"} {
		for n, want := range []int{202, 200} {
			if res := b.sendEvent(t, testEvent{ID: id, Type: "paid", OrderID: "ord_a"}); res.StatusCode != want {
				t.Errorf("copy %d of %s: %s", n, id, res.Status)
			}
		}
	}
	b.workflows.await(t, "ord_a", 2)
	b.awaitState(t, inboxrecords.Delivered, 2)
	if c := b.Counts(); c.Parked != 2 || c.Duplicates != 2 || c.Fresh != 4 {
		t.Errorf("counts %+v", c)
	}
}
