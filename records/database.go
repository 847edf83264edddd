package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// database is what the stories of this package need of SQLite or Postgres.
type database interface {
	// write runs f in one transaction and returns when it is durable. f must
	// only change what it can set again: it may be run more than once.
	write(ctx context.Context, f func(ctx context.Context, q querier) error) error
	// writeAlone is write for an f whose every statement may stand alone.
	writeAlone(ctx context.Context, f func(ctx context.Context, q querier) error) error
	// reader answers questions outside any transaction.
	reader() querier
	close() error
}

// querier runs statements with ? for their arguments.
type querier interface {
	// exec answers how many rows it changed.
	exec(ctx context.Context, query string, args ...any) (int64, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// insert adds a row with an id of the database's choosing; inserted is
	// false where ON CONFLICT DO NOTHING did nothing.
	insert(ctx context.Context, query string, args ...any) (id int64, inserted bool, err error)
	// rowsAtOnce is how many rows one statement best inserts.
	rowsAtOnce() int
	// forUpdate is what makes a SELECT lock its rows, if that is needed.
	forUpdate() string
	// clock asks for the database's time in microseconds; "": it has none but
	// ours.
	clock() string
}

// each scans every row of a query.
func each(ctx context.Context, q querier, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := q.query(ctx, query, args...)
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

// first scans the first row of a query into dest; false if there is none.
func first(ctx context.Context, q querier, query string, args []any, dest ...any) (bool, error) {
	rows, err := q.query(ctx, query, args...)
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

// one answers the only value of the first row; sql.ErrNoRows if there is none.
func one[T any](ctx context.Context, q querier, query string, args ...any) (T, error) {
	var v T
	found, err := first(ctx, q, query, args, &v)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return v, err
}

// insertRows inserts rows given as their columns' values, one after another.
func insertRows(ctx context.Context, q querier, into string, columns int, args []any) error {
	for len(args) > 0 {
		n := min(len(args)/columns, q.rowsAtOnce())
		if _, err := q.exec(ctx, into+" VALUES "+values(n, columns), args[:n*columns]...); err != nil {
			return err
		}
		args = args[n*columns:]
	}
	return nil
}

// values writes the placeholders of a multi-row insert: "(?,?),(?,?)".
func values(rows, columns int) string {
	row := "(" + marks(columns) + ")"
	return strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
}

// marks writes n placeholders: "?,?,?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// rebind turns ? into $1, $2, … for Postgres. No statement here holds a
// question mark in a string.
func rebind(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for part := range strings.SplitAfterSeq(query, "?") {
		text, marked := strings.CutSuffix(part, "?")
		b.WriteString(text)
		if marked {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
	}
	return b.String()
}

// micros is a time as the record keeps it; 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// nullable stores an id that is not known yet as NULL, so that it is unique
// once it is.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// isTaken reports whether a statement met a row that has its unique value.
func isTaken(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// failed says which operation of the record went wrong.
func failed(op string, err error) error {
	if err == nil || errors.Is(err, ErrClosed) {
		return err
	}
	return fmt.Errorf("records: %s: %w", op, err)
}
