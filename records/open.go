package records

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/order"
)

// OpenOrder prices the request from the catalogue, sets the stock aside until
// Opening.HoldUntil and writes the order, its first payment attempt (PAY-2)
// and its first two events, all or nothing (PAY-15, ORD-7). Repeating it in
// the same run answers the order as it was opened; in another run it fails
// with order.ErrDuplicate (IDEM-2). Its other errors are those of
// order.Request.Price; then nothing was written.
func (s *Store) OpenOrder(ctx context.Context, o order.Opening) (order.Order, error) {
	var opened order.Order
	err := s.db.write(ctx, func(ctx context.Context, q querier) (err error) {
		opened, err = open(ctx, q, o)
		return err
	})
	if err != nil {
		return order.Order{}, failed("open order", err)
	}
	return opened, nil
}

func open(ctx context.Context, q querier, o order.Opening) (order.Order, error) {
	skus := make([]string, len(o.Request.Lines))
	for i, l := range o.Request.Lines {
		skus[i] = l.SKU
	}
	now := micros(o.Now)
	offers, err := readOffers(ctx, q, skus, now)
	if err != nil {
		return order.Order{}, err
	}
	lines, total, err := o.Request.Price(offers)
	if err != nil {
		// The stock that is missing may be what this very order took.
		if was, found, e := openedBefore(ctx, q, o); e != nil || found {
			return was, e
		}
		return order.Order{}, err
	}
	placed := newOrder(o, lines, total)
	inserted, err := insertOrder(ctx, q, placed, o.RunID, o.RequestHash)
	if err != nil {
		return order.Order{}, err
	}
	if !inserted {
		was, _, err := openedBefore(ctx, q, o)
		return was, err
	}
	if err := insertEvents(ctx, q, openingEvents(o, placed), placed.Fence); err != nil {
		return order.Order{}, err
	}
	if err := putPayment(ctx, q, placed, "create", now); err != nil {
		return order.Order{}, err
	}
	return placed, reserve(ctx, q, placed, now, micros(o.HoldUntil))
}

// newOrder is the order as it is opened.
func newOrder(o order.Opening, lines []order.Line, total order.Money) order.Order {
	at := o.Now.UTC().Truncate(time.Microsecond)
	return order.Order{
		ID: o.ID, Status: order.Placed, Version: 2,
		Customer: o.Request.Customer, Email: o.Request.Email, Locale: o.Request.Locale, ShipTo: o.Request.ShipTo,
		Lines: lines, Total: total,
		Payment:  order.Payment{Generation: 1},
		PlacedAt: at, UpdatedAt: at,
	}
}

func openingEvents(o order.Opening, placed order.Order) []order.Event {
	e := order.Event{OrderID: o.ID, Seq: 1, At: placed.PlacedAt, Kind: order.OrderPlaced, To: order.Placed, Actor: o.Actor, Correlation: o.Correlation}
	r := e
	r.Seq, r.Kind, r.From = 2, order.StockReserved, order.Placed
	return []order.Event{e, r}
}

// openedBefore finds the order an earlier attempt opened, or ErrDuplicate.
func openedBefore(ctx context.Context, q querier, o order.Opening) (was order.Order, found bool, err error) {
	var run, doc string
	found, err = first(ctx, q, "SELECT run_id, doc FROM orders WHERE id = ?", []any{string(o.ID)}, &run, &doc)
	if err != nil || !found {
		return order.Order{}, false, err
	}
	if run != o.RunID {
		return order.Order{}, true, fmt.Errorf("%w: %s", order.ErrDuplicate, o.ID)
	}
	if err := json.Unmarshal([]byte(doc), &was); err != nil {
		return order.Order{}, true, err
	}
	// What cannot change is as it was; the rest began like this.
	was.Status, was.Version, was.UpdatedAt = order.Placed, 2, was.PlacedAt
	was.Payment, was.Shipment, was.Reason, was.Waiting = order.Payment{Generation: 1}, order.Shipment{}, "", nil
	return was, true, nil
}

// reserve sets every line aside. Products are taken in the order of their
// SKUs, so that two orders never wait for each other, and last, because on
// Postgres a popular product's row is locked from here to the commit.
func reserve(ctx context.Context, q querier, o order.Order, now, until int64) error {
	args := make([]any, 0, 5*len(o.Lines))
	for _, l := range o.Lines {
		args = append(args, string(o.ID), l.SKU, l.Quantity, held, until)
	}
	if err := insertRows(ctx, q, "INSERT INTO reservations (order_id, sku, quantity, state, expires_at)", 5, args); err != nil {
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
