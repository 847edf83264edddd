package orders_test

import (
	"context"
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

// keptGoods checks that there is at most one label, which is valid if the order was
// fulfilled, and that the stock adds up.
func (c *checks) keptGoods(o order.Order) {
	c.Helper()
	valid := 0
	replaced := map[string]bool{}
	for _, s := range o.Shipments {
		replaced[s.Reference] = s.Replaced
	}
	for ref, p := range c.carrier.Parcels() {
		if strings.Contains(ref, "-back-") {
			c.keptReturnLabel(o, ref, p)
			continue
		}
		back := p.Status == order.ParcelReturned && !fulfilled(o.Status) // while the order was being cancelled
		if p.Status != order.ParcelVoided && !back && !replaced[ref] {
			valid++
		}
		if n := c.carrier.Counts()[ref]; n != 1 {
			c.Errorf("IDEM-8 SHP-1: %d labels under %s", n, ref)
		}
	}
	want := 0
	if fulfilled(o.Status) {
		want = c.labelsDue(o)
	}
	if valid != want {
		c.Errorf("%d labels are valid, want %d", valid, want)
	}
	for _, l := range c.goods(o) {
		_, again := o.ReturnedOf(l.SKU)
		shipped := piecesIn(o.DeliveredWithoutParcel(), l.SKU) + cameBack(o, l.SKU) - again
		if fulfilled(o.Status) {
			shipped = l.Quantity - piecesIn(o.Restocked(), l.SKU)
			if o.Status == order.Returned && c.state().Abort != nil { // what never left is for sale again
				for _, sent := range o.WithoutReleased().Lines {
					if sent.SKU == l.SKU {
						shipped -= max(sent.Quantity-handedOver(o, l.SKU)-restockedByRefunds(o, l.SKU), 0)
					}
				}
			}
		}
		offers, _ := c.record.Offers(context.Background(), []string{l.SKU})
		if left, got := offers[l.SKU].Available, c.record.Shipped(l.SKU); got != shipped || left != onHand-shipped {
			c.Errorf("of %d %s, %d were shipped and %d are left; want %d and %d", onHand, l.SKU, got, left, shipped, onHand-shipped)
		}
	}
}

// keptReturnLabel checks the label of a return: there is one, and it is not valid if nothing
// is sent back with it.
func (c *checks) keptReturnLabel(o order.Order, ref string, p order.Parcel) {
	c.Helper()
	if n := c.carrier.Counts()[ref]; n != 1 {
		c.Errorf("REF-9: %d labels under %s", n, ref)
	}
	i := slices.IndexFunc(o.Returns, func(r order.Return) bool { return r.Label.Reference == ref })
	if i < 0 {
		c.Errorf("REF-9: no return has the label %s", ref)
		return
	}
	r := o.Returns[i]
	if over := r.Status == order.ReturnCancelled || r.Status == order.ReturnExpired; over && p.Status == order.ParcelBooked && r.Label.Status != order.ReturnLabelLeft {
		c.Errorf("REF-9: the return %s is %s, and its label %s", r.ID, r.Status, p.Status)
	}
}

// goods returns the goods that the order has, and those that it had or was to have, of which
// there are none.
func (c *checks) goods(o order.Order) []order.LineQuantity {
	var all []order.LineQuantity
	add := func(sku string, n int64) {
		i := slices.IndexFunc(all, func(l order.LineQuantity) bool { return l.SKU == sku })
		if i < 0 {
			all = append(all, order.LineQuantity{SKU: sku})
			i = len(all) - 1
		}
		all[i].Quantity += n
	}
	for _, l := range c.placement.Request.Lines {
		if o.Opened == nil {
			add(l.SKU, l.Quantity)
		} else {
			add(l.SKU, 0)
		}
	}
	for _, l := range o.Lines {
		if o.Opened != nil {
			add(l.SKU, l.Quantity)
		}
	}
	for _, a := range o.Changes {
		for _, l := range a.Added {
			add(l.SKU, 0)
		}
	}
	return all
}

// handedOver returns how many pieces of a product are in parcels that have left, those
// included that came back.
func handedOver(o order.Order, sku string) (n int64) {
	for _, s := range o.Shipments {
		if s.Status.HandedOver() {
			n += piecesIn(s.Lines, sku)
		}
	}
	return n
}

// cameBack returns how many pieces of a product came back in parcels that no other has
// replaced.
func cameBack(o order.Order, sku string) (n int64) {
	for _, s := range o.Shipments {
		if !s.Replaced && s.Status == order.ParcelReturned {
			n += piecesIn(s.Lines, sku)
		}
	}
	return n
}

func restockedByRefunds(o order.Order, sku string) (n int64) {
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if r.Status != order.RefundReleased && l.SKU == sku && l.Restock {
				n += l.Quantity
			}
		}
	}
	return n
}

func piecesIn(lines []order.LineQuantity, sku string) (n int64) {
	for _, l := range lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
}

// labelsDue returns how many valid labels a fulfilled order has: one, or one for each
// parcel if a person has made them. No goods are in two parcels.
func (c *checks) labelsDue(o order.Order) int {
	c.Helper()
	due, packed, pieces := 0, false, map[string]int64{}
	for _, s := range o.Shipments {
		packed = packed || s.Key != "" || s.VoidBy != ""
		if s.Booked() && !s.Replaced {
			if s.LabelID != "" && (o.Status != order.Returned || s.Status != order.ParcelVoided) { // an order that is ended voids the others
				due++
			}
			for _, l := range s.Lines {
				pieces[l.SKU] += l.Quantity
			}
		}
	}
	for _, l := range o.Lines {
		if pieces[l.SKU] > l.Quantity {
			c.Errorf("SHP-6: %d of %d %s are in parcels", pieces[l.SKU], l.Quantity, l.SKU)
		}
	}
	kept := slices.ContainsFunc(o.Lines, func(l order.Line) bool {
		n, _, _ := o.RefundedOf(l.SKU)
		return l.NeedsParcel() && n < l.Quantity
	})
	switch {
	case !slices.ContainsFunc(o.WithoutReleased().Lines, order.Line.NeedsParcel):
		return 0
	case !kept: // they were refunded before or after they were sent
		return due
	case !packed && c.placement.Terms.ParcelWeight == 0 && c.placement.Terms.ParcelPieces == 0:
		return 1
	}
	return due
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
