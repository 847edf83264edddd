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

// changing is an order that changes.
type changing struct{ now order.Order }

func (c *changing) Order(context.Context, order.ID) (order.Order, error) { return c.now, nil }

// sent records that a mail was sent.
func sent(t *testing.T, ledger *fake.Ledger, of order.Mail) {
	t.Helper()
	m := porttest.MessageOf(of.OrderID, of.Notification)
	m.ID = of.Key()
	if _, err := ledger.ClaimMail(t.Context(), m, "ses"); err != nil {
		t.Fatal(err)
	}
	if err := ledger.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateSent}); err != nil {
		t.Fatal(err)
	}
}

// TestPrepareResend_later_refund (EML-1, IDEM-3): the decision to send the mail
// of one refund again is about that refund, also when the step is taken again and
// the order knows a later one.
func TestPrepareResend_later_refund(t *testing.T) {
	id := order.NewID()
	o := &changing{order.Order{ID: id, Email: "ada@example.com"}}
	ledger := &fake.Ledger{}
	refund := func(ref string, amount int64) {
		o.now.Refunds = append(o.now.Refunds, order.Refund{ID: ref, Amount: order.Money{Amount: amount, Currency: "EUR"}, Status: order.RefundSucceeded})
		sent(t, ledger, order.Mail{OrderID: id, Notification: order.MailRefunded, Generation: 1, Ref: ref})
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

// TestPrepareResend_later_parcel (EML-1, EML-14): the mail about the first parcel that is
// sent again is that mail, also when the order has another parcel by now.
func TestPrepareResend_later_parcel(t *testing.T) {
	first := order.Shipment{Number: 1, Reference: "s1", Tracking: "T1", Status: order.ParcelDelivered}
	o := &changing{order.Order{ID: order.NewID(), Email: "ada@example.com", Shipments: []order.Shipment{first}}}
	ledger := &fake.Ledger{}
	sent(t, ledger, o.now.MailFor(order.MailDelivered))
	again := order.Resend{OrderID: o.now.ID, Notification: order.MailDelivered, Key: "k1", Actor: "key:ops", Why: "w"}
	steps := &mails.Activities{Orders: o, Resends: ledger}
	for range 2 { // the step is taken again after the second parcel was delivered
		m, err := steps.PrepareResend(t.Context(), again)
		if err != nil || m.Ref != "" || m.Generation != 2 || m.Tracking != "T1" {
			t.Errorf("about %q (%s), generation %d, %v", m.Ref, m.Tracking, m.Generation, err)
		}
		o.now.Shipments = []order.Shipment{first, {Number: 2, Reference: "s2", Tracking: "T2", Status: order.ParcelDelivered}}
	}
}
