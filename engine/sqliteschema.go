//go:build !lean

package engine

import (
	"database/sql"
	"regexp"
	"slices"
	"strings"

	"go.temporal.io/server/common/persistence/sql/sqlplugin"
)

// schemaWriter runs the server's own schema inside our transaction, less the
// indexes that cost more than they give.
type schemaWriter struct {
	sqlplugin.AdminDB
	tx *sql.Tx
}

// Exec is all that setting up a schema asks of a database.
func (w schemaWriter) Exec(stmt string, args ...any) error {
	stmt = slim(stmt)
	if stmt == "" {
		return nil
	}
	_, err := w.tx.Exec(stmt, args...)
	return err
}

// The server indexes every column of its visibility table, which makes each
// change to a row one of some fifty B-trees. Results do not depend on indexes,
// so we keep those that people's queries need and bound the others.
var (
	visibilityIndex = regexp.MustCompile(`^\s*CREATE INDEX (by_\w+)\s+ON executions_visibility \(namespace_id, (\w+),`)

	// alwaysIndexed are columns by which people look for workflows.
	alwaysIndexed = []string{"workflow_id", "workflow_type_name", "status"}

	// seldomQueried have a value in each row and are hardly ever asked for.
	seldomQueried = []string{
		"execution_time", "history_length", "history_size_bytes", "execution_duration", "state_transition_count",
		"task_queue", "parent_workflow_id", "parent_run_id", "root_workflow_id", "root_run_id",
	}
)

// slim answers the statement to run instead of stmt, or "" for none. The index
// of a search attribute is limited to the rows that have it: SQLite uses it
// for the same queries, and rows without the attribute cost nothing.
func slim(stmt string) string {
	m := visibilityIndex.FindStringSubmatch(stmt)
	if m == nil || slices.Contains(alwaysIndexed, m[2]) {
		return stmt
	}
	if slices.Contains(seldomQueried, m[2]) {
		return ""
	}
	return strings.TrimRight(stmt, " \t\n;") + " WHERE " + m[2] + " IS NOT NULL"
}
