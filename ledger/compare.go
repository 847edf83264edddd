package ledger

import (
	"cmp"
	"slices"
	"time"

	"purser/order"
)

// Books are an order as the record has it, and what the ledger has of it.
type Books struct {
	Order    order.Order
	Balances []AccountBalance
	// LastEntry is the ID of the order's last entry; 0: it has none.
	LastEntry int64
}

// AccountBalance is what the entries of a payment add up to on one account: debits
// less credits.
type AccountBalance struct {
	Payment int
	Party   string
	Ref     string
	Account Account
	Amount  int64
}

// Totals are the amounts of a payment as its provider has them.
type Totals struct {
	Ref      string `json:"ref"`
	Currency string `json:"currency"`
	Captured int64  `json:"captured"` // minor units
	Refunded int64  `json:"refunded"` // also refunds that are pending
	Disputed int64  `json:"disputed"` // disputed, or lost in a dispute
	// Problem says why the amounts cannot be read; they are not compared then.
	Problem string `json:"problem,omitempty"`
}

// Asked is a payment whose totals a provider is asked for.
type Asked struct {
	Ref      string
	PlacedAt time.Time // when its order was placed; payments are made soon after
}

// Difference is an amount that the record, the ledger and the provider do not agree
// about.
type Difference struct {
	ID       int64    `json:"id"`
	OrderID  order.ID `json:"orderId"`
	Payment  int      `json:"payment"` // the payment's number within the order
	Ref      string   `json:"ref"`
	Party    string   `json:"party"`
	Account  Account  `json:"account"`
	Currency string   `json:"currency"`
	Record   int64    `json:"record"` // minor units
	Ledger   int64    `json:"ledger"`
	// Provider is what the payment's provider has; nil if it was not asked, or does
	// not know the payment.
	Provider   *int64    `json:"provider,omitempty"`
	Why        string    `json:"why"`
	FoundAt    time.Time `json:"foundAt"`
	ReportedAt time.Time `json:"reportedAt,omitzero"` // when a person was asked
	ResolvedAt time.Time `json:"resolvedAt,omitzero"` // when a check found that it is gone
}

// subject identifies what a difference is about.
type subject struct {
	payment    int
	party, ref string
	account    Account
}

// natural lists the accounts that are compared, with the sign that makes their usual
// balance positive.
var natural = map[Account]int64{Authorized: 1, Clearing: 1, Captured: -1, Refunded: 1, Disputed: 1, Surplus: -1}

// Compare returns where the ledger differs from the record, and, for each payment in
// totals, where the provider differs from the record. A payment without totals is
// not compared with its provider.
func Compare(b Books, totals map[string]Totals) []Difference {
	record, books := map[subject]int64{}, map[subject]int64{}
	add := func(to map[subject]int64, p place, account Account, amount int64) {
		if sign := natural[account]; sign != 0 {
			to[subject{p.payment, p.party, p.ref, account}] += sign * amount
		}
	}
	for p, amount := range positions(b.Order) {
		add(record, p, p.debit, amount)
		add(record, p, p.credit, -amount)
	}
	for _, a := range b.Balances {
		add(books, place{payment: a.Payment, party: a.Party, ref: a.Ref}, a.Account, a.Amount)
	}
	found := map[subject]Difference{}
	for _, s := range union(record, books) {
		if record[s] != books[s] {
			found[s] = newDifference(b.Order, s, record[s], books[s], "the ledger differs from the record")
		}
	}
	for _, p := range b.Order.Payments {
		if has, ok := totals[p.Reference]; ok && !p.Manual() {
			compareProvider(b.Order, p, has, books, found)
		}
	}
	all := make([]Difference, 0, len(found))
	for _, d := range found {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Payment, b.Payment), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Party, b.Party), cmp.Compare(a.Ref, b.Ref))
	})
	return all
}

// compareProvider adds where a provider differs from the record about a payment.
func compareProvider(o order.Order, p order.Payment, has Totals, books map[subject]int64, found map[subject]Difference) {
	// A refund that was asked for may or may not have reached the provider.
	refunded, asked := p.Refunded-paidOut(o, p), int64(0)
	for _, r := range o.Refunds {
		if r.PaymentRef == p.Reference && r.Status == order.RefundRequested {
			asked += r.Amount.Amount
		}
	}
	if has.Refunded >= refunded-asked && has.Refunded < refunded {
		has.Refunded = refunded
	}
	if has.Problem != "" {
		s := subject{p.Number, p.Provider, p.Reference, Captured}
		found[s] = newDifference(o, s, p.Captured, books[s], "the provider's amounts cannot be read: "+has.Problem)
		return
	}
	why := "the provider differs from the record"
	if has.Currency != o.Total.Currency {
		why = "the provider has the payment in " + has.Currency
	}
	for _, c := range []struct {
		account      Account
		record, have int64
	}{
		{Captured, p.Captured, has.Captured}, {Refunded, refunded, has.Refunded}, {Disputed, p.Disputed, has.Disputed},
	} {
		s := subject{p.Number, p.Provider, p.Reference, c.account}
		d, differs := found[s]
		if c.record == c.have && (has.Currency == o.Total.Currency || c.have == 0) {
			if differs {
				d.Provider = &c.have
				found[s] = d
			}
			continue
		}
		if !differs {
			d = newDifference(o, s, c.record, books[s], why)
			if p.Surplus { // the ledger has only what is left of a surplus
				d.Ledger = c.record
			}
		}
		d.Provider = &c.have
		found[s] = d
	}
}

func newDifference(o order.Order, s subject, record, books int64, why string) Difference {
	return Difference{
		OrderID: o.ID, Payment: s.payment, Ref: s.ref, Party: s.party, Account: s.account, Currency: o.Total.Currency,
		Record: record, Ledger: books, Why: why,
	}
}

func union(maps ...map[subject]int64) []subject {
	seen := map[subject]bool{}
	var all []subject
	for _, m := range maps {
		for s := range m {
			if !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	return all
}

// ToAsk returns the payments of an order whose provider can be asked about them.
func ToAsk(o order.Order) (asked []Asked) {
	for _, p := range o.Payments {
		if p.Reference != "" && !p.Manual() {
			asked = append(asked, Asked{Ref: p.Reference, PlacedAt: o.PlacedAt})
		}
	}
	return asked
}

// CheckResult is the result of a check of the ledger.
type CheckResult struct {
	Orders      int   `json:"orders"`      // that were compared
	Differing   int   `json:"differing"`   // orders that differ
	Settlements int64 `json:"settlements"` // entries of settlements that were imported
	// Unreadable is how many settlements could not be booked; the log names them.
	Unreadable int `json:"unreadable,omitempty"`
	// Problem says why the settlements could not be imported.
	Problem string `json:"problem,omitempty"`
}
