package stock

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"purser/order"
	"purser/records/sqldb"
)

// These are the states of a reservation. The reserved column of a product
// counts the held and kept ones.
const (
	held     = "held"     // reserved until it expires
	kept     = "kept"     // paid for: it does not expire
	lapsed   = "lapsed"   // expired, and another order took the goods
	shipped  = "shipped"  // left the warehouse
	released = "released" // the goods are for sale again
)

// dueForIndex makes a product whose stock moves due for the next sweep of the
// index. It needs no extra statement, and the order does not wait for the
// index.
const dueForIndex = "revision = revision + 1, due_at = 1"

// reservation is one line of an order's stock.
type reservation struct {
	sku      string
	quantity int64
	state    string
}

// Reserve reserves every line of an order. It takes products ordered by SKU, so
// that two orders cannot deadlock. A transaction calls it last, because on
// Postgres a popular product's row stays locked from here to the commit.
func Reserve(ctx context.Context, q sqldb.Querier, o order.Order, now, until int64) error {
	args := make([]any, 0, 5*len(o.Lines))
	for _, l := range o.Lines {
		args = append(args, string(o.ID), l.SKU, l.Quantity, held, until)
	}
	if err := sqldb.InsertRows(ctx, q, "INSERT INTO reservations (order_id, sku, quantity, state, expires_at)", 5, args); err != nil {
		return err
	}
	for _, l := range inSKUOrder(o.Lines) {
		if err := take(ctx, q, o.ID, l.SKU, l.Quantity, now); err != nil {
			return err
		}
	}
	return nil
}

func inSKUOrder(lines []order.Line) []order.Line {
	sorted := slices.Clone(lines)
	slices.SortFunc(sorted, func(a, b order.Line) int { return strings.Compare(a.SKU, b.SKU) })
	return sorted
}

// Move makes the changes to the order's reservations that an order change asks
// for. The states of the reservations show what was done before, so a
// repetition changes nothing.
func Move(ctx context.Context, q sqldb.Querier, id order.ID, move order.StockMove, now int64) error {
	if move == order.StockStays {
		return nil
	}
	var all []reservation
	err := sqldb.Each(ctx, q, "SELECT sku, quantity, state FROM reservations WHERE order_id = ? ORDER BY sku"+q.ForUpdate(),
		[]any{string(id)}, func(r *sql.Rows) error {
			var v reservation
			if err := r.Scan(&v.sku, &v.quantity, &v.state); err != nil {
				return err
			}
			all = append(all, v)
			return nil
		})
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := r.move(ctx, q, id, move, now); err != nil {
			return err
		}
	}
	return nil
}

func (r reservation) move(ctx context.Context, q sqldb.Querier, id order.ID, move order.StockMove, now int64) error {
	counted := r.state == held || r.state == kept
	var to string
	var again bool // must take goods again, because another order has them now
	switch {
	// A lost attempt may have gone further or elsewhere than the one that counts:
	// goods that it released are taken again, and goods that it shipped come back.
	case move == order.StockKeep && (r.state == held || r.state == lapsed || r.state == released):
		to, again = kept, r.state != held
	case move == order.StockShip && r.state != shipped:
		to, again = shipped, !counted
	case move == order.StockRelease && r.state != released:
		to = released
	default:
		return nil // already done, or nothing to do
	}
	if again {
		if err := take(ctx, q, id, r.sku, r.quantity, now); err != nil {
			return err
		}
	}
	if err := r.setState(ctx, q, id, to); err != nil {
		return err
	}
	switch to {
	case shipped:
		_, err := q.Exec(ctx, "UPDATE products SET on_hand = on_hand - ?, reserved = reserved - ?, shipped = shipped + ?, "+dueForIndex+" WHERE sku = ?",
			r.quantity, r.quantity, r.quantity, r.sku)
		return err
	case released:
		if r.state == shipped {
			_, err := q.Exec(ctx, "UPDATE products SET on_hand = on_hand + ?, shipped = shipped - ?, "+dueForIndex+" WHERE sku = ?", r.quantity, r.quantity, r.sku)
			return err
		}
		if counted { // a lapsed reservation was already subtracted
			return r.unreserve(ctx, q)
		}
	}
	return nil
}

func (r reservation) setState(ctx context.Context, q sqldb.Querier, id order.ID, state string) error {
	_, err := q.Exec(ctx, "UPDATE reservations SET state = ? WHERE order_id = ? AND sku = ?", state, string(id), r.sku)
	return err
}

func (r reservation) unreserve(ctx context.Context, q sqldb.Querier) error {
	_, err := q.Exec(ctx, "UPDATE products SET reserved = reserved - ?, "+dueForIndex+" WHERE sku = ?", r.quantity, r.sku)
	return err
}

// take reserves pieces of a product. While there are too few, it makes expired
// reservations of other orders lapse, oldest first.
func take(ctx context.Context, q sqldb.Querier, id order.ID, sku string, quantity, now int64) error {
	for {
		n, err := q.Exec(ctx, "UPDATE products SET reserved = reserved + ?, "+dueForIndex+" WHERE sku = ? AND on_hand - reserved >= ?",
			quantity, sku, quantity)
		if err != nil || n == 1 {
			return err
		}
		freed, err := LapseOldest(ctx, q, id, sku, now)
		if err != nil {
			return err
		}
		if !freed {
			return fmt.Errorf("%w: %q: %d wanted", order.ErrOutOfStock, sku, quantity)
		}
	}
}

// LapseOldest ends a product's reservation that expired first, among orders
// other than id; it returns false if none has expired. It skips a reservation
// that its own order is changing at this moment, because waiting for it could
// be a deadlock.
func LapseOldest(ctx context.Context, q sqldb.Querier, id order.ID, sku string, now int64) (bool, error) {
	var other string
	r := reservation{sku: sku}
	found, err := sqldb.First(ctx, q, `
		SELECT order_id, quantity FROM reservations
		WHERE sku = ? AND state = 'held' AND expires_at <= ? AND order_id <> ?
		ORDER BY expires_at LIMIT 1`+sqldb.SkipLocked(q), []any{sku, now, string(id)}, &other, &r.quantity)
	if err != nil || !found {
		return false, err
	}
	if err := r.setState(ctx, q, order.ID(other), lapsed); err != nil {
		return false, err
	}
	return true, r.unreserve(ctx, q)
}
