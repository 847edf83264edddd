package sqldb

import (
	"context"
	"database/sql"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"purser/postgrestest"
)

// slowConn is a connection whose writes take long, as they do on a busy machine: the driver
// reads in the background during that time. arrived is called when it has read something.
type slowConn struct {
	net.Conn
	slow    *atomic.Bool
	arrived func()
}

func (c slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.slow.Load() {
		time.Sleep(60 * time.Millisecond)
	}
	return n, err
}

func (c slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.slow.Load() && n > 0 {
		c.arrived()
	}
	return n, err
}

// TestCancelledAsItEnds: a statement whose context ends as it succeeds does not make the next
// one on its connection fail, for which nobody has ended a context.
func TestCancelledAsItEnds(t *testing.T) {
	t.Parallel()
	config, err := postgresConfig(postgrestest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	var slow atomic.Bool
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		return slowConn{c, &slow, cancel}, err
	}
	db := sql.OpenDB(stdlib.GetConnector(*config))
	defer db.Close()
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func(ctx context.Context) error {
		var n int
		return conn.QueryRowContext(ctx, "SELECT 1").Scan(&n)
	}
	if err := read(t.Context()); err != nil { // prepares the statement
		t.Fatal(err)
	}
	slow.Store(true)
	_ = read(ctx) // it has succeeded, or its end was noticed
	slow.Store(false)
	if err := read(t.Context()); err != nil {
		t.Errorf("the next statement: %v", err)
	}
}
