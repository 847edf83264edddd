package products

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"

	"purser/catalog"
	"purser/order"
	"purser/records/sqldb"
	"purser/records/stock"
)

// Merged counts the outcomes of rows that were merged into the catalogue.
type Merged struct {
	Applied   int64 // added or changed
	Added     int64 // of Applied
	Unchanged int64 // the catalogue already agreed
	Faults    []catalog.RowFault
}

// Merge writes rows of a file to the catalogue, as a step of a transaction at
// the time now. If the products have not been indexed by the time they are due,
// a sweep indexes them. A dry run compares the rows and writes nothing.
func Merge(ctx context.Context, q sqldb.Querier, rows []catalog.LinedRow, now, due int64, dryRun bool) (Merged, error) {
	products, err := lockProducts(ctx, q, rows)
	if err != nil {
		return Merged{}, err
	}
	b := batch{moment: moment{now: now, due: due}}
	if b.looks, err = looksOf(ctx, q, rows, products); err != nil {
		return Merged{}, err
	}
	for _, r := range rows {
		b.add(r, products[r.SKU])
	}
	if !dryRun {
		err = b.write(ctx, q)
	}
	return Merged{Applied: int64(len(b.added) + len(b.changed)), Added: int64(len(b.added)) + b.returned, Unchanged: b.unchanged, Faults: b.faults}, err
}

// lockProducts locks and then reads the products that rows are about (see
// lockProduct), in the same order as orders lock them.
func lockProducts(ctx context.Context, q sqldb.Querier, rows []catalog.LinedRow) (map[string]*productRow, error) {
	skus := make([]string, len(rows))
	for i, r := range rows {
		skus[i] = r.SKU
	}
	list, args := sqldb.In(skus)
	if lock := q.ForUpdate(); lock != "" {
		if _, err := q.Exec(ctx, "SELECT sku FROM products WHERE sku IN "+list+` ORDER BY sku COLLATE "C"`+lock, args...); err != nil {
			return nil, err
		}
	}
	found := make(map[string]*productRow, len(rows))
	err := sqldb.Each(ctx, q, selectProduct+"WHERE p.sku IN "+list, args, func(r *sql.Rows) error {
		p, err := scanProduct(r)
		found[p.SKU] = &p
		return err
	})
	return found, err
}

// looksOf returns the SKUs of the products, by their look, that people could take for
// the new products among the rows. The rows themselves all look different.
func looksOf(ctx context.Context, q sqldb.Querier, rows []catalog.LinedRow, products map[string]*productRow) (map[string]string, error) {
	var looks []string
	for _, r := range rows {
		if was := products[r.SKU]; was == nil || was.Deleted {
			looks = append(looks, catalog.Look(r.SKU))
		}
	}
	found := make(map[string]string)
	if len(looks) == 0 {
		return found, nil
	}
	list, args := sqldb.In(looks)
	err := sqldb.Each(ctx, q, "SELECT look, sku FROM products WHERE deleted = 0 AND look IN "+list, args, func(r *sql.Rows) error {
		var look, sku string
		err := r.Scan(&look, &sku)
		found[look] = sku
		return err
	})
	return found, err
}

// batch holds the changes that rows of a file make to the catalogue.
type batch struct {
	moment
	looks     map[string]string // the products that a new one could be taken for, by their look
	added     []catalog.Product
	changed   []update
	returned  int64 // of changed, products that had been deleted
	unchanged int64
	faults    []catalog.RowFault
}

// update is an existing product and its new state.
type update struct {
	row  *productRow
	next catalog.Product
}

// add compares one row with the current product, which is nil if the product
// does not exist yet.
func (b *batch) add(r catalog.LinedRow, was *productRow) {
	fresh := was == nil || was.Deleted
	var base catalog.Product
	if !fresh {
		base = was.Product
	} else if other, taken := b.looks[catalog.Look(r.SKU)]; taken {
		b.refuse(r, catalog.LookalikeFault(fmt.Sprintf("the product %q", other)))
		return
	}
	next := r.Onto(base)
	if !fresh {
		next.OnHand = base.OnHand // only an import of stock sets the stock
	}
	if faults := next.Faults(); len(faults) > 0 {
		b.refuse(r, faults[0])
		return
	}
	if _, err := order.Exponent(next.Currency); err != nil {
		b.refuse(r, catalog.Fault{Field: "currency", Message: fmt.Sprintf("unknown currency %q", next.Currency)})
		return
	}
	switch {
	case was == nil:
		next.Version = 1
		b.added = append(b.added, next)
	case !was.Deleted && same(base, next):
		b.unchanged++
	case was.Deleted && next.OnHand < was.reserved:
		b.refuse(r, catalog.Fault{Field: "onHand", Message: fmt.Sprintf("%d are set aside for orders", was.reserved)})
	default:
		if was.Deleted {
			b.returned++
		}
		next.Version = was.Version + 1
		b.changed = append(b.changed, update{was, next})
	}
}

func (b *batch) refuse(r catalog.LinedRow, f catalog.Fault) {
	b.faults = append(b.faults, catalog.RowFault{Line: r.Line, SKU: r.SKU, Fault: f})
}

// same reports whether a row equals what the record has.
func same(a, b catalog.Product) bool {
	if len(a.Tags) == 0 && len(b.Tags) == 0 {
		a.Tags, b.Tags = nil, nil
	}
	if len(a.Options) == 0 && len(b.Options) == 0 {
		a.Options, b.Options = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func (b *batch) write(ctx context.Context, q sqldb.Querier) error {
	for _, c := range b.changed {
		if err := c.row.write(ctx, q, c.next, false, b.moment); err != nil {
			return err
		}
	}
	for left := b.added; len(left) > 0; {
		n := min(len(left), q.BatchSize())
		some := left[:n]
		left = left[n:]
		rows, docs := make([]any, 0, 14*n), make([]any, 0, 2*n)
		for _, p := range some {
			doc, err := json.Marshal(detailsOf(p))
			if err != nil {
				return err
			}
			rows = append(rows, p.SKU, catalog.Look(p.SKU), p.Name, p.Price, p.Currency, p.OnHand, p.OnHand, stock.GoodsJSON(p.Goods), sqldb.Bit(p.Inactive), p.Version, int64(1), b.now, b.now, b.due)
			docs = append(docs, p.SKU, string(doc))
		}
		added, err := q.Exec(ctx, "INSERT INTO products (sku, look, name, price, currency, on_hand, received, goods, inactive, version, revision, changed_at, added_at, due_at) VALUES "+
			sqldb.Values(n, 14)+" ON CONFLICT DO NOTHING", rows...)
		if err == nil && added != int64(n) {
			err = sqldb.ErrRace
		}
		if err != nil {
			return err
		}
		if _, err := q.Exec(ctx, "INSERT INTO product_details (sku, doc) VALUES "+sqldb.Values(n, 2)+" ON CONFLICT (sku) DO UPDATE SET doc = excluded.doc", docs...); err != nil {
			return err
		}
	}
	return nil
}
