package e2e_test

import (
	"slices"
	"testing"

	words "purser/mail"
	"purser/order"
	"purser/records"
	mailrecords "purser/records/mails"
	"purser/sandbox/ses"
)

// ends maps orders to the final status that their shoppers saw.
type ends map[order.ID]order.Status

// audit stops the stack, compares what the record and the sandbox hold of these
// orders, and counts what was lost and what was done twice. Each count must be
// zero.
func (s *stack) audit(t *testing.T, seen ends) {
	t.Helper()
	s.awaitIdle()
	if code := s.interrupt(); code != 0 {
		t.Errorf("stopping: exit code %d", code)
	}
	record, outside := s.record(), s.sandboxData()
	report, err := record.IntegrityReport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range report.Broken() {
		t.Error(broken)
	}
	var c losses
	payments, labels, mails := outside.Stripe.Counts(), outside.Carrier.Counts(), outside.SES.Counts()
	for id, status := range seen {
		o, err := record.Order(t.Context(), id)
		if err != nil {
			c.lost = append(c.lost, id)
			continue
		}
		if !o.Status.Final() || o.Status != status {
			t.Errorf("%s is %s, but its shopper saw %s: %s", id, o.Status, status, o.Reason)
		}
		c.money(o, payments[string(id)])
		c.mails(t, record, o, mails)
	}
	for id, n := range payments { // also payments of orders that no shopper saw
		if n.Authorized > 1 || n.Captured > 1 || n.Refunds > 1 {
			c.chargedTwice = append(c.chargedTwice, order.ID(id))
		}
		if n.Intents > 1 {
			c.intentsTwice = append(c.intentsTwice, order.ID(id))
		}
	}
	for reference, n := range labels {
		if n > 1 {
			c.labelsTwice = append(c.labelsTwice, order.ID(reference))
		}
	}
	for about, n := range mails {
		if n > 1 && n > 1+resent(t, record, about) {
			c.mailedTwice = append(c.mailedTwice, order.ID(about.Order+" "+about.Notification))
		}
	}
	c.report(t, len(seen))
	t.Logf("record: %v, mails %v, %d events", report.Orders, report.Mails, report.Events)
}

// resent returns how many mails of a subject were sent because the outcome of an
// earlier copy was unknown. Only those may go out twice.
func resent(t *testing.T, record *records.Store, about ses.Subject) (n int) {
	t.Helper()
	entries, err := record.Mails(t.Context(), about.Order)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Resent && e.Template == about.Notification {
			n++
		}
	}
	return n
}

// losses counts what must not happen to an order. Only mails of unknown outcome are
// permitted: the ledger lists them as unknown, or as sent once more.
type losses struct {
	lost, chargedTwice, intentsTwice, labelsTwice, mailedTwice, unpaid, unmailed, unaccounted []order.ID
	unknownMails                                                                              int
}

// money compares the payment that Stripe took with the order.
func (c *losses) money(o order.Order, n count) {
	kept := n.Taken - n.Returned
	switch {
	case o.Status == order.Delivered && (kept != o.Total.Amount || n.Captured != 1):
		c.unpaid = append(c.unpaid, o.ID)
	case o.Status.Final() && o.Status != order.Delivered && kept != 0:
		c.unpaid = append(c.unpaid, o.ID)
	}
}

// mails compares the mails that the provider accepted with the ledger: the mail of
// each notification that the order called for was sent, or the ledger says that
// its outcome is unknown.
func (c *losses) mails(t *testing.T, record *records.Store, o order.Order, sent map[ses.Subject]int) {
	t.Helper()
	entries, err := record.Mails(t.Context(), string(o.ID))
	if err != nil {
		t.Fatal(err)
	}
	timeline, err := record.Events(t.Context(), o.ID, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range timeline {
		m, mailed := mailOf[e.Kind]
		if !mailed {
			continue
		}
		i := slices.IndexFunc(entries, func(e mailrecords.Entry) bool { return e.Template == string(m) })
		n := sent[ses.Subject{Order: string(o.ID), Notification: string(m)}]
		switch {
		case i < 0:
			c.unmailed = append(c.unmailed, o.ID)
		case entries[i].State == words.StateUnknown, entries[i].State == words.StateResent, entries[i].State == words.StateSending: // sending becomes unknown after some minutes
			c.unknownMails++
		case entries[i].State != words.StateSent || n == 0:
			c.unaccounted = append(c.unaccounted, o.ID)
		}
	}
}

// mailOf maps events to the notifications that are mailed for them.
var mailOf = map[order.Kind]order.Notification{
	order.PaymentWasCaptured: order.MailConfirmation, order.ParcelWasShipped: order.MailShipped, order.ParcelArrived: order.MailDelivered,
	order.OrderCancelled: order.MailCancelled, order.OrderExpired: order.MailExpired,
}

func (c *losses) report(t *testing.T, orders int) {
	t.Helper()
	for what, ids := range map[string][]order.ID{
		"orders lost": c.lost, "charged, captured or refunded twice": c.chargedTwice, "payment intents made twice": c.intentsTwice,
		"labels made twice": c.labelsTwice, "mails sent twice": c.mailedTwice, "money and order disagree": c.unpaid,
		"mails never tried": c.unmailed, "mails that the ledger records wrongly": c.unaccounted,
	} {
		if len(ids) > 0 {
			t.Errorf("%s: %d %v", what, len(ids), ids)
		}
	}
	t.Logf("%d orders, mails of unknown outcome: %d", orders, c.unknownMails)
}
