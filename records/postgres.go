package records

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// maxTries bounds how often a transaction that lost against another is run
// again (F38).
const maxTries = 5

// postgresDB is a Postgres database, shared with other processes.
type postgresDB struct {
	db   *sql.DB
	text sync.Map // a statement with ? → with $1
}

func openPostgres(ctx context.Context, url string, opts Options) (*postgresDB, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, failed("open", err)
	}
	connections := opts.Connections
	if connections == 0 {
		connections = 16
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := migrate(ctx, db, postgresDialect); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &postgresDB{db: db}, nil
}

func (d *postgresDB) reader() querier { return &session{d.db, d} }

func (d *postgresDB) writeAlone(ctx context.Context, f func(context.Context, querier) error) error {
	return f(ctx, &session{d.db, d})
}

func (d *postgresDB) write(ctx context.Context, f func(context.Context, querier) error) error {
	for try := 1; ; try++ {
		err := d.once(ctx, f)
		if err == nil || try == maxTries || !lostRace(err) {
			return err
		}
	}
}

func (d *postgresDB) once(ctx context.Context, f func(context.Context, querier) error) error {
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

// lostRace reports whether Postgres sacrificed the transaction to another:
// serialization failure or deadlock. It was certainly not carried out.
func lostRace(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func (d *postgresDB) close() error { return d.db.Close() }

// session is a querier on the pool or in a transaction.
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

func (s *session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := s.on.ExecContext(ctx, s.bound(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *session) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.on.QueryContext(ctx, s.bound(query), args...)
}

func (s *session) insert(ctx context.Context, query string, args ...any) (int64, bool, error) {
	var id int64
	inserted, err := first(ctx, s, query+" RETURNING id", args, &id)
	return id, inserted, err
}

// rowsAtOnce: each statement is a round trip.
func (s *session) rowsAtOnce() int { return 100 }

func (s *session) forUpdate() string { return " FOR UPDATE" }

func (s *session) clock() string {
	return "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
}
