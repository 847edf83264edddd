package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
)

// maxTries bounds how often a transaction that lost against another is run
// again.
const maxTries = 5

// postgresDB is a Postgres database, shared with other processes.
type postgresDB struct {
	db   *sql.DB
	text sync.Map // from a statement with ? to the same statement with $1
}

// endsAfter is how long a statement goes on whose context has ended. It must not be 0, the
// driver's default: if a context ends just as its statement succeeds, a read in the
// background, which the driver leaves behind when a write took long, would fail, and with it
// the next statement on the connection.
const endsAfter = 250 * time.Millisecond

// postgresConfig returns how to connect to a Postgres.
func postgresConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err == nil {
		config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
			return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn(), DeadlineDelay: endsAfter}
		}
	}
	return config, err
}

func openPostgres(ctx context.Context, url string, opts Options) (*postgresDB, error) {
	config, err := postgresConfig(url)
	if err != nil {
		return nil, unreachable(url, err)
	}
	db := sql.OpenDB(stdlib.GetConnector(*config))
	connections := opts.Connections
	if connections == 0 {
		connections = 16
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(unreachable(url, err), db.Close())
	}
	if err := migrate(ctx, db, opts.Migrations, postgresDialect); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &postgresDB{db: db}, nil
}

func (d *postgresDB) Reader() Querier { return &session{d.db, d} }

func (d *postgresDB) WriteAlone(ctx context.Context, f func(context.Context, Querier) error) error {
	return f(ctx, &session{d.db, d})
}

func (d *postgresDB) Write(ctx context.Context, f func(context.Context, Querier) error) error {
	for try := 1; ; try++ {
		err := d.once(ctx, f)
		if err == nil || try == maxTries || !lostRace(err) {
			return err
		}
	}
}

func (d *postgresDB) once(ctx context.Context, f func(context.Context, Querier) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	if err := f(ctx, &session{tx, d}); err != nil {
		return err
	}
	return tx.Commit()
}

// lostRace reports whether the transaction lost against another: Postgres
// aborted it (a serialization failure or a deadlock), or it met a row that was
// inserted first. In both cases it certainly did not commit.
func lostRace(err error) bool {
	if errors.Is(err, ErrRace) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func (d *postgresDB) Close() error { return d.db.Close() }

// session is a Querier on the pool or in a transaction.
type session struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
	db *postgresDB
}

func (s *session) bound(query string) string {
	if t, ok := s.db.text.Load(query); ok {
		return t.(string)
	}
	t := rebind(query)
	s.db.text.Store(query, t)
	return t
}

func (s *session) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := s.on.ExecContext(ctx, s.bound(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *session) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.on.QueryContext(ctx, s.bound(query), args...)
}

func (s *session) Insert(ctx context.Context, query string, args ...any) (int64, bool, error) {
	var id int64
	inserted, err := First(ctx, s, query+" RETURNING id", args, &id)
	return id, inserted, err
}

// BatchSize is large because each statement is a round trip.
func (s *session) BatchSize() int { return 100 }

func (s *session) ForUpdate() string { return " FOR UPDATE" }

func (s *session) clock() string {
	return "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
}
