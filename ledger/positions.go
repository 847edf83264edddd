package ledger

import (
	"cmp"
	"maps"
	"slices"

	"purser/order"
)

// place is what the amounts of entries are added up by.
type place struct {
	payment       int
	party, ref    string
	debit, credit Account
}

// positions returns the amounts of an order's payments as entries would add up to
// them.
func positions(o order.Order) map[place]int64 {
	all := map[place]int64{}
	for _, p := range o.Payments {
		add := func(party string, debit, credit Account, amount int64) {
			if amount != 0 {
				all[place{p.Number, party, p.Reference, debit, credit}] += amount
			}
		}
		captured, refunded, disputed := Captured, Refunded, Disputed
		if p.Surplus {
			captured, refunded, disputed = Surplus, Surplus, Surplus
		}
		byHand, credited := elsewhere(o, p)
		add(p.Provider, Authorized, Holds, p.Authorized)
		add(p.Provider, Clearing, captured, p.Captured)
		add(p.Provider, refunded, Clearing, p.Refunded-byHand-credited)
		add(order.Manual, refunded, Clearing, byHand)
		add(order.Credit, refunded, Clearing, credited)
		add(p.Provider, disputed, Clearing, p.Disputed)
	}
	return all
}

// elsewhere returns how much of a payment was refunded without its provider: by a person,
// and as credit for another order.
func elsewhere(o order.Order, p order.Payment) (byHand, credited int64) {
	for _, r := range o.Refunds {
		switch {
		case r.PaymentRef != p.Reference || !r.Status.Moves():
		case r.Status == order.RefundCredited:
			credited += r.Amount.Amount
		case r.PaidOut:
			byHand += r.Amount.Amount
		}
	}
	byHand = min(byHand, p.Refunded)
	return byHand, min(credited, p.Refunded-byHand)
}

// notAtProvider is what elsewhere returns, in all.
func notAtProvider(o order.Order, p order.Payment) int64 {
	byHand, credited := elsewhere(o, p)
	return byHand + credited
}

// Entries returns the entries that lead from an order as it was to the order as it
// is. There are none if no amount has changed. An amount that was reduced, for
// example because a refund failed, leads to an entry in the other direction.
func Entries(was, now order.Order, kind Kind) []Entry {
	before, after := positions(was), positions(now)
	changed := maps.Clone(after)
	for p, amount := range before {
		changed[p] -= amount
	}
	var entries []Entry
	for _, p := range slices.SortedFunc(maps.Keys(changed), compare) {
		e := Entry{
			Kind: kind, OrderID: now.ID, Payment: p.payment, Ref: p.ref, Party: p.party, Debit: p.debit, Credit: p.credit,
			Amount: order.Money{Amount: changed[p], Currency: now.Total.Currency}, Version: now.Version, At: now.UpdatedAt,
		}
		if e.Amount.Amount < 0 {
			e.Debit, e.Credit, e.Amount.Amount = p.credit, p.debit, -e.Amount.Amount
		}
		if e.Amount.Amount != 0 {
			entries = append(entries, e)
		}
	}
	return entries
}

// sequence is the order in which money moves.
var sequence = []Account{Holds, Captured, Surplus, Clearing}

func compare(a, b place) int {
	return cmp.Or(
		cmp.Compare(a.payment, b.payment),
		cmp.Compare(slices.Index(sequence, a.credit), slices.Index(sequence, b.credit)),
		cmp.Compare(a.debit, b.debit), cmp.Compare(a.party, b.party), cmp.Compare(a.ref, b.ref),
	)
}
