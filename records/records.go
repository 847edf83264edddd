// Package records is the SQL record: what was ordered and what became of it,
// what is in stock, what providers reported and which mails went out. It
// outlives the engine's histories. The same statements run on SQLite and on
// Postgres. The only writer of an order is its workflow.
package records

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"purser/order"
)

// What can be wrong beyond the vocabulary's errors.
var (
	// ErrClosed: the store was closed, and nothing was done. Another process
	// can do it.
	ErrClosed = fmt.Errorf("%w: the record is closed", order.ErrUnavailable)
	// ErrCursor: a page's cursor is not one of ours.
	ErrCursor = errors.New("not a valid cursor")
	// ErrNoItem: the inbox has no such item.
	ErrNoItem = errors.New("no such inbox item")
)

// Options tune a store; the zero value is right.
type Options struct {
	// Connections is how many reads (on Postgres: reads and writes) run at
	// once. Default 4 on SQLite, 16 on Postgres.
	Connections int
	// Now tells the time where the caller does not. Default time.Now.
	Now func() time.Time
	// Mail says when an address that keeps bouncing is given up.
	Mail MailRules
}

// Store is the record. It is safe for concurrent use.
type Store struct {
	db   database
	now  func() time.Time
	mail MailRules
	// ownClock: now was handed in, and is used even where the database has a
	// clock that all processes share.
	ownClock bool
	watches  watches
}

// Open opens the record at a URL, "sqlite:///path/file.db" or
// "postgres://…", and brings its schema up to date.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	ownClock := opts.Now != nil
	if opts.Now == nil {
		opts.Now = time.Now
	}
	var db database
	var err error
	switch {
	case strings.HasPrefix(url, "sqlite://"):
		db, err = openSQLite(ctx, strings.TrimPrefix(url, "sqlite://"), opts)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		db, err = openPostgres(ctx, url, opts)
	default:
		// The URL may hold a password, so only its scheme is told.
		scheme, _, _ := strings.Cut(url, ":")
		err = fmt.Errorf("records: %q is neither sqlite:// nor postgres://", scheme)
	}
	if err != nil {
		return nil, err
	}
	return &Store{db: db, now: opts.Now, ownClock: ownClock, mail: opts.Mail.withDefaults()}, nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := one[int64](ctx, s.db.reader(), "SELECT 1"); err != nil {
		return fmt.Errorf("records: ping: %w", err)
	}
	return nil
}

// Close waits for the writes under way and closes the database.
func (s *Store) Close() error { return s.db.close() }
