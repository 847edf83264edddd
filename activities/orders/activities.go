package orders

import (
	"context"
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

// SaveOrder writes a numbered change to the record.
func (a *Activities) SaveOrder(ctx context.Context, c order.Change) error {
	return activities.Failure(a.Record.SaveOrder(ctx, c))
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
