package orders

import (
	"context"
	"slices"
	"time"

	"purser/activities"
	"purser/order"
)

// Activities are the steps of an order, over the ports they need. Each
// takes one struct and returns one.
type Activities struct {
	Record   Record
	Orders   Orders
	Intents  Intents
	Captures Captures
	Carrier  Carrier
	Cases    Cases
	CaseList CaseList
	Labels   *Labels
	// Catalogue has how products are delivered.
	Catalogue Catalogue
	// Prices has the prices of changes and exchanges, and Exchanges reaches the other order of
	// an exchange.
	Prices    Prices
	Exchanges Exchanges
	// Sealer seals what must not be readable in a history.
	Sealer Sealer
}

// Opened is the result of OpenOrder: the prices and the version.
type Opened struct {
	Lines    []order.Line `json:"lines"`
	Shipping *order.Fee   `json:"shipping,omitempty"`
	Total    order.Money  `json:"total"`
	Version  int64        `json:"version"`
	PlacedAt time.Time    `json:"placedAt"`
}

// OpenOrder prices the request, reserves the stock and writes the order.
func (a *Activities) OpenOrder(ctx context.Context, o order.Opening) (Opened, error) {
	opened, err := a.Record.OpenOrder(ctx, o)
	if err != nil {
		return Opened{}, activities.Failure(err)
	}
	return Opened{Lines: opened.Lines, Shipping: opened.Shipping, Total: opened.Total, Version: opened.Version, PlacedAt: opened.PlacedAt}, nil
}

// SaveOrder writes a numbered change to the record. Then it opens the cases that the
// change brings, and tells those that it ends: both do no harm if they are repeated, and
// each case asks the record, so that a change which was superseded does none either.
func (a *Activities) SaveOrder(ctx context.Context, c order.Change) error {
	if err := a.Record.SaveOrder(ctx, c); err != nil {
		return activities.Failure(err)
	}
	return activities.Failure(a.followCases(ctx, c))
}

func (a *Activities) followCases(ctx context.Context, c order.Change) error {
	for _, ended := range c.Ended {
		if err := a.Cases.ReviewCase(ctx, ended); err != nil {
			return err
		}
	}
	if len(c.Opened) == 0 {
		return nil
	}
	for _, opened := range c.Opened {
		if err := a.Cases.StartCase(ctx, opened); err != nil {
			return err
		}
	}
	// An attempt that was lost may have opened cases that the order does not know.
	open, err := a.CaseList.Cases(ctx, order.CaseFilter{OrderID: c.Order.ID, Status: []order.CaseStatus{order.CaseOpen}})
	if err != nil {
		return err
	}
	for _, found := range open.Cases {
		if slices.ContainsFunc(c.Order.Cases, func(known order.CaseRef) bool { return known.ID == found.ID }) {
			continue
		}
		if err := a.Cases.ReviewCase(ctx, order.CaseEnd{ID: found.ID, Outcome: "the order has another case about it"}); err != nil {
			return err
		}
	}
	return nil
}

// Loaded is an order as the record has it, with its workflow's last state.
type Loaded struct {
	Order    order.Order    `json:"order"`
	Snapshot order.Snapshot `json:"snapshot"`
}

// LoadOrder reads an order whose workflow has ended.
func (a *Activities) LoadOrder(ctx context.Context, id order.ID) (Loaded, error) {
	o, err := a.Orders.Order(ctx, id)
	if err != nil {
		return Loaded{}, activities.Failure(err)
	}
	s, err := a.Orders.Snapshot(ctx, id)
	return Loaded{Order: o, Snapshot: s}, activities.Failure(err)
}
