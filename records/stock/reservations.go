package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"purser/order"
	"purser/records/sqldb"
)

// These are the states of a reservation: of the part that has not left the
// warehouse, if there is one. The reserved column of a product counts the held
// and kept parts.
const (
	held     = "held"     // reserved until it expires; nothing has left
	kept     = "kept"     // paid for: it does not expire
	lapsed   = "lapsed"   // expired, and another order took the goods
	shipped  = "shipped"  // everything has left
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
	shipped  int64 // of the quantity, left the warehouse
	// restocked are the pieces that are for sale again: those that came back and, of a
	// paid order, those that never left.
	restocked int64
	state     string
	expires   int64 // while it is held
}

// reserved returns how many pieces the product's reserved column counts for it.
func (r reservation) reserved() int64 {
	if r.state == held || r.state == kept {
		return r.quantity - max(r.shipped, r.restocked)
	}
	return 0
}

// after returns the reservation as a move leaves it. A lost attempt may have gone
// further or elsewhere than the one that counts: goods that it released are
// reserved again, and goods that it shipped come back.
func (r reservation) after(move order.StockMove) reservation {
	switch move.Action {
	case order.StockKeep:
		if r.state != shipped {
			r.state = kept
		}
	case order.StockShip:
		r.shipped, r.state = r.shippedOf(move.Lines), kept
		if r.shipped == r.quantity {
			r.state = shipped
		}
	case order.StockRelease:
		r.shipped, r.state = min(sumOf(move.Lines, r.sku), r.quantity), released
	}
	r.restocked = min(sumOf(move.Restocked, r.sku), r.restockable())
	return r
}

// sized returns the reservation for another quantity of goods, and until when it is held; 0:
// as long as before. One that has lapsed is held again if it is to grow or to last longer.
func (r reservation) sized(quantity, until int64) reservation {
	switch {
	case r.state == held && until > 0:
		r.expires = until
	case r.state == lapsed && (until > 0 || quantity > r.quantity):
		r.state, r.expires = held, max(r.expires, until)
	}
	r.quantity, r.shipped, r.restocked = quantity, min(r.shipped, quantity), min(r.restocked, quantity)
	return r
}

// restockable returns how many pieces can be for sale again although the reservation
// has not been released.
func (r reservation) restockable() int64 {
	if r.state == kept || r.state == shipped {
		return r.quantity
	}
	return r.shipped
}

// away returns how many pieces the product's shipped column counts for it.
func (r reservation) away() int64 { return max(r.shipped-r.restocked, 0) }

// shippedOf returns how many pieces have left if all the goods that have left are
// these; without lines, everything has.
func (r reservation) shippedOf(lines []order.LineQuantity) (n int64) {
	if len(lines) == 0 {
		return r.quantity
	}
	return min(sumOf(lines, r.sku), r.quantity)
}

func sumOf(lines []order.LineQuantity, sku string) (n int64) {
	for _, l := range lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
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
// for. A move says how the reservations are after it, so a repetition changes
// nothing. goods are all that is reserved from now on; nil: as before. replaces says that
// the change replaces what a lost attempt wrote, which may have restocked goods.
func Move(ctx context.Context, q sqldb.Querier, id order.ID, move order.StockMove, goods []order.LineQuantity, replaces bool, now int64) error {
	if move.Action == order.StockStays && len(move.Restocked) == 0 && !replaces && goods == nil && move.Until.IsZero() {
		return nil
	}
	all, err := read(ctx, q, id)
	if err != nil {
		return err
	}
	if goods != nil {
		all = withNew(all, goods)
	}
	until := sqldb.Micros(move.Until)
	for _, r := range all {
		quantity := r.quantity
		if goods != nil {
			quantity = sumOf(goods, r.sku)
		}
		to := r.sized(quantity, until).after(move)
		err := r.become(ctx, q, id, to, now)
		if errors.Is(err, order.ErrOutOfStock) && to.restocked < r.restocked { // others have bought what the lost attempt restocked
			to.restocked = min(r.restocked, to.restockable())
			err = r.become(ctx, q, id, to, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read returns the order's reservations, by SKU.
func read(ctx context.Context, q sqldb.Querier, id order.ID) (all []reservation, err error) {
	err = sqldb.Each(ctx, q, "SELECT sku, quantity, shipped, restocked, state, expires_at FROM reservations WHERE order_id = ? ORDER BY sku"+q.ForUpdate(),
		[]any{string(id)}, func(r *sql.Rows) error {
			var v reservation
			if err := r.Scan(&v.sku, &v.quantity, &v.shipped, &v.restocked, &v.state, &v.expires); err != nil {
				return err
			}
			all = append(all, v)
			return nil
		})
	return all, err
}

// withNew adds empty reservations of the goods that have none, in the state of the others.
func withNew(all []reservation, goods []order.LineQuantity) []reservation {
	like := reservation{state: kept}
	if len(all) > 0 {
		like = all[0]
	}
	if like.state == shipped { // these goods have not left
		like.state = kept
	}
	for _, g := range goods {
		if !slices.ContainsFunc(all, func(r reservation) bool { return r.sku == g.SKU }) {
			all = append(all, reservation{sku: g.SKU, state: like.state, expires: like.expires})
		}
	}
	slices.SortFunc(all, func(a, b reservation) int { return strings.Compare(a.sku, b.sku) })
	return all
}

// become changes the reservation and the counters of its product. If the order
// has more goods afterwards, it takes them again, because others may have them
// now.
func (r reservation) become(ctx context.Context, q sqldb.Querier, id order.ID, to reservation, now int64) error {
	if to == r {
		return nil
	}
	left, reserved := to.away()-r.away(), to.reserved()-r.reserved()
	if more := left + reserved; more > 0 {
		if err := take(ctx, q, id, r.sku, more, now); err != nil {
			return err
		}
		reserved -= more
	}
	if err := to.put(ctx, q, id); err != nil || left == 0 && reserved == 0 {
		return err
	}
	_, err := q.Exec(ctx, "UPDATE products SET on_hand = on_hand - ?, shipped = shipped + ?, reserved = reserved + ?, "+dueForIndex+" WHERE sku = ?",
		left, left, reserved, r.sku)
	return err
}

// put writes the reservation, or deletes it if it is of nothing.
func (r reservation) put(ctx context.Context, q sqldb.Querier, id order.ID) error {
	if r.quantity == 0 {
		_, err := q.Exec(ctx, "DELETE FROM reservations WHERE order_id = ? AND sku = ?", string(id), r.sku)
		return err
	}
	_, err := q.Exec(ctx, `
		INSERT INTO reservations (order_id, sku, quantity, shipped, restocked, state, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (order_id, sku) DO UPDATE SET quantity = excluded.quantity, shipped = excluded.shipped,
			restocked = excluded.restocked, state = excluded.state, expires_at = excluded.expires_at`,
		string(id), r.sku, r.quantity, r.shipped, r.restocked, r.state, r.expires)
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
	r := reservation{sku: sku, state: held}
	found, err := sqldb.First(ctx, q, `
		SELECT order_id, quantity, expires_at FROM reservations
		WHERE sku = ? AND state = 'held' AND expires_at <= ? AND order_id <> ?
		ORDER BY expires_at LIMIT 1`+sqldb.SkipLocked(q), []any{sku, now, string(id)}, &other, &r.quantity, &r.expires)
	if err != nil || !found {
		return false, err
	}
	to := r
	to.state = lapsed
	return true, r.become(ctx, q, order.ID(other), to, now)
}
