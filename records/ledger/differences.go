package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// RecordDifferences writes what a check of orders has found. A difference that is
// open already is updated, and a person is not asked about it again; an open
// difference of these orders that was not found any more is resolved.
func (s *Store) RecordDifferences(ctx context.Context, checked []order.ID, found []ledger.Difference) error {
	now := sqldb.Micros(s.DB.Now())
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		open, err := openDifferences(ctx, q, checked)
		if err != nil {
			return err
		}
		for _, d := range found {
			delete(open, subjectOf(d))
			_, err := q.Exec(ctx, `
				INSERT INTO ledger_differences (order_id, payment, ref, party, account, currency, record, ledger, provider, why, found_at, reported_at, resolved_at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
				ON CONFLICT (order_id, payment, ref, party, account) WHERE resolved_at = 0 DO UPDATE SET
					currency = excluded.currency, record = excluded.record, ledger = excluded.ledger, provider = excluded.provider, why = excluded.why`,
				string(d.OrderID), d.Payment, d.Ref, d.Party, string(d.Account), d.Currency, d.Record, d.Ledger, d.Provider, d.Why, now)
			if err != nil {
				return err
			}
		}
		for _, id := range open {
			if _, err := q.Exec(ctx, "UPDATE ledger_differences SET resolved_at = ? WHERE id = ?", now, id); err != nil {
				return err
			}
		}
		return nil
	})
	return sqldb.WrapError("record differences", err)
}

func subjectOf(d ledger.Difference) string {
	return fmt.Sprintf("%q %d %q %q %q", d.OrderID, d.Payment, d.Ref, d.Party, d.Account)
}

// openDifferences returns the IDs of the open differences of orders.
func openDifferences(ctx context.Context, q sqldb.Querier, orders []order.ID) (map[string]int64, error) {
	names := make([]string, len(orders))
	for i, id := range orders {
		names[i] = string(id)
	}
	list, args := sqldb.In(names)
	open := map[string]int64{}
	err := sqldb.Each(ctx, q, "SELECT "+differenceColumns+" FROM ledger_differences WHERE resolved_at = 0 AND order_id IN "+list, args, func(r *sql.Rows) error {
		d, err := scanDifference(r)
		open[subjectOf(d)] = d.ID
		return err
	})
	return open, err
}

const differenceColumns = "id, order_id, payment, ref, party, account, currency, record, ledger, provider, why, found_at, reported_at, resolved_at"

func scanDifference(r *sql.Rows) (d ledger.Difference, err error) {
	var found, reported, resolved int64
	err = r.Scan(&d.ID, &d.OrderID, &d.Payment, &d.Ref, &d.Party, &d.Account, &d.Currency, &d.Record, &d.Ledger, &d.Provider, &d.Why, &found, &reported, &resolved)
	d.FoundAt, d.ReportedAt, d.ResolvedAt = sqldb.FromMicros(found), sqldb.FromMicros(reported), sqldb.FromMicros(resolved)
	return d, err
}

// DifferenceFilter selects differences.
type DifferenceFilter struct {
	OrderID    order.ID // empty: of all orders
	Resolved   bool     // also those that are gone
	Unreported bool     // only those about which nobody was asked yet
	Before     int64    // only those with a lower ID; 0: all
	Limit      int
}

// Differences lists differences, the latest first.
func (s *Store) Differences(ctx context.Context, f DifferenceFilter) (all []ledger.Difference, err error) {
	query, args := "SELECT "+differenceColumns+" FROM ledger_differences WHERE id < ?", []any{cmp.Or(f.Before, math.MaxInt64)}
	if !f.Resolved {
		query += " AND resolved_at = 0"
	}
	if f.Unreported {
		query += " AND reported_at = 0"
	}
	if f.OrderID != "" {
		query, args = query+" AND order_id = ?", append(args, string(f.OrderID))
	}
	err = sqldb.Each(ctx, s.DB.Reader(), query+" ORDER BY id DESC LIMIT ?", append(args, sqldb.PageSize(f.Limit)), func(r *sql.Rows) error {
		d, err := scanDifference(r)
		all = append(all, d)
		return err
	})
	return all, sqldb.WrapError("differences", err)
}

// UnreportedDifferences lists the differences about which nobody was asked yet, the
// latest first.
func (s *Store) UnreportedDifferences(ctx context.Context, limit int) ([]ledger.Difference, error) {
	return s.Differences(ctx, DifferenceFilter{Unreported: true, Limit: limit})
}

// OrdersThatDiffer lists the orders with open differences.
func (s *Store) OrdersThatDiffer(ctx context.Context, after order.ID, limit int) ([]order.ID, error) {
	ids, err := s.ids(ctx, "SELECT DISTINCT order_id FROM ledger_differences WHERE resolved_at = 0 AND order_id > ? ORDER BY order_id LIMIT ?", string(after), limit)
	return ids, sqldb.WrapError("orders that differ", err)
}

// MarkReported says that a person was asked about differences.
func (s *Store) MarkReported(ctx context.Context, ids []int64) error {
	now := sqldb.Micros(s.DB.Now().Truncate(time.Microsecond))
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		for _, id := range ids {
			if _, err := q.Exec(ctx, "UPDATE ledger_differences SET reported_at = ? WHERE id = ? AND reported_at = 0", now, id); err != nil {
				return err
			}
		}
		return nil
	})
	return sqldb.WrapError("mark reported", err)
}
