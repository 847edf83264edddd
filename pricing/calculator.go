package pricing

import (
	"context"
	"fmt"

	"purser/order"
)

// Offers reads what the catalogue sells now.
type Offers interface {
	// Offers returns the current price and stock of products, by SKU. One that is not sold
	// is missing.
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
}

// Rules decides about the price of a request, beside the catalogue's prices.
type Rules interface {
	// Decide returns nil if the catalogue's prices are the whole price. It fails with
	// order.ErrDiscount, order.ErrNoShipping or order.ErrPriceRefused, with a text for
	// the caller, or with order.ErrPricing or order.ErrPricingDown.
	Decide(ctx context.Context, r order.Request, offers map[string]order.Offer) (*order.Pricing, error)
}

// Calculator computes prices from the current catalogue and the shop's rules.
type Calculator struct {
	Offers Offers
	Rules  Rules
}

// Price returns what a request costs now, and what was decided about its price, with which
// its workflow prices it again. It fails as Price and Rules.Decide do.
func (c Calculator) Price(ctx context.Context, r order.Request) (Priced, *order.Pricing, error) {
	offers, err := c.offers(ctx, r)
	if err != nil {
		return Priced{}, nil, err
	}
	if _, _, err := r.PriceGoods(offers); err != nil { // nothing is asked about goods that cannot be sold
		return Priced{}, nil, err
	}
	decided, err := c.Rules.Decide(ctx, r, offers)
	if err != nil {
		return Priced{}, nil, err
	}
	priced, err := Price(r, offers, decided)
	return priced, decided, err
}

// offers returns what the catalogue has of the goods of a request.
func (c Calculator) offers(ctx context.Context, r order.Request) (map[string]order.Offer, error) {
	skus := make([]string, len(r.Lines))
	for i, l := range r.Lines {
		skus[i] = l.SKU
	}
	offers, err := c.Offers.Offers(ctx, skus)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	return offers, nil
}

// Decide returns what was decided about the price of a request alone. It fails as Price
// does.
func (c Calculator) Decide(ctx context.Context, r order.Request) (*order.Pricing, error) {
	_, decided, err := c.Price(ctx, r)
	return decided, err
}
