package records

import (
	"context"
	"database/sql"

	"purser/order"
)

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
	args := append([]any{now}, anys(skus)...)
	err := each(ctx, q, `
		SELECT sku, name, price, currency, CAST(on_hand - reserved + (
			SELECT COALESCE(SUM(r.quantity), 0) FROM reservations r
			WHERE r.sku = p.sku AND r.state = 'held' AND r.expires_at <= ?) AS BIGINT)
		FROM products p WHERE p.inactive = 0 AND p.deleted = 0 AND sku IN (`+marks(len(skus))+`)`, args, func(r *sql.Rows) error {
		var o order.Offer
		if err := r.Scan(&o.SKU, &o.Name, &o.Price.Amount, &o.Price.Currency, &o.Available); err != nil {
			return err
		}
		offers[o.SKU] = o
		return nil
	})
	return offers, err
}

// anys are strings as a statement takes them.
func anys(all []string) []any {
	args := make([]any, len(all))
	for i, s := range all {
		args[i] = s
	}
	return args
}
