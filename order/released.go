package order

import (
	"fmt"
	"slices"
	"strings"
)

// Released returns how much of the total is not captured, because goods or a part of
// the shipping fee were left out before, in minor units.
func (o Order) Released() (sum int64) {
	for _, r := range o.Refunds {
		if r.Status == RefundReleased {
			sum += r.Amount.Amount
		}
	}
	return sum
}

// Due returns what the shopper has to pay, in minor units: the total without what was
// left out before it was captured.
func (o Order) Due() int64 { return o.Total.Amount - o.Released() }

// planRelease leaves goods or a part of the shipping fee out of an order whose money is
// held, so that less is captured. It refuses what would leave nothing to send or to
// charge: that is a cancellation, which the shopper is told otherwise.
func (o Order) planRelease(r RefundRequest, held Payment) ([]Refund, error) {
	switch {
	case r.PaidOut != "":
		return nil, fmt.Errorf("%w: paidOut: the money is held and not captured, so nothing can have been paid out for it", ErrInvalid)
	case r.All, r.Amount != Money{}:
		return nil, fmt.Errorf("%w: the money is held and not captured: name the lines that are left out, or cancel the order", ErrNotRefundable)
	}
	plan, err := o.planAmounts(r, Money{})
	if err != nil {
		return nil, err
	}
	pieces := int64(0)
	for _, l := range o.Lines {
		out, _, _ := o.RefundedOf(l.SKU)
		pieces += l.Quantity - out
	}
	for _, l := range plan.lines {
		pieces -= l.Quantity
	}
	rest := Money{o.Due() - o.Credited() - plan.amount.Amount, o.Total.Currency} // of what is held
	switch g := Granule(rest.Currency); {
	case pieces == 0:
		return nil, fmt.Errorf("%w: these are all the goods that are left: cancel the order instead", ErrNotRefundable)
	case plan.amount.Amount == 0:
		return nil, fmt.Errorf("%w: that costs nothing", ErrNotRefundable)
	case plan.amount.Amount%g != 0:
		return nil, fmt.Errorf("%w: shipping: %s is not a multiple of %s", ErrInvalid, plan.amount, Money{g, rest.Currency})
	case rest.Chargeable() != nil:
		return nil, fmt.Errorf("%w: %s would be left to charge: cancel the order instead", ErrNotRefundable, rest)
	}
	return []Refund{{
		ID: r.ID, PaymentRef: held.Reference, Amount: plan.amount, Lines: plan.lines, Shipping: plan.shipping, Reason: r.Reason,
		Status: RefundReleased, Asked: r.Hash(),
	}}, nil
}

// ChargeReleased returns the refunds of what was to be left out, and of which an amount was
// captured all the same. The rest, if there is any, comes first and stays left out.
func (o Order) ChargeReleased(r Refund, amount int64) []Refund {
	var parts []Refund
	plan := refundPlan{r.Amount, r.Lines, r.Shipping}
	if rest := r.Amount.Amount - amount; rest > 0 {
		left := r
		left.Lines, plan.lines, rest = takeLines(r.Lines, rest)
		left.Shipping = min(r.Shipping, rest)
		left.Amount.Amount, plan.amount.Amount, plan.shipping = r.Amount.Amount-amount, amount, r.Shipping-left.Shipping
		parts = append(parts, left)
	}
	parts = append(parts, o.spreadRefund(RefundRequest{ID: r.ID, Reason: r.Reason, Lines: []RefundItem{{}}}, plan)...)
	base, _, _ := strings.Cut(r.ID, ":")
	for i := range parts {
		for n := i + 1; i > 0 && slices.ContainsFunc(append(o.Refunds, parts[:i]...), func(r Refund) bool { return r.ID == parts[i].ID }); n++ {
			parts[i].ID = fmt.Sprintf("%s:%d", base, n)
		}
	}
	return parts
}

// WithoutReleased returns the order as it is charged: without what was left out before
// the money was captured. Its lines, its shipping fee and its total meet.
func (o Order) WithoutReleased() Order {
	if o.Released() == 0 {
		return o
	}
	lines, shipping := o.Lines, int64(0)
	o.Lines = nil
	for _, l := range lines {
		pieces, amount := int64(0), int64(0)
		for _, r := range o.Refunds {
			for _, out := range r.Lines {
				if r.Status == RefundReleased && out.SKU == l.SKU {
					pieces, amount = pieces+out.Quantity, amount+out.Amount
				}
			}
		}
		if l.Quantity > pieces {
			o.Lines = append(o.Lines, l.without(pieces, amount))
		}
	}
	for _, r := range o.Refunds {
		if r.Status == RefundReleased {
			shipping += r.Shipping
		}
	}
	if f := o.Shipping; f != nil && shipping > 0 {
		rest := Fee{Name: f.Name, Price: f.Price, Tax: f.Tax.part(f.Total()-shipping, f.Total())}
		rest.Discount = rest.Price + rest.Tax.onTop() - (f.Total() - shipping)
		o.Shipping = &rest
	}
	o.Total.Amount = o.Due()
	o.Refunds = nil
	return o
}

// without returns the line without pieces that cost an amount.
func (l Line) without(pieces, amount int64) Line {
	if pieces == 0 {
		return l
	}
	total := l.Total() - amount
	l.Tax = l.Tax.part(total, l.Total())
	l.Quantity -= pieces
	l.Subtotal = l.Quantity * l.Price
	if l.Discount = l.Subtotal + l.Tax.onTop() - total; l.Discount < 0 && l.Tax != nil && !l.Tax.Included { // of a tax that was rounded down
		l.Tax.Amount -= l.Discount
		l.Discount = 0
	}
	return l
}

// part returns the tax on a part of what the tax is on.
func (t *Tax) part(of, whole int64) *Tax {
	if t == nil || whole == 0 {
		return t
	}
	p := *t
	p.Amount = (t.Amount*of + whole/2) / whole
	return &p
}
