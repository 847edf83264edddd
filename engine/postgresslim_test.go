//go:build !lean

package engine

import (
	"bytes"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"purser/postgrestest"
)

// TestUnlimitedIndexes checks that indexes that cannot be limited, because another
// connection reads the table or another role owns it, neither delay the start nor
// make it fail.
func TestUnlimitedIndexes(t *testing.T) {
	t.Parallel()
	at, err := url.Parse(postgrestest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	prepare := func(user string) {
		t.Helper()
		as := *at
		if user != "" {
			as.User = url.User(user)
		}
		s, err := openPostgres(Config{PostgresURL: as.String(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := s.prepare(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("the start took %s", took)
		}
	}
	prepare("")
	if log.Len() > 0 {
		t.Errorf("the log reports %s", &log)
	}
	do := func(database string) func(statements ...string) {
		u := *at
		u.Path += database
		db, err := pgx.Connect(t.Context(), u.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close(t.Context()) })
		return func(statements ...string) {
			t.Helper()
			for _, s := range statements {
				if _, err := db.Exec(t.Context(), s); err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
		}
	}
	visibility := do("_temporal_visibility")
	visibility("DROP INDEX by_task_queue", "CREATE INDEX by_task_queue ON executions_visibility (namespace_id, task_queue)") // as it was
	visibility("BEGIN", "SELECT count(*) FROM executions_visibility")
	prepare("")
	visibility("ROLLBACK")
	if !strings.Contains(log.String(), "lock timeout") {
		t.Errorf("with a reader the log reports %q", &log)
	}
	user := "clerk_" + strings.TrimPrefix(at.Path, "/test_")
	visibility("CREATE ROLE "+user+" LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+user)
	executions := do("_temporal")
	executions("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + user)
	prepare(user)
	if !strings.Contains(log.String(), "must be owner") {
		t.Errorf("with another owner the log reports %q", &log)
	}
	visibility("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + user)
	executions("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + user)
	visibility("DROP ROLE " + user)
}
