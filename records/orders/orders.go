// Package orders records orders: the last state of each order, its events, its
// payments and its shipments. Only its workflow writes an order.
package orders

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/order"
	"purser/records/sqldb"
)

// Store reads and writes orders.
type Store struct {
	DB      *sqldb.DB
	watches watches
}

// Order returns the order as last recorded, or order.ErrNotFound.
func (s *Store) Order(ctx context.Context, id order.ID) (order.Order, error) {
	doc, err := sqldb.One[[]byte](ctx, s.DB.Reader(), "SELECT doc FROM orders WHERE id = ?", string(id))
	if err != nil {
		return order.Order{}, sqldb.WrapError("order", orNotFound(err, id))
	}
	var o order.Order
	return o, sqldb.WrapError("order", json.Unmarshal(doc, &o))
}

// RequestHash returns the fingerprint of the request that opened the order, or
// order.ErrNotFound.
func (s *Store) RequestHash(ctx context.Context, id order.ID) (string, error) {
	hash, err := sqldb.One[string](ctx, s.DB.Reader(), "SELECT request_hash FROM orders WHERE id = ?", string(id))
	return hash, sqldb.WrapError("request hash", orNotFound(err, id))
}

// OrderByIntent returns the order that a payment intent belongs to, or
// order.ErrNotFound.
func (s *Store) OrderByIntent(ctx context.Context, intentID string) (order.ID, error) {
	id, err := sqldb.One[string](ctx, s.DB.Reader(), "SELECT order_id FROM payments WHERE intent_id = ?", intentID)
	return order.ID(id), sqldb.WrapError("order by intent", orNotFound(err, order.ID(intentID)))
}

// OrderByParcel returns the order whose parcel our reference names, or
// order.ErrNotFound.
func (s *Store) OrderByParcel(ctx context.Context, reference string) (order.ID, error) {
	id, err := sqldb.One[string](ctx, s.DB.Reader(), "SELECT order_id FROM shipments WHERE reference = ?", reference)
	return order.ID(id), sqldb.WrapError("order by parcel", orNotFound(err, order.ID(reference)))
}

// Knows reports whether the record already contains what a payment event says:
// the money was captured in full on this intent, or is authorized and about to
// be captured. It returns false for any other event.
func (s *Store) Knows(ctx context.Context, n order.ProviderEvent) (order.EventState, error) {
	p := n.Payment
	if p == nil || p.Status != order.Succeeded || p.Received != p.Amount.Amount {
		return order.Unknown, nil
	}
	var authorized, captured int64
	found, err := sqldb.First(ctx, s.DB.Reader(), `
		SELECT authorized, captured FROM payments WHERE intent_id = ? AND amount = ? AND currency = ? AND status IN (?, ?)`,
		[]any{p.IntentID, p.Amount.Amount, p.Amount.Currency, string(order.RequiresCapture), string(order.Succeeded)}, &authorized, &captured)
	switch {
	case err != nil || !found:
		return order.Unknown, sqldb.WrapError("knows", err)
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

// Filter selects orders; an empty field does not restrict.
type Filter struct {
	Status     []order.Status
	Customer   string
	PlacedFrom time.Time // inclusive
	PlacedTo   time.Time // exclusive
	Limit      int       // default 50, at most 500
	Cursor     string    // Page.Next of the previous page
}

// Page is one page of orders, newest first.
type Page struct {
	Orders []order.Order
	Next   string // the next page's cursor; "" on the last page
}

// Orders lists orders, newest first. Each page is found where the last one
// ended, so it costs the same however many orders there are.
func (s *Store) Orders(ctx context.Context, f Filter) (Page, error) {
	from, err := parseCursor(f.Cursor)
	if err != nil {
		return Page{}, sqldb.WrapError("orders", err)
	}
	// An index lists the orders of one status by time, not of several, so each
	// status is walked and the results are merged. A customer has few orders, so
	// one walk is enough.
	walks := [][]order.Status{f.Status}
	if f.Customer == "" && len(f.Status) > 1 {
		walks = slices.Collect(slices.Chunk(f.Status, 1))
	}
	limit := sqldb.PageSize(f.Limit)
	var found []placed
	for _, st := range walks {
		some, err := s.walk(ctx, f, st, from, limit+1)
		if err != nil {
			return Page{}, sqldb.WrapError("orders", err)
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

// cursor is where a page ended: the time and id of the last order.
type cursor struct {
	at int64
	id string
}

// cursorForm marks the cursors of this list.
const cursorForm = "p1."

func (c cursor) String() string {
	return sqldb.EncodeCursor(cursorForm, fmt.Sprintf("%d.%s", c.at, c.id))
}

func parseCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	place, err := sqldb.DecodeCursor(cursorForm, s)
	if err != nil {
		return cursor{}, err
	}
	at, id, _ := strings.Cut(place, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	c := cursor{n, id}
	// A number must not have a second spelling either.
	if _, idErr := order.ParseID(id); err != nil || idErr != nil || c.String() != s {
		return cursor{}, sqldb.ErrCursor
	}
	return c, nil
}

// placed is an order with the time by which the index sorts it.
type placed struct {
	order.Order
	at int64
}

// walk reads one index from the cursor backwards in time.
func (s *Store) walk(ctx context.Context, f Filter, statuses []order.Status, from cursor, limit int) ([]placed, error) {
	query, args := "SELECT placed_at, doc FROM orders WHERE placed_at >= ?", []any{sqldb.Micros(f.PlacedFrom)}
	and := func(condition string, a ...any) {
		query += " AND " + condition
		args = append(args, a...)
	}
	if !f.PlacedTo.IsZero() {
		and("placed_at < ?", sqldb.Micros(f.PlacedTo))
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
			column = "status || ''" // keeps the database from using the index of the status, which holds many orders
		}
		and(column+" IN ("+sqldb.Placeholders(len(names))+")", names...)
	}
	if from != (cursor{}) {
		and("(placed_at, id) < (?, ?)", from.at, from.id)
	}
	var found []placed
	err := sqldb.Each(ctx, s.DB.Reader(), query+" ORDER BY placed_at DESC, id DESC LIMIT ?", append(args, limit), func(r *sql.Rows) error {
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
