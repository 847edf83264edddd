package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"purser/order"
	"purser/pricing"
	"purser/records/sqldb"
	"purser/records/stock"
)

// OpenOrder prices the request from the catalogue and Opening.Pricing, reserves the
// stock until Opening.HoldUntil and writes the order, its first payment attempt and
// its first two events, all or nothing. Repeating it in the same run returns the
// order as it was opened; in another run it fails with order.ErrDuplicate. Its
// other errors are those of pricing.Price; then nothing is written.
func (s *Store) OpenOrder(ctx context.Context, o order.Opening) (order.Order, error) {
	var opened order.Order
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		opened, err = open(ctx, q, o)
		return err
	})
	if err != nil {
		return order.Order{}, sqldb.WrapError("open order", err)
	}
	return opened, nil
}

func open(ctx context.Context, q sqldb.Querier, o order.Opening) (order.Order, error) {
	skus := make([]string, len(o.Request.Lines))
	for i, l := range o.Request.Lines {
		skus[i] = l.SKU
	}
	now := sqldb.Micros(o.Now)
	offers, err := stock.ReadOffers(ctx, q, skus, now)
	if err != nil {
		return order.Order{}, err
	}
	priced, err := pricing.Price(o.Request, offers, o.Pricing)
	placed := newOrder(o, priced)
	if err == nil {
		err = placed.CheckExchange()
	}
	if err != nil {
		// This order itself may have taken the missing stock before.
		if was, found, e := openedBefore(ctx, q, o); e != nil || found {
			return was, e
		}
		return order.Order{}, err
	}
	c := order.Change{Order: placed, Events: openingEvents(o, placed)}
	if !placed.PaidByCredit() { // otherwise nothing is asked of a provider
		c.Attempt = "create"
	}
	inserted, err := insertOrder(ctx, q, c, o.RunID, o.RequestHash)
	if err != nil {
		return order.Order{}, err
	}
	if !inserted {
		was, _, err := openedBefore(ctx, q, o)
		return was, err
	}
	if err := insertEvents(ctx, q, c.Events, c.Fence); err != nil {
		return order.Order{}, err
	}
	if err := putPayments(ctx, q, c, recorded{}, now); err != nil {
		return order.Order{}, err
	}
	if err := putEntries(ctx, q, c, recorded{}); err != nil { // a credit is paid at once
		return order.Order{}, err
	}
	return placed, stock.Reserve(ctx, q, placed, now, sqldb.Micros(o.HoldUntil))
}

// newOrder returns the order as it is opened.
func newOrder(o order.Opening, p pricing.Priced) order.Order {
	return asOpened(order.Order{
		ID: o.ID, Customer: o.Request.Customer, Email: o.Request.Email, Locale: o.Request.Locale, ShipTo: o.Request.ShipTo,
		Lines: p.Lines, Shipping: p.Shipping, Total: p.Total, PlacedAt: o.Now.UTC().Truncate(time.Microsecond),
		ExchangeOf: o.ExchangeOf,
	})
}

// asOpened returns an order as it was when it was opened: its constant fields,
// and the values that the others had then.
func asOpened(o order.Order) order.Order {
	o = o.AsPlaced()
	first := order.Order{
		ID: o.ID, Status: order.Placed, Version: 2, Customer: o.Customer, Email: o.Email, Locale: o.Locale, ShipTo: o.ShipTo,
		Lines: o.Lines, Shipping: o.Shipping, Total: o.Total, PlacedAt: o.PlacedAt, UpdatedAt: o.PlacedAt,
		ExchangeOf: o.ExchangeOf,
	}
	first.Payments = first.FirstPayments()
	return first
}

func openingEvents(o order.Opening, placed order.Order) []order.Event {
	e := order.Event{OrderID: o.ID, Seq: 1, At: placed.PlacedAt, Kind: order.OrderPlaced, To: order.Placed, Actor: o.Actor, Correlation: o.Correlation}
	r := e
	r.Seq, r.Kind, r.From = 2, order.StockReserved, order.Placed
	if x := o.ExchangeOf; x != nil {
		e.Why, e.Ref = "exchanged for the goods of return "+x.ReturnID, string(x.OrderID)
	}
	return []order.Event{e, r}
}

// openedBefore returns the order that an earlier attempt opened. It fails with
// order.ErrDuplicate if another run opened it.
func openedBefore(ctx context.Context, q sqldb.Querier, o order.Opening) (was order.Order, found bool, err error) {
	var run, doc string
	found, err = sqldb.First(ctx, q, "SELECT run_id, doc FROM orders WHERE id = ?", []any{string(o.ID)}, &run, &doc)
	if err != nil || !found {
		return order.Order{}, false, err
	}
	if run != o.RunID {
		return order.Order{}, true, fmt.Errorf("%w: %s", order.ErrDuplicate, o.ID)
	}
	if err := json.Unmarshal([]byte(doc), &was); err != nil {
		return order.Order{}, true, err
	}
	return asOpened(was), true, nil
}
