package orders_test

import (
	"slices"
	"testing"
	"time"

	"purser/order"
)

// also returns these mails and some more.
func also(ms []order.Notification, more ...order.Notification) []order.Notification {
	return append(slices.Clone(ms), more...)
}

// TestDeclineMail (EML-1, PAY-11, PAY-12): a shopper whose card was declined is mailed
// if they do not try again, once for each intent and never when it is too late.
func TestDeclineMail(t *testing.T) {
	declined := func(w *fixture, at ...time.Duration) {
		for _, d := range at {
			w.at(d, func() { w.decline("card_declined", "insufficient_funds") })
		}
	}
	// at checks that n mails have gone out by a time.
	at := func(w *fixture, d time.Duration, n int) {
		w.at(d, func() {
			if got := len(w.mailer.Sent()); got != n {
				w.Errorf("%s after placing, %d mails, want %d", d, got, n)
			}
		})
	}
	const problem = order.MailPaymentProblem
	runScenarios(t, []scenario{
		{name: "never tried again: mailed after two minutes, with the deadline", script: func(w *fixture) {
			declined(w, time.Minute)
			at(w, 3*time.Minute-time.Second, 0)
			at(w, 3*time.Minute+time.Second, 1)
		}, ends: order.Expired, mails: also(expired, problem), check: func(t *testing.T, w *fixture) {
			if why := mailReason(w.mailer.Sent()[0]); why != order.NewDecline("card_declined", "insufficient_funds").Message {
				t.Errorf("the mail to the shopper says %q", why)
			}
		}},
		{name: "tried again at once: not mailed", script: func(w *fixture) {
			declined(w, time.Minute)
			w.at(2*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered},
		{name: "again and again: mailed once, two minutes after the last time", script: func(w *fixture) {
			declined(w, 1*time.Minute, 2*time.Minute, 3*time.Minute, 4*time.Minute, 5*time.Minute)
			at(w, 7*time.Minute-time.Second, 0)
			at(w, 7*time.Minute+time.Second, 1)
			w.at(9*time.Minute, w.pay)
			w.arrive(0)
		}, ends: order.Delivered, mails: also(delivered, problem)},
		{name: "mailed, and declined again: not mailed again", script: func(w *fixture) {
			declined(w, time.Minute, 6*time.Minute, 12*time.Minute)
		}, ends: order.Expired, mails: also(expired, problem)},
		{name: "when the order is about to expire: only its expiry is mailed", script: func(w *fixture) {
			declined(w, 28*time.Minute+time.Second)
		}, ends: order.Expired, mails: expired},
		{name: "3-D Secure is in progress: not mailed", script: func(w *fixture) {
			declined(w, time.Minute)
			w.at(2*time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) })
		}, ends: order.Expired, mails: expired},
		{name: "F31 the event of the decline is lost", script: func(w *fixture) {
			w.at(time.Minute, func() { w.paid(w.bank.Decline(w.intent(), "card_declined", "")) })
			at(w, 4*time.Minute-time.Second, 0)
			at(w, 4*time.Minute+time.Second, 1)
		}, ends: order.Expired, mails: also(expired, problem)},
		{name: "F31 the event of the next payment is lost: found before the mail", script: func(w *fixture) {
			declined(w, time.Minute)
			w.at(2*time.Minute, func() { w.paid(w.bank.Pay(w.intent())) })
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered},
		{name: "a new intent gets another mail", script: func(w *fixture) {
			declined(w, time.Minute, 11*time.Minute)
			w.at(10*time.Minute, func() { w.cancelAtBank(w.intent()) })
		}, ends: order.Expired, mails: also(expired, problem, problem)},
		{name: "a long history between decline and mail", script: func(w *fixture) {
			w.at(time.Minute, func() { w.env.SetContinueAsNewSuggested(true); w.decline("card_declined", "") })
			declined(w, 10*time.Minute)
			at(w, 4*time.Minute, 1)
		}, ends: order.Expired, mails: also(expired, problem)},
		{name: "cancelled before the shopper is mailed", script: func(w *fixture) {
			declined(w, time.Minute)
			w.at(2*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "mail is down: the order waits for its payment all the same", script: func(w *fixture) {
			w.down(time.Hour, order.ErrUnavailable, "SendMail")
			declined(w, time.Minute)
			w.at(10*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: also(delivered, problem)},
	})
}
