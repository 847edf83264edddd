// Package sqldb is the database layer under the record: connections to SQLite
// and to Postgres that run the same statements, transactions that are durable
// when they return, migrations, and helpers for statements and pages. It does
// not know the record's tables.
package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Options tune a database.
type Options struct {
	// Migrations holds the schema's migrations, migrations/001_what.sql and so on.
	Migrations fs.FS
	// Connections is how many reads (on Postgres: reads and writes) run at
	// once. Default 4 on SQLite, 16 on Postgres.
	Connections int
	// Now returns the time. Default time.Now.
	Now func() time.Time
}

// DB is an open database with its clock. It is safe for concurrent use.
type DB struct {
	Connection
	now func() time.Time
	// ownClock is true if Options.Now was set; it is then used even if the database
	// has a clock that all processes share.
	ownClock bool
	schema   int64 // the version of the schema that this build needs
}

// Connection is what the record needs from SQLite or Postgres.
type Connection interface {
	// Write runs f in one transaction and returns when it is durable. f may run
	// more than once, so it must reset whatever it changes outside the database.
	Write(ctx context.Context, f func(ctx context.Context, q Querier) error) error
	// WriteAlone is Write for an f whose statements need no common transaction.
	WriteAlone(ctx context.Context, f func(ctx context.Context, q Querier) error) error
	// Reader returns a Querier that reads outside any transaction.
	Reader() Querier
	// Close waits for the writes under way and closes the database.
	Close() error
}

// Open opens the database at a URL, "sqlite:///path/file.db" or
// "postgres://…", and brings its schema up to date.
func Open(ctx context.Context, url string, opts Options) (*DB, error) {
	d := &DB{now: opts.Now, ownClock: opts.Now != nil}
	if d.now == nil {
		d.now = time.Now
	}
	var err error
	switch {
	case strings.HasPrefix(url, "sqlite://"):
		d.Connection, err = openSQLite(ctx, strings.TrimPrefix(url, "sqlite://"), opts)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		d.Connection, err = openPostgres(ctx, url, opts)
	default:
		// The URL may hold a password, so the error names only its scheme.
		scheme, _, _ := strings.Cut(url, ":")
		err = fmt.Errorf("records: %q is neither sqlite:// nor postgres://", scheme)
	}
	if err != nil {
		return nil, err
	}
	all, err := steps(opts.Migrations, sqliteDialect) // the versions are those of every dialect
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.schema = latest(all)
	return d, nil
}

// Ping reports whether the database can be reached.
func (d *DB) Ping(ctx context.Context) error {
	if _, err := One[int64](ctx, d.Reader(), "SELECT 1"); err != nil {
		return fmt.Errorf("records: ping: %w", err)
	}
	return nil
}

// Now returns the time of this process.
func (d *DB) Now() time.Time { return d.now() }

// Clock returns the time that all processes on the database share. On SQLite,
// which lives in this process, it is this process's own.
func (d *DB) Clock(ctx context.Context, q Querier) (time.Time, error) {
	if q.clock() == "" || d.ownClock {
		return d.now(), nil
	}
	us, err := One[int64](ctx, q, q.clock())
	return time.UnixMicro(us), err
}

// DeleteInBatches repeats a statement that deletes, or empties, up to batch
// rows until no rows are left, and returns how many there were. Each run is a
// transaction of its own, so that other writers can run in between.
func (d *DB) DeleteInBatches(ctx context.Context, batch int64, statement string, args ...any) (all int64, err error) {
	for {
		var n int64
		err := d.WriteAlone(ctx, func(ctx context.Context, q Querier) (err error) {
			n, err = q.Exec(ctx, statement, args...)
			return err
		})
		if all += n; err != nil || n < batch {
			return all, err
		}
	}
}
