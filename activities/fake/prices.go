package fake

import (
	"context"

	"purser/order"
	"purser/pricing"
)

// Prices prices changes of orders from the products of a record. The zero value of its
// fields means that there are no products, and that the catalogue's prices are the whole
// price.
type Prices struct {
	Record *Record
	// Rules decides about the price of a request, beside the catalogue's prices.
	Rules func(r order.Request) (*order.Pricing, error)
	// Before is called before each call. If it fails, the call returns its error.
	Before func(op string, id order.ID) error
}

// Decide returns what Rules decides.
func (p *Prices) Decide(_ context.Context, r order.Request, _ map[string]order.Offer) (*order.Pricing, error) {
	if p.Rules == nil {
		return nil, nil
	}
	return p.Rules(r)
}

func (p *Prices) calculator(op string) (pricing.Calculator, error) {
	c := pricing.Calculator{Offers: p.Record, Rules: p}
	if p.Before == nil {
		return c, nil
	}
	return c, p.Before(op, "")
}

// Goods returns what the goods of a request cost.
func (p *Prices) Goods(ctx context.Context, r order.Request) ([]order.Line, error) {
	c, err := p.calculator("Goods")
	if err != nil {
		return nil, err
	}
	return c.Goods(ctx, r)
}

// SameAt fails if goods cost anything else at an address than at that of the request.
func (p *Prices) SameAt(ctx context.Context, r order.Request, goods []order.Line, to order.Address) error {
	c, err := p.calculator("SameAt")
	if err != nil {
		return err
	}
	return c.SameAt(ctx, r, goods, to)
}
