//go:build !lean

package engine_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/engine"
	"purser/postgrestest"
)

// TestPostgresIndexes checks on Postgres what TestQueriesUseIndexes checks on
// SQLite: few indexes are written, the indexes that people's queries need work,
// and the server's migrations find all of them.
func TestPostgresIndexes(t *testing.T) {
	t.Parallel()
	at := postgrestest.Database(t)
	start(t, engine.Config{PostgresURL: at}).stop()
	start(t, engine.Config{PostgresURL: at}).stop() // again, on the database that the first start left
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	u.Path += "_temporal_visibility"
	ctx := context.Background()
	db, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	count := func(what string) (n int) {
		t.Helper()
		err := db.QueryRow(ctx, "SELECT count(*) FROM pg_index WHERE indrelid = 'executions_visibility'::regclass AND "+what).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// The key, the default order, and the three that people's queries need.
	if n := count("indpred IS NULL"); n != 5 {
		t.Errorf("%d indexes hold every row, want 5", n)
	}
	if n := count("indpred IS NOT NULL"); n < 60 {
		t.Errorf("%d indexes hold some rows, want all other indexes of the server", n)
	}
	// Enough rows for the planner to prefer an index.
	for _, stmt := range []string{
		`
		INSERT INTO executions_visibility (namespace_id, run_id, start_time, execution_time, workflow_id, workflow_type_name, status, memo, encoding, task_queue, search_attributes)
		SELECT 'n', i, now(), now(), i, 'type', 1, '', '', '', jsonb_build_object('Keyword01', i::text, 'Keyword10', i::text,
			'Datetime02', now() + i * interval '1 day', 'Int03', i, 'Text01', i::text, 'KeywordList01', jsonb_build_array(i::text))
		FROM generate_series(1, 1000) AS i`,
		"ANALYZE executions_visibility", "SET enable_seqscan = off",
	} {
		if _, err := db.Exec(ctx, stmt); err != nil {
			t.Fatal(err)
		}
	}
	for where, index := range map[string]string{
		"Keyword01 = 'a'":               "by_keyword_01",
		"Keyword10 IN ('a', 'b')":       "by_keyword_10",
		"Datetime02 < now()":            "by_datetime_02",
		"Int03 BETWEEN 1 AND 10":        "by_int_03",
		"Text01 @@ 'a'::tsquery":        "by_text_01",
		`KeywordList01 @> '"a"'::jsonb`: "by_keyword_list_01",
		"workflow_id = 'a'":             "by_workflow_id",
		"status = 2":                    "by_status",
	} {
		rows, err := db.Query(ctx, "EXPLAIN SELECT run_id FROM executions_visibility WHERE namespace_id = 'n' AND "+where)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(plan, "\n"), index) {
			t.Errorf("%s: %s, want %s", where, plan, index)
		}
	}
}
