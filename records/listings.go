package records

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"purser/catalog"
)

// Stocked answers these products as they are now, by SKU, the deleted ones
// too; what never was is missing.
func (s *Store) Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error) {
	found := make(map[string]catalog.Stocked, len(skus))
	if len(skus) == 0 {
		return found, nil
	}
	list, args := in(skus)
	err := each(ctx, s.db.reader(), selectProduct+"WHERE p.sku IN "+list, args, func(r *sql.Rows) error {
		p, err := scanProduct(r)
		found[p.SKU] = p.Stocked
		return err
	})
	return found, failed("stocked", err)
}

// MarkIndexed notes which revisions the index has, and answers the products that
// have moved on since.
func (s *Store) MarkIndexed(ctx context.Context, indexed map[string]int64) (moved []string, err error) {
	skus := slices.Sorted(maps.Keys(indexed))
	if len(skus) == 0 {
		return nil, nil
	}
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		for _, sku := range skus {
			if _, err := q.exec(ctx, "UPDATE products SET due_at = 0 WHERE sku = ? AND revision = ? AND due_at > 0", sku, indexed[sku]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, failed("mark indexed", err)
	}
	now, err := s.Revisions(ctx, skus)
	for _, sku := range skus {
		if now[sku].Revision != indexed[sku] {
			moved = append(moved, sku)
		}
	}
	return moved, failed("mark indexed", err)
}

// Revisions answers the revisions of these products, by SKU, and whether they
// are for sale.
func (s *Store) Revisions(ctx context.Context, skus []string) (map[string]catalog.Revision, error) {
	found := make(map[string]catalog.Revision, len(skus))
	if len(skus) == 0 {
		return found, nil
	}
	list, args := in(skus)
	err := each(ctx, s.db.reader(), "SELECT sku, revision, inactive + deleted, due_at FROM products WHERE sku IN "+list, args, func(r *sql.Rows) error {
		v, err := scanRevision(r)
		found[v.SKU] = v
		return err
	})
	return found, failed("revisions", err)
}

// RevisionsAfter lists up to limit products in the order of their SKUs, those
// that are not for sale too.
func (s *Store) RevisionsAfter(ctx context.Context, after string, limit int) ([]catalog.Revision, error) {
	var found []catalog.Revision
	err := each(ctx, s.db.reader(), "SELECT sku, revision, inactive + deleted, due_at FROM products WHERE sku > ? ORDER BY sku LIMIT ?",
		[]any{after, limit}, func(r *sql.Rows) error {
			v, err := scanRevision(r)
			found = append(found, v)
			return err
		})
	return found, failed("revisions", err)
}

func scanRevision(r *sql.Rows) (catalog.Revision, error) {
	var v catalog.Revision
	var off, due int64
	err := r.Scan(&v.SKU, &v.Revision, &off, &due)
	v.ForSale, v.Due = off == 0, due > 0
	return v, err
}

// DueProducts answers up to limit products whose newest state the index has
// not been given, and keeps them from other sweeps for the length of the
// lease. Those not settled by then are due again.
func (s *Store) DueProducts(ctx context.Context, lease time.Duration, limit int) ([]string, error) {
	now := micros(s.now())
	due, err := first(ctx, s.db.reader(), "SELECT sku FROM products WHERE due_at > 0 AND due_at <= ? LIMIT 1", []any{now}, new(string))
	if err != nil || !due {
		return nil, failed("due products", err)
	}
	var skus []string
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		skus = skus[:0]
		lock := q.forUpdate()
		if lock != "" {
			lock += " SKIP LOCKED"
		}
		return each(ctx, q, `
			UPDATE products SET due_at = ? WHERE sku IN (
				SELECT sku FROM products WHERE due_at > 0 AND due_at <= ? ORDER BY due_at, sku LIMIT ?`+lock+`)
			RETURNING sku`, []any{now + lease.Microseconds(), now, limit}, func(r *sql.Rows) error {
			var sku string
			err := r.Scan(&sku)
			skus = append(skus, sku)
			return err
		})
	})
	return skus, failed("due products", err)
}

// MarkedProducts answers up to limit products that are due with a mark, in
// the order of their SKUs.
func (s *Store) MarkedProducts(ctx context.Context, mark int64, limit int) ([]string, error) {
	var skus []string
	err := each(ctx, s.db.reader(), "SELECT sku FROM products WHERE due_at > 0 AND due_at = ? ORDER BY sku LIMIT ?", []any{mark, limit}, func(r *sql.Rows) error {
		var sku string
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	})
	return skus, failed("marked products", err)
}

// DueCount answers how many products the index has still to be given.
func (s *Store) DueCount(ctx context.Context) (int64, error) {
	n, err := one[int64](ctx, s.db.reader(), "SELECT COUNT(*) FROM products WHERE due_at > 0")
	return n, failed("due count", err)
}

// ChangedSince answers up to limit products that were changed at a time or
// later, other than by their stock moving, in the order of their SKUs.
func (s *Store) ChangedSince(ctx context.Context, since time.Time, after string, limit int) ([]string, error) {
	var skus []string
	err := each(ctx, s.db.reader(), "SELECT sku FROM products WHERE sku > ? AND changed_at >= ? ORDER BY sku LIMIT ?", []any{after, micros(since), limit}, func(r *sql.Rows) error {
		var sku string
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	})
	return skus, failed("changed since", err)
}

// UnbalancedStock answers up to limit products whose figures do not agree with
// their reservations (REC-3). It reads all reservations.
func (s *Store) UnbalancedStock(ctx context.Context, limit int) ([]string, error) {
	var skus []string
	err := each(ctx, s.db.reader(), `
		SELECT p.sku FROM products p LEFT JOIN (
			SELECT sku, SUM(CASE WHEN state IN ('held', 'kept') THEN quantity ELSE 0 END) AS open, SUM(CASE WHEN state = 'shipped' THEN quantity ELSE 0 END) AS gone
			FROM reservations GROUP BY sku) r ON r.sku = p.sku
		WHERE p.reserved <> COALESCE(r.open, 0) OR p.shipped <> COALESCE(r.gone, 0) OR p.reserved > p.on_hand OR p.received <> p.on_hand + p.shipped
		ORDER BY p.sku LIMIT ?`, []any{limit}, func(r *sql.Rows) error {
		var sku string
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	})
	return skus, failed("unbalanced stock", err)
}

// ForSaleCount answers how many products shoppers can find.
func (s *Store) ForSaleCount(ctx context.Context) (int64, error) {
	n, err := one[int64](ctx, s.db.reader(), "SELECT COUNT(*) FROM products WHERE inactive = 0 AND deleted = 0")
	return n, failed("for sale count", err)
}
