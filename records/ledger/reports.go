package ledger

import (
	"context"

	"purser/ledger"
	"purser/records/sqldb"
)

// ClaimReport returns the oldest report that a person was not asked with yet: its ID,
// its first differences and how many it has in all. Without one, the open
// differences that belong to no report become one, in one transaction, so that each
// belongs to one report, whichever checks ask for it. The ID is 0 if there is nothing
// to report.
func (s *Store) ClaimReport(ctx context.Context, limit int) (report int64, first []ledger.Difference, count int, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		const oldest = "SELECT report FROM ledger_differences WHERE reported_at = 0 AND report > 0 ORDER BY report LIMIT 1"
		report = 0
		if found, err := sqldb.First(ctx, q, oldest, nil, &report); err != nil || found {
			return err
		}
		if q.ForUpdate() != "" { // another check waits, and finds no difference left
			if _, err := q.Exec(ctx, "LOCK TABLE ledger_differences IN SHARE ROW EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
		_, err := q.Exec(ctx, `
			UPDATE ledger_differences SET report = (SELECT MIN(id) FROM ledger_differences WHERE report = 0 AND reported_at = 0 AND resolved_at = 0)
			WHERE report = 0 AND reported_at = 0 AND resolved_at = 0`)
		if err == nil {
			_, err = sqldb.First(ctx, q, oldest, nil, &report)
		}
		return err
	})
	if err != nil || report == 0 {
		return 0, nil, 0, sqldb.WrapError("claim report", err)
	}
	first, err = s.listDifferences(ctx, "SELECT "+differenceColumns+" FROM ledger_differences WHERE report = ? ORDER BY id LIMIT ?", report, limit)
	if err == nil {
		count, err = sqldb.One[int](ctx, s.DB.Reader(), "SELECT COUNT(*) FROM ledger_differences WHERE report = ?", report)
	}
	return report, first, count, sqldb.WrapError("claim report", err)
}

// MarkReported says that a person was asked with a report.
func (s *Store) MarkReported(ctx context.Context, report int64) error {
	now := sqldb.Micros(s.DB.Now())
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, "UPDATE ledger_differences SET reported_at = ? WHERE report = ? AND reported_at = 0", now, report)
		return err
	})
	return sqldb.WrapError("mark reported", err)
}
