package pricing

import (
	"fmt"
	"slices"

	"purser/order"
)

// take takes over the amounts of the shop's endpoint, if they add up and can be
// charged and refunded. It fails with order.ErrPricing.
func (p *Priced) take(q order.Quoted) error {
	if len(q.Lines) != len(p.Lines) {
		return fmt.Errorf("%w: lines: want %d, one for each line of the order, got %d", order.ErrPricing, len(p.Lines), len(q.Lines))
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		j := slices.IndexFunc(q.Lines, func(q order.QuotedLine) bool { return q.SKU == l.SKU })
		if j < 0 {
			return fmt.Errorf("%w: lines: %q is missing", order.ErrPricing, l.SKU)
		}
		at := fmt.Sprintf("lines[%d]", j)
		if err := p.takeLine(at, l, q.Lines[j]); err != nil {
			return err
		}
	}
	if f := q.Shipping; f != nil {
		own := f.Fee
		p.Shipping = &own
		if err := order.CheckText("shipping.name", own.Name, false, order.MaxText); err != nil {
			return fmt.Errorf("%w: %v", order.ErrPricing, err)
		}
		if err := p.check("shipping", own.Price, own.Discount, own.Tax, 1, f.Total); err != nil {
			return err
		}
	}
	if sum := p.sum(); q.Total != sum {
		return fmt.Errorf("%w: total: the lines and the shipping fee add up to %s, not to %s", order.ErrPricing, p.money(sum), p.money(q.Total))
	}
	p.Total.Amount = q.Total
	return nil
}

func (p *Priced) takeLine(at string, l *order.Line, q order.QuotedLine) error {
	if q.Price < 0 || q.Price > maxGoods {
		return fmt.Errorf("%w: %s.price: %d is not a price", order.ErrPricing, at, q.Price)
	}
	l.Price, l.Subtotal, l.Discount, l.Tax = q.Price, q.Price*l.Quantity, q.Discount, q.Tax
	return p.check(at, l.Subtotal, l.Discount, l.Tax, l.Quantity, q.Total)
}

// check checks the amounts of a line of some pieces, or of the shipping fee.
func (p *Priced) check(at string, price, discount int64, tax *order.Tax, pieces, total int64) error {
	g := order.Granule(p.Total.Currency)
	due := order.Fee{Price: price, Discount: discount, Tax: tax}
	switch sum := due.Total(); {
	case price < 0 || price > maxGoods:
		return fmt.Errorf("%w: %s.price: %d is not a price", order.ErrPricing, at, price)
	case discount < 0 || discount > price:
		return fmt.Errorf("%w: %s.discount: want 0 to %d, got %d", order.ErrPricing, at, price, discount)
	case sum != total:
		return fmt.Errorf("%w: %s.total: price, discount and tax add up to %s, not to %s", order.ErrPricing, at, p.money(sum), p.money(total))
	case total%g != 0:
		return fmt.Errorf("%w: %s.total: %s must be a multiple of %s", order.ErrPricing, at, p.money(total), p.money(g))
	}
	return p.checkTax(at+".tax", price-discount, tax, pieces)
}

// checkTax checks that a tax meets its rate. It may be rounded for each piece.
func (p *Priced) checkTax(at string, base int64, t *order.Tax, pieces int64) error {
	if t == nil {
		return nil
	}
	if err := order.CheckText(at+".name", t.Name, true, order.MaxText); err != nil {
		return fmt.Errorf("%w: %v", order.ErrPricing, err)
	}
	r, err := parseRate(t.Rate)
	if err != nil {
		return fmt.Errorf("%w: %s.rate: %w", order.ErrPricing, at, err)
	}
	g := order.Granule(p.Total.Currency)
	exact := r.tax(base, t.Included, 1)
	if off := t.Amount - exact; t.Amount < 0 || off > pieces*g || -off > pieces*g {
		return fmt.Errorf("%w: %s.amount: %s per cent of %s are %s, not %s",
			order.ErrPricing, at, t.Rate, p.money(base), p.money(exact), p.money(t.Amount))
	}
	return nil
}

func (p *Priced) money(amount int64) order.Money {
	return order.Money{Amount: amount, Currency: p.Total.Currency}
}
