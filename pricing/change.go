package pricing

import (
	"context"
	"fmt"
	"slices"

	"purser/order"
)

// Goods returns what the goods of a request cost now, without a shipping fee and without
// the limits of what can be charged: they are added to an order. It fails as Price does.
func (c Calculator) Goods(ctx context.Context, r order.Request) ([]order.Line, error) {
	offers, err := c.offers(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := c.decided(ctx, r, offers)
	return p.Lines, err
}

// decided returns the price of a request at some offers, without the limits of what can be
// charged.
func (c Calculator) decided(ctx context.Context, r order.Request, offers map[string]order.Offer) (Priced, error) {
	lines, total, err := r.PriceGoods(offers) // nothing is asked about goods that cannot be sold
	if err != nil {
		return Priced{}, err
	}
	rules, err := c.Rules.Decide(ctx, r, offers)
	if err != nil || rules == nil {
		return Priced{Lines: lines, Total: total}, err
	}
	return unlimited(r, offers, *rules)
}

// SameAt fails with order.ErrNotChangeable if goods, at the prices that they have in an
// order, have other taxes or another shipping fee at an address than at that of the request.
// Which codes the request has does not matter. It also fails as Price does.
func (c Calculator) SameAt(ctx context.Context, r order.Request, lines []order.Line, to order.Address) error {
	offers := make(map[string]order.Offer, len(lines))
	r.Lines, r.DiscountCodes, r.ShippingMethod = nil, nil, ""
	for _, l := range lines {
		o := order.Offer{SKU: l.SKU, Name: l.Name, Price: order.Money{Amount: l.Price, Currency: r.Currency}, Available: l.Quantity}
		if l.Goods != nil {
			o.Goods = *l.Goods
		}
		offers[l.SKU] = o
		r.Lines = append(r.Lines, order.RequestLine{SKU: l.SKU, Quantity: l.Quantity})
	}
	was, err := c.decided(ctx, r, offers)
	if err != nil {
		return err
	}
	r.ShipTo = to
	now, err := c.decided(ctx, r, offers)
	if err != nil {
		return err
	}
	same := now.Total == was.Total && now.Shipping.Total() == was.Shipping.Total() && slices.EqualFunc(now.Lines, was.Lines, func(a, b order.Line) bool {
		return a.Total() == b.Total() && a.Tax.IsLike(b.Tax)
	})
	if !same {
		return fmt.Errorf("%w: the order costs %s at the other address, with its taxes and shipping, and %s at this one: cancel it and place another order",
			order.ErrNotChangeable, now.Total, was.Total)
	}
	return nil
}
