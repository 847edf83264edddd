// Package orders records orders: the last state of each order with its workflow's
// snapshot, its events, payments, shipments and refunds. Only its workflow writes
// an order.
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
	var doc []byte
	if err := s.read(ctx, id, "doc", &doc); err != nil {
		return order.Order{}, sqldb.WrapError("order", err)
	}
	var o order.Order
	return o, sqldb.WrapError("order", json.Unmarshal(doc, &o))
}

// Snapshot returns the workflow's state that the last change wrote with the order,
// or order.ErrNotFound. It is empty if that change had none.
func (s *Store) Snapshot(ctx context.Context, id order.ID) (order.Snapshot, error) {
	var version int
	var data []byte
	err := s.read(ctx, id, "snapshot_version, snapshot", &version, &data)
	return order.Snapshot{Version: version, Data: data}, sqldb.WrapError("snapshot", err)
}

// RequestHash returns the fingerprint of the request that opened the order, or
// order.ErrNotFound.
func (s *Store) RequestHash(ctx context.Context, id order.ID) (string, error) {
	var hash string
	err := s.read(ctx, id, "request_hash", &hash)
	return hash, sqldb.WrapError("request hash", err)
}

// read scans columns of an order's row.
func (s *Store) read(ctx context.Context, id order.ID, columns string, dest ...any) error {
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT "+columns+" FROM orders WHERE id = ?", []any{string(id)}, dest...)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return orNotFound(err, id)
}

func orNotFound(err error, id order.ID) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %.64q", order.ErrNotFound, id)
	}
	return err
}

// Orders lists orders, newest first. Each page is found where the last one
// ended, so it costs the same however many orders there are.
func (s *Store) Orders(ctx context.Context, f order.Filter) (order.Page, error) {
	from, err := parseCursor(f.Cursor)
	if err != nil {
		return order.Page{}, sqldb.WrapError("orders", err)
	}
	// An index lists the orders of one status by time, not of several, so each
	// status is walked and the results are merged. A customer has few orders, few wait
	// for the same, and few are being refunded, so one walk is enough.
	walks := [][]order.Status{f.Status}
	few := f.Customer != "" || f.WaitsFor != "" || f.Unfinished || f.Returns != ""
	if !few && len(f.Status) > 1 {
		walks = slices.Collect(slices.Chunk(f.Status, 1))
	}
	limit := sqldb.PageSize(f.Limit)
	var found []placed
	for _, st := range walks {
		some, err := s.walk(ctx, f, st, few, from, limit+1)
		if err != nil {
			return order.Page{}, sqldb.WrapError("orders", err)
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b placed) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.ID, a.ID))
	})
	var p order.Page
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

// walk reads one index from the cursor backwards in time. few says that the filter
// selects few orders whatever their status.
func (s *Store) walk(ctx context.Context, f order.Filter, statuses []order.Status, few bool, from cursor, limit int) ([]placed, error) {
	query, args := "SELECT placed_at, doc FROM orders WHERE placed_at >= ?", []any{sqldb.Micros(f.PlacedFrom)}
	and := func(condition string, a ...any) {
		query += " AND " + condition
		args = append(args, a...)
	}
	if !f.PlacedTo.IsZero() {
		and("placed_at < ?", sqldb.Micros(f.PlacedTo))
	}
	switch {
	case f.Customer != "":
		and("customer = ?", f.Customer)
		if f.WaitsFor != "" {
			and("waits_for || '' = ?", f.WaitsFor)
		}
	case f.WaitsFor != "":
		and("waits_for = ? AND waits_for <> ''", f.WaitsFor) // the index has no others
	}
	if f.Unfinished {
		// The indexes have no others.
		and("id IN (SELECT order_id FROM refunds WHERE status = 'requested' UNION SELECT order_id FROM returns WHERE attended = 1)")
	}
	if f.Returns != "" {
		and("id IN (SELECT order_id FROM returns WHERE status = ?)", string(f.Returns))
	}
	if len(statuses) > 0 {
		var names []any
		for _, st := range statuses {
			names = append(names, string(st))
		}
		column := "status"
		if few {
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
