package sqldb

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
)

// The log of a killed process is folded into the file, and is empty, before the
// next process reads it, because it may not have been on disk.
func TestOpenRecoversTheLog(t *testing.T) {
	t.Parallel()
	killed := filepath.Join(t.TempDir(), "record.db")
	db, err := sql.Open("sqlite", dsn(killed, "journal_mode(WAL)", "synchronous(NORMAL)"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, stmt := range []string{"CREATE TABLE left_behind (n INTEGER)", "INSERT INTO left_behind VALUES (1)"} {
		if _, err := db.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "record.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(killed + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	next, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)", "synchronous(FULL)"))
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	next.SetMaxOpenConns(1)
	if err := recoverLog(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	log, err := os.Stat(path + "-wal")
	if err != nil || log.Size() != 0 {
		t.Errorf("the log holds %d bytes: %v", log.Size(), err)
	}
	alone := filepath.Join(t.TempDir(), "record.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, b, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := sql.Open("sqlite", dsn(alone))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var n int
	if err := file.QueryRow("SELECT n FROM left_behind").Scan(&n); err != nil || n != 1 {
		t.Errorf("the file holds %d: %v", n, err)
	}
}
