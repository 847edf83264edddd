//go:build !lean

package engine

import (
	"database/sql"
	"regexp"
	"strings"

	"go.temporal.io/server/common/persistence/sql/sqlplugin"
)

// schemaWriter runs the server's own schema inside our transaction, without the
// indexes that cost more than they gain.
type schemaWriter struct {
	sqlplugin.AdminDB
	tx *sql.Tx
}

// Exec is the only method that setting up a schema calls.
func (w schemaWriter) Exec(stmt string, args ...any) error {
	stmt = slim(stmt)
	if stmt == "" {
		return nil
	}
	_, err := w.tx.Exec(stmt, args...)
	return err
}

var visibilityIndex = regexp.MustCompile(`^\s*CREATE INDEX (by_\w+)\s+ON executions_visibility \(namespace_id, (\w+),`)

// slim returns the statement to run instead of stmt, or "" for none.
func slim(stmt string) string {
	m := visibilityIndex.FindStringSubmatch(stmt)
	if m == nil {
		return stmt
	}
	switch rows := indexedRows(m[2]); rows {
	case "":
		return stmt
	case noRows:
		return ""
	default:
		return strings.TrimRight(stmt, " \t\n;") + " WHERE " + rows
	}
}
