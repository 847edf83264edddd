package orders

import (
	"context"

	"purser/activities"
	"purser/order"
)

// ChangeToPrice is a change of an order of which the price is to be known.
type ChangeToPrice struct {
	// Request has the goods that are added, and the country and the postal code that the
	// order goes to.
	Request order.Request `json:"request"`
	// Goods are those that the order keeps, and To where it is to go; nil: there as well.
	Goods []order.Line   `json:"goods,omitempty"`
	To    *order.Address `json:"to,omitempty"`
}

// PricedChange is what the goods cost that a change adds.
type PricedChange struct {
	Added []order.Line `json:"added,omitempty"`
}

// PriceChange prices the goods that a change adds at the address that the order is to go
// to, and fails if the goods that it keeps cost anything else there.
func (a *Activities) PriceChange(ctx context.Context, c ChangeToPrice) (PricedChange, error) {
	if c.To != nil {
		if err := a.Prices.SameAt(ctx, c.Request, c.Goods, *c.To); err != nil {
			return PricedChange{}, activities.Failure(err)
		}
		c.Request.ShipTo = *c.To
	}
	if len(c.Request.Lines) == 0 {
		return PricedChange{}, nil
	}
	added, err := a.Prices.Goods(ctx, c.Request)
	return PricedChange{added}, activities.Failure(err)
}
