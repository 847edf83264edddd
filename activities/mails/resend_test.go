package mails_test

import (
	"context"
	"testing"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
)

// refunds is an order to which refunds are added.
type refunds struct{ now order.Order }

func (r *refunds) Order(context.Context, order.ID) (order.Order, error) { return r.now, nil }

// TestPrepareResend_later_refund (EML-1, IDEM-3): the decision to send the mail
// of one refund again is about that refund, also when the step is taken again and
// the order knows a later one.
func TestPrepareResend_later_refund(t *testing.T) {
	id := order.NewID()
	o := &refunds{order.Order{ID: id, Email: "ada@example.com"}}
	ledger := &fake.Ledger{}
	refund := func(ref string, amount int64) {
		o.now.Refunds = append(o.now.Refunds, order.Refund{ID: ref, Amount: order.Money{Amount: amount, Currency: "EUR"}, Status: order.RefundSucceeded})
		m := porttest.MessageOf(id, order.MailRefunded)
		m.ID = order.Mail{OrderID: id, Notification: order.MailRefunded, Generation: 1, Ref: ref}.Key()
		if _, err := ledger.ClaimMail(t.Context(), m, "ses"); err != nil {
			t.Fatal(err)
		}
		if err := ledger.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateSent}); err != nil {
			t.Fatal(err)
		}
	}
	steps := &mails.Activities{Orders: o, Resends: ledger}
	want := func(key, ref string, amount int64) {
		t.Helper()
		m, err := steps.PrepareResend(t.Context(), order.Resend{OrderID: id, Notification: order.MailRefunded, Key: key, Actor: "key:ops", Why: "w"})
		if err != nil || m.Ref != ref || m.Amount.Amount != amount || m.Generation != 2 {
			t.Errorf("%s: about %q, %s, generation %d, %v; want %q", key, m.Ref, m.Amount, m.Generation, err, ref)
		}
	}
	refund("re_1", 100)
	want("k1", "re_1", 100)
	refund("re_2", 250)
	want("k1", "re_1", 100)
	want("k2", "re_2", 250)
}
