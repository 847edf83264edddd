package stock

import (
	"context"
	"database/sql"

	"purser/order"
	"purser/records/sqldb"
)

// Offers returns the current price and stock of these products, by SKU; a
// product that is not for sale is missing. The stock may be gone a moment
// later: only opening the order reserves it.
func (s *Store) Offers(ctx context.Context, skus []string) (map[string]order.Offer, error) {
	offers, err := ReadOffers(ctx, s.DB.Reader(), skus, sqldb.Micros(s.DB.Now()))
	return offers, sqldb.WrapError("offers", err)
}

// ReadOffers is Offers in a transaction. It counts the goods of an expired
// reservation as available, even if the reservation is still recorded.
func ReadOffers(ctx context.Context, q sqldb.Querier, skus []string, now int64) (map[string]order.Offer, error) {
	offers := make(map[string]order.Offer, len(skus))
	if len(skus) == 0 {
		return offers, nil
	}
	args := append([]any{now}, sqldb.Args(skus)...)
	err := sqldb.Each(ctx, q, `
		SELECT sku, name, price, currency, CAST(on_hand - reserved + (
			SELECT COALESCE(SUM(r.quantity), 0) FROM reservations r
			WHERE r.sku = p.sku AND r.state = 'held' AND r.expires_at <= ?) AS BIGINT)
		FROM products p WHERE p.inactive = 0 AND p.deleted = 0 AND sku IN (`+sqldb.Placeholders(len(skus))+`)`, args, func(r *sql.Rows) error {
		var o order.Offer
		if err := r.Scan(&o.SKU, &o.Name, &o.Price.Amount, &o.Price.Currency, &o.Available); err != nil {
			return err
		}
		offers[o.SKU] = o
		return nil
	})
	return offers, err
}
