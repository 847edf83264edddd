package ledger

import (
	"time"

	"purser/order"
)

// Doubt names what a check must look at again: an order, or else a settlement by its
// party and the provider's ID of it.
type Doubt struct {
	OrderID order.ID `json:"orderId,omitempty"`
	Party   string   `json:"party,omitempty"`
	Source  string   `json:"source,omitempty"`
}

// Import returns what names the import of settlements itself, which may fail.
func Import() Doubt { return Doubt{Source: "import"} }

// Comparison returns what names the comparison of orders with the provider itself, which
// may fail.
func Comparison() Doubt { return Doubt{Source: "comparison"} }

// Difference is an amount that the record, the ledger and the provider do not agree
// about.
type Difference struct {
	ID       int64    `json:"id"`
	OrderID  order.ID `json:"orderId"`
	Payment  int      `json:"payment"` // the payment's number within the order
	Ref      string   `json:"ref"`
	Party    string   `json:"party"`
	Source   string   `json:"source,omitempty"` // the settlement's ID, if it is about a settlement
	Account  Account  `json:"account"`
	Currency string   `json:"currency"`
	Record   int64    `json:"record"` // minor units
	Ledger   int64    `json:"ledger"`
	// Row is what the payment's row in the database has, if that is not what the
	// order has.
	Row *int64 `json:"row,omitempty"`
	// Provider is what the payment's provider has; nil if it was not asked, or does
	// not know the payment.
	Provider   *int64    `json:"provider,omitempty"`
	Why        string    `json:"why"`
	FoundAt    time.Time `json:"foundAt"`
	ReportedAt time.Time `json:"reportedAt,omitzero"` // when a person was asked
	ResolvedAt time.Time `json:"resolvedAt,omitzero"` // when a check found that it is gone
}

// CheckResult is the result of a check of the ledger.
type CheckResult struct {
	Orders      int   `json:"orders"`      // that were compared
	Differing   int   `json:"differing"`   // orders that differ, also those found before
	Differences int   `json:"differences"` // that are open, also those of settlements
	Settlements int64 `json:"settlements"` // entries of settlements that were imported
	// Unreadable is how many of the settlements that were listed could not be booked.
	// Each is a difference.
	Unreadable int `json:"unreadable,omitempty"`
	// Problem says why the settlements could not be imported.
	Problem string `json:"problem,omitempty"`
}
