package records

import (
	"context"
	"fmt"
)

// importPart is a table that holds parts of an import, many of them.
type importPart struct {
	table, key string
	// atOnce is how many one transaction deletes: orders wait for no more.
	atOnce int64
}

var (
	importChunks = importPart{"import_chunks", "at_byte", 8} // a quarter of a megabyte each
	importRows   = importPart{"import_rows", "sku", 2_000}
	importErrors = importPart{"import_errors", "line, field", 2_000}
)

// On these conditions the parts of an import are forgotten. They stand in each
// deleting statement, since the import may be opened anew meanwhile.
const (
	ofNewAttempt   = "EXISTS (SELECT 1 FROM imports WHERE id = ? AND created_at = ? AND bytes = 0)" // they are an older one's
	ofNoImport     = "NOT EXISTS (SELECT 1 FROM imports WHERE id = ?)"
	ofNoneUnderWay = "NOT EXISTS (SELECT 1 FROM imports WHERE id = ? AND state NOT IN ('done', 'refused'))"
)

// forget deletes an import's parts, a transaction for each few of them.
func (s *Store) forget(ctx context.Context, p importPart, id, condition string, args ...any) error {
	_, err := s.deleteSome(ctx, p.atOnce, fmt.Sprintf(
		"DELETE FROM %[1]s WHERE import_id = ? AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE import_id = ? ORDER BY %[2]s LIMIT %[3]d) AND %[4]s",
		p.table, p.key, p.atOnce, condition), append([]any{id, id}, args...)...)
	return err
}

// deleteSome repeats a statement that deletes, or empties, up to atOnce rows
// until there are no more, each time in a transaction of its own: whoever wants to write
// gets in between.
func (s *Store) deleteSome(ctx context.Context, atOnce int64, statement string, args ...any) (all int64, err error) {
	for {
		var n int64
		err := s.db.writeAlone(ctx, func(ctx context.Context, q querier) (err error) {
			n, err = q.exec(ctx, statement, args...)
			return err
		})
		if all += n; err != nil || n < atOnce {
			return all, err
		}
	}
}

// ForgetChanges removes changes of products that were made before a time.
func (s *Store) ForgetChanges(ctx context.Context, before int64) (int64, error) {
	const atOnce = 2_000
	n, err := s.deleteSome(ctx, atOnce, fmt.Sprintf(
		"DELETE FROM product_changes WHERE (sku, change_id) IN (SELECT sku, change_id FROM product_changes WHERE at < ? ORDER BY at LIMIT %d)", atOnce), before)
	return n, failed("forget changes", err)
}

// ForgetImports removes what is older than it needs to be: files whose sender
// went away, and imports that ended long ago. It also finds what a crash left
// of others.
func (s *Store) ForgetImports(ctx context.Context, receivingBefore, endedBefore int64) (n int64, err error) {
	err = s.db.writeAlone(ctx, func(ctx context.Context, q querier) (err error) {
		n, err = q.exec(ctx, "DELETE FROM imports WHERE (state = 'receiving' AND updated_at < ?) OR (state IN ('done', 'refused') AND updated_at < ?)",
			receivingBefore, endedBefore)
		return err
	})
	for _, left := range []struct {
		importPart
		condition string
	}{{importChunks, ofNoneUnderWay}, {importRows, ofNoneUnderWay}, {importErrors, ofNoImport}} {
		for id := ""; err == nil; {
			id, err = one[string](ctx, s.db.reader(), "SELECT COALESCE(MIN(import_id), '') FROM "+left.table+" WHERE import_id > ?", id)
			if err != nil || id == "" {
				break
			}
			err = s.forget(ctx, left.importPart, id, left.condition, id)
		}
	}
	return n, failed("forget imports", err)
}
