package pricing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/order"
	"purser/text"
)

// Decide returns the rules that apply to a request now.
func (t *Table) Decide(_ context.Context, r order.Request, offers map[string]order.Offer) (*order.Pricing, error) {
	return t.Resolve(r, offers, time.Now())
}

// Resolve returns the rules that apply to a request at a time, or nil if none does:
// then the catalogue's prices are the whole price. Goods that need no parcel cost no
// shipping. It fails with order.ErrDiscount for
// a code that is not valid, and with order.ErrNoShipping if the table has methods of
// shipping, but none for the request.
func (t *Table) Resolve(r order.Request, offers map[string]order.Offer, now time.Time) (*order.Pricing, error) {
	p := order.Pricing{Taxes: t.taxes(r)}
	var err error
	if p.Discounts, err = t.discounts(r, now); err != nil {
		return nil, err
	}
	ships := func(l order.RequestLine) bool { return offers[l.SKU].Goods.Shipping != order.ShippingNone }
	if slices.ContainsFunc(r.Lines, ships) {
		if p.Shipping, err = t.shipping(r); err != nil {
			return nil, err
		}
	}
	if p.Discounts == nil && p.Shipping == nil && p.Taxes == nil {
		return nil, nil
	}
	return &p, nil
}

func (t *Table) taxes(r order.Request) (rates []order.TaxRate) {
	for _, rule := range t.Taxes {
		applies := rule.Country == r.ShipTo.Country && (rule.Currency == "" || rule.Currency == r.Currency)
		if !applies || !isIn(rule.PostalCodes, r.ShipTo.PostalCode) {
			continue
		}
		skus, matches := ordered(rule.SKUs, r)
		if matches {
			rates = append(rates, order.TaxRate{Name: rule.Name, Rate: rule.Rate, Included: rule.Included, Shipping: rule.Shipping, SKUs: skus})
		}
		if len(rule.SKUs) == 0 && rule.Shipping { // nothing is left for the rules after it
			break
		}
	}
	return rates
}

// isIn reports whether a postal code begins with one of the prefixes.
func isIn(prefixes []string, code string) bool {
	plain := func(s string) string {
		return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(s))
	}
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(plain(code), plain(p)) })
}

// ordered returns those of a rule's goods that are ordered, and whether the rule is
// for any of the order's goods.
func ordered(skus []string, r order.Request) (among []string, matches bool) {
	for _, l := range r.Lines {
		if slices.Contains(skus, l.SKU) {
			among = append(among, l.SKU)
		}
	}
	return among, len(skus) == 0 || len(among) > 0
}

func (t *Table) shipping(r order.Request) (*order.ShippingRate, error) {
	if len(t.Shipping) == 0 && r.ShippingMethod == "" {
		return nil, nil
	}
	for _, s := range t.Shipping {
		applies := s.Currency == r.Currency && (len(s.Countries) == 0 || slices.Contains(s.Countries, r.ShipTo.Country))
		if applies && (r.ShippingMethod == "" || r.ShippingMethod == s.Method) {
			return &order.ShippingRate{Name: s.Name, Fee: s.fee, FreeFrom: s.freeFrom}, nil
		}
	}
	if r.ShippingMethod != "" {
		return nil, fmt.Errorf("%w: no shipping %q to %s in %s", order.ErrNoShipping, r.ShippingMethod, r.ShipTo.Country, r.Currency)
	}
	return nil, fmt.Errorf("%w: no shipping to %s in %s", order.ErrNoShipping, r.ShipTo.Country, r.Currency)
}

// discounts returns the rules of the request's codes, in the table's sequence, so that
// it does not matter in which sequence the shopper typed them.
func (t *Table) discounts(r order.Request, now time.Time) (all []order.Discount, err error) {
	var chosen []int
	for _, code := range r.DiscountCodes {
		i, err := t.find(code, r.Currency)
		if err != nil {
			return nil, err
		}
		if slices.Contains(chosen, i) {
			return nil, fmt.Errorf("%w: %q is given twice", order.ErrDiscount, code)
		}
		chosen = append(chosen, i)
	}
	slices.Sort(chosen)
	for _, i := range chosen {
		d := t.Discounts[i]
		skus, matches := ordered(d.SKUs, r)
		switch {
		case !d.From.IsZero() && now.Before(d.From):
			return nil, fmt.Errorf("%w: %q is not valid yet", order.ErrDiscount, d.Code)
		case !d.Until.IsZero() && !now.Before(d.Until):
			return nil, fmt.Errorf("%w: %q has expired", order.ErrDiscount, d.Code)
		case !d.Combines && len(chosen) > 1:
			return nil, fmt.Errorf("%w: %q cannot be combined with another code", order.ErrDiscount, d.Code)
		case !matches:
			return nil, fmt.Errorf("%w: %q is for none of these goods", order.ErrDiscount, d.Code)
		}
		all = append(all, order.Discount{Code: d.Code, Per: d.Per, Percent: d.Percent, Amount: d.amount, Minimum: d.minimum, SKUs: skus})
	}
	return all, nil
}

// find returns the index of the rule for a code. Shoppers type codes in any case.
func (t *Table) find(code, currency string) (int, error) {
	known := false
	for i, d := range t.Discounts {
		if strings.EqualFold(d.Code, text.Clean(code)) {
			if d.Currency == "" || d.Currency == currency {
				return i, nil
			}
			known = true
		}
	}
	if known {
		return 0, fmt.Errorf("%w: %q is not valid in %s", order.ErrDiscount, code, currency)
	}
	return 0, fmt.Errorf("%w: %q is not a code of this shop", order.ErrDiscount, code)
}
