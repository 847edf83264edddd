package audit

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// countGoods compares the goods of an order that has ended with its money. It counts goods
// that went out more than once, that went out and are not paid, and that are paid and did
// not go out, and reports whether goods and money contradict each other. Each is allowed
// if a person has decided so.
func (a *audit) countGoods(o orderRow, m sums) (contradict bool) {
	worth, unsent, out := int64(0), "", int64(0)
	for _, g := range a.goodsOf(o) {
		if most := g.bought - g.released; g.out > most && !a.knowinglySent(o) {
			a.endedWrong(DoubleParcels, o.id, fmt.Sprintf("has %d pieces of %s in its parcels, of %d", g.out, g.sku, most))
		}
		g.out = min(g.out, g.bought)
		out += g.out
		if g.bought > 0 {
			worth += g.cost * max(g.out-g.back, 0) / g.bought
		}
		if n := g.unsent(); n > 0 && unsent == "" {
			unsent = fmt.Sprintf("%d of %d pieces of %s did not go out, and %d were refunded", n, g.bought, g.sku, g.refunded)
		}
	}
	short := worth - m.kept - a.refundedByPeople(o) - a.takenLater(o)
	switch {
	case a.decided(o.id, "keep"):
	case worth > 0 && short > 0 && !a.decided(o.id, "refund"):
		a.endedWrong(GoodsWithoutMoney, o.id, fmt.Sprintf("is %s: goods of %d are with the shopper, and %d of %d was paid (%d is kept)", o.status, worth, m.own+m.received, m.asked, m.kept))
		return true
	case o.status == "delivered" && unsent != "" && m.kept > 0, o.status != "delivered" && out == 0 && m.kept > 0:
		if unsent == "" {
			unsent = "nothing went out"
		}
		a.endedWrong(MoneyWithoutGoods, o.id, fmt.Sprintf("is %s: the shop still has %d, and %s", o.status, m.kept, unsent))
		return true
	case o.status == "delivered" && unsent != "":
		a.endedWrong(EndedWrong, o.id, "is delivered: "+unsent)
	}
	return a.countReturns(o, m)
}

// knowinglySent reports whether a person knows that the carrier has a parcel with goods
// that were left out.
func (a *audit) knowinglySent(o orderRow) bool {
	for _, l := range a.byOrder[o.id] {
		for _, c := range a.cases[o.id] {
			if c.kind == "parcel_unexpected" && c.about == l.Reference {
				return true
			}
		}
	}
	return false
}

// countReturns compares what was refunded for the goods of each return that came back with
// what the shopper paid for them, less what the shop keeps. An amount is rounded to one
// that can be refunded, once for each line and the fee.
func (a *audit) countReturns(o orderRow, m sums) (wrong bool) {
	least := int64(1)
	if o.currency == "KWD" || o.currency == "BHD" || o.currency == "OMR" || o.currency == "JOD" || o.currency == "TND" {
		least = 10
	}
	for _, r := range o.doc.Returns {
		price, slack := int64(0), least
		for _, of := range r.Lines {
			for _, l := range o.doc.Lines {
				if l.SKU == of.SKU {
					price += l.cost() * of.Received / l.Quantity
					slack += 2 * least
				}
			}
		}
		refunded, tried := int64(0), int64(0) // a refund that failed is a case of its own
		for _, f := range a.record.refunds[o.id] {
			if !r.refundedBy(f.id) {
				continue
			}
			if tried += f.amount; f.moves() {
				refunded += f.amount
			}
		}
		due := max(price-r.Fee-r.Damage, 0)
		switch {
		case refunded > due+slack:
			a.endedWrong(GoodsWithoutMoney, o.id, fmt.Sprintf("has refunded %d for the return %s, whose goods are worth %d less %d", refunded, r.ID, price, r.Fee+r.Damage))
		case tried < due-slack && m.kept > slack:
			a.endedWrong(MoneyWithoutGoods, o.id, fmt.Sprintf("has refunded %d for the return %s, whose goods are worth %d less %d", refunded, r.ID, price, r.Fee+r.Damage))
		default:
			continue
		}
		wrong = true
	}
	return wrong
}

// refundedBy reports whether a refund is for the goods of a return, or of the credit that
// came back from the order that they were exchanged for.
func (r returnDoc) refundedBy(id string) bool {
	return first(id) == "return-"+r.ID || r.Exchange != nil && strings.HasPrefix(id, fmt.Sprintf("exchange-%x-", shortSum(r.ID)))
}

func shortSum(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:8]
}

// first returns the id under which a refund was asked for: a part of it, and one that is
// tried again, have a number behind it.
func first(id string) string {
	before, _, _ := strings.Cut(id, ":")
	return before
}

// ofReturn reports whether the refund is for goods that came back in a return.
func (r refundRow) ofReturn() bool {
	return strings.HasPrefix(r.id, "return-") || strings.HasPrefix(r.id, "exchange-")
}

// refundRequested is the kind of the event that a refund was asked for.
const refundRequested = "payment.refund_requested"

// refundedByPeople returns how much of an order's money people have decided to refund: what
// they asked to be refunded, have refunded at the provider, or have paid out.
func (a *audit) refundedByPeople(o orderRow) (sum int64) {
	asked := map[string]bool{}
	for _, e := range a.timeline[o.id] {
		if e.kind == refundRequested && e.actor != "purser" {
			asked[first(e.ref)] = true
		}
	}
	for _, r := range a.record.refunds[o.id] {
		if r.moves() && (r.paidOut || asked[first(r.id)] || a.askedIn[o.id+" "+first(r.id)]) {
			sum += r.amount
		}
	}
	for _, id := range a.ofOrder[o.id] {
		sum += a.byHand[id]
	}
	return sum
}

// bookedWithin is how long after an order has learned of a dispute a parcel may be booked
// whose booking was under way.
const bookedWithin = 5 * time.Second

// takenLater returns how much of an order's money its bank has claimed back, unless the
// shop knew of the claim when it booked a parcel that went out, and nobody had decided to
// send it.
func (a *audit) takenLater(o orderRow) (sum int64) {
	known := never
	for _, e := range a.timeline[o.id] {
		switch e.kind {
		case "payment.disputed":
			known = min(known, e.at)
		case "order.resolved":
			known = never
		}
	}
	for _, l := range a.byOrder[o.id] {
		if booked := l.Created.UnixMicro(); l.wentOut() && booked > known && booked-known > (bookedWithin+a.margin(known, booked)-lateMargin).Microseconds() {
			return 0
		}
	}
	for _, d := range a.disputes {
		if a.intents[d.PaymentIntent].order() == o.id {
			sum += d.Amount
		}
	}
	return sum
}
