package records

import (
	"context"
	"database/sql"
	"fmt"

	"purser/catalog"
	"purser/order"
)

// PutProducts adds products or replaces what is known of them. OnHand sets
// the stock: the pieces in the warehouse now, those set aside included.
func (s *Store) PutProducts(ctx context.Context, products []catalog.Product) error {
	for _, p := range products {
		if err := p.Validate(); err != nil {
			return err
		}
		if _, err := order.Exponent(p.Currency); err != nil {
			return fmt.Errorf("%w: %s: %w", catalog.ErrInvalid, p.SKU, err)
		}
	}
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		for _, p := range products {
			if _, err := q.exec(ctx, `
				INSERT INTO products (sku, name, price, currency, on_hand, received) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (sku) DO UPDATE SET name = excluded.name, price = excluded.price, currency = excluded.currency,
					on_hand = excluded.on_hand, received = excluded.on_hand + products.shipped`,
				p.SKU, p.Name, p.Price, p.Currency, p.OnHand, p.OnHand); err != nil {
				return err
			}
		}
		return nil
	})
	return failed("put products", err)
}

// Products lists up to limit products in the order of their SKUs, from the
// one that follows after; "" is the start.
func (s *Store) Products(ctx context.Context, limit int, after string) ([]catalog.Product, error) {
	var found []catalog.Product
	err := each(ctx, s.db.reader(), `
		SELECT sku, name, price, currency, on_hand FROM products WHERE sku > ? ORDER BY sku LIMIT ?`,
		[]any{after, pageSize(limit)}, func(r *sql.Rows) error {
			var p catalog.Product
			if err := r.Scan(&p.SKU, &p.Name, &p.Price, &p.Currency, &p.OnHand); err != nil {
				return err
			}
			found = append(found, p)
			return nil
		})
	return found, failed("products", err)
}

// Offers answers what the catalogue says of these products now, by SKU; one
// that is not for sale is missing. Stock may be gone a moment later:
// OpenOrder decides.
func (s *Store) Offers(ctx context.Context, skus []string) (map[string]order.Offer, error) {
	offers, err := readOffers(ctx, s.db.reader(), skus, micros(s.now()))
	return offers, failed("offers", err)
}

// readOffers counts a reservation that has lapsed as available, though it may
// still be noted.
func readOffers(ctx context.Context, q querier, skus []string, now int64) (map[string]order.Offer, error) {
	offers := make(map[string]order.Offer, len(skus))
	if len(skus) == 0 {
		return offers, nil
	}
	args := make([]any, 0, len(skus)+1)
	args = append(args, now)
	for _, sku := range skus {
		args = append(args, sku)
	}
	err := each(ctx, q, `
		SELECT sku, name, price, currency, CAST(on_hand - reserved + (
			SELECT COALESCE(SUM(r.quantity), 0) FROM reservations r
			WHERE r.sku = p.sku AND r.state = 'held' AND r.expires_at <= ?) AS BIGINT)
		FROM products p WHERE sku IN (`+marks(len(skus))+`)`, args, func(r *sql.Rows) error {
		var o order.Offer
		if err := r.Scan(&o.SKU, &o.Name, &o.Price.Amount, &o.Price.Currency, &o.Available); err != nil {
			return err
		}
		offers[o.SKU] = o
		return nil
	})
	return offers, err
}
