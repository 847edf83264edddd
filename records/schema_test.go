package records_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"purser/records"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// TestSchemaVersions: a schema of a newer build is refused, an older one is upgraded,
// and one that became older while a process uses it makes that process unready.
func TestSchemaVersions(t *testing.T) {
	t.Parallel()
	recordstest.EachDatabase(t, func(t *testing.T, fresh func(t testing.TB) string) {
		at := fresh(t)
		db := recordstest.OpenDB(t, at, records.Options{})
		set := func(statement string) {
			t.Helper()
			if err := db.Write(t.Context(), execute(statement)); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.CheckSchema(t.Context()); err != nil {
			t.Errorf("after the start: %v", err)
		}
		set("INSERT INTO record_schema (version_id, is_applied) VALUES (9999, TRUE)")
		if err := db.CheckSchema(t.Context()); err != nil {
			t.Errorf("while a newer build upgrades it: %v", err)
		}
		var other *sqldb.SchemaError
		_, err := records.Open(t.Context(), at, records.Options{})
		if !errors.As(err, &other) || other.Has != 9999 {
			t.Fatalf("got %v", err)
		}
		if !strings.Contains(err.Error(), "a newer build has upgraded it; start that build, or restore a backup from before") {
			t.Errorf("got %v", err)
		}
		set("DELETE FROM record_schema WHERE version_id > 3")
		if err := db.CheckSchema(t.Context()); !errors.As(err, &other) || other.Has != 3 || !strings.Contains(err.Error(), "restart this process, which upgrades it") {
			t.Errorf("an older schema: %v", err)
		}
	})
}

// TestOlderSchema: the record of an older build is upgraded at the start.
func TestOlderSchema(t *testing.T) {
	t.Parallel()
	recordstest.EachDatabase(t, func(t *testing.T, fresh func(t testing.TB) string) {
		at, older := fresh(t), fstest.MapFS{}
		names, err := filepath.Glob("migrations/00*.sql") // the first nine
		if err != nil || len(names) < 9 {
			t.Fatalf("%d migrations, %v", len(names), err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			older[name] = &fstest.MapFile{Data: text}
		}
		db, err := sqldb.Open(t.Context(), at, sqldb.Options{Migrations: older})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := recordstest.Open(t, at).CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// execute returns a write of one statement.
func execute(statement string) func(context.Context, sqldb.Querier) error {
	return func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, statement)
		return err
	}
}

// TestPoolIsBounded: a process keeps no more connections to Postgres than it is
// configured to, however many ask at once.
func TestPoolIsBounded(t *testing.T) {
	t.Parallel()
	const most = 3
	at := recordstest.Postgres(t)
	db := recordstest.OpenDB(t, at, records.Options{Connections: most})
	_, plain := recordstest.OpenWithConn(t, at)
	var asking sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 4 * most {
		asking.Go(func() {
			// It sleeps until the test has counted, and is then cancelled.
			_, _ = sqldb.One[string](ctx, db.Reader(), "SELECT pg_sleep(60)::text")
		})
	}
	defer asking.Wait()
	defer stop()
	for sleeping := 0; sleeping < most; {
		const query = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"
		if err := plain.QueryRowContext(t.Context(), query).Scan(&sleeping); err != nil {
			t.Fatal(err)
		}
		if sleeping > most {
			t.Fatalf("%d connections", sleeping)
		}
	}
	short, done := context.WithTimeout(ctx, 200*time.Millisecond)
	defer done()
	if err := db.Ping(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another one gets a connection: %v", err)
	}
}

// TestPostgresRefuses: a Postgres that cannot be used is refused with what to do.
func TestPostgresRefuses(t *testing.T) {
	t.Parallel()
	good := recordstest.Postgres(t)
	with := func(change func(*url.URL)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	for _, tt := range []struct {
		name, url, want string
	}{
		{name: "no such database", url: with(func(u *url.URL) { u.Path = "/shpo" }), want: ` has no database "shpo": create it (createdb shpo), or set DATABASE_URL: `},
		{name: "no such user", url: with(func(u *url.URL) { u.User = url.UserPassword("nobody", "hunter2") }), want: ` refuses the user "nobody": check user and password in DATABASE_URL: `},
		{name: "nothing listens", url: "postgres://purser:hunter2@127.0.0.1:1/purser", want: "no postgres can be reached at 127.0.0.1:1: start it, or set DATABASE_URL: "},
		{name: "no such host", url: "postgres://purser:hunter2@postgres.invalid/purser", want: "no postgres can be reached at postgres.invalid:5432: start it, or set DATABASE_URL: "},
		{name: "no URL", url: "postgres://purser:hunter2@db:port/purser", want: "DATABASE_URL: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := records.Open(t.Context(), tt.url, records.Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it opens")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
