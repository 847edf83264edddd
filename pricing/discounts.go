package pricing

import (
	"fmt"
	"slices"

	"purser/order"
)

// discount takes off the discounts of a scope. None takes off more than is left, so
// no price falls below zero.
func (p *Priced) discount(all []order.Discount, per order.DiscountScope, goods order.Money) error {
	for _, d := range all {
		if d.Per != per {
			continue
		}
		if goods.Amount < d.Minimum {
			return fmt.Errorf("%w: %q is for goods of %s or more, and these cost %s",
				order.ErrDiscount, d.Code, order.Money{Amount: d.Minimum, Currency: goods.Currency}, goods)
		}
		if err := p.takeOff(d); err != nil {
			return err
		}
	}
	return nil
}

func (p *Priced) takeOff(d order.Discount) error {
	g := order.Granule(p.Total.Currency)
	if d.Per == order.PerShipping {
		if p.Shipping == nil {
			return nil
		}
		n, err := reduction(d, p.Shipping.Price-p.Shipping.Discount, g)
		p.Shipping.Discount += n
		return err
	}
	var matching []*order.Line
	var left []int64
	sum := int64(0)
	for i := range p.Lines {
		if l := &p.Lines[i]; isFor(d.SKUs, l.SKU) {
			matching, left = append(matching, l), append(left, l.Subtotal-l.Discount)
			sum += l.Subtotal - l.Discount
		}
	}
	if d.Per == order.PerLine {
		for i, l := range matching {
			n, err := reduction(d, left[i], g)
			if err != nil {
				return err
			}
			l.Discount += n
		}
		return nil
	}
	n, err := reduction(d, sum, g)
	if err != nil {
		return err
	}
	for i, share := range Split(n, left, g) {
		matching[i].Discount += share
	}
	return nil
}

// reduction returns what a discount takes off a price, at most all of it.
func reduction(d order.Discount, price, granule int64) (int64, error) {
	if d.Percent == "" {
		return min(d.Amount, price), nil
	}
	r, err := parseRate(d.Percent)
	if err != nil {
		return 0, fmt.Errorf("%w: %q: %w", order.ErrDiscount, d.Code, err)
	}
	return r.of(price, granule), nil
}

// isFor reports whether a rule for some goods, or for all, is for a product.
func isFor(skus []string, sku string) bool { return len(skus) == 0 || slices.Contains(skus, sku) }
