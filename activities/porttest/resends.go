package porttest

import (
	"errors"
	"sync"
	"testing"

	"purser/activities"
	"purser/mail"
	"purser/order"
)

// ResendLedger is a ledger whose mails can be sent anew.
type ResendLedger interface {
	activities.MailLedger
	activities.Resends
}

// Resends checks a Resends. open makes an empty one.
func Resends(t *testing.T, open func(t *testing.T) ResendLedger) {
	id := order.NewID()
	m := MessageOf(id, order.MailShipped)
	ask := func(key string) order.Resend {
		return order.Resend{OrderID: id, Milestone: order.MailShipped, Key: key, Actor: "key:ops", Why: "never arrived"}
	}
	want := func(t *testing.T, l ResendLedger, key string, generation int, kind error) {
		t.Helper()
		if got, err := l.OpenResend(t.Context(), ask(key)); !errors.Is(err, kind) || err == nil && got != generation {
			t.Errorf("%s: generation %d %v, want %d %v", key, got, err, generation, kind)
		}
	}
	t.Run("a mail that was never due", func(t *testing.T) {
		want(t, open(t), "k1", 0, order.ErrNotFound)
	})
	t.Run("EML-1 one decision is one mail", func(t *testing.T) {
		l := open(t)
		wantClaim(t, l, m, mail.StateDue, "")
		want(t, l, "k1", 0, order.ErrMailing)
		settle(t, l, m, mail.StateUnknown, "")
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { want(t, l, "k1", 2, nil) })
		}
		all.Wait()
		want(t, l, "k2", 0, order.ErrMailing) // the second generation is not sent yet
		again := m
		again.ID, again.Generation = order.Mail{OrderID: id, Milestone: order.MailShipped, Generation: 2}.Key(), 2
		wantClaim(t, l, again, mail.StateDue, "")
		settle(t, l, again, mail.StateSent, "msg-2")
		want(t, l, "k1", 2, nil) // asked again: the same
		want(t, l, "k2", 3, nil)
	})
}
