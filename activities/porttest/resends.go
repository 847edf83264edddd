package porttest

import (
	"errors"
	"sync"
	"testing"

	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// ResendLedger is a ledger whose mails can be sent again.
type ResendLedger interface {
	mails.MailLedger
	mails.Resends
}

// Resends checks a Resends. open returns an empty one.
func Resends(t *testing.T, open func(t *testing.T) ResendLedger) {
	id := order.NewID()
	m := MessageOf(id, order.MailShipped)
	ask := func(key string) order.Resend {
		return order.Resend{OrderID: id, Notification: order.MailShipped, Key: key, Actor: "key:ops", Why: "never arrived"}
	}
	want := func(t *testing.T, l ResendLedger, key string, generation int, kind error) {
		t.Helper()
		if got, err := l.OpenResend(t.Context(), ask(key)); !errors.Is(err, kind) || err == nil && got.Generation != generation {
			t.Errorf("%s: generation %d %v, want %d %v", key, got.Generation, err, generation, kind)
		}
	}
	t.Run("a mail that was never due", func(t *testing.T) {
		want(t, open(t), "k1", 0, order.ErrNotFound)
	})
	t.Run("EML-1 a mail sent on request", func(t *testing.T) {
		l := open(t)
		r := ask("k1")
		r.Notification = order.MailReturnInstructions
		for range 2 {
			if got, err := l.OpenResend(t.Context(), r); err != nil || got.Generation != 1 {
				t.Errorf("generation %d %v", got.Generation, err)
			}
		}
		m := MessageOf(id, r.Notification)
		wantClaim(t, l, m, mail.StateDue, "")
		resolve(t, l, m, mail.StateSent, "msg-1")
		r.Key = "k2"
		if got, err := l.OpenResend(t.Context(), r); err != nil || got.Generation != 2 {
			t.Errorf("requested with another key: generation %d %v", got.Generation, err)
		}
	})
	t.Run("the mail of one of several refunds", func(t *testing.T) {
		l := open(t)
		for _, ref := range []string{"re_1", "re_2"} {
			m := MessageOf(id, order.MailRefunded)
			m.ID = order.Mail{OrderID: id, Notification: order.MailRefunded, Generation: 1, Ref: ref}.Key()
			wantClaim(t, l, m, mail.StateDue, "")
			resolve(t, l, m, mail.StateSent, "msg-"+ref)
		}
		r := ask("k1")
		r.Notification, r.Ref = order.MailRefunded, "re_2"
		got, err := l.OpenResend(t.Context(), r)
		if err != nil || got.Generation != 2 {
			t.Errorf("generation %d %v", got.Generation, err)
		}
		again := MessageOf(id, order.MailRefunded)
		again.ID = order.Mail{OrderID: id, Notification: order.MailRefunded, Generation: got.Generation, Ref: "re_2"}.Key()
		again.Generation = got.Generation
		if o, err := l.FindMail(t.Context(), again.ID); err != nil || o.State != mail.StateDue {
			t.Errorf("%+v %v", o, err)
		}
		r.Ref = "re_1" // by now the order has another refund, but the decision was about re_2
		if same, err := l.OpenResend(t.Context(), r); err != nil || same.Key() != again.ID {
			t.Errorf("the same decision, requested later: %q %v, want %q", same.Key(), err, again.ID)
		}
		wantClaim(t, l, again, mail.StateDue, "")
	})
	t.Run("EML-1 the unsent mail of a refund, after the mail of another was sent", func(t *testing.T) {
		l := open(t)
		of := func(ref string) mail.Message {
			m := MessageOf(id, order.MailRefunded)
			m.ID = order.Mail{OrderID: id, Notification: order.MailRefunded, Generation: 1, Ref: ref}.Key()
			return m
		}
		r := ask("k1")
		r.Notification, r.Ref = order.MailRefunded, "re_2"
		wantClaim(t, l, of("re_1"), mail.StateDue, "")
		resolve(t, l, of("re_1"), mail.StateSent, "msg-1")
		if got, err := l.OpenResend(t.Context(), r); !errors.Is(err, order.ErrNotFound) {
			t.Errorf("before it is due: generation %d %v", got.Generation, err)
		}
		wantClaim(t, l, of("re_2"), mail.StateDue, "")
		if got, err := l.OpenResend(t.Context(), r); !errors.Is(err, order.ErrMailing) {
			t.Errorf("while it is being sent: generation %d %v", got.Generation, err)
		}
		r.Ref = "re_1"
		if got, err := l.OpenResend(t.Context(), r); err != nil || got.Generation != 2 {
			t.Errorf("the other refund: generation %d %v", got.Generation, err)
		}
	})
	t.Run("EML-1 one decision is one mail", func(t *testing.T) {
		l := open(t)
		wantClaim(t, l, m, mail.StateDue, "")
		want(t, l, "k1", 0, order.ErrMailing)
		resolve(t, l, m, mail.StateUnknown, "")
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { want(t, l, "k1", 2, nil) })
		}
		all.Wait()
		want(t, l, "k2", 0, order.ErrMailing) // the second generation is not sent yet
		again := m
		again.ID, again.Generation = order.Mail{OrderID: id, Notification: order.MailShipped, Generation: 2}.Key(), 2
		wantClaim(t, l, again, mail.StateDue, "")
		resolve(t, l, again, mail.StateSent, "msg-2")
		want(t, l, "k1", 2, nil) // requested again: the same result
		want(t, l, "k2", 3, nil)
	})
}
