package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows/workflowtest"
)

// TestContinueAsNew lets the history grow long at each place where an order waits: the
// next run starts from the same state, ends well and does nothing twice.
func TestContinueAsNew(t *testing.T) {
	fresh := func(w *fixture) { w.env.SetContinueAsNewSuggested(true) }
	tooLittle := func(w *fixture) {
		w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
	}
	mend := func(w *fixture) {
		w.bank.Change(w.intent(), func(in *order.Intent) { in.Capturable = w.order().Total.Amount })
	}
	runs := func(want int) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			if w.runs != want {
				t.Errorf("%d runs, want %d", w.runs, want)
			}
			if sum := w.bank.Count(id); sum.Authorized > 1 || sum.Captured > 1 || sum.Intents > 1 {
				t.Errorf("IDEM-8: the bank did %+v", sum)
			}
		}
	}
	var dup order.ProviderEvent
	var again, first updateResult
	runScenarios(t, []scenario{
		{name: "awaiting payment", script: func(w *fixture) {
			w.at(time.Second, func() { fresh(w) })
			w.at(10*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: runs(2)},
		{name: "awaiting payment, never paid: the deadline of the first run counts", script: func(w *fixture) {
			w.at(time.Second, func() { fresh(w) })
		}, ends: order.Expired, mails: expired, check: func(t *testing.T, w *fixture) {
			runs(2)(t, w)
			if at := w.order().UpdatedAt.Sub(workflowtest.Start); at != 30*time.Minute {
				t.Errorf("expired after %s", at)
			}
		}},
		{name: "awaiting payment, after a decline; the event is repeated later", script: func(w *fixture) {
			w.at(time.Minute, func() {
				dup = w.paid(w.bank.Decline(w.intent(), "card_declined", ""))
				fresh(w)
				w.sendEvents(dup)
			})
			w.at(5*time.Minute, func() { w.sendEvents(dup) })
			w.at(10*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailPaymentProblem), check: both(runs(2), func(t *testing.T, w *fixture) {
			if n := len(w.events()); n != 13 {
				t.Errorf("%d events, want 13: a plain order, one decline and its mail: %v", n, w.kinds())
			}
		})},
		{name: "cancelled in the second run", script: func(w *fixture) {
			w.at(time.Second, func() { fresh(w) })
			w.at(10*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: runs(2)},
		{name: "placed again in the second run: the result of the first", script: func(w *fixture) {
			w.at(time.Second, func() { fresh(w) })
			w.at(10*time.Minute, func() { w.place("place-2", hash, &again); w.place("place-3", "hash-2", &first) })
			w.at(11*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(runs(2), func(t *testing.T, w *fixture) {
			if again.refusal() != "Answered" || first.refusal() != "OtherRequest" {
				t.Errorf("refused with %q and %q", again.refusal(), first.refusal())
			}
		})},
		{name: "on hold, then released", script: func(w *fixture) {
			w.at(time.Minute, func() { fresh(w); tooLittle(w) })
			w.at(time.Hour, func() { mend(w); w.release() })
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(runs(2), calledTimes("GetIntent", 2))},
		{name: "on hold for days, then cancelled", script: func(w *fixture) {
			w.at(time.Minute, func() { fresh(w); tooLittle(w) })
			w.at(72*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: runs(2)},
		{name: "paid, on the way", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { fresh(w) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: runs(2)},
		{name: "in every run", script: func(w *fixture) {
			for d := time.Second; d < 26*time.Hour; d += 50 * time.Minute {
				w.at(d, func() { fresh(w) })
			}
			w.at(10*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "while the compensation is stuck: it is finished in the same run", script: func(w *fixture) {
			w.down(6*time.Hour, order.ErrState, "VoidParcel")
			w.down(6*time.Hour, order.ErrRejected, "CaptureIntent")
			w.at(time.Minute, func() { fresh(w); w.pay() })
			w.at(time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
			w.at(7*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "a mail is being sent: the run waits for it", script: func(w *fixture) {
			w.down(5*time.Hour, order.ErrUnavailable, "SendMail")
			w.at(time.Minute, func() { w.pay(); fresh(w) })
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered},
	})
}
