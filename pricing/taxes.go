package pricing

import (
	"fmt"
	"slices"

	"purser/order"
)

// taxed is a line, or the shipping fee, with the tax of one rule.
type taxed struct {
	tax  **order.Tax
	base int64
}

// tax adds the taxes. The tax of one rule is rounded once, on everything that it is
// for, and then split, so that the sums of a receipt meet the rate.
func (p *Priced) tax(rates []order.TaxRate, granule int64) error {
	groups := make([][]taxed, len(rates))
	for i := range p.Lines {
		l := &p.Lines[i]
		if r := slices.IndexFunc(rates, func(r order.TaxRate) bool { return isFor(r.SKUs, l.SKU) }); r >= 0 {
			groups[r] = append(groups[r], taxed{&l.Tax, l.Subtotal - l.Discount})
		}
	}
	if f := p.Shipping; f != nil {
		if r := slices.IndexFunc(rates, func(r order.TaxRate) bool { return r.Shipping }); r >= 0 {
			groups[r] = append(groups[r], taxed{&f.Tax, f.Price - f.Discount})
		}
	}
	for i, g := range groups {
		if err := spreadTax(rates[i], g, granule); err != nil {
			return err
		}
	}
	return nil
}

// spreadTax sets the tax of one rule. A tax that is contained in the price is not
// charged by itself, so its shares need not be amounts that can be charged.
func spreadTax(rate order.TaxRate, group []taxed, granule int64) error {
	r, err := parseRate(rate.Rate)
	if err != nil {
		return fmt.Errorf("%w: tax %q: %w", order.ErrInvalid, rate.Name, err)
	}
	bases, sum := make([]int64, len(group)), int64(0)
	for i, t := range group {
		bases[i] = t.base
		sum += t.base
	}
	if rate.Included {
		granule = 1
	}
	for i, share := range Split(r.tax(sum, rate.Included, granule), bases, granule) {
		*group[i].tax = &order.Tax{Name: rate.Name, Rate: rate.Rate, Amount: share, Included: rate.Included}
	}
	return nil
}
