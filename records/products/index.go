package products

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"purser/catalog"
	"purser/records/sqldb"
)

// Stocked returns the current state of these products, deleted ones included,
// by SKU. A product that never existed is missing.
func (s *Store) Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error) {
	found := make(map[string]catalog.Stocked, len(skus))
	if len(skus) == 0 {
		return found, nil
	}
	list, args := sqldb.In(skus)
	err := sqldb.Each(ctx, s.DB.Reader(), selectProduct+"WHERE p.sku IN "+list, args, func(r *sql.Rows) error {
		p, err := scanProduct(r)
		found[p.SKU] = p.Stocked
		return err
	})
	return found, sqldb.WrapError("stocked", err)
}

// RecordIndexed records which revisions the index has, and returns the products
// that have changed since. A product that an order is changing at this moment
// is skipped: it stays due, and the order does not wait.
func (s *Store) RecordIndexed(ctx context.Context, indexed map[string]int64) (moved []string, err error) {
	byRevision := make(map[int64][]string) // few groups, because most products of a batch have changed equally often
	for sku, revision := range indexed {
		byRevision[revision] = append(byRevision[revision], sku)
	}
	var recorded int64
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		recorded = 0
		for _, revision := range slices.Sorted(maps.Keys(byRevision)) {
			skus := byRevision[revision]
			slices.Sort(skus)
			list, args := sqldb.In(skus)
			n, err := q.Exec(ctx, "UPDATE products SET due_at = 0 WHERE sku IN (SELECT sku FROM products WHERE revision = ? AND sku IN "+list+sqldb.SkipLocked(q)+")",
				append([]any{revision}, args...)...)
			if err != nil {
				return err
			}
			recorded += n
		}
		return nil
	})
	if err != nil || recorded == int64(len(indexed)) {
		return nil, sqldb.WrapError("record indexed", err)
	}
	skus := slices.Sorted(maps.Keys(indexed))
	now, err := s.Revisions(ctx, skus)
	for _, sku := range skus {
		if now[sku].Revision != indexed[sku] {
			moved = append(moved, sku)
		}
	}
	return moved, sqldb.WrapError("record indexed", err)
}

// Revisions returns the revisions of these products, by SKU, and whether they
// are for sale.
func (s *Store) Revisions(ctx context.Context, skus []string) (map[string]catalog.Revision, error) {
	found := make(map[string]catalog.Revision, len(skus))
	if len(skus) == 0 {
		return found, nil
	}
	list, args := sqldb.In(skus)
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT sku, revision, inactive + deleted, due_at FROM products WHERE sku IN "+list, args, func(r *sql.Rows) error {
		v, err := scanRevision(r)
		found[v.SKU] = v
		return err
	})
	return found, sqldb.WrapError("revisions", err)
}

// RevisionsAfter lists up to limit products, ordered by SKU, including those
// that are not for sale.
func (s *Store) RevisionsAfter(ctx context.Context, after string, limit int) ([]catalog.Revision, error) {
	var found []catalog.Revision
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT sku, revision, inactive + deleted, due_at FROM products WHERE sku > ? ORDER BY sku LIMIT ?",
		[]any{after, limit}, func(r *sql.Rows) error {
			v, err := scanRevision(r)
			found = append(found, v)
			return err
		})
	return found, sqldb.WrapError("revisions", err)
}

func scanRevision(r *sql.Rows) (catalog.Revision, error) {
	var v catalog.Revision
	var off, due int64
	err := r.Scan(&v.SKU, &v.Revision, &off, &due)
	v.ForSale, v.Due = off == 0, due > 0
	return v, err
}

// DueProducts returns up to limit products whose newest state the index does
// not have, and keeps them from other sweeps for the length of the lease.
// Products that are not recorded as indexed by then are due again.
func (s *Store) DueProducts(ctx context.Context, lease time.Duration, limit int) ([]string, error) {
	now := sqldb.Micros(s.DB.Now())
	due, err := sqldb.First(ctx, s.DB.Reader(), "SELECT sku FROM products WHERE due_at > 0 AND due_at <= ? LIMIT 1", []any{now}, new(string))
	if err != nil || !due {
		return nil, sqldb.WrapError("due products", err)
	}
	var skus []string
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		skus = skus[:0]
		return sqldb.Each(ctx, q, `
			UPDATE products SET due_at = ? WHERE sku IN (
				SELECT sku FROM products WHERE due_at > 0 AND due_at <= ? ORDER BY due_at, sku LIMIT ?`+sqldb.SkipLocked(q)+`)
			RETURNING sku`, []any{now + lease.Microseconds(), now, limit}, func(r *sql.Rows) error {
			var sku string
			err := r.Scan(&sku)
			skus = append(skus, sku)
			return err
		})
	})
	return skus, sqldb.WrapError("due products", err)
}

// ImportedProducts returns the current state of up to limit products that are
// due with an import's mark, ordered by SKU, starting behind the SKU after.
func (s *Store) ImportedProducts(ctx context.Context, mark int64, after string, limit int) ([]catalog.Stocked, error) {
	var found []catalog.Stocked
	err := sqldb.Each(ctx, s.DB.Reader(), selectProduct+"WHERE p.due_at > 0 AND p.due_at = ? AND p.sku > ? ORDER BY p.sku LIMIT ?",
		[]any{mark, after, limit}, func(r *sql.Rows) error {
			p, err := scanProduct(r)
			found = append(found, p.Stocked)
			return err
		})
	return found, sqldb.WrapError("imported products", err)
}

// DueCount returns how many products are due for the index.
func (s *Store) DueCount(ctx context.Context) (int64, error) {
	n, err := sqldb.One[int64](ctx, s.DB.Reader(), "SELECT COUNT(*) FROM products WHERE due_at > 0")
	return n, sqldb.WrapError("due count", err)
}

// ChangedSince returns up to limit products, ordered by SKU, that were changed
// at a time or later; stock that orders moved does not count as a change.
func (s *Store) ChangedSince(ctx context.Context, since time.Time, after string, limit int) ([]string, error) {
	var skus []string
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT sku FROM products WHERE sku > ? AND changed_at >= ? ORDER BY sku LIMIT ?", []any{after, sqldb.Micros(since), limit}, func(r *sql.Rows) error {
		var sku string
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	})
	return skus, sqldb.WrapError("changed since", err)
}

// ForSaleCount returns how many products shoppers can find.
func (s *Store) ForSaleCount(ctx context.Context) (int64, error) {
	n, err := sqldb.One[int64](ctx, s.DB.Reader(), "SELECT COUNT(*) FROM products WHERE inactive = 0 AND deleted = 0")
	return n, sqldb.WrapError("for sale count", err)
}

// LeaveToSweep makes a product that is due with an import's mark due now, so
// that the sweep takes it like any other.
func (s *Store) LeaveToSweep(ctx context.Context, mark int64, sku string) error {
	return sqldb.WrapError("leave to sweep", s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, "UPDATE products SET due_at = ? WHERE sku = ? AND due_at = ?", sqldb.Micros(s.DB.Now()), sku, mark)
		return err
	}))
}
