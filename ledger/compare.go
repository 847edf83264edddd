package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"purser/order"
)

// Books are an order as the record has it, and what the ledger has of it.
type Books struct {
	Order order.Order
	// Rows are the order's payments as the table of payments has them. It is nil if
	// the table was not read.
	Rows     []PaymentRow
	Balances []AccountBalance
	// LastEntry is the ID of the order's last entry; 0: it has none.
	LastEntry int64
}

// PaymentRow is what the table of payments has of a payment.
type PaymentRow struct {
	Number                                   int
	Provider, Reference, Currency            string
	Authorized, Captured, Refunded, Disputed int64
	Surplus                                  bool
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

// Reversed is what a provider has of the refunds and disputes of a payment, read from
// these themselves.
type Reversed struct {
	Refunded int64 // minor units; also refunds that are pending
	Disputed bool  // there is a dispute, whatever has come of it
}

// Asked is a payment whose totals a provider is asked for.
type Asked struct {
	Ref      string
	PlacedAt time.Time // when its order was placed; payments are made soon after
}

// subject identifies what a difference of an order is about.
type subject struct {
	payment    int
	party, ref string
	account    Account
}

// natural lists the accounts that are compared, with the sign that makes their usual
// balance positive. The accounts of settlements are compared by CompareSettlement.
var natural = map[Account]int64{Authorized: 1, Clearing: 1, Captured: -1, Refunded: 1, Disputed: 1, Surplus: -1}

// comparison collects the differences of one order.
type comparison struct {
	order order.Order
	books map[subject]int64
	found map[subject]Difference
}

// Compare returns where the ledger differs from the record, where the table of
// payments differs from the order, and, for each payment in totals, where the
// provider differs from the record. A payment without totals is not compared with its
// provider.
func Compare(b Books, totals map[string]Totals) []Difference {
	c := comparison{order: b.Order, books: map[subject]int64{}, found: map[subject]Difference{}}
	record := map[subject]int64{}
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
		add(c.books, place{payment: a.Payment, party: a.Party, ref: a.Ref}, a.Account, a.Amount)
	}
	for _, s := range union(record, c.books) {
		if record[s] != c.books[s] {
			c.found[s] = c.difference(s, record[s], "the ledger differs from the record")
		}
	}
	if b.Rows != nil {
		c.compareRows(b.Rows)
	}
	for _, p := range b.Order.Payments {
		if has, ok := totals[p.Reference]; ok && p.AtProvider() {
			c.compareProvider(p, has)
		}
	}
	return sorted(c.found)
}

func sorted(found map[subject]Difference) []Difference {
	all := make([]Difference, 0, len(found))
	for _, d := range found {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Payment, b.Payment), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Party, b.Party), cmp.Compare(a.Ref, b.Ref))
	})
	return all
}

// amount is the balance of an account as one side has it.
type amount struct {
	account Account
	n       int64
}

// amounts returns the balances that the sums of a payment lead to. The ledger has only
// the net amount of a surplus.
func amounts(surplus bool, captured, refunded, disputed int64) []amount {
	if surplus {
		return []amount{{Surplus, captured - refunded - disputed}}
	}
	return []amount{{Captured, captured}, {Refunded, refunded}, {Disputed, disputed}}
}

// compareRows adds where the table of payments differs from the order.
func (c *comparison) compareRows(rows []PaymentRow) {
	byNumber := map[int]PaymentRow{}
	for _, r := range rows {
		byNumber[r.Number] = r
	}
	for _, p := range c.order.Payments {
		r, ok := byNumber[p.Number]
		delete(byNumber, p.Number)
		if p.Reference == "" { // the row keeps the one that a lost attempt had
			r.Provider, r.Reference = p.Provider, ""
		}
		is := PaymentRow{p.Number, p.Provider, p.Reference, c.order.Total.Currency, p.Authorized, p.Captured, p.Refunded, p.Disputed, p.Surplus}
		if r != is {
			c.compareRow(is, r, ok)
		}
	}
	for _, r := range byNumber { // payments that the order does not have
		c.compareRow(PaymentRow{Number: r.Number, Provider: r.Provider, Reference: r.Reference, Surplus: r.Surplus}, r, true)
	}
}

// compareRow adds where a row differs from the payment as the order has it.
func (c *comparison) compareRow(is, row PaymentRow, ok bool) {
	why := "the payment's row in the database differs from the order"
	switch {
	case !ok:
		why = "the payment has no row in the database"
	case row.Reference != is.Reference || row.Provider != is.Provider:
		why = fmt.Sprintf("the payment's row in the database names %s %.64q", row.Provider, row.Reference)
	case row.Currency != is.Currency:
		why = fmt.Sprintf("the payment's row in the database is in %.8q", row.Currency)
	case row.Surplus != is.Surplus:
		why = "the payment's row in the database and the order differ about whether it is a surplus"
	}
	other := notAtProvider(c.order, order.Payment{Reference: is.Reference, Refunded: is.Refunded})
	has := append(amounts(is.Surplus, row.Captured, row.Refunded-other, row.Disputed), amount{Authorized, row.Authorized})
	listed := false
	for i, a := range append(amounts(is.Surplus, is.Captured, is.Refunded-other, is.Disputed), amount{Authorized, is.Authorized}) {
		if a.n != has[i].n {
			listed = true
			c.set(subject{is.Number, is.Provider, is.Reference, a.account}, a.n, why, func(d *Difference) { d.Row = &has[i].n })
		}
	}
	if !listed { // the difference is not in an amount, or not in the net amount of a surplus
		first := amounts(is.Surplus, is.Captured, is.Refunded-other, is.Disputed)[0]
		c.set(subject{is.Number, is.Provider, is.Reference, first.account}, first.n, why, func(d *Difference) { d.Row = &has[0].n })
	}
}

// set adds a difference, or what another side has to a difference that is known
// already.
func (c *comparison) set(s subject, record int64, why string, side func(*Difference)) {
	d, known := c.found[s]
	switch {
	case !known:
		d = c.difference(s, record, why)
	case d.Why != why:
		d.Why += "; " + why
	}
	side(&d)
	c.found[s] = d
}

// compareProvider adds where a provider differs from the record about a payment.
func (c *comparison) compareProvider(p order.Payment, has Totals) {
	// A refund that was asked for may or may not have reached the provider.
	refunded, asked := p.Refunded-notAtProvider(c.order, p), int64(0)
	for _, r := range c.order.Refunds {
		if r.PaymentRef == p.Reference && r.Status == order.RefundRequested {
			asked += r.Amount.Amount
		}
	}
	if has.Refunded >= refunded-asked && has.Refunded < refunded {
		has.Refunded = refunded
	}
	record := amounts(p.Surplus, p.Captured, refunded, p.Disputed)
	at := func(a amount) subject { return subject{p.Number, p.Provider, p.Reference, a.account} }
	if has.Problem != "" {
		c.set(at(record[0]), record[0].n, "the provider's amounts cannot be read: "+has.Problem, func(*Difference) {})
		return
	}
	why, other := "the provider differs from the record", has.Currency != c.order.Total.Currency
	if other {
		why = "the provider has the payment in " + has.Currency
	}
	// The net amount of a surplus may be the same although its parts differ.
	parts := p.Surplus && (p.Captured != has.Captured || refunded != has.Refunded || p.Disputed != has.Disputed)
	if parts {
		why += fmt.Sprintf(" (captured %d, refunded %d, disputed %d, in the smallest unit)", has.Captured, has.Refunded, has.Disputed)
	}
	for i, have := range amounts(p.Surplus, has.Captured, has.Refunded, has.Disputed) {
		side := func(d *Difference) { d.Provider = &have.n }
		_, known := c.found[at(have)]
		switch {
		case record[i].n != have.n || parts || other && have.n != 0:
			c.set(at(have), record[i].n, why, side)
		case known: // of the ledger or of the row alone
			d := c.found[at(have)]
			side(&d)
			c.found[at(have)] = d
		}
	}
}

func (c *comparison) difference(s subject, record int64, why string) Difference {
	return Difference{
		OrderID: c.order.ID, Payment: s.payment, Ref: s.ref, Party: s.party, Account: s.account, Currency: c.order.Total.Currency,
		Record: record, Ledger: c.books[s], Why: why,
	}
}

func union[K comparable](maps ...map[K]int64) []K {
	seen := map[K]bool{}
	var all []K
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
		if p.Reference != "" && p.AtProvider() {
			asked = append(asked, Asked{Ref: p.Reference, PlacedAt: o.PlacedAt})
		}
	}
	return asked
}
