// Package ledger defines the shop's books: the accounts, the entries that an
// order's payments and a provider's settlements lead to, and the comparison of the
// books with the record and with the provider. It does no I/O.
package ledger

import (
	"time"

	"purser/order"
)

// Account is one side of an entry.
type Account string

// The accounts of an order's payments, in the order's currency.
const (
	// Authorized is what shoppers' banks have held, less what was voided; captures
	// do not reduce it. Holds is its other side.
	Authorized Account = "authorized"
	Holds      Account = "holds"
	// Clearing is what a provider, or for manual payments the shop's own bank, has
	// of the shop's money: captured - refunded - disputed.
	Clearing Account = "clearing"
	Captured Account = "captured"
	Refunded Account = "refunded" // also refunds that are pending
	Disputed Account = "disputed" // disputed, or lost in a dispute
	// Surplus is money that no order needs, and that must be refunded.
	Surplus Account = "surplus"
)

// The accounts of settlements, which are in the currency of the provider's balance.
const (
	Settlements Account = "settlements" // what left the clearing account; in the currency that the shopper paid in
	Balance     Account = "balance"     // what the provider keeps for the shop
	Fees        Account = "fees"
	// Exchange is the other side of both currencies when a provider converts money.
	Exchange    Account = "exchange"
	Payouts     Account = "payouts"     // sent to the shop's bank account
	Adjustments Account = "adjustments" // everything else that changed the balance
)

// Kind says what led to an entry.
type Kind string

// The kinds of entries.
const (
	ByOrder      Kind = "order"      // an amount of a payment changed
	ByCorrection Kind = "correction" // the record replaced what a lost attempt wrote
	BySettlement Kind = "settlement" // the provider's balance changed
)

// Entry moves an amount from one account to another, so that every entry, and with
// it the ledger, adds up to zero. Entries are never changed or deleted.
type Entry struct {
	ID      int64       `json:"id,omitempty"`
	Kind    Kind        `json:"kind"`
	OrderID order.ID    `json:"orderId,omitempty"` // empty: no order is known for a settlement
	Payment int         `json:"payment,omitempty"` // the payment's number within the order
	Ref     string      `json:"ref,omitempty"`     // the payment's reference at its provider
	Party   string      `json:"party"`             // who has the money: a provider, order.Manual, or order.Credit
	Debit   Account     `json:"debit"`
	Credit  Account     `json:"credit"`
	Amount  order.Money `json:"amount"` // above zero
	// Source is the provider's id of the balance transaction that a settlement came
	// with, and Line the number of the entry among those of that transaction.
	Source string `json:"source,omitempty"`
	Line   int    `json:"line,omitempty"`
	// Version is the version of the order with which the entry was written.
	Version int64     `json:"version,omitempty"`
	At      time.Time `json:"at"` // when it happened
	// BookedAt is the date in the books. It is At, unless the period of At was closed
	// when the entry was written.
	BookedAt time.Time `json:"bookedAt"`
}

// Corrects returns the closed period, such as "2026-03", to which an entry belongs
// that is booked in another one; "" for all other entries.
func (e Entry) Corrects() string {
	if period := PeriodOf(e.At); period != PeriodOf(e.BookedAt) {
		return period
	}
	return ""
}

// PeriodLayout is the form of a period, which is a month in UTC.
const PeriodLayout = "2006-01"

// PeriodOf returns the period of a time.
func PeriodOf(t time.Time) string { return t.UTC().Format(PeriodLayout) }
