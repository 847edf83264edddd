package orders_test

import (
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/order"
	"purser/workflows"
)

// refusal is the type of the refusal an update got, or "" if it was carried
// out.
func (a *updateResult) refusal() string {
	var app *temporal.ApplicationError
	if errors.As(a.err, &app) {
		return app.Type()
	}
	if a.err != nil {
		return a.err.Error()
	}
	return ""
}

// TestCancel cancels an order at each point on its way (SHP-4).
func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name    string
		tell    func(w *world)
		at      time.Duration
		refusal string
		ends    order.Status
		mails   []order.Notification
		check   func(*testing.T, *world)
	}{
		{
			"while placing: the intent is being made", func(w *world) { w.down(time.Minute, order.ErrUnavailable, "CreateIntent") },
			30 * time.Second, "", order.Cancelled, cancelled, nil,
		},
		{
			"while placing: whether the intent exists is unknown", func(w *world) { w.down(time.Minute, order.ErrUnknownOutcome, "CreateIntent") },
			30 * time.Second, "", order.Cancelled, cancelled, oneIntent,
		},
		{"awaiting payment", func(*world) {}, time.Minute, "", order.Cancelled, cancelled, nil},
		{
			"after a decline", func(w *world) { w.at(time.Minute, func() { w.decline("card_declined", "") }) },
			2 * time.Minute, "", order.Cancelled, cancelled, nil,
		},
		{
			"in 3-D Secure", func(w *world) { w.at(time.Minute, func() { w.sendEvents(w.paid(w.bank.Challenge(w.intent()))) }) },
			2 * time.Minute, "", order.Cancelled, cancelled, nil,
		},
		{"paid, but the report is still on its way", func(w *world) {
			w.at(time.Minute, func() { n := w.paid(w.bank.Pay(w.intent())); w.at(2*time.Hour, func() { w.sendEvents(n) }) })
		}, 90 * time.Second, "", order.Cancelled, cancelled, nil},
		{"booking, the carrier is down", func(w *world) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			w.at(time.Minute, w.pay)
		}, time.Hour, "", order.Cancelled, cancelled, has(order.ParcelWasVoided, "")},
		{"booking, answers are lost: one label, void", func(w *world) {
			w.down(3*time.Hour, order.ErrUnknownOutcome, "BookParcel")
			w.at(time.Minute, w.pay)
		}, time.Hour, "", order.Cancelled, cancelled, func(t *testing.T, w *world) {
			if n := w.carrier.Counts()[reference]; n != 1 {
				t.Errorf("%d labels, want 1", n)
			}
		}},
		{"the money is being taken: too late", func(w *world) {
			w.down(time.Hour, order.ErrUnavailable, "CaptureIntent")
			w.at(time.Minute, w.pay)
			w.arrive(2 * time.Hour)
		}, 30 * time.Minute, workflows.RefusalTooLate, order.Delivered, delivered, nil},
		{
			"paid: too late", func(w *world) { w.at(time.Minute, w.pay); w.arrive(0) },
			time.Hour, workflows.RefusalTooLate, order.Delivered, delivered, nil,
		},
		{
			"on its way: too late", func(w *world) { w.at(time.Minute, w.pay); w.arrive(0) },
			3 * time.Hour, workflows.RefusalTooLate, order.Delivered, delivered, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.tell(w)
			var got *updateResult
			w.at(c.at, func() { got = w.cancel() })
			w.run().ended(c.ends).mailed(c.mails...)
			if r := got.refusal(); r != c.refusal {
				t.Errorf("the caller was told %q, want %q", r, c.refusal)
			}
			if o, ok := got.result.(order.Order); c.refusal == "" && (!ok || o.Status != c.ends) {
				t.Errorf("the answer is %+v, want the order as undone", got.result)
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
	w := newWorld(t)
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
		{"awaiting payment", func(w *world) {
			w.at(time.Minute, func() { w.env.CancelWorkflow() })
		}, order.Cancelled, cancelled, has(order.CancelRequested, "Temporal UI")},
		{"booking", func(w *world) {
			w.down(2*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.env.CancelWorkflow() })
		}, order.Cancelled, cancelled, has(order.CancelRequested, "Temporal UI")},
		{"on hold", func(w *world) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.RequiresCapture, 1 }), nil))
			})
			w.at(time.Hour, func() { w.env.CancelWorkflow() })
		}, order.Cancelled, cancelled, nil},
		{"paid: it goes on", func(w *world) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.env.CancelWorkflow() })
			w.arrive(time.Hour)
		}, order.Delivered, delivered, nil},
		{"paid, in a later run: it goes on", func(w *world) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.env.SetContinueAsNewSuggested(true) })
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(2*time.Hour+time.Nanosecond, func() { w.env.CancelWorkflow() })
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, order.Delivered, delivered, nil},
	})
}
