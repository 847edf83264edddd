//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"reflect"

	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	persistencesql "go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/resolver"
	"modernc.org/sqlite"
)

// The server compiles each SQL statement anew each time it runs it, and its
// SQLite plugin neither lets us change that nor ever closes the file. So we
// put our own connection under the plugin's: one that keeps compiled
// statements, and that we can close.

// adopt replaces the connection that the plugin holds for conf by db.
func adopt(conf *config.SQL, db *sql.DB) error {
	handle, err := persistencesql.NewSQLDB(sqlplugin.DbKindMain, conf,
		resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return err
	}
	shared, ok := sharedConn(handle)
	if !ok {
		return errors.New("the SQLite plugin no longer keeps its connection where it did")
	}
	old := shared.DB
	shared.DB = db
	return old.Close()
}

// sharedConn finds the connection that every handle on one file shares.
func sharedConn(handle sqlplugin.DB) (*sqlx.DB, bool) {
	v := reflect.ValueOf(handle)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, false
	}
	f := v.Elem().FieldByName("db")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*sqlx.DB]() || f.IsNil() {
		return nil, false
	}
	return (*sqlx.DB)(f.UnsafePointer()), true
}

// connector opens connections that keep their compiled statements.
type connector struct {
	dsn    string
	driver *sqlite.Driver
}

func newConnector(dsn string) *connector {
	return &connector{dsn: dsn, driver: &sqlite.Driver{}}
}

func (c *connector) Driver() driver.Driver { return c.driver }

func (c *connector) Connect(context.Context) (driver.Conn, error) {
	raw, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &conn{rawConn: raw.(rawConn), compiled: map[string]driver.Stmt{}}, nil
}

// rawConn is what modernc.org/sqlite's connections can do.
type rawConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keptStatements is far more than the server's distinct statements; those
// with a variable number of arguments are why there is a limit at all.
const keptStatements = 500

// conn is a connection that compiles each statement once.
type conn struct {
	rawConn
	compiled map[string]driver.Stmt
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtExecContext).ExecContext(uninterrupted(ctx), args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtQueryContext).QueryContext(uninterrupted(ctx), args)
}

// BeginTx takes the write lock at once: the server's transactions all write.
func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	if _, err := c.ExecContext(ctx, "begin immediate", nil); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

func (c *conn) statement(ctx context.Context, query string) (driver.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s, ok := c.compiled[query]; ok {
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.compiled) >= keptStatements {
		c.forget()
	}
	c.compiled[query] = s
	return s, nil
}

func (c *conn) forget() {
	for query, s := range c.compiled {
		s.Close()
		delete(c.compiled, query)
	}
}

func (c *conn) Close() error {
	c.forget()
	return c.rawConn.Close()
}

// uninterrupted spares a goroutine per statement, whose only use would be to
// break off a statement that takes microseconds.
func uninterrupted(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

type tx struct{ *conn }

func (t tx) Commit() error {
	_, err := t.ExecContext(context.Background(), "commit", nil)
	if err != nil {
		_ = t.Rollback() // a commit that failed may have left the transaction open
	}
	return err
}

func (t tx) Rollback() error {
	_, err := t.ExecContext(context.Background(), "rollback", nil)
	return err
}
