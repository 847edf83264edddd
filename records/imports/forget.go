package imports

import (
	"context"
	"fmt"

	"purser/records/sqldb"
)

// importPart is a table that holds many parts of an import.
type importPart struct {
	table, key string
	// batch is how many rows one transaction deletes: no order waits for more.
	batch int64
}

var (
	importChunks = importPart{"import_chunks", "at_byte", 8} // a quarter of a megabyte each
	importRows   = importPart{"import_rows", "sku", 2_000}
	importErrors = importPart{"import_errors", "line, field", 2_000}
)

// The conditions on which the parts of an import are forgotten. They stand in
// each deleting statement, since the import may be opened again in between.
const (
	ofNewAttempt   = "EXISTS (SELECT 1 FROM imports WHERE id = ? AND created_at = ? AND bytes = 0)" // the parts are an older attempt's
	ofNoImport     = "NOT EXISTS (SELECT 1 FROM imports WHERE id = ?)"
	ofNoneUnderWay = "NOT EXISTS (SELECT 1 FROM imports WHERE id = ? AND state NOT IN ('done', 'refused'))"
)

// forget deletes an import's parts in small transactions.
func (s *Store) forget(ctx context.Context, p importPart, id, condition string, args ...any) error {
	_, err := s.DB.DeleteInBatches(ctx, p.batch, fmt.Sprintf(
		"DELETE FROM %[1]s WHERE import_id = ? AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE import_id = ? ORDER BY %[2]s LIMIT %[3]d) AND %[4]s",
		p.table, p.key, p.batch, condition), append([]any{id, id}, args...)...)
	return err
}

// ForgetImports removes files whose sender went away, and imports that ended
// long ago, and returns how many there were. It also removes what a crash left
// of others.
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
