//go:build !lean

package engine_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"purser/engine"
)

// edit runs SQL on an engine's stopped file.
func edit(t *testing.T, dir, stmt string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "temporal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(stmt); err != nil {
		t.Fatal(err)
	}
}

func TestVersionMismatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ edit, made string }{
		"older":   {"update engine_stamp set server_version = '1.29.1'", "1.29.1"},
		"newer":   {"update engine_stamp set server_version = '9.0.0'", "9.0.0"},
		"unknown": {"drop table engine_stamp", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			start(t, engine.Config{DataDir: dir}).stop()
			edit(t, dir, tt.edit)
			before := read(t, dir)

			_, err := engine.Start(t.Context(), engine.Config{DataDir: dir})
			var refused *engine.VersionError
			if !errors.As(err, &refused) {
				t.Fatalf("error = %v", err)
			}
			if refused.Made != tt.made {
				t.Errorf("created by %q, want %q", refused.Made, tt.made)
			}
			if !bytes.Equal(before, read(t, dir)) {
				t.Error("the file was changed")
			}
		})
	}
}

func read(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "temporal.db"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The shard count cannot change after the first start; a new default must not
// disturb an old file.
func TestShardsAreKept(t *testing.T) {
	t.Parallel()
	c := engine.Config{DataDir: t.TempDir(), Shards: 2}
	start(t, c).stop()
	c.Shards = 4
	e := start(t, c)
	e.run(t, "one")
	e.stop()
	if logs := e.logs.String(); logs != "" {
		t.Errorf("the engine is not quiet:\n%s", logs)
	}
}

// A stopped engine leaves one whole file and holds nothing open, whatever the
// directory is called.
func TestStopClosesTheFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop 100%?#")
	e := start(t, engine.Config{DataDir: dir})
	e.run(t, "one")
	e.stop()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "temporal.db" {
			t.Errorf("left behind: %s", entry.Name())
		}
	}
}

// The visibility table is written at each step of an order and listed now and
// then, so it has few indexes; those that people's queries need must work.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, engine.Config{DataDir: dir}).stop()
	db, err := sql.Open("sqlite", filepath.Join(dir, "temporal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for where, index := range map[string]string{
		"Keyword01 = ?":          "by_keyword_01",
		"Keyword10 = ?":          "by_keyword_10",
		"Datetime02 < ?":         "by_datetime_02",
		"Int03 BETWEEN ? AND 10": "by_int_03",
		"workflow_id = ?":        "by_workflow_id",
		"status = ?":             "by_status",
	} {
		var id, parent, unused int
		var plan string
		err := db.QueryRow("EXPLAIN QUERY PLAN SELECT run_id FROM executions_visibility WHERE namespace_id = ? AND "+where, "n", 1).
			Scan(&id, &parent, &unused, &plan)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "INDEX "+index+" ") {
			t.Errorf("%s: %s, want %s", where, plan, index)
		}
	}
}

// safeBuffer is a bytes.Buffer for many writers.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
