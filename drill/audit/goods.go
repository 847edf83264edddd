package audit

import (
	"context"
	"database/sql"
	"fmt"
)

// parcelsAtEnd says what is wrong with the parcels of an order that has ended, by what
// the carrier has: a delivered order's parcels were delivered, and no parcel of another
// one goes out, unless a person has decided so.
func (a *audit) parcelsAtEnd(o orderRow) (wrong []string) {
	arrived, live := map[string]bool{}, false
	for _, l := range a.byOrder[o.id] {
		live = live || l.live()
		arrived[l.Reference] = arrived[l.Reference] || l.Status == "delivered"
	}
	switch o.status {
	case "delivered":
		if a.decided(o.id, "keep") {
			return nil
		}
		if !live {
			wrong = append(wrong, "no parcel went out")
		}
		for _, s := range a.shipments[o.id] {
			if !s.replaced && !arrived[s.reference] {
				wrong = append(wrong, "the carrier has not delivered "+s.reference)
			}
		}
	case "cancelled", "expired", "refused":
		if live && !a.decided(o.id, "refund") && !a.decided(o.id, "keep") {
			wrong = append(wrong, "a parcel went out")
		}
	}
	return wrong
}

// goodsAtEnd says what is wrong with the goods of an order that has ended, by what the
// record says: nothing is reserved any more; of a delivered order every piece was sent,
// or refunded, and has left the stock; of another one every piece is for sale again,
// unless a parcel went out.
func (a *audit) goodsAtEnd(o orderRow) (wrong []string) {
	note := func(what string, args ...any) { wrong = append(wrong, fmt.Sprintf(what, args...)) }
	kept := a.decided(o.id, "keep")
	for _, r := range a.reserved[o.id] {
		if open := r.open(); open != 0 {
			note("%d pieces of %s are still reserved", open, r.sku)
		}
		sent, refunded := int64(0), int64(0)
		for _, s := range a.shipments[o.id] {
			if !s.replaced && s.label != "" && s.status != "voided" {
				sent += piecesOf(s.lines, r.sku)
			}
		}
		for _, f := range a.record.refunds[o.id] {
			if f.moves() || f.status == "released" {
				refunded += piecesOf(f.lines, r.sku)
			}
		}
		switch {
		case kept:
		case o.status == "delivered":
			if sent > r.quantity || sent < r.quantity-refunded {
				note("%d of %d pieces of %s were sent, and %d refunded", sent, r.quantity, r.sku, refunded)
			}
			if r.state != "shipped" && r.state != "kept" {
				note("its stock of %s is %s", r.sku, r.state)
			}
		case o.status != "returned" && !a.decided(o.id, "refund"):
			if r.away() > 0 {
				note("%d pieces of %s have left the stock", r.away(), r.sku)
			}
		}
	}
	return wrong
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

// countStock compares each product's counters with what the orders have of it.
func (a *audit) countStock(ctx context.Context) error {
	const query = `SELECT sku, on_hand, reserved, shipped, received FROM products ORDER BY sku`
	return each(ctx, a.db, query, nil, func(row *sql.Rows) error {
		var sku string
		var onHand, reserved, shipped, received int64
		err := row.Scan(&sku, &onHand, &reserved, &shipped, &received)
		if open, away := a.open[sku], a.away[sku]; err == nil && (reserved != open || shipped != away || received != onHand+shipped || reserved > onHand) {
			a.broke(EndedWrong, fmt.Sprintf("the stock of %s: %d on hand, %d reserved, %d shipped of %d; its orders have %d reserved and %d shipped",
				sku, onHand, reserved, shipped, received, open, away))
		}
		return err
	})
}
