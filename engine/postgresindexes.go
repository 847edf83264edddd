//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
)

// postgresIndex matches the definition of one of the server's visibility
// indexes as Postgres prints it.
var postgresIndex = regexp.MustCompile(`^CREATE INDEX (by_\w+) ON \S+ USING \w+ \(namespace_id, (\w+)`)

// slimLockTimeout is how long slimVisibility waits for another reader of the
// table, such as a backup, before it leaves the indexes until the next start.
const slimLockTimeout = "5s"

// slimVisibility limits the indexes of the visibility table to the rows for
// which they are worth their cost, and skips the indexes that are already
// limited. Every index keeps its name, even if it holds no row any more, so
// that the server's later migrations find what they expect. It limits all
// indexes or, if that fails, none.
func (s *postgresStore) slimVisibility(ctx context.Context) error {
	db, err := s.open(s.visibility())
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	definitions, err := visibilityIndexes(ctx, tx)
	if err != nil {
		return err
	}
	for _, definition := range definitions {
		m := postgresIndex.FindStringSubmatch(definition)
		if m == nil || strings.Contains(definition, " WHERE ") {
			continue
		}
		rows := indexedRows(m[2])
		if rows == "" {
			continue
		}
		for _, stmt := range []string{"SET LOCAL lock_timeout = '" + slimLockTimeout + "'", "DROP INDEX " + m[1], definition + " WHERE " + rows} {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func visibilityIndexes(ctx context.Context, tx *sql.Tx) ([]string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'executions_visibility'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var definition string
		if err := rows.Scan(&definition); err != nil {
			return nil, err
		}
		all = append(all, definition)
	}
	return all, rows.Err()
}
