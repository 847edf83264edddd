//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
)

// seat is one caller's handle on the shared connection. database/sql uses it
// from one goroutine at a time.
type seat struct {
	c    *connector
	inTx bool // it holds the token until the transaction ends
}

var (
	_ driver.ConnBeginTx        = (*seat)(nil)
	_ driver.ConnPrepareContext = (*seat)(nil)
	_ driver.ExecerContext      = (*seat)(nil)
	_ driver.QueryerContext     = (*seat)(nil)
)

// take waits for the token. It fails once a sync has failed, because later
// writes might depend on data that never reached the disk.
func (s *seat) take(ctx context.Context) error {
	select {
	case <-s.c.token:
		err := s.c.wal.broken()
		if err != nil {
			s.c.token <- struct{}{}
		}
		return err
	case <-s.c.closed:
		return sql.ErrConnDone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave returns the token and waits until all that has been written so far is
// on disk.
func (s *seat) leave() error {
	mark := s.c.wal.mark()
	s.c.token <- struct{}{}
	return s.c.wal.await(mark)
}

// historyNode is the prefix of the one statement that need not wait. The server
// writes a batch of events, which nobody can see yet, and then, once that
// statement has returned, the transaction that refers to them. The log keeps
// the order, so the sync of the transaction includes the events; waiting twice
// would double the time that each step of a workflow takes.
const historyNode = "REPLACE INTO history_node "

func (s *seat) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if s.inTx {
		return s.c.exec(ctx, query, args)
	}
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	res, err := s.c.exec(ctx, query, args)
	if strings.HasPrefix(query, historyNode) {
		s.c.token <- struct{}{}
		return res, err
	}
	s.c.wal.wrote()
	if syncErr := s.leave(); err == nil {
		err = syncErr
	}
	return res, err
}

func (s *seat) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if s.inTx {
		return s.c.query(ctx, query, args)
	}
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	res, err := s.c.query(ctx, query, args)
	if !reads(query) {
		s.c.wal.wrote()
	}
	if syncErr := s.leave(); err == nil {
		err = syncErr
	}
	return res, err
}

// reads reports whether a statement certainly writes nothing. A statement that
// returns rows may still write, with RETURNING.
func reads(query string) bool {
	verb := strings.TrimSpace(query)
	return len(verb) >= len("select") && strings.EqualFold(verb[:len("select")], "select")
}

// BeginTx begins a transaction and holds the token until it ends.
func (s *seat) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	if _, err := s.c.exec(ctx, "begin", nil); err != nil {
		_ = s.leave() // begin's own error says more
		return nil, err
	}
	s.inTx = true
	return s, nil
}

func (s *seat) Commit() error {
	err := s.c.wal.broken()
	if err == nil {
		_, err = s.c.exec(context.Background(), "commit", nil)
	}
	if err != nil {
		_, _ = s.c.exec(context.Background(), "rollback", nil) // the failed commit may have left it open
	}
	s.c.wal.wrote()
	return s.end(err)
}

// Rollback returns when everything that the transaction read is on disk, since
// the caller may now act on it (for example, on an order that exists already).
// After a failed sync it does not return before the file is closed, because the
// server ignores the error of a rollback.
func (s *seat) Rollback() error {
	_, err := s.c.exec(context.Background(), "rollback", nil)
	err = s.end(err)
	if s.c.wal.broken() != nil {
		<-s.c.closed
	}
	return err
}

func (s *seat) end(err error) error {
	s.inTx = false
	if syncErr := s.leave(); err == nil {
		err = syncErr
	}
	return err
}

func (s *seat) Begin() (driver.Tx, error) {
	return s.BeginTx(context.Background(), driver.TxOptions{})
}

func (s *seat) Prepare(query string) (driver.Stmt, error) {
	return &preparedLater{s, query}, nil
}

func (s *seat) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return s.Prepare(query)
}

// Close rolls back an open transaction. The shared connection stays open.
func (s *seat) Close() error {
	if s.inTx {
		return s.Rollback()
	}
	return nil
}

// preparedLater is a statement that is compiled, or found in the cache, when it
// runs.
type preparedLater struct {
	s     *seat
	query string
}

func (p *preparedLater) Close() error  { return nil }
func (p *preparedLater) NumInput() int { return -1 } // not known

func (p *preparedLater) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return p.s.ExecContext(ctx, p.query, args)
}

func (p *preparedLater) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return p.s.QueryContext(ctx, p.query, args)
}

func (p *preparedLater) Exec(args []driver.Value) (driver.Result, error) {
	return p.ExecContext(context.Background(), named(args))
}

func (p *preparedLater) Query(args []driver.Value) (driver.Rows, error) {
	return p.QueryContext(context.Background(), named(args))
}

func named(values []driver.Value) []driver.NamedValue {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return args
}
