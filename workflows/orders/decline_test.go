package orders_test

import (
	"slices"
	"testing"
	"time"

	"purser/order"
)

// also is the milestones and some more.
func also(ms []order.Notification, more ...order.Notification) []order.Notification {
	return append(slices.Clone(ms), more...)
}

// TestDeclineMail (EML-1, PAY-11, PAY-12): a shopper whose card was declined
// is told when they do not try again, once for an intent and never in vain.
func TestDeclineMail(t *testing.T) {
	declined := func(w *world, at ...time.Duration) {
		for _, d := range at {
			w.at(d, func() { w.decline("card_declined", "insufficient_funds") })
		}
	}
	// at checks that by a time so many mails had gone out, the latest a
	// payment problem.
	at := func(w *world, d time.Duration, n int) {
		w.at(d, func() {
			if got := len(w.mailer.Sent()); got != n {
				w.Errorf("%s after placing, %d mails, want %d", d, got, n)
			}
		})
	}
	const problem = order.MailPaymentProblem
	runScenarios(t, []scenario{
		{"and never tried again: told after two minutes, with the deadline", func(w *world) {
			declined(w, time.Minute)
			at(w, 3*time.Minute-time.Second, 0)
			at(w, 3*time.Minute+time.Second, 1)
		}, order.Expired, also(expired, problem), func(t *testing.T, w *world) {
			if why := mailReason(w.mailer.Sent()[0]); why != order.NewDecline("card_declined", "insufficient_funds").Message {
				t.Errorf("the shopper was told %q", why)
			}
		}},
		{"tried again at once: not told", func(w *world) {
			declined(w, time.Minute)
			w.at(2*time.Minute, w.pay)
			w.arrive(0)
		}, order.Delivered, delivered, nil},
		{"again and again: told once, two minutes after the last time", func(w *world) {
			declined(w, 1*time.Minute, 2*time.Minute, 3*time.Minute, 4*time.Minute, 5*time.Minute)
			at(w, 7*time.Minute-time.Second, 0)
			at(w, 7*time.Minute+time.Second, 1)
			w.at(9*time.Minute, w.pay)
			w.arrive(0)
		}, order.Delivered, also(delivered, problem), nil},
		{"told, and declined again: not told again", func(w *world) {
			declined(w, time.Minute, 6*time.Minute, 12*time.Minute)
		}, order.Expired, also(expired, problem), nil},
		{"when the order is about to lapse: told only that", func(w *world) {
			declined(w, 28*time.Minute+time.Second)
		}, order.Expired, expired, nil},
		{"the shopper's bank is being asked meanwhile: not told", func(w *world) {
			declined(w, time.Minute)
			w.at(2*time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) })
		}, order.Expired, expired, nil},
		{"F31 the report of the decline is lost", func(w *world) {
			w.at(time.Minute, func() { w.paid(w.bank.Decline(w.intent(), "card_declined", "")) })
			at(w, 4*time.Minute-time.Second, 0)
			at(w, 4*time.Minute+time.Second, 1)
		}, order.Expired, also(expired, problem), nil},
		{"F31 the report of the next payment is lost: found before telling", func(w *world) {
			declined(w, time.Minute)
			w.at(2*time.Minute, func() { w.paid(w.bank.Pay(w.intent())) })
			w.arrive(0)
		}, order.Delivered, delivered, nil},
		{"a new intent has a mail of its own", func(w *world) {
			declined(w, time.Minute, 11*time.Minute)
			w.at(10*time.Minute, func() { w.cancelAtBank(w.intent()) })
		}, order.Expired, also(expired, problem, problem), nil},
		{"a long history between decline and mail", func(w *world) {
			w.at(time.Minute, func() { w.env.SetContinueAsNewSuggested(true); w.decline("card_declined", "") })
			declined(w, 10*time.Minute)
			at(w, 4*time.Minute, 1)
		}, order.Expired, also(expired, problem), nil},
		{"cancelled before the shopper is told", func(w *world) {
			declined(w, time.Minute)
			w.at(2*time.Minute, func() { w.cancel() })
		}, order.Cancelled, cancelled, nil},
		{"mail is down: the order waits for its payment all the same", func(w *world) {
			w.down(time.Hour, order.ErrUnavailable, "SendMail")
			declined(w, time.Minute)
			w.at(10*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, order.Delivered, also(delivered, problem), nil},
	})
}
