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

// leftBehind is a process that died with all of these in the record, and the
// relay of the next one, whose lanes are short.
func leftBehind(t *testing.T, letters []letter) (*bench, *inbox.Relay) {
	t.Helper()
	b := setUp(t, noRelay)
	b.stop()
	for i, l := range letters {
		l.ID = fmt.Sprintf("evt_%d", i)
		b.sendLetter(t, l)
	}
	anew := newRelay(b.store, b.workflows, slog.New(slog.DiscardHandler))
	anew.Now, anew.Queue = ahead, 20
	return b, anew
}

// TestSweep_full_mail_lane (WHK-14): reports about mails that nobody gets
// through, more than a sweep brings into memory, keep no order from its news;
// and when they get through, all of them do.
func TestSweep_full_mail_lane(t *testing.T) {
	t.Parallel()
	const reports, news = 450, 5
	var letters []letter
	for range reports { // all about one mail, and before the news
		letters = append(letters, letter{Type: "bounce", Mail: "m1"})
	}
	for range news {
		letters = append(letters, letter{Type: "paid", OrderID: "ord_a", Intent: "pi_1"})
	}
	b, anew := leftBehind(t, letters)
	gate := make(chan struct{})
	e := &ears{answer: func(int64) error { <-gate; return nil }}
	anew.Mails = e
	stop := run(t, anew)
	open := func() { close(gate) }
	defer func() { open(); stop() }()
	b.workflows.await(t, "ord_a", news)
	if anew.Counts().Mails > 0 {
		t.Error("the lane was not full: the test proves nothing")
	}
	open()
	open = func() {}
	b.awaitState(t, inboxrecords.Delivered, reports+news)
}

// TestSweep_full_shard (WHK-14): an order that cannot be told holds up those
// that share its lane, and no others.
func TestSweep_full_shard(t *testing.T) {
	t.Parallel()
	const stuck, others = 60, 20
	var letters []letter
	for range stuck {
		letters = append(letters, letter{Type: "paid", OrderID: "ord_stuck", Intent: "pi_1"})
	}
	for i := range others {
		letters = append(letters, letter{Type: "paid", OrderID: order.ID(fmt.Sprintf("ord_%d", i)), Intent: "pi_2"})
	}
	b, anew := leftBehind(t, letters)
	gate, told := make(chan struct{}), make(chan struct{}, others)
	b.workflows.set(func(id order.ID) error {
		if id == "ord_stuck" {
			<-gate
		} else {
			told <- struct{}{}
		}
		return nil
	})
	stop := run(t, anew)
	open := func() { close(gate) }
	defer func() { open(); stop() }()
	limit := time.After(20 * time.Second)
	for range others / 2 { // of sixteen lanes one is full
		select {
		case <-told:
		case <-limit:
			t.Fatal("the others are not told")
		}
	}
	open()
	open = func() {}
	b.awaitState(t, inboxrecords.Delivered, stuck+others)
}
