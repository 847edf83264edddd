package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
)

// TestCancel cancels an order at each stage (SHP-4).
func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(w *fixture)
		at      time.Duration
		refusal string
		ends    order.Status
		mails   []order.Notification
		check   func(*testing.T, *fixture)
	}{
		{
			name: "while placing: the intent is being made", prepare: func(w *fixture) { w.down(time.Minute, order.ErrUnavailable, "CreateIntent") },
			at: 30 * time.Second, ends: order.Cancelled, mails: cancelled,
		},
		{
			name: "while placing: whether the intent exists is unknown", prepare: func(w *fixture) { w.down(time.Minute, order.ErrUnknownOutcome, "CreateIntent") },
			at: 30 * time.Second, ends: order.Cancelled, mails: cancelled, check: oneIntent,
		},
		{name: "awaiting payment", prepare: func(*fixture) {}, at: time.Minute, ends: order.Cancelled, mails: cancelled},
		{
			name: "after a decline", prepare: func(w *fixture) { w.at(time.Minute, func() { w.decline("card_declined", "") }) },
			at: 2 * time.Minute, ends: order.Cancelled, mails: cancelled,
		},
		{
			name: "in 3-D Secure", prepare: func(w *fixture) { w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) }) },
			at: 2 * time.Minute, ends: order.Cancelled, mails: cancelled,
		},
		{name: "paid, but the event is still on its way", prepare: func(w *fixture) {
			w.at(time.Minute, func() { n := w.paid(w.bank.Pay(w.intent())); w.at(2*time.Hour, func() { w.sendEvents(n) }) })
		}, at: 90 * time.Second, ends: order.Cancelled, mails: cancelled},
		{name: "booking, the carrier is down", prepare: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			w.at(time.Minute, w.pay)
		}, at: time.Hour, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.ParcelWasVoided, "")},
		{name: "booking, responses are lost: one label, voided", prepare: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnknownOutcome, "BookParcel")
			w.at(time.Minute, w.pay)
		}, at: time.Hour, ends: order.Cancelled, mails: cancelled, check: func(t *testing.T, w *fixture) {
			if n := w.carrier.Counts()[reference]; n != 1 {
				t.Errorf("%d labels, want 1", n)
			}
		}},
		{name: "the money is being captured", prepare: func(w *fixture) {
			w.down(time.Hour, order.ErrUnavailable, "CaptureIntent")
			w.at(time.Minute, w.pay)
		}, at: 30 * time.Minute, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.ParcelWasVoided, "")},
		{name: "the money was captured, the response is lost", prepare: func(w *fixture) {
			w.down(time.Hour, order.ErrUnknownOutcome, "CaptureIntent")
			w.at(time.Minute, w.pay)
		}, at: 30 * time.Minute, ends: order.Cancelled, mails: also(cancelled, refunded), check: hasEvent(order.PaymentRefunded, "29.00 EUR")},
		{
			name: "paid: the label is voided and the money refunded", prepare: func(w *fixture) { w.at(time.Minute, w.pay) },
			at: time.Hour, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded),
			check: both(hasEvent(order.ParcelWasVoided, ""), hasEvent(order.PaymentRefunded, "29.00 EUR")),
		},
		{
			name: "on its way: too late", prepare: func(w *fixture) { w.at(time.Minute, w.pay); w.arrive(0) },
			at: 3 * time.Hour, refusal: workflows.RefusalTooLate, ends: order.Delivered, mails: delivered,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			c.prepare(w)
			var got *updateResult
			w.at(c.at, func() { got = w.cancel() })
			w.run().ended(c.ends).mailed(c.mails...)
			if r := got.refusal(); r != c.refusal {
				t.Errorf("refused with %q, want %q", r, c.refusal)
			}
			if o, ok := got.result.(order.Order); c.refusal == "" && (!ok || o.Status != c.ends) {
				t.Errorf("the result is %+v, want the cancelled order", got.result)
			}
			if c.check != nil {
				c.check(t, w)
			}
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// TestCancelOnce cancels twice: both callers get the cancelled order.
func TestCancelOnce(t *testing.T) {
	w := newFixture(t)
	var one, two *updateResult
	w.down(time.Hour, order.ErrUnavailable, "CancelIntent")
	w.at(time.Minute, func() { one = w.cancel() })
	w.at(2*time.Minute, func() { two = w.cancel() })
	w.run().ended(order.Cancelled).mailed(cancelled...)
	if one.refusal() != "" || two.refusal() != "" {
		t.Errorf("%q, %q", one.refusal(), two.refusal())
	}
}

// TestCancelFromTemporalUI cancels the workflow instead of the order.
func TestCancelFromTemporalUI(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "before its first step", script: func(w *fixture) {
			w.at(0, func() { w.env.CancelWorkflow() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.CancelRequested, "Temporal UI")},
		{name: "awaiting payment", script: func(w *fixture) {
			w.at(time.Minute, func() { w.env.CancelWorkflow() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.CancelRequested, "Temporal UI")},
		{name: "booking", script: func(w *fixture) {
			w.down(2*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.env.CancelWorkflow() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.CancelRequested, "Temporal UI")},
		{name: "on hold", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
			})
			w.at(time.Hour, func() { w.env.CancelWorkflow() })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "paid", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.env.CancelWorkflow() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded)},
		{name: "on its way: it goes on", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(3*time.Hour, func() { w.env.CancelWorkflow() })
			w.arrive(0)
		}, ends: order.Delivered, mails: delivered},
		{name: "on its way, in a later run: it goes on", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.env.SetContinueAsNewSuggested(true) })
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(2*time.Hour+time.Second, func() { w.env.CancelWorkflow() })
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered},
	})
}
