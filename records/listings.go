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

// MarkIndexed notes which revisions the index has, and answers the products
// that have moved on since. One that an order is moving at this moment is left
// alone: it stays due, and the order does not wait.
func (s *Store) MarkIndexed(ctx context.Context, indexed map[string]int64) (moved []string, err error) {
	byRevision := make(map[int64][]string) // few: most products of a batch have changed as often
	for sku, revision := range indexed {
		byRevision[revision] = append(byRevision[revision], sku)
	}
	var marked int64
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		marked = 0
		for _, revision := range slices.Sorted(maps.Keys(byRevision)) {
			skus := byRevision[revision]
			slices.Sort(skus)
			list, args := in(skus)
			n, err := q.exec(ctx, "UPDATE products SET due_at = 0 WHERE sku IN (SELECT sku FROM products WHERE revision = ? AND sku IN "+list+skipLocked(q)+")",
				append([]any{revision}, args...)...)
			if err != nil {
				return err
			}
			marked += n
		}
		return nil
	})
	if err != nil || marked == int64(len(indexed)) {
		return nil, failed("mark indexed", err)
	}
	skus := slices.Sorted(maps.Keys(indexed))
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
		return each(ctx, q, `
			UPDATE products SET due_at = ? WHERE sku IN (
				SELECT sku FROM products WHERE due_at > 0 AND due_at <= ? ORDER BY due_at, sku LIMIT ?`+skipLocked(q)+`)
			RETURNING sku`, []any{now + lease.Microseconds(), now, limit}, func(r *sql.Rows) error {
			var sku string
			err := r.Scan(&sku)
			skus = append(skus, sku)
			return err
		})
	})
	return skus, failed("due products", err)
}

// MarkedProducts answers up to limit products that are due with a mark, as
// they are now, in the order of their SKUs, from the one that follows after.
func (s *Store) MarkedProducts(ctx context.Context, mark int64, after string, limit int) ([]catalog.Stocked, error) {
	var found []catalog.Stocked
	err := each(ctx, s.db.reader(), selectProduct+"WHERE p.due_at > 0 AND p.due_at = ? AND p.sku > ? ORDER BY p.sku LIMIT ?",
		[]any{mark, after, limit}, func(r *sql.Rows) error {
			p, err := scanProduct(r)
			found = append(found, p.Stocked)
			return err
		})
	return found, failed("marked products", err)
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

// skipLocked makes a SELECT lock its rows, but none that another transaction
// has.
func skipLocked(q querier) string {
	if lock := q.forUpdate(); lock != "" {
		return lock + " SKIP LOCKED"
	}
	return ""
}

// Unmark makes a product that is due with a mark due now, like any other.
func (s *Store) Unmark(ctx context.Context, mark int64, sku string) error {
	return failed("unmark", s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, "UPDATE products SET due_at = ? WHERE sku = ? AND due_at = ?", micros(s.now()), sku, mark)
		return err
	}))
}
