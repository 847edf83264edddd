package recordstest

import (
	"context"
	"database/sql"

	"purser/records/sqldb"
)

// Counting is a connection that counts how many statements each transaction runs
// and how many rows it changes, and calls a hook after each.
type Counting struct {
	sqldb.Connection
	Changed    []int64 // one entry for each transaction
	Statements []int   // one entry for each transaction
	Between    func()
}

// Count returns the database with a Counting connection in place of its own.
func Count(db *sqldb.DB) (*sqldb.DB, *Counting) {
	c := &Counting{Connection: db.Connection}
	counted := *db
	counted.Connection = c
	return &counted, c
}

// Write counts what f changes.
func (c *Counting) Write(ctx context.Context, f func(context.Context, sqldb.Querier) error) error {
	return c.count(ctx, c.Connection.Write, f)
}

// WriteAlone counts what f changes.
func (c *Counting) WriteAlone(ctx context.Context, f func(context.Context, sqldb.Querier) error) error {
	return c.count(ctx, c.Connection.WriteAlone, f)
}

type write func(context.Context, func(context.Context, sqldb.Querier) error) error

func (c *Counting) count(ctx context.Context, run write, f func(context.Context, sqldb.Querier) error) error {
	var n counts
	err := run(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n = counts{}
		return f(ctx, countingQuerier{q, &n})
	})
	c.Changed, c.Statements = append(c.Changed, n.changed), append(c.Statements, n.statements)
	if c.Between != nil {
		c.Between()
	}
	return err
}

type counts struct {
	changed    int64
	statements int
}

type countingQuerier struct {
	sqldb.Querier
	*counts
}

func (q countingQuerier) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := q.Querier.Exec(ctx, query, args...)
	q.changed += n
	q.statements++
	return n, err
}

func (q countingQuerier) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	q.statements++
	return q.Querier.Query(ctx, query, args...)
}
