package audit

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// ReadStock returns how many pieces of each product are in the warehouse.
func ReadStock(ctx context.Context, record string) (map[string]int64, error) {
	db, err := openRecord(record)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer db.Close()
	stock := map[string]int64{}
	err = each(ctx, db, "SELECT sku, on_hand FROM products", nil, func(row *sql.Rows) error {
		var sku string
		var n int64
		err := row.Scan(&sku, &n)
		stock[sku] = n
		return err
	})
	return stock, err
}

// countReserved compares what an order has reserved and taken of the stock with its goods:
// of an order that has ended nothing is reserved any more. Of a delivered one the pieces
// that went out, or were refunded and not put back, are gone; of another one none, unless
// a parcel went out. What the carrier has brought back is gone until a person has received
// it.
func (a *audit) countReserved(o orderRow) {
	all := a.goodsOf(o)
	for _, r := range a.reserved[o.id] {
		open, gone := r.open(), r.away()
		i := slices.IndexFunc(all, func(g goods) bool { return g.sku == r.sku })
		switch {
		case !final(o.status) || i < 0:
		case o.status == "delivered" && !a.decided(o.id, "keep"):
			open, gone = 0, all[i].absent()
			if gone > 0 && r.state != "shipped" && r.state != "kept" {
				a.endedWrong(StockDifferences, o.id, fmt.Sprintf("is delivered: its stock of %s is %s", r.sku, r.state))
			}
		case (o.status == "cancelled" || o.status == "expired") && !a.decided(o.id, "refund") && !a.decided(o.id, "keep"):
			open, gone = 0, max(all[i].brought-all[i].resold, 0)
		default: // a person has decided where the goods are
			open = 0
		}
		if n := r.open(); n != open {
			a.endedWrong(StockDifferences, o.id, fmt.Sprintf("is %s: %d pieces of %s are still reserved", o.status, n, r.sku))
		}
		if n := r.away(); n != gone {
			a.endedWrong(StockDifferences, o.id, fmt.Sprintf("is %s: %d pieces of %s have left the stock (%s), want %d", o.status, n, r.sku, r.state, gone))
		}
		a.open[r.sku] += open
		a.gone[r.sku] += gone
	}
}

// open returns how many pieces are reserved.
func (r reservationRow) open() int64 {
	if r.state != "held" && r.state != "kept" {
		return 0
	}
	return r.quantity - max(r.shipped, r.restocked)
}

// away returns how many pieces have left the warehouse and not come back.
func (r reservationRow) away() int64 { return max(r.shipped-r.restocked, 0) }

// countStock compares each product's counters with what it had before the first order, and
// with what its orders have taken.
func (a *audit) countStock(ctx context.Context) error {
	const query = `SELECT sku, on_hand, reserved, shipped, received FROM products ORDER BY sku`
	return each(ctx, a.db, query, nil, func(row *sql.Rows) error {
		var sku string
		var onHand, reserved, shipped, received int64
		err := row.Scan(&sku, &onHand, &reserved, &shipped, &received)
		open, gone := a.open[sku], a.gone[sku]
		before, known := a.Input.Stock[sku]
		if !known {
			before = received
		}
		if err == nil && (reserved != open || shipped != gone || onHand != before-gone || received != before || reserved > onHand) {
			a.broke(StockDifferences, fmt.Sprintf("the stock of %s: %d on hand, %d reserved, %d gone of %d; there were %d, and its orders have %d reserved and %d gone",
				sku, onHand, reserved, shipped, received, before, open, gone))
		}
		return err
	})
}
