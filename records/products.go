package records

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"purser/catalog"
	"purser/order"
)

// PutProducts adds products or replaces what is known of them, all or none.
// OnHand sets the stock: the pieces in the warehouse now, those set aside
// included; fewer than are set aside fail with catalog.ErrReserved. The index
// is told by the next sweep.
func (s *Store) PutProducts(ctx context.Context, products []catalog.Product) error {
	sorted := slices.SortedFunc(slices.Values(products), func(a, b catalog.Product) int { return cmp.Compare(a.SKU, b.SKU) })
	err := s.retried(ctx, func(ctx context.Context, q querier) error {
		for _, p := range sorted {
			now := clock{micros(s.now()), 0}
			if err := putOne(ctx, q, p, now); err != nil {
				return err
			}
		}
		return nil
	})
	return failed("put products", err)
}

func putOne(ctx context.Context, q querier, p catalog.Product, now clock) error {
	row, err := lockProduct(ctx, q, p.SKU)
	if err != nil {
		return err
	}
	next, err := row.changed(ctx, q, catalog.Change{Put: &p, OnHand: &p.OnHand}, now)
	if err != nil {
		return err
	}
	row.counting = true
	return row.write(ctx, q, next, false, now)
}

// clock is when a change is made, and how long after it the index is swept
// for it, if nobody has told the index before.
type clock struct{ now, grace int64 }

// productRow is a product as its row says, and whether there is one.
type productRow struct {
	catalog.Stocked
	reserved int64
	shipped  int64
	addedAt  int64
	found    bool
	counting bool // the next write is of a count
}

// details are what stands in product_details.
type details struct {
	Description string            `json:"description,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Category    string            `json:"category,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Rating      int64             `json:"rating,omitempty"`
	Parent      string            `json:"parent,omitempty"`
	Options     map[string]string `json:"options,omitempty"`
	Pictures    []catalog.Picture `json:"pictures,omitempty"`
}

const selectProduct = `
	SELECT p.sku, p.name, p.price, p.currency, p.on_hand, p.reserved, p.shipped, p.version, p.revision, p.inactive, p.deleted, p.added_at,
		COALESCE(d.doc, '') FROM products p LEFT JOIN product_details d ON d.sku = p.sku `

func scanProduct(r *sql.Rows) (productRow, error) {
	p := productRow{found: true}
	var inactive, deleted int64
	var doc string
	err := r.Scan(&p.SKU, &p.Name, &p.Price, &p.Currency, &p.OnHand, &p.reserved, &p.shipped, &p.Version, &p.Revision, &inactive, &deleted, &p.addedAt, &doc)
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
	p.Parent, p.Options, p.Pictures = d.Parent, d.Options, d.Pictures
	return p, nil
}

// lockProduct reads a product that is going to be written. It is locked first
// and read by another statement: one that waits for the lock sees the row as
// it was written meanwhile, but the details as they were before.
func lockProduct(ctx context.Context, q querier, sku string) (productRow, error) {
	row := productRow{Stocked: catalog.Stocked{Product: catalog.Product{SKU: sku}}}
	if lock := q.forUpdate(); lock != "" {
		if found, err := first(ctx, q, "SELECT sku FROM products WHERE sku = ?"+lock, []any{sku}, new(string)); err != nil || !found {
			return row, err
		}
	}
	err := each(ctx, q, selectProduct+"WHERE p.sku = ?", []any{sku}, func(r *sql.Rows) (err error) {
		row, err = scanProduct(r)
		return err
	})
	return row, err
}

// changed answers the product after a change, or why it is refused.
func (p *productRow) changed(ctx context.Context, q querier, c catalog.Change, now clock) (catalog.Product, error) {
	next, err := c.Apply(p.Stocked, p.found && !p.Deleted)
	if err == nil {
		err = onlyPublished(ctx, q, c.AddPicture)
	}
	if err != nil {
		return next, err
	}
	if next.Currency != p.Currency {
		if _, err := order.Exponent(next.Currency); err != nil {
			return next, fmt.Errorf("%w: %s: currency: %w", catalog.ErrInvalid, p.SKU, err)
		}
	}
	return next, p.leaveReserved(ctx, q, next.OnHand, now.now)
}

// leaveReserved makes sure that what is set aside for orders stays there
// (ORD-7). Reservations that have expired give way, which moves the product on.
func (p *productRow) leaveReserved(ctx context.Context, q querier, onHand, now int64) error {
	for onHand < p.reserved {
		freed, err := lapseOldest(ctx, q, "", p.SKU, now)
		if err != nil {
			return err
		}
		if !freed {
			return fmt.Errorf("%w: %s: onHand: %d are set aside, %d would be left", catalog.ErrReserved, p.SKU, p.reserved, onHand)
		}
		if _, err := first(ctx, q, "SELECT reserved, revision FROM products WHERE sku = ?", []any{p.SKU}, &p.reserved, &p.Revision); err != nil {
			return err
		}
		p.Available = max(p.OnHand-p.reserved, 0)
	}
	return nil
}

// errRace: another transaction added the product first.
var errRace = errors.New("the product was added meanwhile")

// retried runs a transaction again if it lost a race to add a product.
func (s *Store) retried(ctx context.Context, f func(context.Context, querier) error) error {
	for try := 1; ; try++ {
		err := s.db.write(ctx, f)
		if !errors.Is(err, errRace) || try == maxTries {
			return err
		}
	}
}

// write writes the product as changed, or as deleted, and makes it due for
// the index. The pictures of a deleted one are to be deleted too.
func (p *productRow) write(ctx context.Context, q querier, next catalog.Product, deleted bool, now clock) error {
	due := now.now + now.grace
	counted := bit(p.counting || !p.found || p.Deleted)
	if !p.found || p.Deleted || p.addedAt == 0 {
		p.addedAt = now.now
	}
	var n int64
	var err error
	if p.found {
		n, err = q.exec(ctx, `
			UPDATE products SET name = ?, price = ?, currency = ?, on_hand = ?, received = CAST(? AS BIGINT) + shipped, inactive = ?, deleted = ?,
				counted_at = CASE WHEN CAST(? AS BIGINT) = 1 THEN ? ELSE counted_at END, version = ?, revision = revision + 1, changed_at = ?, added_at = ?,
				due_at = CASE WHEN due_at = 0 OR due_at > ? THEN ? ELSE due_at END
			WHERE sku = ?`,
			next.Name, next.Price, next.Currency, next.OnHand, next.OnHand, bit(next.Inactive), bit(deleted),
			counted, now.now, next.Version, now.now, p.addedAt, due, due, p.SKU)
	} else {
		n, err = q.exec(ctx, `
			INSERT INTO products (sku, name, price, currency, on_hand, received, counted_at, inactive, version, revision, changed_at, added_at, due_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (sku) DO NOTHING`,
			p.SKU, next.Name, next.Price, next.Currency, next.OnHand, next.OnHand, now.now, bit(next.Inactive), next.Version, now.now, p.addedAt, due)
	}
	if err == nil && n == 0 {
		err = errRace
	}
	if err == nil && deleted {
		err = now.discardUploads(ctx, q, p.SKU)
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
	return details{p.Description, p.Brand, p.Category, p.Tags, p.Rating, p.Parent, p.Options, p.Pictures}
}

func putDetails(ctx context.Context, q querier, p catalog.Product) error {
	doc, err := json.Marshal(detailsOf(p))
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `
		INSERT INTO product_details (sku, doc) VALUES (?, ?)
		ON CONFLICT (sku) DO UPDATE SET doc = excluded.doc WHERE product_details.doc <> excluded.doc`, p.SKU, string(doc))
	return err
}

// bit is a truth as both databases keep it.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Products lists up to limit products in the order of their SKUs, from the
// one that follows after; "" is the start.
func (s *Store) Products(ctx context.Context, limit int, after string) ([]catalog.Product, error) {
	var found []catalog.Product
	err := each(ctx, s.db.reader(), selectProduct+"WHERE p.sku > ? AND p.deleted = 0 ORDER BY p.sku LIMIT ?",
		[]any{after, pageSize(limit)}, func(r *sql.Rows) error {
			p, err := scanProduct(r)
			found = append(found, p.Product)
			return err
		})
	return found, failed("products", err)
}

// Product answers one product, or catalog.ErrNotFound.
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
