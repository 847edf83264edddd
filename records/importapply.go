package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"

	"purser/catalog"
	"purser/order"
)

// StartApplying ends the reading. From here on the products that the import
// changes carry its mark until the index has them.
func (s *Store) StartApplying(ctx context.Context, id string) error {
	now := micros(s.now())
	return s.moveImport(ctx, "UPDATE imports SET state = ?, mark = ?, updated_at = ? WHERE id = ? AND state = ?",
		string(catalog.ImportApplying), now+importMark, now, id, string(catalog.ImportReading))
}

// ApplyRows writes up to limit staged products to the catalogue and notes how
// far that has come, in one transaction: a crash loses none and doubles none.
// It answers whether there may be more. With the last ones, the import goes on
// to the index. A dry run weighs the rows and writes nothing.
func (s *Store) ApplyRows(ctx context.Context, id string, limit int) (more bool, err error) {
	err = s.retried(ctx, func(ctx context.Context, q querier) (err error) {
		more, err = apply(ctx, q, id, limit, micros(s.now()))
		return err
	})
	return more, failed("apply rows", err)
}

func apply(ctx context.Context, q querier, id string, limit int, now int64) (more bool, err error) {
	var state, at string
	var mark, bad, dry int64
	found, err := first(ctx, q, "SELECT state, at_sku, mark, bad, dry_run FROM imports WHERE id = ?"+q.forUpdate(), []any{id}, &state, &at, &mark, &bad, &dry)
	if err == nil && (!found || state != string(catalog.ImportApplying)) {
		err = catalog.ErrMovedOn
	}
	if err != nil {
		return false, err
	}
	rows, err := stagedAfter(ctx, q, id, at, limit)
	if err != nil {
		return false, err
	}
	products, err := lockProducts(ctx, q, rows)
	if err != nil {
		return false, err
	}
	b := batch{clock: clock{now, mark - now}}
	for _, r := range rows {
		at = r.SKU
		if err := b.add(r, products[r.SKU]); err != nil {
			return false, err
		}
	}
	if dry == 0 {
		if err := b.write(ctx, q); err != nil {
			return false, err
		}
	}
	if err := putFaults(ctx, q, id, b.faults, bad); err != nil {
		return false, err
	}
	next := catalog.ImportApplying
	if len(rows) < limit {
		next = catalog.ImportIndexing
	}
	_, err = q.exec(ctx, "UPDATE imports SET at_sku = ?, applied = applied + ?, unchanged = unchanged + ?, bad = bad + ?, state = ?, updated_at = ? WHERE id = ?",
		at, int64(len(b.added)+len(b.changed)), b.unchanged, int64(len(b.faults)), string(next), now, id)
	return next == catalog.ImportApplying, err
}

// stagedAfter reads staged rows in the order of their SKUs.
func stagedAfter(ctx context.Context, q querier, id, after string, limit int) ([]catalog.LinedRow, error) {
	var rows []catalog.LinedRow
	err := each(ctx, q, "SELECT line, doc FROM import_rows WHERE import_id = ? AND sku > ? ORDER BY sku LIMIT ?", []any{id, after, limit}, func(r *sql.Rows) error {
		var row catalog.LinedRow
		var doc []byte
		if err := r.Scan(&row.Line, &doc); err != nil {
			return err
		}
		err := json.Unmarshal(doc, &row.Row)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// lockProducts reads the products that rows are about, once they are locked (as
// lockProduct does), in the order in which orders lock them too.
func lockProducts(ctx context.Context, q querier, rows []catalog.LinedRow) (map[string]*productRow, error) {
	skus := make([]string, len(rows))
	for i, r := range rows {
		skus[i] = r.SKU
	}
	list, args := in(skus)
	if lock := q.forUpdate(); lock != "" {
		if _, err := q.exec(ctx, "SELECT sku FROM products WHERE sku IN "+list+` ORDER BY sku COLLATE "C"`+lock, args...); err != nil {
			return nil, err
		}
	}
	found := make(map[string]*productRow, len(rows))
	err := each(ctx, q, selectProduct+"WHERE p.sku IN "+list, args, func(r *sql.Rows) error {
		p, err := scanProduct(r)
		found[p.SKU] = &p
		return err
	})
	return found, err
}

// batch is what rows of products make of the catalogue.
type batch struct {
	clock
	added     []catalog.Product
	changed   []change
	unchanged int64
	faults    []catalog.RowFault
}

type change struct {
	row  *productRow
	next catalog.Product
}

// add weighs one row against the product as it is; nil: there is none.
func (b *batch) add(r catalog.LinedRow, was *productRow) error {
	fresh := was == nil || was.Deleted
	var base catalog.Product
	if !fresh {
		base = was.Product
	}
	next := r.Onto(base)
	if !fresh {
		next.OnHand = base.OnHand // the stock is counted by an import of stock
	}
	if faultControl := next.Faults(); len(faultControl) > 0 {
		b.faults = append(b.faults, catalog.RowFault{Line: r.Line, SKU: r.SKU, Fault: faultControl[0]})
		return nil
	}
	if _, err := order.Exponent(next.Currency); err != nil {
		b.faults = append(b.faults, catalog.RowFault{Line: r.Line, SKU: r.SKU, Fault: catalog.Fault{Field: "currency", Message: fmt.Sprintf("unknown currency %q", next.Currency)}})
		return nil
	}
	switch {
	case was == nil:
		next.Version = 1
		b.added = append(b.added, next)
	case !was.Deleted && same(base, next):
		b.unchanged++
	case was.Deleted && next.OnHand < was.reserved:
		b.faults = append(b.faults, catalog.RowFault{Line: r.Line, SKU: r.SKU, Fault: catalog.Fault{Field: "onHand", Message: fmt.Sprintf("%d are set aside for orders", was.reserved)}})
	default:
		next.Version = was.Version + 1
		b.changed = append(b.changed, change{was, next})
	}
	return nil
}

// same reports whether a row says what the record says already.
func same(a, b catalog.Product) bool {
	if len(a.Tags) == 0 && len(b.Tags) == 0 {
		a.Tags, b.Tags = nil, nil
	}
	if len(a.Options) == 0 && len(b.Options) == 0 {
		a.Options, b.Options = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func (b *batch) write(ctx context.Context, q querier) error {
	for _, c := range b.changed {
		if err := c.row.write(ctx, q, c.next, false, b.clock); err != nil {
			return err
		}
	}
	due := b.now + b.grace
	for left := b.added; len(left) > 0; {
		n := min(len(left), q.rowsAtOnce())
		some := left[:n]
		left = left[n:]
		rows, docs := make([]any, 0, 12*n), make([]any, 0, 2*n)
		for _, p := range some {
			doc, err := json.Marshal(detailsOf(p))
			if err != nil {
				return err
			}
			rows = append(rows, p.SKU, p.Name, p.Price, p.Currency, p.OnHand, p.OnHand, bit(p.Inactive), p.Version, int64(1), b.now, b.now, due)
			docs = append(docs, p.SKU, string(doc))
		}
		added, err := q.exec(ctx, "INSERT INTO products (sku, name, price, currency, on_hand, received, inactive, version, revision, changed_at, added_at, due_at) VALUES "+
			values(n, 12)+" ON CONFLICT (sku) DO NOTHING", rows...)
		if err == nil && added != int64(n) {
			err = errRace
		}
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, "INSERT INTO product_details (sku, doc) VALUES "+values(n, 2)+" ON CONFLICT (sku) DO UPDATE SET doc = excluded.doc", docs...); err != nil {
			return err
		}
	}
	return nil
}
