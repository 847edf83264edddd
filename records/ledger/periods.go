package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"purser/ledger"
	"purser/records/sqldb"
)

var (
	// ErrPeriod means that a period is not a month.
	ErrPeriod = errors.New("not a period")
	// ErrNotOver means that a period cannot be closed yet.
	ErrNotOver = errors.New("the period is not over")
)

// Period is a closed period, which is a month in UTC.
type Period struct {
	Name     string // such as "2026-03"
	ClosedAt time.Time
	ClosedBy string
}

// ClosePeriod closes a period and all before it: an entry that belongs to one of
// them is from then on booked at the beginning of the first period that is open. It
// returns the period as it was closed first. It fails with ErrPeriod if it is not a
// month, and with ErrNotOver if it is not over.
func (s *Store) ClosePeriod(ctx context.Context, period, by string) (closed Period, err error) {
	begins, err := time.Parse(ledger.PeriodLayout, period)
	if err != nil {
		return Period{}, fmt.Errorf("%w: %.20q: want a month, such as 2026-03", ErrPeriod, period)
	}
	ends, now := begins.AddDate(0, 1, 0), s.DB.Now()
	if now.Before(ends) {
		return Period{}, fmt.Errorf("%w: %s", ErrNotOver, period)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		if q.ForUpdate() != "" { // wait for the entries that are being written
			if _, err := q.Exec(ctx, "LOCK TABLE ledger_entries IN SHARE MODE"); err != nil {
				return err
			}
		}
		var at int64
		found, err := sqldb.First(ctx, q, "SELECT closed_at, closed_by FROM ledger_periods WHERE period = ?", []any{period}, &at, &closed.ClosedBy)
		if err != nil || found {
			closed.Name, closed.ClosedAt = period, sqldb.FromMicros(at)
			return err
		}
		closed = Period{period, now.UTC().Truncate(time.Microsecond), by}
		_, err = q.Exec(ctx, "INSERT INTO ledger_periods (period, ends_at, closed_at, closed_by) VALUES (?, ?, ?, ?)",
			period, sqldb.Micros(ends), sqldb.Micros(now), by)
		return err
	})
	return closed, sqldb.WrapError("close period", err)
}

// ClosedPeriods lists the periods that were closed, the latest first.
func (s *Store) ClosedPeriods(ctx context.Context) (all []Period, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), "SELECT period, closed_at, closed_by FROM ledger_periods ORDER BY period DESC", nil, func(r *sql.Rows) error {
		var p Period
		var at int64
		err := r.Scan(&p.Name, &at, &p.ClosedBy)
		p.ClosedAt = sqldb.FromMicros(at)
		all = append(all, p)
		return err
	})
	return all, sqldb.WrapError("closed periods", err)
}
