//go:build !lean

package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
)

// connector lets many callers share one connection to a SQLite file. Each of
// them gets a seat. A seat holds the connection exclusively for one statement
// or one transaction, releases it, and then waits until its writes are on disk.
// So while one transaction is being synced the next ones run, and one sync
// serves all that committed while the disk was busy. SQLite's own
// synchronous=full would sync each transaction alone, with all others waiting.
//
// No seat returns before all it has written or read is on disk. Once a sync
// has failed, every seat fails and the file is left alone, for the next
// process to recover.
//
// The connection also keeps its compiled statements: the server sends the same
// hundred statements over and over, and compiling one costs as much as running
// it.
type connector struct {
	driver   *sqlite.Driver
	raw      rawConn
	token    chan struct{} // holds one token
	closed   chan struct{}
	compiled map[string]driver.Stmt
	wal      *walSync
}

// rawConn is the part of modernc.org/sqlite's connections that is used here.
type rawConn interface {
	driver.Conn
	driver.ConnPrepareContext
}

// keptStatements is far above the number of the server's distinct statements.
// There is a limit because some have a variable number of arguments.
const keptStatements = 500

// openConnector opens the file. The data source must ask for WAL, and for
// synchronous=normal at least, which orders the syncs that checkpoints need.
func openConnector(file, dsn string, open func(string) (logFile, error)) (*connector, error) {
	d := &sqlite.Driver{}
	raw, err := d.Open(dsn)
	if err != nil {
		return nil, err
	}
	c := &connector{
		driver:   d,
		raw:      raw.(rawConn),
		token:    make(chan struct{}, 1),
		closed:   make(chan struct{}),
		compiled: map[string]driver.Stmt{},
	}
	c.token <- struct{}{}
	// SQLite creates the log when it first reads the schema.
	if _, err := c.query(context.Background(), "select count(*) from sqlite_master", nil); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	log, err := open(file + "-wal")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open write-ahead log: %w", err), c.Close())
	}
	c.wal = newWALSync(log)
	if err := c.recoverLog(); err != nil {
		_ = c.Close() // its error would add nothing
		return nil, fmt.Errorf("recover write-ahead log: %w", err)
	}
	return c, nil
}

// recoverLog flushes the log that an earlier process left to disk, and checks
// that SQLite runs with the pragmas that durability depends on.
func (c *connector) recoverLog() error {
	ctx := context.Background()
	for pragma, want := range map[string]driver.Value{"journal_mode": "wal", "synchronous": int64(1)} {
		r, err := c.query(ctx, "pragma "+pragma, nil)
		if err != nil {
			return err
		}
		if is := r.(*rows).values[0][0]; is != want {
			return fmt.Errorf("%s is %v, not %v", pragma, is, want)
		}
	}
	if _, err := c.exec(ctx, "begin immediate", nil); err != nil {
		return err
	}
	err := c.wal.recoverLog()
	_, rollback := c.exec(ctx, "rollback", nil)
	return errors.Join(err, rollback)
}

func (c *connector) Driver() driver.Driver { return c.driver }

// Connect returns a seat.
func (c *connector) Connect(context.Context) (driver.Conn, error) { return &seat{c: c}, nil }

// Close closes the file, which folds the write-ahead log into it; but after a
// failed sync it leaves SQLite's connection open, because there may be holes in
// the log and a power cut while it is folded would damage the file.
func (c *connector) Close() error {
	<-c.token // for good
	close(c.closed)
	if c.wal == nil {
		return c.raw.Close()
	}
	err := c.wal.close()
	if broken := c.wal.broken(); broken != nil {
		return errors.Join(broken, err)
	}
	c.forget()
	return errors.Join(c.raw.Close(), err)
}

// exec and query may only be called by the seat that holds the token.
func (c *connector) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtExecContext).ExecContext(uninterrupted(ctx), args)
}

func (c *connector) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.(driver.StmtQueryContext).QueryContext(uninterrupted(ctx), args)
	if err != nil {
		return nil, err
	}
	return readAll(r)
}

func (c *connector) statement(ctx context.Context, query string) (driver.Stmt, error) {
	if s, ok := c.compiled[query]; ok {
		return s, nil
	}
	s, err := c.raw.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.compiled) >= keptStatements {
		c.forget()
	}
	c.compiled[query] = s
	return s, nil
}

func (c *connector) forget() {
	for query, s := range c.compiled {
		s.Close()
		delete(c.compiled, query)
	}
}

// uninterrupted removes the cancellation from ctx. It saves a goroutine per
// statement, whose only use would be to interrupt a statement that takes
// microseconds.
func uninterrupted(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// rows hold a result that has been read to its end, so that its statement is
// free for the next caller.
type rows struct {
	columns []string
	values  [][]driver.Value
}

func readAll(r driver.Rows) (_ driver.Rows, err error) {
	defer func() { err = errors.Join(err, r.Close()) }()
	all := &rows{columns: r.Columns()}
	for {
		v := make([]driver.Value, len(all.columns))
		switch err := r.Next(v); err {
		case nil:
			all.values = append(all.values, v)
		case io.EOF:
			return all, nil
		default:
			return nil, err
		}
	}
}

func (r *rows) Columns() []string { return r.columns }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(dest []driver.Value) error {
	if len(r.values) == 0 {
		return io.EOF
	}
	copy(dest, r.values[0])
	r.values = r.values[1:]
	return nil
}
