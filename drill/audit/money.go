package audit

import (
	"fmt"
	"strings"
)

// countPayments counts the orders that were charged, or captured, more than once.
func (a *audit) countPayments() {
	approved, captured := map[string]int{}, map[string]int{}
	for _, c := range a.charges {
		id := a.intents[c.PaymentIntent].order()
		if c.Paid {
			approved[id]++
		}
		if c.Captured {
			captured[id]++
		}
	}
	for id, n := range approved {
		if o, _ := a.order(id); n > o.doc.approvals() {
			a.broke(DoubleCharges, fmt.Sprintf("%s was charged %d times", id, n))
		}
	}
	for id, n := range captured {
		if o, _ := a.order(id); n > o.doc.captures() {
			a.broke(DoubleCaptures, fmt.Sprintf("%s was captured %d times", id, n))
		}
	}
	for id, n := range a.captures {
		if n > 1 {
			a.broke(DoubleCaptures, fmt.Sprintf("the charge %s was captured %d times", id, n))
		}
	}
}

// countRefunds counts the refunds that were made twice for one operation of ours, also
// by several tries, and those of ours that the record does not know.
func (a *audit) countRefunds() {
	made := map[string]int{} // by payment and key, without the number of the try
	for _, r := range a.outside.refunds {
		key := r.Metadata["key"]
		if key == "" || !r.moves() {
			continue
		}
		operation := r.PaymentIntent + " " + key[:max(strings.LastIndex(key, ":"), 0)]
		if made[operation]++; made[operation] > 1 {
			a.broke(DoubleRefunds, fmt.Sprintf("%s was refunded %d times", key, made[operation]))
		} else if !a.refs[r.ID] {
			a.broke(DoubleRefunds, fmt.Sprintf("the record does not know the refund %s, %s", r.ID, key))
		}
	}
}

// sumMoney adds up what the shop has of each payment: captured, less refunded, less
// disputed.
func (o *outside) sumMoney() {
	o.money, o.taken, o.byHand, o.ofOrder = map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string][]string{}
	for id, i := range o.intents {
		o.ofOrder[i.order()] = append(o.ofOrder[i.order()], id)
	}
	for _, c := range o.charges {
		o.money[c.PaymentIntent] += c.AmountCaptured
		o.taken[c.PaymentIntent] += c.AmountCaptured
	}
	for _, r := range o.refunds {
		if r.moves() {
			o.money[r.PaymentIntent] -= r.Amount
			if r.Metadata["key"] == "" {
				o.byHand[r.PaymentIntent] += r.Amount
			}
		}
	}
	for _, d := range o.disputes {
		o.money[d.PaymentIntent] -= d.Amount
	}
}

// note keeps what an event says that no list of objects says: how often a charge was
// captured, and what became of a dispute. The latest event comes first.
func (o *outside) note(e stripeEvent) {
	switch d := e.Data.Object; {
	case e.Type == "charge.captured":
		o.captures[d.ID]++
	case d.Object == "dispute":
		if _, known := o.disputes[d.ID]; known {
			return
		}
		if d.Status == "won" {
			d.Amount = 0
		}
		o.disputes[d.ID] = dispute{d.Amount, d.PaymentIntent}
	}
}

// compareMoney compares what the record says of an order's money with what the
// provider has, and the sums in the record with their parts.
func (a *audit) compareMoney(o orderRow) {
	known := map[string]bool{}
	for _, p := range a.payments[o.id] {
		known[p.reference] = true
		refunded, elsewhere := int64(0), int64(0)
		for _, r := range a.record.refunds[o.id] {
			if r.paymentRef == p.reference && r.moves() {
				refunded += r.amount
				if r.elsewhere() {
					elsewhere += r.amount
				}
			}
		}
		if refunded != p.refunded {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: %d refunded of %s, its refunds add up to %d", o.id, p.refunded, p.reference, refunded))
		}
		all, atProvider := a.booked(o.id, p)
		if kept := p.captured - p.refunded - p.disputed; all != kept {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: the ledger has %d of %s, the record %d", o.id, all, p.reference, kept))
		}
		if p.provider != "stripe" {
			continue
		}
		if real := a.money[p.reference]; atProvider != real {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: the ledger has %d of %s at Stripe, which has %d", o.id, atProvider, p.reference, real))
		}
		if recorded, real := p.captured-p.refunded+elsewhere-p.disputed, a.money[p.reference]; recorded != real {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: the record has %d of %s (captured %d, refunded %d, disputed %d), Stripe %d",
				o.id, recorded, p.reference, p.captured, p.refunded-elsewhere, p.disputed, real))
		}
	}
	for _, i := range a.ofOrder[o.id] {
		if !known[i] && a.money[i] != 0 {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: the record does not know %s, which has %d", o.id, i, a.money[i]))
		}
	}
	a.compareCredit(o)
	if kept := a.kept(o.id); kept < 0 {
		a.broke(LedgerDifferences, fmt.Sprintf("%s: %d more was refunded and disputed than was captured", o.id, -kept))
	}
}

// compareCredit compares the credit that pays for an order with what the order has given
// whose goods came back: as much as the one has, and has not given back, the other lacks.
func (a *audit) compareCredit(o orderRow) {
	of := o.doc.ExchangeOf
	if of == nil {
		return
	}
	has, gave := int64(0), int64(0)
	for _, p := range a.payments[o.id] {
		if p.provider == "credit" {
			has += p.captured - p.refunded
		}
	}
	from, _ := a.order(of.OrderID)
	for _, r := range from.doc.Returns {
		if r.ID == of.ReturnID && r.Exchange != nil && r.Exchange.OrderID == o.id {
			gave += r.Exchange.Credit.Amount
			for _, p := range r.Exchange.Returned {
				gave -= p.Amount
			}
		}
	}
	if has != gave {
		a.broke(LedgerDifferences, fmt.Sprintf("%s has a credit of %d, and the return %s of %s has given %d", o.id, has, of.ReturnID, of.OrderID, gave))
	}
}

// booked returns what the ledger says that the shop has of a payment, and how much of
// that is at the payment's provider.
func (a *audit) booked(id string, p paymentRow) (all, atProvider int64) {
	for _, e := range a.entries[id] {
		amount := e.amount
		switch {
		case e.ref != p.reference || e.debit != "clearing" && e.credit != "clearing":
			continue
		case e.credit == "clearing":
			amount = -amount
		}
		all += amount
		if e.party == p.provider {
			atProvider += amount
		}
	}
	return all, atProvider
}

// kept returns what the shop has of an order's money, at all providers and in its own
// hands.
func (a *audit) kept(id string) (sum int64) {
	for _, p := range a.payments[id] {
		sum += p.captured - p.refunded - p.disputed
	}
	return sum
}
