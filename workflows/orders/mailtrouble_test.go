package orders_test

import (
	"testing"
	"time"

	"purser/mail"
	"purser/order"
)

// mailTrouble returns the event that the order's mail n bounced or was reported as
// spam.
func (w *fixture) mailTrouble(n int, k mail.Kind, b mail.Bounce) order.ProviderEvent {
	m := w.mailer.Sent()[n]
	t := order.MailTrouble{Notification: order.Notification(m.Template), Kind: k, Bounce: b, Provider: "ses", ProviderID: "ses-" + m.Template, At: w.clock()}
	return w.event(order.ProviderEvent{Type: "mail." + string(k), Mail: &t})
}

// TestMailTrouble (BNC-5, EML-9, F43, F45): bounces and complaints about an order's
// mails are in its timeline once, whatever the order waits for and however often they
// are reported.
func TestMailTrouble(t *testing.T) {
	var again order.ProviderEvent
	once := func(bounced, complained int) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			if b, c := w.count(order.MailBounced), w.count(order.MailComplained); b != bounced || c != complained {
				t.Errorf("%d bounced and %d complained in %v, want %d and %d", b, c, w.kinds(), bounced, complained)
			}
			if n := len(w.order().MailTrouble); n != bounced+complained {
				t.Errorf("the order knows of %d", n)
			}
			if n := w.count(order.EventIgnored); n > 0 {
				t.Errorf("%d events ignored", n)
			}
		}
	}
	runScenarios(t, []scenario{
		{name: "in transit", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				again = w.mailTrouble(0, mail.Bounced, mail.Permanent)
				w.sendEvents(again, again)
				w.sendEvents(again)
			})
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(once(1, 0), hasEvent(order.MailBounced, "confirmation by ses: permanent ses-confirmation"))},
		{name: "in transit, in two runs and in two events", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				w.env.SetContinueAsNewSuggested(true)
				w.sendEvents(w.mailTrouble(0, mail.Bounced, mail.Permanent))
			})
			w.at(2*time.Hour, func() { w.sendEvents(w.mailTrouble(0, mail.Bounced, mail.Permanent)) })
			w.arrive(3 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: once(1, 0)},
		{name: "after the end, reported again and again", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			for d := range time.Duration(3) {
				w.at((48+d)*time.Hour, func() { w.sendEvents(w.mailTrouble(2, mail.Complained, "")) })
			}
			w.at(60*time.Hour, func() { w.sendEvents(w.mailTrouble(0, mail.Bounced, mail.Transient)) })
		}, ends: order.Delivered, mails: delivered, check: once(1, 1)},
		{name: "while the workflow waits for its last mail", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(3*time.Hour, func() { w.down(48*time.Hour, order.ErrUnavailable, "SendMail") })
			w.at(30*time.Hour, func() { w.sendEvents(w.mailTrouble(1, mail.Bounced, mail.Permanent)) })
		}, ends: order.Delivered, mails: delivered, check: once(1, 0)},
		{name: "a mail of a cancelled order: the order stays as it is", script: func(w *fixture) {
			w.at(time.Minute, func() { w.cancel() })
			w.at(time.Hour, func() { w.sendEvents(w.mailTrouble(0, mail.Bounced, mail.Permanent)) })
		}, ends: order.Cancelled, mails: cancelled, check: once(1, 0)},
	})
}
