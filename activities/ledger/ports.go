// Package ledger has the activities that import settlements and compare the ledger
// with the record and with the payment provider, and the ports they need.
package ledger

import (
	"context"
	"time"

	"purser/ledger"
	"purser/order"
)

// Books reads the record of orders together with the ledger.
type Books interface {
	// Books returns orders with what the ledger has of them.
	Books(ctx context.Context, ids []order.ID) ([]ledger.Books, error)
	// MarkChecked says that orders were checked, each with its entries up to one.
	MarkChecked(ctx context.Context, last map[order.ID]int64) error
}

// Candidates finds the orders that a check looks at.
type Candidates interface {
	// UncheckedOrders lists orders that have entries since they were last checked.
	UncheckedOrders(ctx context.Context, limit int) ([]order.ID, error)
	// UnbalancedOrders lists orders whose payments differ from their entries.
	UnbalancedOrders(ctx context.Context, limit int) ([]order.ID, error)
	// LatestOrders lists orders placed at a time or later, the oldest first, so that
	// their payments are listed together.
	LatestOrders(ctx context.Context, placedSince time.Time, after order.ID, limit int) ([]order.ID, error)
}

// Differences keeps what checks have found.
type Differences interface {
	// OrdersThatDiffer lists the orders with open differences, in the order of their
	// IDs.
	OrdersThatDiffer(ctx context.Context, after order.ID, limit int) ([]order.ID, error)
	// RecordDifferences writes what a check of orders has found, and resolves their
	// differences that it has not found any more.
	RecordDifferences(ctx context.Context, checked []order.ID, found []ledger.Difference) error
}

// Reports keeps which differences a person was asked about.
type Reports interface {
	UnreportedDifferences(ctx context.Context, limit int) ([]ledger.Difference, error)
	MarkReported(ctx context.Context, ids []int64) error
}

// Settlements books settlements.
type Settlements interface {
	// SettlementsImported returns the time of the last settlement of a complete
	// import; it is zero if there was none.
	SettlementsImported(ctx context.Context) (time.Time, error)
	SetSettlementsImported(ctx context.Context, until time.Time) error
	// AddSettlements books settlements and returns how many entries that added. One
	// that is booked already adds none. It fails with ledger.ErrUnbalanced.
	AddSettlements(ctx context.Context, all []ledger.Settlement) (added int64, err error)
}

// Payments reports what the payment provider has. Every error is a
// *order.ProviderError.
type Payments interface {
	// Totals returns the totals of payments, few requests for many of them. It leaves
	// out payments that do not exist. The amounts may lag behind for a payment whose
	// refunds have failed or that is captured in parts.
	Totals(ctx context.Context, asked []ledger.Asked) (map[string]ledger.Totals, error)
	// Total returns the totals of one payment, from its refunds and disputes
	// themselves. It fails with order.ErrNoSuch.
	Total(ctx context.Context, ref string) (ledger.Totals, error)
}

// Balance reports the changes of the balance that the payment provider keeps. Every
// error of its own is a *order.ProviderError.
type Balance interface {
	// Settlements calls f with all settlements since a time, page by page, the latest
	// first. Those that cannot be read are passed to it as problems.
	Settlements(ctx context.Context, since time.Time, f func(page []ledger.Settlement, problems []error) error) error
}
