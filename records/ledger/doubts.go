package ledger

import (
	"context"
	"database/sql"
	"time"

	"purser/ledger"
	"purser/records/sqldb"
)

// AddDoubts notes what a check must look at again, since now. What is in doubt already
// stays so since then.
func (s *Store) AddDoubts(ctx context.Context, all []ledger.Doubt, now time.Time) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error { return addDoubts(ctx, q, all, now) })
	return sqldb.WrapError("add doubts", err)
}

func addDoubts(ctx context.Context, q sqldb.Querier, all []ledger.Doubt, now time.Time) error {
	for _, d := range all {
		_, err := q.Exec(ctx, "INSERT INTO ledger_doubts (order_id, party, source, since) VALUES (?, ?, ?, ?) ON CONFLICT (order_id, party, source) DO NOTHING",
			string(d.OrderID), d.Party, d.Source, sqldb.Micros(now))
		if err != nil {
			return err
		}
	}
	return nil
}

// Doubts lists what is in doubt since a time or longer, after one of them.
func (s *Store) Doubts(ctx context.Context, since time.Time, after ledger.Doubt, limit int) ([]ledger.Doubt, error) {
	all, err := s.doubts(ctx, `
		SELECT order_id, party, source FROM ledger_doubts WHERE since <= ? AND (order_id, party, source) > (?, ?, ?)
		ORDER BY order_id, party, source LIMIT ?`, sqldb.Micros(since), string(after.OrderID), after.Party, after.Source, limit)
	return all, sqldb.WrapError("doubts", err)
}

// Differing lists what open differences are about, after one of them.
func (s *Store) Differing(ctx context.Context, after ledger.Doubt, limit int) ([]ledger.Doubt, error) {
	// The order of a settlement's difference does not name what is in doubt.
	all, err := s.doubts(ctx, `
		SELECT DISTINCT order_id, party, source FROM (
			SELECT CASE WHEN source = '' THEN order_id ELSE '' END AS order_id, CASE WHEN source = '' THEN '' ELSE party END AS party, source
			FROM ledger_differences WHERE resolved_at = 0) AS open
		WHERE (order_id, party, source) > (?, ?, ?) ORDER BY order_id, party, source LIMIT ?`,
		string(after.OrderID), after.Party, after.Source, limit)
	return all, sqldb.WrapError("differing", err)
}

// UnbalancedSettlements lists the settlements whose entries are not what they were
// booked as, after one of them. It reads whole tables.
func (s *Store) UnbalancedSettlements(ctx context.Context, after ledger.Doubt, limit int) ([]ledger.Doubt, error) {
	all, err := s.doubts(ctx, `
		SELECT '', party, id FROM (
			SELECT party, id, lines, moved, net FROM ledger_settlements
			UNION ALL
			SELECT party, source, -1, -amount, CASE WHEN debit = 'balance' THEN -amount WHEN credit = 'balance' THEN amount ELSE 0 END
			FROM ledger_entries WHERE source <> '') AS sides
		WHERE (party, id) > (?, ?)
		GROUP BY party, id HAVING SUM(lines) <> 0 OR SUM(moved) <> 0 OR SUM(net) <> 0
		ORDER BY party, id LIMIT ?`, after.Party, after.Source, limit)
	return all, sqldb.WrapError("unbalanced settlements", err)
}

func (s *Store) doubts(ctx context.Context, query string, args ...any) (all []ledger.Doubt, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), query, args, func(r *sql.Rows) error {
		var d ledger.Doubt
		err := r.Scan(&d.OrderID, &d.Party, &d.Source)
		all = append(all, d)
		return err
	})
	return all, err
}
