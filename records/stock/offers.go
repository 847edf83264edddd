package stock

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

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
		SELECT sku, name, price, currency, goods, CAST(on_hand - reserved + (
			SELECT COALESCE(SUM(r.quantity), 0) FROM reservations r
			WHERE r.sku = p.sku AND r.state = 'held' AND r.expires_at <= ?) AS BIGINT)
		FROM products p WHERE p.inactive = 0 AND p.deleted = 0 AND sku IN (`+sqldb.Placeholders(len(skus))+`)`, args, func(r *sql.Rows) error {
		var o order.Offer
		var goods string
		err := r.Scan(&o.SKU, &o.Name, &o.Price.Amount, &o.Price.Currency, &goods, &o.Available)
		if err == nil {
			o.Goods, err = ReadGoods(o.SKU, goods)
		}
		offers[o.SKU] = o
		return err
	})
	return offers, err
}

// GoodsJSON returns what the sending of a product depends on as the record keeps it:
// empty if nothing is known.
func GoodsJSON(g order.Goods) string {
	if g.Known() == nil {
		return ""
	}
	b, err := json.Marshal(g)
	if err != nil {
		panic(err) // strings and integers only
	}
	return string(b)
}

// ReadGoods returns what the sending of a product depends on.
func ReadGoods(sku, doc string) (g order.Goods, err error) {
	if doc == "" {
		return g, nil
	}
	if err := json.Unmarshal([]byte(doc), &g); err != nil {
		return g, fmt.Errorf("goods of %s: %w", sku, err)
	}
	return g, nil
}
