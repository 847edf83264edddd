package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Terms are the shop's settings that decide which mails are due.
type Terms struct {
	AskAfter      time.Duration // how long a shopper whose payment was declined may take to try again without a mail
	ReceivedAfter time.Duration // how long an order that is paid may wait for its parcel without a mail
}

// An order must wait longer than the terms say until a mail is certainly due, since it
// may go on before it is known that it waits: by lateMargin, and by lostTask for each kill
// in that time. What an order does that a provider has held up, or of which an attempt
// was lost, is not known from its timeline: such an order is given more.
const (
	lateMargin = 30 * time.Second
	lostTask   = 10 * time.Second // after which the engine gives a lost task to another worker
	heldUp     = 3 * time.Minute
)

// margin returns how much longer than the terms say an order must wait from one moment to
// another.
func (a *audit) margin(from, to int64) time.Duration {
	m := lateMargin
	for _, k := range a.Kills {
		if at := k.UnixMicro(); at >= from && at <= to {
			m += lostTask
		}
	}
	return m
}

// demandedMails returns, by template, what calls for each mail that an order that has
// ended must have caused. Two kinds of mails are not here: return_instructions go out
// because somebody asks for them, of which the ledger of mails itself is the only record,
// and reminder and campaign belong to no change of an order.
func (a *audit) demandedMails(o orderRow) map[string][]string {
	due := map[string][]string{}
	add := func(template, why string) { due[template] = append(due[template], why) }
	events := a.timeline[o.id]
	declined := map[string]bool{}
	received, shipped := false, false
	var booked, asked time.Duration // the least margins
	if a.replacedIn[o.id] {
		booked, asked = heldUp, heldUp
	}
	if laterEvent(events, func(kind string) bool { return kind == "step.delayed" }) != never {
		asked = heldUp
	}
	for i, e := range events {
		switch e.kind {
		case "payment.ready":
			if a.paidInAdvance(o.id, e.ref) {
				add("prepayment", "the shopper is to pay in advance")
			}
			if o.doc.ExchangeOf != nil {
				add("pay_difference", "payment "+e.ref+" asks for the difference to the credit")
			}
			if e.ofChange() {
				add("pay_more", "payment "+e.ref+" can pay for a change")
			}
		case "payment.declined":
			next := laterEvent(events[i+1:], endsDecline)
			if !declined[e.ref] && next-e.at > (a.Terms.AskAfter+max(asked, a.margin(e.at, next))).Microseconds() {
				declined[e.ref] = true
				add("payment_problem", "payment "+e.ref+" was declined, and not tried again")
			}
		case "payment.asked_again":
			add("pay_again", "the hold is about to lapse, payment "+e.ref+" can replace it")
		case "payment.authorized", "payment.not_needed":
			if !received && a.waitsForParcel(e.at, events[i+1:], booked) {
				received = true
				add("received", "the money is held, and no parcel is booked")
			}
		case "payment.captured":
			if !cancelledUnpacked(o, events) {
				add("confirmation", e.kind)
			}
		case "payment.disputed":
			if !strings.Contains(e.why, ": won") && !strings.Contains(e.why, ": lost") {
				add("dispute", "dispute "+e.ref)
			}
		case "parcel.shipped":
			shipped = true
			add("shipped", "parcel "+e.ref)
		case "parcel.delivered":
			if o.doc.method(e.ref) != "pickup" { // who collects it knows
				add("delivered", "parcel "+e.ref)
			}
		case "parcel.ready":
			add("ready", "parcel "+e.ref)
		case "return.requested", "return.approved", "return.rejected", "return.received", "return.expired", "return.cancelled":
			if e.kind != "return.cancelled" || !strings.HasPrefix(e.ref, "parcel-") { // nobody has told the shopper of the return of a parcel
				add(strings.Replace(e.kind, ".", "_", 1), "return "+e.ref)
			}
		case "order.cancelled":
			add("cancelled", e.kind)
		case "order.expired":
			add("expired", e.kind)
		}
	}
	if shipped && o.total == 0 {
		add("confirmation", "an order that costs nothing was shipped")
	}
	for _, r := range a.record.refunds[o.id] {
		if template := map[string]string{"succeeded": "refunded", "failed": "refund_failed"}[r.status]; template != "" && !a.isCredit(o.id, r.paymentRef) {
			add(template, "refund "+r.id+" has "+r.status)
		}
	}
	for _, c := range a.cases[o.id] {
		if c.over-c.openedAt > heldUp.Microseconds() { // nobody is told about a case that is soon over
			add("case", "case "+c.id+" was open for long")
		}
	}
	return due
}

// isCredit reports whether a payment is the value of goods that came back to another
// order, which refunds it and tells the shopper.
func (a *audit) isCredit(id, ref string) bool {
	return slices.ContainsFunc(a.payments[id], func(p paymentRow) bool { return p.reference == ref && p.provider == "credit" })
}

// paidInAdvance reports whether a payment is one that no provider takes.
func (a *audit) paidInAdvance(id, ref string) bool {
	return slices.ContainsFunc(a.payments[id], func(p paymentRow) bool { return p.reference == ref && p.provider == "manual" })
}

// endsDecline reports whether an event means that a shopper whose payment was declined
// is not mailed about it (any more).
func endsDecline(kind string) bool {
	switch kind {
	case "payment.declined", "payment.action_required", "payment.processing", "payment.authorized", "payment.replaced", "order.on_hold", "order.cancel_requested":
		return true
	}
	return false
}

// cancelledUnpacked reports whether an order was cancelled before all of its parcels were
// booked, with the last of which it is confirmed.
func cancelledUnpacked(o orderRow, events []eventRow) bool {
	booked, cancelled := 0, false
	for _, e := range events {
		switch e.kind {
		case "parcel.booked":
			booked++
		case "order.cancelled":
			cancelled = true
		}
	}
	return cancelled && booked < len(o.doc.Shipments)
}

// waitsForParcel reports whether an order whose money is held since then was delayed,
// and had to wait for its parcel for so long that the shopper must be told.
func (a *audit) waitsForParcel(since int64, later []eventRow, margin time.Duration) bool {
	if a.Terms.ReceivedAfter == 0 {
		return false
	}
	delayed := laterEvent(later, func(kind string) bool { return kind == "order.on_hold" })
	for _, e := range later {
		if e.kind == "step.delayed" && strings.HasPrefix(e.why, "Book parcel ") {
			delayed = min(delayed, e.at)
		}
	}
	over := laterEvent(later, func(kind string) bool {
		return kind == "parcel.booked" || kind == "order.cancel_requested" || kind == "payment.lapsed"
	})
	return over-max(margin, a.margin(since, over)).Microseconds() > max(since+a.Terms.ReceivedAfter.Microseconds(), delayed)
}

// laterEvent returns when the first of the events of some kinds happened; never if there
// is no such event.
func laterEvent(events []eventRow, which func(kind string) bool) int64 {
	for _, e := range events {
		if which(e.kind) {
			return e.at
		}
	}
	return never
}

// never is later than every event, and can be added to.
const never = int64(1) << 62

// countUnsent counts the mails that an order's facts call for, and that were neither
// sent nor are known as perhaps sent.
func (a *audit) countUnsent(o orderRow) {
	if !final(o.status) {
		return
	}
	tried := map[string]int{}
	for _, m := range a.record.mails[o.id] {
		switch {
		case m.generation > 1: // it was asked for again
		case m.state == "rejected" || m.state == "skipped":
		default: // those that are due are counted as stuck
			tried[m.template]++
		}
	}
	for template, why := range a.demandedMails(o) {
		if n := tried[template]; n < len(why) {
			a.endedWrong(UnsentMails, o.id, fmt.Sprintf("called for %d mails %q, and %d were sent: %s", len(why), template, n, strings.Join(why, ", ")))
		}
	}
}
