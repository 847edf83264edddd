package imports

import (
	"context"
	"fmt"

	"purser/records/sqldb"
)

// importPart is a table that holds many rows of an import.
type importPart struct {
	table, key string
	// batch is the number of rows that one transaction deletes. It is small, so
	// that orders do not wait long.
	batch int64
}

var (
	importChunks = importPart{"import_chunks", "at_byte", 8} // a quarter of a megabyte each
	importRows   = importPart{"import_rows", "sku", 2_000}
	importErrors = importPart{"import_errors", "line, field", 2_000}
)

// These are the conditions under which rows of an import are deleted. Each
// deleting statement checks them, because the import may be opened again
// between two statements.
const (
	ofNewAttempt   = "EXISTS (SELECT 1 FROM imports WHERE id = ? AND created_at = ? AND bytes = 0)" // the rows belong to an older attempt
	ofNoImport     = "NOT EXISTS (SELECT 1 FROM imports WHERE id = ?)"
	ofNoneUnderWay = "NOT EXISTS (SELECT 1 FROM imports WHERE id = ? AND state NOT IN ('done', 'refused'))"
)

// forget deletes the rows of an import in small transactions.
func (s *Store) forget(ctx context.Context, p importPart, id, condition string, args ...any) error {
	_, err := s.DB.DeleteInBatches(ctx, p.batch, fmt.Sprintf(
		"DELETE FROM %[1]s WHERE import_id = ? AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE import_id = ? ORDER BY %[2]s LIMIT %[3]d) AND %[4]s",
		p.table, p.key, p.batch, condition), append([]any{id, id}, args...)...)
	return err
}

// ForgetImports deletes files whose sender disconnected and imports that ended
// long ago, and returns their number. It also deletes the rows that a crash
// left behind.
func (s *Store) ForgetImports(ctx context.Context, receivingBefore, endedBefore int64) (n int64, err error) {
	err = s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		n, err = q.Exec(ctx, "DELETE FROM imports WHERE (state = 'receiving' AND updated_at < ?) OR (state IN ('done', 'refused') AND updated_at < ?)",
			receivingBefore, endedBefore)
		return err
	})
	for _, left := range []struct {
		importPart
		condition string
	}{{importChunks, ofNoneUnderWay}, {importRows, ofNoneUnderWay}, {importErrors, ofNoImport}} {
		for id := ""; err == nil; {
			id, err = sqldb.One[string](ctx, s.DB.Reader(), "SELECT COALESCE(MIN(import_id), '') FROM "+left.table+" WHERE import_id > ?", id)
			if err != nil || id == "" {
				break
			}
			err = s.forget(ctx, left.importPart, id, left.condition, id)
		}
	}
	return n, sqldb.WrapError("forget imports", err)
}
