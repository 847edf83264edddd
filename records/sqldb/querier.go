package sqldb

import (
	"context"
	"database/sql"
)

// Querier runs statements with ? for their arguments.
type Querier interface {
	// Exec returns how many rows the statement changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query returns the rows of a query.
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// Insert adds a row whose id the database chooses; inserted is false if ON
	// CONFLICT DO NOTHING skipped the row.
	Insert(ctx context.Context, query string, args ...any) (id int64, inserted bool, err error)
	// BatchSize returns how many rows one statement should insert.
	BatchSize() int
	// ForUpdate returns the suffix that makes a SELECT lock its rows; it is "" if
	// there is no other writer.
	ForUpdate() string
	// clock returns the query for the database's time in microseconds; it is "" if
	// the database has no clock apart from this process's.
	clock() string
}

// Each calls scan for every row of a query.
func Each(ctx context.Context, q Querier, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// First scans the first row of a query into dest. It returns false if the
// query has no rows.
func First(ctx context.Context, q Querier, query string, args []any, dest ...any) (bool, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

// One returns the only value of the first row, or sql.ErrNoRows.
func One[T any](ctx context.Context, q Querier, query string, args ...any) (T, error) {
	var v T
	found, err := First(ctx, q, query, args, &v)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return v, err
}

// InsertRows inserts rows, given as their columns' values one after another.
func InsertRows(ctx context.Context, q Querier, into string, columns int, args []any) error {
	for len(args) > 0 {
		n := min(len(args)/columns, q.BatchSize())
		if _, err := q.Exec(ctx, into+" VALUES "+Values(n, columns), args[:n*columns]...); err != nil {
			return err
		}
		args = args[n*columns:]
	}
	return nil
}

// SkipLocked returns the suffix that makes a SELECT lock its rows, except those
// that another transaction has locked.
func SkipLocked(q Querier) string {
	if lock := q.ForUpdate(); lock != "" {
		return lock + " SKIP LOCKED"
	}
	return ""
}
