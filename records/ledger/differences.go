package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// RecordDifferences writes what a check has found about orders and settlements. A
// difference that is open already is updated, and a person is not asked about it
// again; an open difference of what was checked that was not found any more is
// resolved. What was checked is not in doubt any more.
func (s *Store) RecordDifferences(ctx context.Context, checked []ledger.Doubt, found []ledger.Difference) error {
	now := sqldb.Micros(s.DB.Now())
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		open, err := openDifferences(ctx, q, checked)
		if err != nil {
			return err
		}
		for _, d := range found {
			delete(open, subjectOf(d))
			_, err := q.Exec(ctx, `
				INSERT INTO ledger_differences (order_id, payment, ref, party, source, account, currency, record, ledger, payment_row, provider, why, found_at, report, reported_at, resolved_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)
				ON CONFLICT (order_id, payment, ref, party, source, account, currency) WHERE resolved_at = 0 DO UPDATE SET
					record = excluded.record, ledger = excluded.ledger, payment_row = excluded.payment_row, provider = excluded.provider, why = excluded.why`,
				string(d.OrderID), d.Payment, d.Ref, d.Party, d.Source, string(d.Account), d.Currency, d.Record, d.Ledger, d.Row, d.Provider, d.Why, now)
			if err != nil {
				return err
			}
		}
		for _, id := range open {
			if _, err := q.Exec(ctx, "UPDATE ledger_differences SET resolved_at = ? WHERE id = ?", now, id); err != nil {
				return err
			}
		}
		for _, d := range checked {
			if _, err := q.Exec(ctx, "DELETE FROM ledger_doubts WHERE order_id = ? AND party = ? AND source = ?", string(d.OrderID), d.Party, d.Source); err != nil {
				return err
			}
		}
		return nil
	})
	return sqldb.WrapError("record differences", err)
}

func subjectOf(d ledger.Difference) string {
	return fmt.Sprintf("%q %d %q %q %q %q %q", d.OrderID, d.Payment, d.Ref, d.Party, d.Source, d.Account, d.Currency)
}

// openDifferences returns the IDs of the open differences about orders and settlements.
func openDifferences(ctx context.Context, q sqldb.Querier, about []ledger.Doubt) (map[string]int64, error) {
	var orders, sources []string
	for _, d := range about {
		if d.Source == "" {
			orders = append(orders, string(d.OrderID))
		} else {
			sources = append(sources, d.Source)
		}
	}
	open := map[string]int64{}
	for _, part := range []struct {
		condition string
		names     []string
	}{{"source = '' AND order_id IN ", orders}, {"source <> '' AND source IN ", sources}} {
		if len(part.names) == 0 {
			continue
		}
		list, args := sqldb.In(part.names)
		err := sqldb.Each(ctx, q, "SELECT "+differenceColumns+" FROM ledger_differences WHERE resolved_at = 0 AND "+part.condition+list, args, func(r *sql.Rows) error {
			d, err := scanDifference(r)
			if d.Source == "" || slices.Contains(about, ledger.Doubt{Party: d.Party, Source: d.Source}) {
				open[subjectOf(d)] = d.ID
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return open, nil
}

const differenceColumns = "id, order_id, payment, ref, party, source, account, currency, record, ledger, payment_row, provider, why, found_at, reported_at, resolved_at"

func scanDifference(r *sql.Rows) (d ledger.Difference, err error) {
	var found, reported, resolved int64
	err = r.Scan(&d.ID, &d.OrderID, &d.Payment, &d.Ref, &d.Party, &d.Source, &d.Account, &d.Currency, &d.Record, &d.Ledger, &d.Row, &d.Provider, &d.Why, &found, &reported, &resolved)
	d.FoundAt, d.ReportedAt, d.ResolvedAt = sqldb.FromMicros(found), sqldb.FromMicros(reported), sqldb.FromMicros(resolved)
	return d, err
}

// DifferenceFilter selects differences.
type DifferenceFilter struct {
	OrderID  order.ID // empty: of all orders
	Resolved bool     // also those that are gone
	Before   int64    // only those with a lower ID; 0: all
	Limit    int
}

// Differences lists differences, the latest first.
func (s *Store) Differences(ctx context.Context, f DifferenceFilter) (all []ledger.Difference, err error) {
	query, args := "SELECT "+differenceColumns+" FROM ledger_differences WHERE id < ?", []any{cmp.Or(f.Before, math.MaxInt64)}
	if !f.Resolved {
		query += " AND resolved_at = 0"
	}
	if f.OrderID != "" {
		query, args = query+" AND order_id = ?", append(args, string(f.OrderID))
	}
	all, err = s.listDifferences(ctx, query+" ORDER BY id DESC LIMIT ?", append(args, sqldb.PageSize(f.Limit))...)
	return all, sqldb.WrapError("differences", err)
}

func (s *Store) listDifferences(ctx context.Context, query string, args ...any) (all []ledger.Difference, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), query, args, func(r *sql.Rows) error {
		d, err := scanDifference(r)
		all = append(all, d)
		return err
	})
	return all, err
}

// DifferencesAfter lists open differences with a higher ID, the oldest first.
func (s *Store) DifferencesAfter(ctx context.Context, id int64, limit int) ([]ledger.Difference, error) {
	all, err := s.listDifferences(ctx, "SELECT "+differenceColumns+" FROM ledger_differences WHERE id > ? AND resolved_at = 0 ORDER BY id LIMIT ?", id, sqldb.PageSize(limit))
	return all, sqldb.WrapError("differences", err)
}

// DifferenceOpen reports whether there is a difference that is not resolved.
func (s *Store) DifferenceOpen(ctx context.Context, id int64) (bool, error) {
	var resolved int64
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT resolved_at FROM ledger_differences WHERE id = ?", []any{id}, &resolved)
	return found && resolved == 0, sqldb.WrapError("difference", err)
}

// CountDifferences returns how many differences are open, and how many orders they are
// about.
func (s *Store) CountDifferences(ctx context.Context) (differences, orders int, err error) {
	_, err = sqldb.First(ctx, s.DB.Reader(), `
		SELECT COUNT(*), COUNT(DISTINCT CASE WHEN order_id <> '' THEN order_id END) FROM ledger_differences WHERE resolved_at = 0`, nil, &differences, &orders)
	return differences, orders, sqldb.WrapError("count differences", err)
}
