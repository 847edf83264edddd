// Package recordstest opens the record for tests, on SQLite and on Postgres, and
// holds what the tests of several subjects need.
package recordstest

import (
	"database/sql"
	"path/filepath"
	"testing"

	"purser/postgrestest"
	"purser/records"
	"purser/records/sqldb"
)

// SQLite returns the URL of a new, empty database for the test.
func SQLite(t testing.TB) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "record one.db")
}

// Postgres returns the URL of a new, empty database for the test, on a server
// that does not wait for the disk.
func Postgres(t testing.TB) string {
	t.Helper()
	return postgrestest.Database(t)
}

// DurablePostgres returns the URL of an empty database on a separate server
// that waits for the disk, as in production.
func DurablePostgres(t testing.TB) string {
	t.Helper()
	server, err := postgrestest.Start(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return server.URL
}

// EachDatabase runs a test on SQLite and on Postgres; url returns the URL of an
// empty database.
func EachDatabase(t *testing.T, test func(t *testing.T, url func(t testing.TB) string)) {
	for name, url := range map[string]func(t testing.TB) string{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url)
		})
	}
}

// OnBoth runs a test on SQLite and on Postgres; open opens an empty record.
func OnBoth(t *testing.T, test func(t *testing.T, open func(t *testing.T) *records.Store)) {
	EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		test(t, func(t *testing.T) *records.Store { return Open(t, url(t)) })
	})
}

// Open opens the record at a URL for the length of the test.
func Open(t testing.TB, url string) *records.Store {
	t.Helper()
	return OpenWith(t, url, records.Options{})
}

// OpenWith is Open with options.
func OpenWith(t testing.TB, url string, opts records.Options) *records.Store {
	t.Helper()
	s, err := records.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// OpenDB opens the record's database for the length of the test, for a test
// that wraps the connection between the database and a store.
func OpenDB(t testing.TB, url string, opts records.Options) *sqldb.DB {
	t.Helper()
	db, err := records.OpenDB(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// OpenWithConn opens the record at the URL of a Postgres database, and a plain
// connection to the same database.
func OpenWithConn(t testing.TB, url string) (*records.Store, *sql.DB) {
	t.Helper()
	s := Open(t, url)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return s, db
}

// AwaitLock waits until a session of the Postgres database waits for a lock.
func AwaitLock(t testing.TB, db *sql.DB) {
	t.Helper()
	for waiting := 0; waiting == 0; {
		const query = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
		if err := db.QueryRowContext(t.Context(), query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}
