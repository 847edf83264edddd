package fake

import (
	"context"

	"purser/order"
	"purser/pricing"
)

// Prices prices goods from the products of a record.
type Prices struct {
	Record *Record
	// Rules decides about the price of a request, beside the catalogue's prices; nil: these
	// are the whole price.
	Rules func(r order.Request) (*order.Pricing, error)
	// Before is called before each call. If it fails, the call returns its error.
	Before func(op string, id order.ID) error
}

// rules are the rules of the shop.
type rules func(r order.Request) (*order.Pricing, error)

func (decide rules) Decide(_ context.Context, r order.Request, _ map[string]order.Offer) (*order.Pricing, error) {
	if decide == nil {
		return nil, nil
	}
	return decide(r)
}

func (p *Prices) calculator(op string) (pricing.Calculator, error) {
	c := pricing.Calculator{Offers: p.Record, Rules: rules(p.Rules)}
	if p.Before == nil {
		return c, nil
	}
	return c, p.Before(op, "")
}

// Decide returns what was decided about the price of a request.
func (p *Prices) Decide(ctx context.Context, r order.Request) (*order.Pricing, error) {
	c, err := p.calculator("Decide")
	if err != nil {
		return nil, err
	}
	return c.Decide(ctx, r)
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
