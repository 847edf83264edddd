//go:build !lean

package engine

import "slices"

// The server indexes every column of its visibility table, so that each change
// to a row changes some fifty B-trees on SQLite, and seventy indexes on
// Postgres. Results do not depend on indexes, so the engine keeps the indexes
// that people's queries need and limits the others.
var (
	// alwaysIndexed are columns by which people look for workflows.
	alwaysIndexed = []string{"workflow_id", "workflow_type_name", "status"}

	// seldomQueried are columns with a value in each row that queries hardly
	// ever use.
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

// noRows is the condition of an index that is neither written nor read.
const noRows = "false"
