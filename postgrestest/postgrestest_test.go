package postgrestest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestServer(t *testing.T) {
	ctx := t.Context()
	dir, err := os.MkdirTemp("", "purser-postgres-test-") // t.TempDir is readable for this user only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := Start(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Database("shop")
	if err != nil {
		t.Fatal(err)
	}
	statement(t, url, "CREATE TABLE kept (n int)")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}

	if s, err = Start(ctx, dir); err != nil {
		t.Fatalf("start again: %v", err)
	}
	if url, err = inDatabase(s.URL, "shop"); err != nil {
		t.Fatal(err)
	}
	statement(t, url, "SELECT n FROM kept")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

// TestCrash: a server that has crashed starts again at its address, with everything that
// was committed.
func TestCrash(t *testing.T) {
	dir, err := os.MkdirTemp("", "purser-postgres-test-") // t.TempDir is readable for this user only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Database("shop")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		statement(t, url, "CREATE TABLE IF NOT EXISTS kept (n int)")
		if err := s.Crash(); err != nil {
			t.Fatal(err)
		}
		if conn, err := pgx.Connect(t.Context(), url); err == nil {
			conn.Close(context.Background())
			t.Error("the server still runs")
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		statement(t, url, "SELECT n FROM kept")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestStopRemovesTemporaryData(t *testing.T) {
	s, err := Start(t.Context(), "", WithoutFsync())
	if err != nil {
		t.Fatal(err)
	}
	dir := s.dir
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestDatabaseGivesEachTestItsOwn(t *testing.T) {
	a, b := Database(t), Database(t)
	if a == b {
		t.Fatalf("two tests share %s", a)
	}
	statement(t, a, "CREATE TABLE x (n int)")
	statement(t, b, "CREATE TABLE x (n int)")
}

func statement(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
