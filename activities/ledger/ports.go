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
	// UncheckedOrders lists orders that have entries since they were last checked, by
	// the entries after one of them; next is the last entry that was looked at, 0 if
	// there are none.
	UncheckedOrders(ctx context.Context, after int64, limit int) (ids []order.ID, next int64, err error)
	// UnbalancedOrders lists orders whose payments differ from their entries.
	UnbalancedOrders(ctx context.Context, after order.ID, limit int) ([]order.ID, error)
	// LatestOrders lists orders placed at a time or later, the oldest first, so that
	// their payments are listed together.
	LatestOrders(ctx context.Context, placedSince time.Time, after order.ID, limit int) ([]order.ID, error)
}

// Doubts keeps what must be looked at again. It is in the record, so that it outlives
// a check that is stopped, and so that a check may find any number.
type Doubts interface {
	AddDoubts(ctx context.Context, all []ledger.Doubt, now time.Time) error
	// Doubts lists what is in doubt since a time or longer.
	Doubts(ctx context.Context, since time.Time, after ledger.Doubt, limit int) ([]ledger.Doubt, error)
	// Differing lists what open differences are about.
	Differing(ctx context.Context, after ledger.Doubt, limit int) ([]ledger.Doubt, error)
}

// Differences keeps what checks have found.
type Differences interface {
	// RecordDifferences writes what a check has found, and resolves the differences of
	// what it has checked that it has not found any more.
	RecordDifferences(ctx context.Context, checked []ledger.Doubt, found []ledger.Difference) error
	// CountDifferences returns how many differences are open, and of how many orders.
	CountDifferences(ctx context.Context) (differences, orders int, err error)
}

// Reports keeps which differences a person was asked about.
type Reports interface {
	// ClaimReport returns the oldest report that a person was not asked with yet: its
	// first differences and how many it has. Each difference belongs to one report. The
	// ID is 0 if there is nothing to report.
	ClaimReport(ctx context.Context, limit int) (report int64, first []ledger.Difference, count int, err error)
	MarkReported(ctx context.Context, report int64) error
}

// Imports keeps how far the settlements are imported.
type Imports interface {
	ImportProgress(ctx context.Context) (ledger.ImportProgress, error)
	SetImportProgress(ctx context.Context, p ledger.ImportProgress) error
}

// Settlements books settlements.
type Settlements interface {
	// AddSettlements books settlements. One that is booked already adds nothing. One
	// that cannot be booked, or that differs from how it was imported, is in doubt since
	// now.
	AddSettlements(ctx context.Context, all []ledger.Settlement, now time.Time) (ledger.Booked, error)
	// DoubtMissing notes as in doubt the settlements after from, up to to, that are
	// recorded and not listed.
	DoubtMissing(ctx context.Context, from, to time.Time, listed []ledger.Doubt, now time.Time) error
	// UnbalancedSettlements lists settlements whose entries are not what they were
	// booked as.
	UnbalancedSettlements(ctx context.Context, after ledger.Doubt, limit int) ([]ledger.Doubt, error)
	// SettlementBooks returns settlements with what the ledger has of them, in the given
	// order.
	SettlementBooks(ctx context.Context, wanted []ledger.Doubt) ([]ledger.SettlementBooks, error)
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
	// Reversals returns the refunds and disputes made since a time, by the references
	// of their payments.
	Reversals(ctx context.Context, since time.Time) (map[string]ledger.Reversed, error)
}

// Balance reports the changes of the balance that the payment provider keeps. Every
// error of its own is a *order.ProviderError.
type Balance interface {
	// Settlements calls f with all settlements from a time up to and including another,
	// page by page, the latest first. The zero time is no limit. One that cannot be read
	// has a problem.
	Settlements(ctx context.Context, from, to time.Time, f func(page []ledger.Settlement) error) error
	// Settlement returns one settlement. It fails with order.ErrNoSuch.
	Settlement(ctx context.Context, id string) (ledger.Settlement, error)
}
