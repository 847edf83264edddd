package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// TestTerminated checks orders whose workflow an operator terminated before they were
// paid; then an event about the order comes (REC-10). Nothing else would release the
// money and the goods.
func TestTerminated(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(w *fixture)
	}{
		{"paid after it", func(w *fixture) {
			w.at(time.Hour, w.pay)
		}},
		{"captured by hand after it", func(w *fixture) {
			w.at(time.Hour, func() { w.paid(w.bank.Pay(w.intent())); w.sendEvents(w.paid(w.captureAtBank(w.intent()))) })
		}},
		{"never paid, but there is an event", func(w *fixture) {
			w.at(time.Hour, func() { w.decline("card_declined", "") })
		}},
		{"before it could be paid", func(w *fixture) {
			w.down(50*time.Minute, order.ErrUnknownOutcome, "CreateIntent")
			w.at(time.Hour, w.pay)
		}},
		{"captured by hand after it, and the record does not know the payment", func(w *fixture) {
			w.down(50*time.Minute, order.ErrUnavailable, "SaveOrder")
			w.at(time.Hour, func() { w.paid(w.bank.Pay(w.intent())); w.sendEvents(w.paid(w.captureAtBank(w.intent()))) })
		}},
		{"on hold", func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
			})
			w.at(time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
		}},
		{"while it was being cancelled", func(w *fixture) {
			w.down(50*time.Minute, order.ErrUnavailable, "CancelIntent")
			w.at(time.Minute, func() { w.cancel() })
			w.at(time.Hour, w.pay)
		}},
		{"while a captured payment was being refunded", func(w *fixture) {
			w.down(50*time.Minute, order.ErrUnavailable, "BookParcel", "RefundIntent")
			w.at(time.Minute, func() { w.paid(w.bank.Pay(w.intent())); w.sendEvents(w.paid(w.captureAtBank(w.intent()))) })
			w.at(2*time.Minute, func() { w.cancel() })
			w.at(time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
		}},
		{"while its parcel was being booked", func(w *fixture) {
			w.down(50*time.Minute, order.ErrUnknownOutcome, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
		}},
		{"before the record knew of its parcel", func(w *fixture) {
			w.fail("CaptureIntent", 100, order.ErrUnavailable)
			w.carrier.After = func(string, string) error {
				w.down(50*time.Minute, order.ErrUnavailable, "SaveOrder")
				return nil
			}
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
		}},
		{"and the bank refuses until an operator has resolved it", func(w *fixture) {
			w.down(5*time.Hour, order.ErrRejected, "CancelIntent")
			w.at(time.Hour, w.pay)
			w.at(4*time.Hour, func() {
				if o := w.order(); o.Status != order.OnHold {
					w.Errorf("the order is %s, want it to wait for the operator", o.Status)
				}
			})
			w.at(6*time.Hour, func() { w.release() })
		}},
		{"and the bank is down when the event comes", func(w *fixture) {
			w.down(5*time.Hour, order.ErrUnavailable, "GetIntent", "CancelIntent")
			w.at(time.Hour, w.pay)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.terminatedAfter = 10 * time.Minute
			c.prepare(w)
			w.run()
			w.outcome = orders.Outcome{Status: w.order().Status}
			want := cancelled
			if w.bank.Count(id).Refunds > 0 {
				want = also(want, refunded)
			}
			w.ended(order.Cancelled).mailed(want...)
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// TestTerminatedPaid checks an order whose workflow an operator terminated after the
// capture (REC-10): the next event does not cancel it, the order goes on to its
// delivery.
func TestTerminatedPaid(t *testing.T) {
	w := newFixture(t)
	w.terminatedAfter = 10 * time.Minute
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
	w.arrive(2 * time.Hour)
	w.run()
	if sum := w.bank.Count(id); w.order().Status != order.Delivered || sum.Returned != 0 {
		t.Errorf("the order is %s, %+v", w.order().Status, sum)
	}
}

// TestTerminatedRefunding checks a delivered order whose workflow an operator terminated
// while the provider could not make a refund (REC-10): the aftercare, which the search at
// night starts without an event, has the refund made, once.
func TestTerminatedRefunding(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault error // of the provider before the termination
	}{
		{name: "the provider was down", fault: order.ErrUnavailable},
		{name: "its response was lost", fault: order.ErrUnknownOutcome},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.terminatedAfter = 40 * time.Hour
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.down(50*time.Hour, tt.fault, "RefundIntent"); w.refund(aRefund("r1", 450)) })
			w.arrive(2 * time.Hour)
			w.at(45*time.Hour, func() {
				if o := w.order(); o.Status != order.Delivered || o.Refunds[0].Status != order.RefundRequested {
					w.Errorf("the order is %s, with %+v", o.Status, o.Refunds)
				}
			})
			w.at(60*time.Hour, func() { w.sendEvents() })
			w.run().ended(order.Delivered).mailed(also(delivered, order.MailRefunded)...)
			hasRefunds("r1 succeeded 450")(t, w)
		})
	}
}
