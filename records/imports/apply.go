package imports

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"purser/catalog"
	"purser/records/products"
	"purser/records/sqldb"
)

// StartApplying ends the reading of the file. From then on the products that
// the import changes are due with the import's mark until the index has them.
func (s *Store) StartApplying(ctx context.Context, id string) error {
	now := sqldb.Micros(s.DB.Now())
	return s.moveImport(ctx, "UPDATE imports SET state = ?, mark = ?, updated_at = ? WHERE id = ? AND state = ?",
		string(catalog.ImportApplying), now+ownIndexing, now, id, string(catalog.ImportReading))
}

// ApplyRows writes up to limit staged products to the catalogue and records the
// progress, in one transaction, so that a crash neither loses nor repeats a
// row. It returns whether there may be more. After the last rows, the import
// moves on to the index. A dry run compares the rows and writes nothing to the
// catalogue.
func (s *Store) ApplyRows(ctx context.Context, id string, limit int) (more bool, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		more, err = apply(ctx, q, id, limit, sqldb.Micros(s.DB.Now()))
		return err
	})
	return more, sqldb.WrapError("apply rows", err)
}

func apply(ctx context.Context, q sqldb.Querier, id string, limit int, now int64) (more bool, err error) {
	var state, at string
	var mark, bad, dry int64
	found, err := sqldb.First(ctx, q, "SELECT state, at_sku, mark, bad, dry_run FROM imports WHERE id = ?"+q.ForUpdate(), []any{id}, &state, &at, &mark, &bad, &dry)
	if err == nil && (!found || state != string(catalog.ImportApplying)) {
		err = catalog.ErrMovedOn
	}
	if err != nil {
		return false, err
	}
	rows, more, err := stagedAfter(ctx, q, id, at, limit)
	if err != nil {
		return false, err
	}
	merged, err := products.Merge(ctx, q, rows, now, mark, dry != 0)
	if err != nil {
		return false, err
	}
	if err := putFaults(ctx, q, id, merged.Faults, bad); err != nil {
		return false, err
	}
	if len(rows) > 0 {
		at = rows[len(rows)-1].SKU
	}
	next := catalog.ImportApplying
	if !more {
		next = catalog.ImportIndexing
	}
	_, err = q.Exec(ctx, "UPDATE imports SET at_sku = ?, applied = applied + ?, added = added + ?, unchanged = unchanged + ?, bad = bad + ?, state = ?, updated_at = ? WHERE id = ?",
		at, merged.Applied, merged.Added, merged.Unchanged, int64(len(merged.Faults)), string(next), now, id)
	return more, err
}

// bytesAtOnce is after how many bytes of staged rows a transaction takes no more.
const bytesAtOnce = 4 << 20

var errEnough = errors.New("enough rows")

// stagedAfter reads staged rows, ordered by SKU. more is true if there may be others.
func stagedAfter(ctx context.Context, q sqldb.Querier, id, after string, limit int) (rows []catalog.LinedRow, more bool, err error) {
	bytes := 0
	err = sqldb.Each(ctx, q, "SELECT line, doc FROM import_rows WHERE import_id = ? AND sku > ? ORDER BY sku LIMIT ?", []any{id, after, limit}, func(r *sql.Rows) error {
		var row catalog.LinedRow
		var doc []byte
		if err := r.Scan(&row.Line, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, &row.Row); err != nil {
			return err
		}
		rows = append(rows, row)
		if bytes += len(doc); bytes > bytesAtOnce {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return rows, true, nil
	}
	return rows, len(rows) == limit, err
}
