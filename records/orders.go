package records

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"purser/order"
)

// Order answers the order as last recorded, or order.ErrNotFound.
func (s *Store) Order(ctx context.Context, id order.ID) (order.Order, error) {
	doc, err := one[[]byte](ctx, s.db.reader(), "SELECT doc FROM orders WHERE id = ?", string(id))
	if err != nil {
		return order.Order{}, failed("order", orNotFound(err, id))
	}
	var o order.Order
	return o, failed("order", json.Unmarshal(doc, &o))
}

// RequestHash answers the fingerprint of the request that opened the order,
// or order.ErrNotFound (IDEM-2).
func (s *Store) RequestHash(ctx context.Context, id order.ID) (string, error) {
	hash, err := one[string](ctx, s.db.reader(), "SELECT request_hash FROM orders WHERE id = ?", string(id))
	return hash, failed("request hash", orNotFound(err, id))
}

// OrderByIntent answers whose payment intent this is, or order.ErrNotFound.
func (s *Store) OrderByIntent(ctx context.Context, intentID string) (order.ID, error) {
	id, err := one[string](ctx, s.db.reader(), "SELECT order_id FROM payments WHERE intent_id = ?", intentID)
	return order.ID(id), failed("order by intent", orNotFound(err, order.ID(intentID)))
}

// OrderByParcel answers whose parcel our reference names, or
// order.ErrNotFound.
func (s *Store) OrderByParcel(ctx context.Context, reference string) (order.ID, error) {
	id, err := one[string](ctx, s.db.reader(), "SELECT order_id FROM shipments WHERE reference = ?", reference)
	return order.ID(id), failed("order by parcel", orNotFound(err, order.ID(reference)))
}

// Knows tells whether the record says what news of money says: taken in full
// on this intent, or held and about to be taken. Of everything else it knows
// nothing.
func (s *Store) Knows(ctx context.Context, n order.News) (order.Knowledge, error) {
	p := n.Payment
	if p == nil || p.Status != order.Succeeded || p.Received != p.Amount.Amount {
		return order.Unknown, nil
	}
	var authorized, captured int64
	found, err := first(ctx, s.db.reader(), `
		SELECT authorized, captured FROM payments WHERE intent_id = ? AND amount = ? AND currency = ? AND status IN (?, ?)`,
		[]any{p.IntentID, p.Amount.Amount, p.Amount.Currency, string(order.RequiresCapture), string(order.Succeeded)}, &authorized, &captured)
	switch {
	case err != nil || !found:
		return order.Unknown, failed("knows", err)
	case captured == p.Received:
		return order.Known, nil
	case captured == 0 && authorized == p.Received:
		return order.Soon, nil
	}
	return order.Unknown, nil
}

func orNotFound(err error, id order.ID) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %.64q", order.ErrNotFound, id)
	}
	return err
}

// Filter chooses orders; what is empty does not restrict.
type Filter struct {
	Status     []order.Status
	Customer   string
	PlacedFrom time.Time // inclusive
	PlacedTo   time.Time // exclusive
	Limit      int       // default 50, at most 500
	Cursor     string    // Page.Next of the page before
}

// Page is one page of orders, newest first.
type Page struct {
	Orders []order.Order
	Next   string // the next page's cursor; "" if there is none
}

// Orders lists orders, newest first. Each page is found where the last one
// ended, so it costs the same however many orders there are (ORD-10).
func (s *Store) Orders(ctx context.Context, f Filter) (Page, error) {
	from, err := parseCursor(f.Cursor)
	if err != nil {
		return Page{}, failed("orders", err)
	}
	// An index holds the orders of one status by time, not of several: walk
	// one for each and merge. A customer has few orders: one walk will do.
	walks := [][]order.Status{f.Status}
	if f.Customer == "" && len(f.Status) > 1 {
		walks = slices.Collect(slices.Chunk(f.Status, 1))
	}
	limit := pageSize(f.Limit)
	var found []placed
	for _, st := range walks {
		some, err := s.walk(ctx, f, st, from, limit+1)
		if err != nil {
			return Page{}, failed("orders", err)
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b placed) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.ID, a.ID))
	})
	var p Page
	if len(found) > limit {
		found = found[:limit]
		p.Next = cursor{found[limit-1].at, string(found[limit-1].ID)}.String()
	}
	for _, o := range found {
		p.Orders = append(p.Orders, o.Order)
	}
	return p, nil
}

// placed is an order with its time as the index has it.
type placed struct {
	order.Order
	at int64
}

// walk follows one index from the cursor backwards in time.
func (s *Store) walk(ctx context.Context, f Filter, statuses []order.Status, from cursor, limit int) ([]placed, error) {
	query, args := "SELECT placed_at, doc FROM orders WHERE placed_at >= ?", []any{micros(f.PlacedFrom)}
	and := func(condition string, a ...any) {
		query += " AND " + condition
		args = append(args, a...)
	}
	if !f.PlacedTo.IsZero() {
		and("placed_at < ?", micros(f.PlacedTo))
	}
	if f.Customer != "" {
		and("customer = ?", f.Customer)
	}
	if len(statuses) > 0 {
		var names []any
		for _, st := range statuses {
			names = append(names, string(st))
		}
		column := "status"
		if f.Customer != "" {
			column = "status || ''" // never the index of the status: its orders are many
		}
		and(column+" IN ("+marks(len(names))+")", names...)
	}
	if from != (cursor{}) {
		and("(placed_at, id) < (?, ?)", from.at, from.id)
	}
	var found []placed
	err := each(ctx, s.db.reader(), query+" ORDER BY placed_at DESC, id DESC LIMIT ?", append(args, limit), func(r *sql.Rows) error {
		var p placed
		var doc []byte
		if err := r.Scan(&p.at, &doc); err != nil {
			return err
		}
		found = append(found, p)
		return json.Unmarshal(doc, &found[len(found)-1].Order)
	})
	return found, err
}
