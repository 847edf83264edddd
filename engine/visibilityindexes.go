//go:build !lean

package engine

import "slices"

// The server indexes every column of its visibility table, which makes each
// change to a row one of some fifty B-trees on SQLite, and of seventy indexes
// on Postgres. Results do not depend on indexes, so we keep those that
// people's queries need and bound the others.
var (
	// alwaysIndexed are columns by which people look for workflows.
	alwaysIndexed = []string{"workflow_id", "workflow_type_name", "status"}

	// seldomQueried have a value in each row and are hardly ever asked for.
	seldomQueried = []string{
		"execution_time", "history_length", "history_size_bytes", "execution_duration", "state_transition_count",
		"task_queue", "parent_workflow_id", "parent_run_id", "root_workflow_id", "root_run_id",
	}
)

// indexedRows returns the condition that the index of a column is limited to,
// "" for every row. The index of a search attribute holds the rows that have
// it: both databases use it for the same queries, and rows without the
// attribute cost nothing.
func indexedRows(column string) string {
	switch {
	case slices.Contains(alwaysIndexed, column):
		return ""
	case slices.Contains(seldomQueried, column):
		return noRows
	}
	return column + " IS NOT NULL"
}

// noRows makes an index that is never written nor read.
const noRows = "false"
