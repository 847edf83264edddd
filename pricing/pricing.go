// Package pricing computes what an order costs: the catalogue's prices less the
// discounts, with the shipping fee and the taxes. The rules come from the shop's
// pricing table, the amounts from nowhere else, and everything is split over the
// lines once, so that what is refunded line by line is what was paid.
package pricing

import (
	"fmt"

	"purser/order"
)

// maxGoods is the most that the goods of an order may cost before discounts, in minor
// units. Its product with a rate does not overflow.
const maxGoods = order.MaxAmount

// Priced is what an order costs.
type Priced struct {
	Lines    []order.Line
	Shipping *order.Fee // nil: shipping costs nothing
	Total    order.Money
}

// Price returns the request's price, from the catalogue's offers by SKU and what was
// decided about it. It fails with the errors of order.Request.Price, and with
// order.ErrDiscount, order.ErrPricing, or order.ErrPriceChanged if the request expects
// another total. A total of zero can only come from a discount or from the shop's
// endpoint.
func Price(r order.Request, offers map[string]order.Offer, decided *order.Pricing) (Priced, error) {
	p, err := price(r, offers, decided)
	if err != nil {
		return Priced{}, err
	}
	if e := r.ExpectedTotal; e != nil && *e != p.Total {
		return Priced{}, fmt.Errorf("%w: the order costs %s, the shopper saw %s", order.ErrPriceChanged, p.Total, *e)
	}
	return p, nil
}

func price(r order.Request, offers map[string]order.Offer, decided *order.Pricing) (Priced, error) {
	if decided == nil {
		lines, total, err := r.Price(offers)
		return Priced{Lines: lines, Total: total}, err
	}
	p, err := unlimited(r, offers, *decided)
	if err != nil || p.Total.Amount == 0 {
		return p, err
	}
	return p, p.Total.Payable()
}

// unlimited is price without the limits of what can be charged.
func unlimited(r order.Request, offers map[string]order.Offer, decided order.Pricing) (Priced, error) {
	lines, goods, err := r.PriceGoods(offers)
	if err != nil {
		return Priced{}, err
	}
	if goods.Amount > maxGoods {
		return Priced{}, fmt.Errorf("%w: goods for %s are too many for one order", order.ErrAmount, goods)
	}
	p := Priced{Lines: lines, Total: goods}
	if decided.Quoted != nil {
		err = p.take(*decided.Quoted)
	} else {
		err = p.apply(decided)
	}
	return p, err
}

// apply applies the rules: discounts on goods, the shipping fee and what is taken off
// it, and then the taxes on what is left.
func (p *Priced) apply(rules order.Pricing) error {
	goods, granule := p.Total, order.Granule(p.Total.Currency)
	for _, per := range []order.DiscountScope{order.PerLine, order.PerOrder} {
		if err := p.discount(rules.Discounts, per, goods); err != nil {
			return err
		}
	}
	if s := rules.Shipping; s != nil {
		p.Shipping = &order.Fee{Name: s.Name, Price: s.Fee}
		if s.FreeFrom > 0 && p.goods() >= s.FreeFrom {
			p.Shipping.Price = 0
		}
	}
	if err := p.discount(rules.Discounts, order.PerShipping, goods); err != nil {
		return err
	}
	if err := p.tax(rules.Taxes, granule); err != nil {
		return err
	}
	p.Total.Amount = p.sum()
	return nil
}

// goods returns what the lines cost, less the discounts and without taxes that are
// added.
func (p *Priced) goods() (sum int64) {
	for _, l := range p.Lines {
		sum += l.Subtotal - l.Discount
	}
	return sum
}

// sum returns what the shopper pays for everything.
func (p *Priced) sum() int64 {
	sum := p.Shipping.Total()
	for _, l := range p.Lines {
		sum += l.Total()
	}
	return sum
}
