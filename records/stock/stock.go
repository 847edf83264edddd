// Package stock records what is for sale and what orders have reserved. Its
// functions on a Querier are steps of the transactions that write orders and
// products.
package stock

import (
	"context"
	"database/sql"

	"purser/records/sqldb"
)

// Store reads and writes stock.
type Store struct {
	DB *sqldb.DB
}

// OpenPieces and GonePieces are, in SQL, how many pieces of a reservation the reserved
// and the shipped column of its product count.
const (
	OpenPieces = "CASE WHEN state NOT IN ('held', 'kept') THEN 0 WHEN restocked > shipped THEN quantity - restocked ELSE quantity - shipped END"
	GonePieces = "CASE WHEN shipped > restocked THEN shipped - restocked ELSE 0 END"
)

// UnbalancedStock returns up to limit products whose counters do not agree with
// their reservations. It reads all reservations.
func (s *Store) UnbalancedStock(ctx context.Context, limit int) ([]string, error) {
	var skus []string
	err := sqldb.Each(ctx, s.DB.Reader(), `
		SELECT p.sku FROM products p LEFT JOIN (
			SELECT sku, SUM(`+OpenPieces+`) AS open, SUM(`+GonePieces+`) AS gone
			FROM reservations GROUP BY sku) r ON r.sku = p.sku
		WHERE p.reserved <> COALESCE(r.open, 0) OR p.shipped <> COALESCE(r.gone, 0) OR p.reserved > p.on_hand OR p.received <> p.on_hand + p.shipped
		ORDER BY p.sku LIMIT ?`, []any{limit}, func(r *sql.Rows) error {
		var sku string
		err := r.Scan(&sku)
		skus = append(skus, sku)
		return err
	})
	return skus, sqldb.WrapError("unbalanced stock", err)
}
