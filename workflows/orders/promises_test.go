package orders_test

import (
	"slices"
	"strings"
	"time"

	"purser/mail"
	"purser/order"
)

// checks asserts what must hold when an order has ended.
type checks struct {
	*runner
	// askedEarlier says that a request to cancel may be older than its event, which
	// the record can delay.
	askedEarlier   bool
	refundedByHand map[string]int64 // minor units that a person refunded, by payment
}

// keptPromises checks what must hold for every order that has ended, whatever
// happened to it.
func (c *checks) keptPromises() {
	c.Helper()
	o := c.order()
	if !o.Status.Final() || o.Status != c.outcome.Status && o.Status != order.Returned {
		c.Errorf("the record says %q, the workflow %q", o.Status, c.outcome.Status)
	}
	if o.Waiting != nil {
		c.Errorf("an order that has ended waits for %+v", o.Waiting)
	}
	c.checkTimeline(o)
	c.keptMoney(o)
	c.keptGoods(o)
	c.keptWords()
	c.keptCases()
	for key, n := range c.mailer.Counts() {
		if n > 1 {
			c.Errorf("IDEM-8 EML-1: mail %s went out %d times", key, n)
		}
	}
}

// checkTimeline checks ORD-1 and ORD-2: the events are numbered without a gap, and each
// is a legal move from the status after the one before.
func (c *checks) checkTimeline(o order.Order) {
	c.Helper()
	var at order.Status
	for i, e := range c.events() {
		if e.Seq != int64(i+1) {
			c.Errorf("event %d has number %d", i+1, e.Seq)
		}
		if e.From != at || e.From != e.To && !e.From.CanBecome(e.To) {
			c.Errorf("event %d (%s) moves %q to %q, the order was %q", e.Seq, e.Kind, e.From, e.To, at)
		}
		at = e.To
	}
	if at != o.Status || o.Version != int64(len(c.events())) {
		c.Errorf("events lead to %q in %d steps, the order is %q at version %d", at, len(c.events()), o.Status, o.Version)
	}
}

// fulfilled reports whether the shop keeps the money.
func fulfilled(s order.Status) bool {
	return slices.Contains([]order.Status{order.Paid, order.Shipped, order.Delivered, order.Returned}, s)
}

// keptMoney checks that the shop has exactly the order's money if the order was
// fulfilled, and otherwise none, and that no intent is open.
func (c *checks) keptMoney(o order.Order) {
	c.Helper()
	c.keptTransfers(o)
	want, paidOut := int64(0), int64(0)
	var refunds []order.Refund // at the payment provider
	for _, r := range o.Refunds {
		if p := slices.IndexFunc(o.Payments, func(p order.Payment) bool { return p.Reference == r.PaymentRef }); p >= 0 && o.Payments[p].Manual() {
			continue
		}
		refunds = append(refunds, r)
		if r.PaidOut {
			paidOut += r.Amount.Amount
		}
	}
	manual := o.Payment().Manual()
	if fulfilled(o.Status) && !c.endedByRefund() && !manual {
		want = o.Due() - asked(refunds)
		for _, p := range o.Payments {
			if counts(o, p) {
				want -= c.refundedByHand[p.Reference]
			}
		}
	}
	sum := c.bank.Count(c.id)
	over := sum.Returned + paidOut - sum.Taken
	switch noted := over > 0 && c.overRefundNoted(over); {
	case noted && want == 0:
		want = -over
	case over > 0 && !noted:
		c.Errorf("REF-1: of %d, %d were refunded and %d paid out", sum.Taken, sum.Returned, paidOut)
	}
	if got := sum.Taken - sum.Returned - paidOut; got != want-inCredit(o)+creditOut(o) {
		c.Errorf("the shop has %d, want %d, of which %d is credit, and %d for another order (%+v)", got, want, inCredit(o), creditOut(o), sum)
	}
	got := int64(0)
	for _, p := range o.Payments {
		if counts(o, p) {
			got += p.Captured - p.Refunded
		}
	}
	if got != want && !manual {
		c.Errorf("the record says the shop has %d, want %d", got, want)
	}
	for _, in := range c.bank.Intents(id) {
		taken := slices.ContainsFunc(o.Payments, func(p order.Payment) bool {
			return p.Reference == in.ID && counts(o, p) && p.Captured == in.Received
		})
		inPart := in.Status == order.PaymentPartiallyCaptured && (want == 0 || taken && o.Released() > 0)
		if !in.Status.Dead() && in.Status != order.PaymentCaptured && !inPart {
			c.Errorf("intent %s was left %s", in.ID, in.Status)
		}
	}
}

// counts reports whether a payment pays for the order: its own, that of a change, or credit.
func counts(o order.Order, p order.Payment) bool {
	return !p.Surplus && !p.Standby && (p.Change != "" || p.Credit() || p.Number == o.Payment().Number)
}

// inCredit returns how much of what an order is paid with is credit that another order
// has the money of.
func inCredit(o order.Order) (sum int64) {
	for _, p := range o.Payments {
		if p.Credit() {
			sum += p.Captured - p.Refunded
		}
	}
	return sum
}

// creditOut returns how much of the order's own money pays for other orders.
func creditOut(o order.Order) (sum int64) {
	for _, r := range o.Refunds {
		for _, p := range o.Payments {
			if r.Status == order.RefundCredited && p.Reference == r.PaymentRef && p.AtProvider() {
				sum += r.Amount.Amount
			}
		}
	}
	return sum
}

// asked adds up the refunds that somebody asked for.
func asked(refunds []order.Refund) (sum int64) {
	for _, r := range refunds {
		if (r.Asked != "" || r.Key != "") && r.Status.Moves() { // a reset workflow knows the key alone
			sum += r.Amount.Amount
		}
	}
	return sum
}

// overRefundNoted reports whether a person was told that more was refunded than was
// captured, because refunds by hand overlap what was paid out.
func (c *checks) overRefundNoted(over int64) bool {
	byHand := int64(0)
	for _, n := range c.refundedByHand {
		byHand += n
	}
	return over <= byHand && slices.ContainsFunc(c.events(), func(e order.Event) bool {
		return e.Kind == order.OrderNeedsAttention && strings.Contains(e.Why, "more was refunded than was captured")
	})
}

// endedByRefund reports whether a person has refunded a parcel that came back.
func (c *checks) endedByRefund() bool {
	s := c.state()
	return s.Abort != nil && s.Abort.Ends == order.Returned && s.Abort.Actor != ""
}

// keptWords checks that mails give a reason only in words meant for the shopper, never
// in an operator's or a provider's.
func (c *checks) keptWords() {
	c.Helper()
	for _, m := range c.mailer.Sent() {
		if order.Notification(m.Template).ToShop() || m.Template == "case" {
			continue
		}
		if why := mailReason(m); !slices.Contains(shopperWords, why) {
			c.Errorf("EML: the %s mail says %q", m.Template, why)
		}
	}
}

// mailReason returns the reason that a mail gives; see fake.MailTemplates.
func mailReason(m mail.Message) string {
	_, why, _ := strings.Cut(m.Content.Text, "\n")
	return why
}

// shopperWords are all the reasons that a mail to a shopper may give.
var shopperWords = []string{
	"", "it cannot be delivered to this address", "it could not be shipped in time", "it could not be shipped",
	"the cup is chipped", // as the shop tells the shopper why it rejects a return
	"the payment could not be taken", "it was not paid for again in time", "a product sold out while you were paying",
	order.NewDecline("card_declined", "").Message, order.NewDecline("card_declined", "insufficient_funds").Message,
	order.NewDecline("payment_intent_authentication_failure", "").Message,
}

// mailed checks which mails were sent, each once, beside the one that the order was
// received.
func (c *checks) mailed(want ...order.Notification) {
	c.Helper()
	var got []order.Notification
	received := 0
	for _, m := range c.mailer.Sent() {
		if m := order.Notification(m.Template); m == order.MailReceived {
			received++
		} else {
			got = append(got, m)
		}
	}
	if due := c.receivedDue(); received > 1 || received != due && c.terminatedAfter == 0 && !c.askedEarlier {
		c.Errorf("the mail that the order was received went out %d times, want %d", received, due)
	}
	want = slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.Errorf("mails: got %v, want %v", got, want)
	}
	sent := 0
	for _, s := range c.ledger.States() {
		if s == mail.StateSent {
			sent++
		}
	}
	// A terminated workflow may have sent a mail that it could not record any more.
	if n := c.count(order.MailSent); n != sent && (n > sent || c.terminatedAfter == 0) {
		c.Errorf("%d mails are known to be sent, the timeline has %d", sent, n)
	}
}

// receivedDue returns how often the shopper is mailed that the order was received:
// once, if no parcel was booked for longer than Terms.ReceivedAfter after the money
// was held.
func (c *checks) receivedDue() int {
	var held time.Time
	for _, e := range c.events() {
		switch {
		case e.Kind == order.PaymentWasAuthorized && strings.Contains(e.Why, " for the change "):
		case e.Kind == order.PaymentWasAuthorized || e.Kind == order.PaymentNotNeeded:
			held = e.At
		case held.IsZero():
		case e.Kind == order.ParcelWasBooked || e.Kind == order.GoodsDelivered || e.Kind == order.CancelRequested:
			if e.At.Sub(held) > c.placement.Terms.ReceivedAfter {
				return 1
			}
			return 0
		}
	}
	return 0
}

// ended checks the order's last status and keptPromises.
func (c *checks) ended(s order.Status) *checks {
	c.Helper()
	if c.outcome.Status != s {
		c.Errorf("the order ended %s (%s), want %s", c.outcome.Status, c.outcome.Reason, s)
	}
	c.keptPromises()
	return c
}
