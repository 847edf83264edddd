package order_test

import (
	"testing"

	"purser/order"
)

// TestRefundStatus (REF-4): each of a provider's statuses has one meaning: whether the
// shopper gets the money, which reports overtake it, and which mail it causes.
func TestRefundStatus(t *testing.T) {
	for _, c := range []struct {
		word     string
		want     order.RefundStatus
		moves    bool
		overtook []order.RefundStatus
		mail     order.Notification
	}{
		{word: "pending", want: order.RefundPending, moves: true},
		{word: "requires_action", want: order.RefundPending, moves: true},
		{word: "", want: order.RefundPending, moves: true},
		{word: "succeeded", want: order.RefundSucceeded, moves: true, overtook: []order.RefundStatus{order.RefundPending}, mail: order.MailRefunded},
		{word: "failed", want: order.RefundFailed, overtook: []order.RefundStatus{order.RefundPending, order.RefundSucceeded}, mail: order.MailRefundFailed},
		{word: "canceled", want: order.RefundCanceled, overtook: []order.RefundStatus{order.RefundPending, order.RefundSucceeded}},
	} {
		got := order.ParseRefundStatus(c.word)
		if got != c.want || got.Moves() != c.moves {
			t.Errorf("%q is read as %q, moves %t", c.word, got, got.Moves())
		}
		overtook := map[order.RefundStatus]bool{}
		for _, s := range c.overtook {
			overtook[s] = true
		}
		for _, s := range []order.RefundStatus{order.RefundPending, order.RefundSucceeded, order.RefundFailed, order.RefundCanceled} {
			if got.Overtakes(s) != overtook[s] {
				t.Errorf("%s overtakes %s: %t", got, s, got.Overtakes(s))
			}
		}
		if m := (order.Refund{Status: got}).PendingNotification(); m != c.mail {
			t.Errorf("%s causes the mail %q, want %q", got, m, c.mail)
		}
		if m := (order.Refund{Status: got, Notified: got}).PendingNotification(); m != "" {
			t.Errorf("%s causes the mail %q a second time", got, m)
		}
	}
	if m := (order.Refund{Status: order.RefundFailed, Notified: order.RefundSucceeded}).PendingNotification(); m != order.MailRefundFailed {
		t.Errorf("a refund that failed after its mail causes the mail %q", m)
	}
}

// TestDisputeClosed (REF-7): only a dispute that was won or lost has ended.
func TestDisputeClosed(t *testing.T) {
	for _, s := range order.DisputeStatuses() {
		if got, want := (order.Dispute{Status: s}).Closed(), s == order.DisputeWon || s == order.DisputeLost; got != want {
			t.Errorf("%s: closed %t", s, got)
		}
	}
}
