// Package products records the catalogue: the current products, the changes
// that were made to them, and which products the search index still lacks.
package products

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"purser/catalog"
	"purser/order"
	"purser/records/images"
	"purser/records/sqldb"
	"purser/records/stock"
)

// Store reads and writes the catalogue.
type Store struct {
	DB *sqldb.DB
}

// PutProducts adds products or replaces the recorded ones, all or none. OnHand
// sets the stock: the pieces now in the warehouse, reserved ones included; it
// fails with catalog.ErrReserved if there are fewer than are reserved. The next
// sweep brings the products to the index.
func (s *Store) PutProducts(ctx context.Context, products []catalog.Product) error {
	sorted := slices.SortedFunc(slices.Values(products), func(a, b catalog.Product) int { return cmp.Compare(a.SKU, b.SKU) })
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		for _, p := range sorted {
			now := sqldb.Micros(s.DB.Now())
			if err := putOne(ctx, q, p, moment{now: now, due: now}); err != nil {
				return err
			}
		}
		return nil
	})
	if refusal(err) != "" { // its text is for the caller
		return err
	}
	return sqldb.WrapError("put products", err)
}

func putOne(ctx context.Context, q sqldb.Querier, p catalog.Product, at moment) error {
	row, err := lockProduct(ctx, q, p.SKU)
	if err != nil {
		return err
	}
	next, err := row.changed(ctx, q, catalog.Change{Put: &p, OnHand: &p.OnHand}, at.now)
	if err != nil {
		return err
	}
	row.counting = true
	return row.write(ctx, q, next, false, at)
}

// moment is the time of a change, and the time at which a sweep brings it to
// the index if that has not been done before.
type moment struct{ now, due int64 }

// productRow is a product as stored, and whether it is stored.
type productRow struct {
	catalog.Stocked
	reserved int64
	shipped  int64
	addedAt  int64
	found    bool
	counting bool // the next write is a stock count
}

// details is the document in product_details.
type details struct {
	Description string            `json:"description,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Category    string            `json:"category,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Rating      int64             `json:"rating,omitempty"`
	Parent      string            `json:"parent,omitempty"`
	Options     map[string]string `json:"options,omitempty"`
	Images      []catalog.Image   `json:"images,omitempty"`
	Delivery    string            `json:"delivery,omitempty"`
}

const selectProduct = `
	SELECT p.sku, p.name, p.price, p.currency, p.on_hand, p.reserved, p.shipped, p.version, p.revision, p.inactive, p.deleted, p.added_at, p.goods,
		COALESCE(d.doc, '') FROM products p LEFT JOIN product_details d ON d.sku = p.sku `

func scanProduct(r *sql.Rows) (productRow, error) {
	p := productRow{found: true}
	var inactive, deleted int64
	var goods, doc string
	err := r.Scan(&p.SKU, &p.Name, &p.Price, &p.Currency, &p.OnHand, &p.reserved, &p.shipped, &p.Version, &p.Revision, &inactive, &deleted, &p.addedAt, &goods, &doc)
	if err == nil {
		p.Goods, err = stock.ReadGoods(p.SKU, goods)
	}
	if err != nil {
		return p, err
	}
	p.Inactive, p.Deleted, p.Added = inactive != 0, deleted != 0, p.addedAt/1_000_000
	p.Available = max(p.OnHand-p.reserved, 0)
	if doc == "" {
		return p, nil
	}
	var d details
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		return p, fmt.Errorf("details of %s: %w", p.SKU, err)
	}
	p.Description, p.Brand, p.Category, p.Tags, p.Rating = d.Description, d.Brand, d.Category, d.Tags, d.Rating
	p.Parent, p.Options, p.Images, p.Delivery = d.Parent, d.Options, d.Images, d.Delivery
	return p, nil
}

// lockProduct reads a product for writing. One statement locks it and another
// reads it: a statement that has waited for the lock sees the row as it was
// written in the meantime, but the details as they were before.
func lockProduct(ctx context.Context, q sqldb.Querier, sku string) (productRow, error) {
	row := productRow{Stocked: catalog.Stocked{Product: catalog.Product{SKU: sku}}}
	if lock := q.ForUpdate(); lock != "" {
		if found, err := sqldb.First(ctx, q, "SELECT sku FROM products WHERE sku = ?"+lock, []any{sku}, new(string)); err != nil || !found {
			return row, err
		}
	}
	err := sqldb.Each(ctx, q, selectProduct+"WHERE p.sku = ?", []any{sku}, func(r *sql.Rows) (err error) {
		row, err = scanProduct(r)
		return err
	})
	return row, err
}

// changed returns the product after a change, or why the change is refused.
func (p *productRow) changed(ctx context.Context, q sqldb.Querier, c catalog.Change, now int64) (catalog.Product, error) {
	exists := p.found && !p.Deleted
	next, err := c.Apply(p.Stocked, exists)
	if err == nil && !exists {
		err = refuseLookalike(ctx, q, p.SKU)
	}
	if err == nil {
		err = images.RequirePublished(ctx, q, c.AddImage)
	}
	if err != nil {
		return next, err
	}
	if next.Currency != p.Currency {
		if _, err := order.Exponent(next.Currency); err != nil {
			return next, fmt.Errorf("%w: %s: currency: %w", catalog.ErrInvalid, p.SKU, err)
		}
	}
	return next, p.keepReserved(ctx, q, next.OnHand, now)
}

// refuseLookalike refuses a new product that people would take for another one.
func refuseLookalike(ctx context.Context, q sqldb.Querier, sku string) error {
	var other string
	found, err := sqldb.First(ctx, q, "SELECT sku FROM products WHERE look = ? AND deleted = 0", []any{catalog.Look(sku)}, &other)
	if err == nil && found {
		err = catalog.Lookalike(sku, other)
	}
	return err
}

// keepReserved makes sure that the pieces that orders have reserved stay on
// hand. Expired reservations lapse if needed, which changes the product's
// revision.
func (p *productRow) keepReserved(ctx context.Context, q sqldb.Querier, onHand, now int64) error {
	for onHand < p.reserved {
		freed, err := stock.LapseOldest(ctx, q, "", p.SKU, now)
		if err != nil {
			return err
		}
		if !freed {
			return fmt.Errorf("%w: %s: onHand: %d are set aside, %d would be left", catalog.ErrReserved, p.SKU, p.reserved, onHand)
		}
		if _, err := sqldb.First(ctx, q, "SELECT reserved, revision FROM products WHERE sku = ?", []any{p.SKU}, &p.reserved, &p.Revision); err != nil {
			return err
		}
		p.Available = max(p.OnHand-p.reserved, 0)
	}
	return nil
}

// write writes the product as changed or deleted, and makes it due for the
// index. It marks the images of a deleted product for deletion too.
func (p *productRow) write(ctx context.Context, q sqldb.Querier, next catalog.Product, deleted bool, at moment) error {
	counted := sqldb.Bit(p.counting || !p.found || p.Deleted)
	if !p.found || p.Deleted || p.addedAt == 0 {
		p.addedAt = at.now
	}
	var n int64
	var err error
	if p.found {
		n, err = q.Exec(ctx, `
			UPDATE products SET name = ?, price = ?, currency = ?, on_hand = ?, received = CAST(? AS BIGINT) + shipped, goods = ?, inactive = ?, deleted = ?,
				counted_at = CASE WHEN CAST(? AS BIGINT) = 1 THEN ? ELSE counted_at END, version = ?, revision = revision + 1, changed_at = ?, added_at = ?,
				due_at = CASE WHEN due_at = 0 OR due_at > ? THEN ? ELSE due_at END
			WHERE sku = ?`,
			next.Name, next.Price, next.Currency, next.OnHand, next.OnHand, stock.GoodsJSON(next.Goods), sqldb.Bit(next.Inactive), sqldb.Bit(deleted),
			counted, at.now, next.Version, at.now, p.addedAt, at.due, at.due, p.SKU)
	} else {
		n, err = q.Exec(ctx, `
			INSERT INTO products (sku, look, name, price, currency, on_hand, received, goods, counted_at, inactive, version, revision, changed_at, added_at, due_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING`,
			p.SKU, catalog.Look(p.SKU), next.Name, next.Price, next.Currency, next.OnHand, next.OnHand, stock.GoodsJSON(next.Goods), at.now, sqldb.Bit(next.Inactive), next.Version, at.now, p.addedAt, at.due)
	}
	if err == nil && n == 0 || sqldb.IsUniqueViolation(err) { // a lookalike came into being at the same time
		err = sqldb.ErrRace
	}
	if err == nil && deleted {
		err = images.DiscardUploads(ctx, q, p.SKU, at.now)
	}
	if err != nil {
		return err
	}
	p.Product, p.Deleted, p.found = next, deleted, true
	p.Revision++
	p.Added, p.Available = p.addedAt/1_000_000, max(p.OnHand-p.reserved, 0)
	return putDetails(ctx, q, next)
}

func detailsOf(p catalog.Product) details {
	return details{p.Description, p.Brand, p.Category, p.Tags, p.Rating, p.Parent, p.Options, p.Images, p.Delivery}
}

func putDetails(ctx context.Context, q sqldb.Querier, p catalog.Product) error {
	doc, err := json.Marshal(detailsOf(p))
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, `
		INSERT INTO product_details (sku, doc) VALUES (?, ?)
		ON CONFLICT (sku) DO UPDATE SET doc = excluded.doc WHERE product_details.doc <> excluded.doc`, p.SKU, string(doc))
	return err
}

// Products lists up to limit products, ordered by SKU, starting behind the SKU
// after; "" is the start.
func (s *Store) Products(ctx context.Context, limit int, after string) ([]catalog.Product, error) {
	var found []catalog.Product
	err := sqldb.Each(ctx, s.DB.Reader(), selectProduct+"WHERE p.sku > ? AND p.deleted = 0 ORDER BY p.sku LIMIT ?",
		[]any{after, sqldb.PageSize(limit)}, func(r *sql.Rows) error {
			p, err := scanProduct(r)
			found = append(found, p.Product)
			return err
		})
	return found, sqldb.WrapError("products", err)
}

// Product returns one product, or catalog.ErrNotFound.
func (s *Store) Product(ctx context.Context, sku string) (catalog.Stocked, error) {
	all, err := s.Stocked(ctx, []string{sku})
	if err != nil {
		return catalog.Stocked{}, err
	}
	p, ok := all[sku]
	if !ok || p.Deleted {
		return catalog.Stocked{}, fmt.Errorf("%w: %.70q", catalog.ErrNotFound, sku)
	}
	return p, nil
}
