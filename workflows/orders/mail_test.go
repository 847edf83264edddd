package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/order"
)

// TestMail checks that there is one mail per milestone, whatever happens at the mail
// provider (EML-1).
func TestMail(t *testing.T) {
	plain := func(w *fixture) { w.at(time.Minute, w.pay); w.arrive(0) }
	runScenarios(t, []scenario{
		{name: "down for an hour: the order does not wait, the mail does", script: func(w *fixture) {
			w.down(time.Hour, order.ErrUnavailable, "SendMail")
			plain(w)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.StepDelayed, "Mail: confirmation")},
		{name: "down from start to delivery and a day longer: the record does not wait", script: func(w *fixture) {
			w.down(48*time.Hour, order.ErrThrottled, "SendMail")
			plain(w)
			w.at(30*time.Hour, func() {
				if s := w.order().Status; s != order.Delivered {
					w.Errorf("an hour after the delivery the record says %s", s)
				}
			})
		}, ends: order.Delivered, mails: delivered},
		{name: "down for a week: the mail times out, the order ends", script: func(w *fixture) {
			w.down(7*24*time.Hour, order.ErrUnavailable, "SendMail")
			plain(w)
		}, ends: order.Delivered, check: hasEvent(order.MailRejected, "confirmation")},
		{name: "sent, the response is lost: not sent again", script: func(w *fixture) {
			w.fail("SendMail", 1, order.ErrUnknownOutcome)
			plain(w)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.MailUnknown, "confirmation")},
		{name: "rejected: the order is not affected", script: func(w *fixture) {
			w.placement.Request.Email = "nobody"
			plain(w)
		}, ends: order.Delivered, check: hasEvent(order.MailRejected, "delivered")},
	})
}

// TestMailDelayed sends an event while the workflow waits only for its last mail: the
// release of a payment for a cancelled order does not wait for that mail.
func TestMailDelayed(t *testing.T) {
	w := newFixture(t)
	w.down(24*time.Hour, order.ErrUnavailable, "SendMail")
	w.at(time.Minute, func() { w.cancel() })
	var other string
	w.at(time.Hour, func() { other = w.secondPayment() })
	w.at(2*time.Hour, func() {
		if in, err := w.bank.GetIntent(context.Background(), other); err != nil || in.Status != order.PaymentCanceled {
			t.Errorf("an hour later the money is still %s", in.Status)
		}
	})
	w.run().ended(order.Cancelled).mailed(cancelled...)
}
