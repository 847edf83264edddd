package audit

import "fmt"

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
		if n > 1 {
			a.broke(DoubleCharges, fmt.Sprintf("%s was charged %d times", id, n))
		}
	}
	for id, n := range captured {
		if n > 1 {
			a.broke(DoubleCaptures, fmt.Sprintf("%s was captured %d times", id, n))
		}
	}
	for id, n := range a.captures {
		if n > 1 {
			a.broke(DoubleCaptures, fmt.Sprintf("the charge %s was captured %d times", id, n))
		}
	}
}

// countRefunds counts the refunds that were made twice under one key of ours, and
// those of ours that the record does not know.
func (a *audit) countRefunds() {
	keys := map[string]int{}
	for _, r := range a.outside.refunds {
		key := r.Metadata["key"]
		if key == "" || !r.moves() {
			continue
		}
		if keys[key]++; keys[key] > 1 {
			a.broke(DoubleRefunds, fmt.Sprintf("%s was refunded %d times", key, keys[key]))
		} else if !a.refs[r.ID] {
			a.broke(DoubleRefunds, fmt.Sprintf("the record does not know the refund %s, %s", r.ID, key))
		}
	}
}

// sumMoney adds up what the shop has of each payment: captured, less refunded, less
// disputed.
func (o *outside) sumMoney() {
	o.money, o.ofOrder = map[string]int64{}, map[string][]string{}
	for id, i := range o.intents {
		o.ofOrder[i.order()] = append(o.ofOrder[i.order()], id)
	}
	for _, c := range o.charges {
		o.money[c.PaymentIntent] += c.AmountCaptured
	}
	for _, r := range o.refunds {
		if r.moves() {
			o.money[r.PaymentIntent] -= r.Amount
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
		refunded, paidOut := int64(0), int64(0)
		for _, r := range a.record.refunds[o.id] {
			if r.paymentRef == p.reference && r.moves() {
				refunded += r.amount
				if r.paidOut {
					paidOut += r.amount
				}
			}
		}
		if refunded != p.refunded {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: %d refunded of %s, its refunds add up to %d", o.id, p.refunded, p.reference, refunded))
		}
		if p.provider != "stripe" {
			continue
		}
		if recorded, real := p.captured-p.refunded+paidOut-p.disputed, a.money[p.reference]; recorded != real {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: the record has %d of %s (captured %d, refunded %d, disputed %d), Stripe %d",
				o.id, recorded, p.reference, p.captured, p.refunded-paidOut, p.disputed, real))
		}
	}
	for _, i := range a.ofOrder[o.id] {
		if !known[i] && a.money[i] != 0 {
			a.broke(LedgerDifferences, fmt.Sprintf("%s: the record does not know %s, which has %d", o.id, i, a.money[i]))
		}
	}
	if kept := a.kept(o.id); kept < 0 {
		a.broke(LedgerDifferences, fmt.Sprintf("%s: %d more was refunded and disputed than was captured", o.id, -kept))
	}
}

// kept returns what the shop has of an order's money, at all providers and in its own
// hands.
func (a *audit) kept(id string) (sum int64) {
	for _, p := range a.payments[id] {
		sum += p.captured - p.refunded - p.disputed
	}
	return sum
}
