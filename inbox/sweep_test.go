package inbox_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"purser/inbox"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// leftBehind returns a process that died and left the events in the record, and
// the relay of the next process, whose lanes are short.
func leftBehind(t *testing.T, events []testEvent) (*bench, *inbox.Relay) {
	t.Helper()
	b := setUp(t, noRelay)
	b.stop()
	for i, l := range events {
		l.ID = fmt.Sprintf("evt_%d", i)
		b.sendEvent(t, l)
	}
	restarted := newRelay(b.store, b.workflows, slog.New(slog.DiscardHandler))
	restarted.Now, restarted.Queue = ahead, 20
	return b, restarted
}

// TestSweep_full_mail_lane proves WHK-14: reports about mails that cannot be
// handled, more than a sweep reads into memory, do not delay the events of
// orders; once they can be handled, all of them are.
func TestSweep_full_mail_lane(t *testing.T) {
	t.Parallel()
	const reports, payments = 450, 5
	var events []testEvent
	for range reports { // all about one mail, and older than the payments
		events = append(events, testEvent{Type: "bounce", Mail: "m1"})
	}
	for range payments {
		events = append(events, testEvent{Type: "paid", OrderID: "ord_a", Intent: "pi_1"})
	}
	b, restarted := leftBehind(t, events)
	release := make(chan struct{})
	e := &mailReports{respond: func(int64) error { <-release; return nil }}
	restarted.Mails = e
	stop := run(t, restarted)
	open := func() { close(release) }
	defer func() { open(); stop() }()
	b.workflows.await(t, "ord_a", payments)
	if restarted.Counts().Mails > 0 {
		t.Error("the lane was not full: the test proves nothing")
	}
	open()
	open = func() {}
	b.awaitState(t, inboxrecords.Delivered, reports+payments)
}

// TestSweep_full_shard proves WHK-14: an order that cannot be notified delays
// the orders that share its lane, and no others.
func TestSweep_full_shard(t *testing.T) {
	t.Parallel()
	const stuck, others = 60, 20
	var events []testEvent
	for range stuck {
		events = append(events, testEvent{Type: "paid", OrderID: "ord_stuck", Intent: "pi_1"})
	}
	for i := range others {
		events = append(events, testEvent{Type: "paid", OrderID: order.ID(fmt.Sprintf("ord_%d", i)), Intent: "pi_2"})
	}
	b, restarted := leftBehind(t, events)
	release, delivered := make(chan struct{}), make(chan struct{}, others)
	b.workflows.set(func(id order.ID) error {
		if id == "ord_stuck" {
			<-release
		} else {
			delivered <- struct{}{}
		}
		return nil
	})
	stop := run(t, restarted)
	open := func() { close(release) }
	defer func() { open(); stop() }()
	limit := time.After(20 * time.Second)
	for range others / 2 { // one of sixteen lanes is full
		select {
		case <-delivered:
		case <-limit:
			t.Fatal("the other orders were not notified")
		}
	}
	open()
	open = func() {}
	b.awaitState(t, inboxrecords.Delivered, stuck+others)
}
