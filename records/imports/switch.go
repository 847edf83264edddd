package imports

import (
	"context"
	"database/sql"

	"purser/catalog"
	"purser/records/sqldb"
)

// SwitchRows applies all staged prices or stock in one transaction, so that no
// reader sees half of them. Stock was counted when its row was read: pieces
// that have left since are subtracted, pieces that have come in are added, a
// later count wins, and pieces that orders have reserved stay reserved. A row
// that would take reserved pieces is recorded as an error. A dry run counts the rows
// and writes nothing to the catalogue.
func (s *Store) SwitchRows(ctx context.Context, id string) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		var state string
		var kind catalog.ImportKind
		var mark, dry int64
		found, err := sqldb.First(ctx, q, "SELECT state, kind, mark, dry_run FROM imports WHERE id = ?"+q.ForUpdate(), []any{id}, &state, &kind, &mark, &dry)
		if err == nil && (!found || state != string(catalog.ImportApplying)) {
			err = catalog.ErrMovedOn
		}
		if err != nil {
			return err
		}
		now := sqldb.Micros(s.DB.Now())
		if err := lockStaged(ctx, q, id); err != nil {
			return err
		}
		var short int64
		if kind == catalog.ImportStock {
			if short, err = sqldb.One[int64](ctx, q, "SELECT COUNT(*) "+fallShort, id); err != nil {
				return err
			}
			if _, err = q.Exec(ctx, noteShort, id); err != nil {
				return err
			}
		}
		n, err := switchRows(ctx, q, id, kind, now, mark, dry != 0)
		if err != nil {
			return err
		}
		_, err = q.Exec(ctx, "UPDATE imports SET state = ?, applied = ?, unchanged = staged - ?, bad = bad + ?, updated_at = ? WHERE id = ?",
			string(catalog.ImportIndexing), n, n, short, now, id)
		return err
	})
	return sqldb.WrapError("switch rows", err)
}

// switchRows writes the staged prices or stock to the catalogue, unless it is a dry
// run, and returns how many products that changes.
func switchRows(ctx context.Context, q sqldb.Querier, id string, kind catalog.ImportKind, now, mark int64, dry bool) (int64, error) {
	moving := movesStock
	if kind == catalog.ImportPrices {
		moving = movesPrice
	}
	switch {
	case dry:
		return sqldb.One[int64](ctx, q, "SELECT COUNT(*) FROM products JOIN import_rows r ON r.sku = products.sku WHERE r.import_id = ? AND "+moving, id)
	case kind == catalog.ImportPrices:
		return q.Exec(ctx, switchPrices, now, mark, mark, id)
	}
	if err := recountLater(ctx, q, id, now); err != nil {
		return 0, err
	}
	return q.Exec(ctx, switchStock, now, now, mark, mark, id)
}

// lockStaged locks the products of an import in the same order as orders do, so
// that the two cannot deadlock.
func lockStaged(ctx context.Context, q sqldb.Querier, id string) error {
	if q.ForUpdate() == "" {
		return nil
	}
	_, err := q.Exec(ctx, `
		SELECT p.sku FROM products p JOIN import_rows r ON r.sku = p.sku WHERE r.import_id = ? ORDER BY p.sku COLLATE "C" FOR UPDATE OF p`, id)
	return err
}

// recountLater adjusts the staged stock of files that came in after this one to
// what this import is about to change. Their count is the later one: it must
// not be skipped because of this import, nor changed by its corrections.
func recountLater(ctx context.Context, q sqldb.Querier, id string, now int64) error {
	var later []string
	err := sqldb.Each(ctx, q, `
		SELECT l.id FROM imports l JOIN imports i ON i.id = ?
		WHERE l.kind = i.kind AND l.state IN (?, ?) AND (l.created_at, l.id) > (i.created_at, i.id) ORDER BY l.created_at, l.id`,
		[]any{id, string(catalog.ImportReading), string(catalog.ImportApplying)}, func(r *sql.Rows) error {
			var other string
			err := r.Scan(&other)
			later = append(later, other)
			return err
		})
	for _, other := range later {
		if err == nil {
			_, err = q.Exec(ctx, followStock, now, other, id)
		}
	}
	return err
}

const (
	// isDue leaves a product that was already due to the sweep or import that owns
	// it.
	isDue = "due_at = CASE WHEN due_at = 0 OR due_at > ? THEN ? ELSE due_at END"

	switchPrices = `
		UPDATE products SET price = r.price, currency = r.currency, version = version + 1, revision = revision + 1, changed_at = ?, ` + isDue + `
		FROM import_rows r WHERE r.import_id = ? AND r.sku = products.sku AND ` + movesPrice

	// movesPrice and movesStock report whether a row changes its product.
	movesPrice = "products.deleted = 0 AND (products.price <> r.price OR products.currency <> r.currency)"
	movesStock = "products.deleted = 0 AND " + latest + " AND products.on_hand <> " + others

	// counted is how many pieces are on hand now according to a row; rest is how
	// many will be recorded, unless they were counted again since.
	counted = "(r.on_hand - (products.shipped - r.shipped) + (CASE WHEN r.received < 0 THEN 0 ELSE products.received - r.received END))"
	latest  = "(r.counted_at < 0 OR products.counted_at = r.counted_at)"
	others  = "(CASE WHEN " + counted + " < products.reserved THEN products.reserved ELSE " + counted + " END)"

	switchStock = `
		UPDATE products SET on_hand = ` + others + `, received = ` + others + ` + products.shipped, version = version + 1,
			revision = revision + 1, counted_at = ?, changed_at = ?, ` + isDue + `
		FROM import_rows r WHERE r.import_id = ? AND r.sku = products.sku AND ` + movesStock

	followStock = `
		UPDATE import_rows AS l SET received = l.received + (` + others + ` + products.shipped - products.received), counted_at = ?
		FROM products, import_rows r
		WHERE l.import_id = ? AND l.sku = products.sku AND l.counted_at = products.counted_at AND r.import_id = ? AND r.sku = products.sku AND ` + movesStock

	fallShort = `
		FROM products JOIN import_rows r ON r.sku = products.sku
		WHERE r.import_id = ? AND products.deleted = 0 AND ` + latest + ` AND ` + counted + ` < products.reserved`

	noteShort = `
		INSERT INTO import_errors (import_id, line, field, sku, message)
		SELECT r.import_id, r.line, 'onHand', r.sku, products.reserved || ' are set aside for orders and stay on hand, but only ' || ` + counted + ` || ' are there'
		` + fallShort + ` ORDER BY r.line LIMIT 1000`
)
