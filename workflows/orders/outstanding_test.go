package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/workflowtest"
)

// payElsewhere captures a payment on an intent that is not the order's, and reports it.
func (w *fixture) payElsewhere() {
	w.Helper()
	in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: w.order().Total, Key: "elsewhere"})
	if err == nil {
		_, err = w.bank.Pay(in.ID)
	}
	if err != nil {
		w.Fatalf("bank: %v", err)
	}
	w.sendEvents(w.paid(w.captureAtBank(in.ID)))
}

// stillRuns checks that the workflow has not ended, and the order's status.
func (c *checks) stillRuns(s order.Status) {
	c.Helper()
	if got := c.order().Status; got != s || c.over {
		c.Errorf("%s after placing the order is %s (its workflow ended: %t), want %s, and the workflow running", c.clock().Sub(workflowtest.Start), got, c.over, s)
	}
}

// TestRefundOutstanding checks a second payment that cannot be refunded for a while
// (PAY-18): the order goes on in the meantime, and its workflow runs until the payment
// is refunded.
func TestRefundOutstanding(t *testing.T) {
	secondRefunded := both(hasEvent(order.PaymentRefunded, "second payment; 29.00 EUR refunded"), hasEvent(order.OrderNeedsAttention, "cannot be refunded or voided"))
	var got *updateResult
	for name, kind := range map[string]error{"refused": order.ErrRejected, "in another state": order.ErrState, "unknown": order.ErrNoSuch} {
		outstanding := func(w *fixture, from, until time.Duration) {
			w.down(until, kind, "RefundIntent")
			w.at(from, w.payElsewhere)
		}
		t.Run(name, func(t *testing.T) {
			runScenarios(t, []scenario{
				{name: "the order expires in time", script: func(w *fixture) {
					outstanding(w, time.Minute, 40*time.Hour)
					w.at(31*time.Minute, func() { w.stillRuns(order.Expired) })
					w.at(39*time.Hour, func() { w.stillRuns(order.Expired) })
				}, ends: order.Expired, mails: also(expired, refunded), check: secondRefunded},
				{name: "the order is delivered", script: func(w *fixture) {
					outstanding(w, time.Minute, 60*time.Hour)
					w.at(2*time.Minute, func() { w.sendEvents(w.paid(w.bank.Pay("pi_1"))) })
					w.arrive(0)
					w.at(3*time.Hour, func() { w.stillRuns(order.Shipped) })
					w.at(50*time.Hour, func() { w.stillRuns(order.Delivered) })
				}, ends: order.Delivered, mails: also(delivered, refunded), check: secondRefunded},
			})
		})
	}
	runScenarios(t, []scenario{{name: "the order can be cancelled", script: func(w *fixture) {
		w.down(40*time.Hour, order.ErrRejected, "RefundIntent")
		w.at(time.Minute, w.payElsewhere)
		w.at(2*time.Minute, func() { got = w.cancel() })
		w.at(3*time.Minute, func() {
			w.stillRuns(order.Cancelled)
			if got.refusal() != "" {
				w.Errorf("refused with %q", got.refusal())
			}
		})
	}, ends: order.Cancelled, mails: also(cancelled, refunded), check: secondRefunded}})
}

// TestRefundOutstandingAfterEnd checks a payment for a cancelled order that cannot be
// voided at first (REC-10): AftercareWorkflow runs until it is.
func TestRefundOutstandingAfterEnd(t *testing.T) {
	for name, kind := range map[string]error{"refused": order.ErrRejected, "in another state": order.ErrState} {
		t.Run(name, func(t *testing.T) {
			runScenarios(t, []scenario{{name: "for two days", script: func(w *fixture) {
				w.at(time.Minute, func() { w.cancel() })
				w.at(time.Hour, func() {
					w.down(48*time.Hour, kind, "CancelIntent")
					w.secondPayment()
				})
			}, ends: order.Cancelled, mails: cancelled, check: both(
				hasEvent(order.OrderNeedsAttention, "after the order had ended; cannot be refunded or voided"),
				hasEvent(order.PaymentVoided, "after the order had ended; nothing is held any more"))}})
		})
	}
}

// TestRefundOutstandingShown (REC-2, PAY-18): an outstanding refund is still shown after
// other refunds of the same intent were reported and compared.
func TestRefundOutstandingShown(t *testing.T) {
	w := newFixture(t)
	w.down(40*time.Hour, order.ErrRejected, "RefundIntent")
	w.at(time.Minute, w.payElsewhere)
	shows := func(on string, times ...time.Duration) {
		for _, at := range times {
			w.at(at, func() {
				if w.observer.WaitingOn != on {
					w.Errorf("%s after placing the attributes show %q, want %q", at, w.observer.WaitingOn, on)
				}
			})
		}
	}
	w.at(16*time.Hour, func() { w.reportRefund(order.RefundEvent{PaymentRef: "pi_2"}) })
	shows("operator", 15*time.Hour, 17*time.Hour, 30*time.Hour)
	w.run().ended(order.Expired)
	if w.observer.WaitingOn != "" {
		t.Errorf("in the end the attributes show %q", w.observer.WaitingOn)
	}
}

// TestCompensateMoney cancels orders whose payment was refunded before, or cannot be
// refunded (PAY-9).
func TestCompensateMoney(t *testing.T) {
	// unknownIntent cancels an order whose intent the bank does not know any more.
	unknownIntent := func(w *fixture) {
		w.at(time.Minute, func() {
			w.bank.Change(w.intent(), func(in *order.Intent) { in.Status = order.PaymentCanceled })
			w.down(72*time.Hour, order.ErrNoSuch, "GetIntent")
			w.cancel()
		})
	}
	held := func(w *fixture, on bool) {
		w.Helper()
		o := w.order()
		waits := o.Waiting != nil && o.Waiting.On == "operator"
		if got := o.Status == order.OnHold && waits; got != on {
			w.Errorf("%s after placing the order is %s, waiting for %+v", w.clock().Sub(workflowtest.Start), o.Status, o.Waiting)
		}
	}
	runScenarios(t, []scenario{
		{name: "refunded by hand before: cancelled", script: func(w *fixture) {
			w.capturedUndeliverable()
			w.carrier.Before = func(op, _ string) error {
				if op != "BookParcel" {
					return nil
				}
				w.pause(true)
				defer w.pause(false)
				_, err := w.bank.RefundIntent(context.Background(), w.intent(), w.order().Total, "dashboard-refund")
				return err
			}
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: func(t *testing.T, w *fixture) {
			if sum := w.bank.Count(id); sum.Refunds != 1 {
				t.Errorf("%d refunds", sum.Refunds)
			}
			for _, e := range w.events() {
				if e.To == order.OnHold {
					t.Errorf("on hold: %s", e.Why)
				}
			}
		}},
		{name: "a refund in the wrong state for a day: an operator is notified after that", script: func(w *fixture) {
			w.capturedUndeliverable()
			w.down(60*time.Hour, order.ErrState, "RefundIntent")
			w.at(23*time.Hour, func() { held(w, false) })
			w.at(26*time.Hour, func() { held(w, true) })
			w.at(61*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: hasEvent(order.OrderOnHold, "cannot be refunded or voided")},
		{name: "an intent the bank does not know: one release ends it", script: func(w *fixture) {
			unknownIntent(w)
			w.at(time.Hour, func() { held(w, true) })
			w.at(2*time.Hour, func() { w.release() })
			w.at(2*time.Hour+time.Minute, func() {
				if s := w.order().Status; s != order.Cancelled {
					w.Errorf("a minute after the release the order is %s", s)
				}
			})
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderOnHold, "cannot be refunded or voided")},
	})
}
