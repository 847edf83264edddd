package records

import (
	"context"
	"database/sql"
	"fmt"

	"purser/order"
)

// The states of a reservation. Held and kept ones are counted in their
// product's reserved.
const (
	held     = "held"     // set aside until it expires
	kept     = "kept"     // paid for: does not expire
	lapsed   = "lapsed"   // expired, and another order took the goods
	shipped  = "shipped"  // gone
	released = "released" // given back
)

// itMoved marks a product whose stock moves for the next sweep of the index:
// no statement more for the order, which does not wait for the index (SRCH-3).
const itMoved = "revision = revision + 1, due_at = 1"

// reservation is one line of an order's stock.
type reservation struct {
	sku      string
	quantity int64
	state    string
}

// moveStock does what a change asks of the order's reservations. Their states
// tell what was done before, so a repetition changes nothing.
func moveStock(ctx context.Context, q querier, id order.ID, move order.StockMove, now int64) error {
	if move == order.StockStays {
		return nil
	}
	var all []reservation
	err := each(ctx, q, "SELECT sku, quantity, state FROM reservations WHERE order_id = ? ORDER BY sku"+q.forUpdate(),
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

func (r reservation) move(ctx context.Context, q querier, id order.ID, move order.StockMove, now int64) error {
	counted := r.state == held || r.state == kept
	var to string
	var again bool // it must be taken again: another order has its goods
	switch {
	// A lost attempt may have gone further or elsewhere than the one that
	// counts: what it released is taken again, what it shipped comes back.
	case move == order.StockKeep && (r.state == held || r.state == lapsed || r.state == released):
		to, again = kept, r.state != held
	case move == order.StockShip && r.state != shipped:
		to, again = shipped, !counted
	case move == order.StockRelease && r.state != released:
		to = released
	default:
		return nil // done before, or nothing to do
	}
	if again {
		if err := take(ctx, q, id, r.sku, r.quantity, now); err != nil {
			return err
		}
	}
	if err := r.become(ctx, q, id, to); err != nil {
		return err
	}
	switch to {
	case shipped:
		_, err := q.exec(ctx, "UPDATE products SET on_hand = on_hand - ?, reserved = reserved - ?, shipped = shipped + ?, "+itMoved+" WHERE sku = ?",
			r.quantity, r.quantity, r.quantity, r.sku)
		return err
	case released:
		if r.state == shipped {
			_, err := q.exec(ctx, "UPDATE products SET on_hand = on_hand + ?, shipped = shipped - ?, "+itMoved+" WHERE sku = ?", r.quantity, r.quantity, r.sku)
			return err
		}
		if counted { // what lapsed was given back then
			return r.giveBack(ctx, q)
		}
	}
	return nil
}

func (r reservation) become(ctx context.Context, q querier, id order.ID, state string) error {
	_, err := q.exec(ctx, "UPDATE reservations SET state = ? WHERE order_id = ? AND sku = ?", state, string(id), r.sku)
	return err
}

func (r reservation) giveBack(ctx context.Context, q querier) error {
	_, err := q.exec(ctx, "UPDATE products SET reserved = reserved - ?, "+itMoved+" WHERE sku = ?", r.quantity, r.sku)
	return err
}

// take sets pieces of a product aside. While there are too few, it lets
// expired reservations of other orders lapse, oldest first.
func take(ctx context.Context, q querier, id order.ID, sku string, quantity, now int64) error {
	for {
		n, err := q.exec(ctx, "UPDATE products SET reserved = reserved + ?, "+itMoved+" WHERE sku = ? AND on_hand - reserved >= ?",
			quantity, sku, quantity)
		if err != nil || n == 1 {
			return err
		}
		freed, err := lapseOldest(ctx, q, id, sku, now)
		if err != nil {
			return err
		}
		if !freed {
			return fmt.Errorf("%w: %q: %d wanted", order.ErrOutOfStock, sku, quantity)
		}
	}
}

// lapseOldest ends the reservation of a product that expired first; false if
// none has. One that its own order is moving at this moment is left alone:
// waiting for it could be a deadlock.
func lapseOldest(ctx context.Context, q querier, id order.ID, sku string, now int64) (bool, error) {
	lock := q.forUpdate()
	if lock != "" {
		lock += " SKIP LOCKED"
	}
	var other string
	r := reservation{sku: sku}
	found, err := first(ctx, q, `
		SELECT order_id, quantity FROM reservations
		WHERE sku = ? AND state = 'held' AND expires_at <= ? AND order_id <> ?
		ORDER BY expires_at LIMIT 1`+lock, []any{sku, now, string(id)}, &other, &r.quantity)
	if err != nil || !found {
		return false, err
	}
	if err := r.become(ctx, q, order.ID(other), lapsed); err != nil {
		return false, err
	}
	return true, r.giveBack(ctx, q)
}
