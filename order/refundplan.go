package order

import (
	"errors"
	"fmt"
	"slices"
)

// refundPlan is what a request is about.
type refundPlan struct {
	amount   Money
	lines    []RefundLine
	shipping int64 // of the amount, for the shipping fee
}

// PlanRefund returns the refunds that a request asks for: one for each payment
// that is needed, within what can be refunded of it. Before the money is captured, it
// returns one refund that is RefundReleased. It fails with ErrInvalid if
// the request contradicts the order, and with ErrNotRefundable if it is about more
// than is left.
func (o Order) PlanRefund(r RefundRequest) ([]Refund, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if p := o.Payment(); p.Status == PaymentAuthorized && o.Taken() == 0 {
		parts, err := o.planRelease(r, p)
		if err == nil || o.Credited() == 0 || r.All || r.Amount != (Money{}) || errors.Is(err, ErrInvalid) {
			return parts, err
		} // the credit was taken, and can be given back
	}
	left := Money{Amount: o.Refundable(), Currency: o.Total.Currency}
	plan, err := o.planAmounts(r, left)
	amount := plan.amount
	switch {
	case err != nil:
		return nil, err
	case amount.Amount == 0:
		return nil, fmt.Errorf("%w: nothing is left to refund", ErrNotRefundable)
	case amount.Amount > left.Amount:
		return nil, fmt.Errorf("%w: %s, and %s can still be refunded", ErrNotRefundable, amount, left)
	case amount.Amount%Granule(amount.Currency) != 0:
		return nil, fmt.Errorf("%w: amount: %s is not a multiple of %s", ErrInvalid, amount, Money{Granule(amount.Currency), amount.Currency})
	}
	parts := o.spreadRefund(r, plan)
	for _, p := range parts {
		i := slices.IndexFunc(o.Payments, func(own Payment) bool { return own.Reference == p.PaymentRef })
		if o.Payments[i].Manual() && !p.PaidOut && r.creditTo == "" {
			return nil, fmt.Errorf("%w: %s was not paid at a payment provider: pay it out, and name the proof (paidOut)", ErrInvalid, p.Amount)
		}
	}
	return parts, nil
}

// planAmounts returns how much a request is about, and the goods and the part of the
// fee.
func (o Order) planAmounts(r RefundRequest, left Money) (refundPlan, error) {
	switch {
	case r.All:
		return o.planAll(left), nil
	case r.Amount != Money{}:
		if r.Amount.Currency != o.Total.Currency {
			return refundPlan{}, fmt.Errorf("%w: amount: the order is in %s, not in %s", ErrInvalid, o.Total.Currency, r.Amount.Currency)
		}
		return refundPlan{amount: r.Amount}, nil
	}
	if rest := o.shippingLeft(); r.Shipping > rest {
		return refundPlan{}, fmt.Errorf("%w: %s of the shipping fee, and %s of it can still be refunded",
			ErrNotRefundable, Money{r.Shipping, o.Total.Currency}, Money{rest, o.Total.Currency})
	}
	plan := refundPlan{amount: Money{r.Shipping, o.Total.Currency}, shipping: r.Shipping}
	for i, item := range r.Lines {
		l, err := o.refundLine(fmt.Sprintf("lines[%d]", i), item)
		if err != nil {
			return refundPlan{}, err
		}
		plan.lines = append(plan.lines, l)
		plan.amount.Amount += l.Amount
	}
	plan.amount.Amount -= r.less
	return plan, nil
}

// planAll divides everything that is left over the lines, in their order, and then the
// shipping fee: what was not refunded of each. What remains, as of a payment that was
// too much, is for neither. If less is left than the goods cost, because an amount was
// refunded before, the last lines have less, and only pieces that are covered count.
func (o Order) planAll(left Money) refundPlan {
	plan, rest := refundPlan{amount: left}, left.Amount
	for _, l := range o.Lines {
		pieces, paid, _ := o.RefundedOf(l.SKU)
		amount := min(max(l.Total()-paid, 0), rest)
		n := l.Quantity
		for n > pieces && o.share(l, n) > paid+amount {
			n--
		}
		if amount > 0 || n > pieces {
			plan.lines = append(plan.lines, RefundLine{SKU: l.SKU, Quantity: max(n-pieces, 0), Amount: amount})
		}
		rest -= amount
	}
	plan.shipping = min(o.shippingLeft(), rest)
	return plan
}

// RefundedOf returns how many pieces of a line were refunded or left out, how much of
// its price that was, and how many of its pieces are for sale again.
func (o Order) RefundedOf(sku string) (pieces, paid, restocked int64) {
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if l.SKU == sku && r.Status.Counts() {
				pieces, paid = pieces+l.Quantity, paid+l.Amount
			}
			if l.SKU == sku && l.Restock {
				restocked += l.Quantity
			}
		}
	}
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if l.SKU == sku {
				pieces, paid = pieces+l.Kept, paid+l.KeptPrice
			}
		}
	}
	_, back := o.ReturnedOf(sku)
	return pieces, paid, restocked + back
}

// refundLine returns how much is refunded for pieces of a line. The pieces that are
// refunded later have the rest, so that all pieces together are refunded what the
// shopper paid for the line.
func (o Order) refundLine(at string, item RefundItem) (RefundLine, error) {
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.SKU == item.SKU })
	if i < 0 {
		return RefundLine{}, fmt.Errorf("%w: %s: the order has no %q", ErrInvalid, at, item.SKU)
	}
	l := o.Lines[i]
	before, paid, restocked := o.RefundedOf(item.SKU)
	switch {
	case item.Quantity > l.Quantity-before:
		return RefundLine{}, fmt.Errorf("%w: %s: %d of %q, and %d can still be refunded", ErrNotRefundable, at, item.Quantity, item.SKU, l.Quantity-before)
	case item.Restock && slices.ContainsFunc(o.DeliveredWithoutParcel(), func(d LineQuantity) bool { return d.SKU == item.SKU }):
		return RefundLine{}, fmt.Errorf("%w: %s.restock: %q was delivered without a parcel, so nothing comes back that could be sold again", ErrInvalid, at, item.SKU)
	case item.Restock && item.Quantity > l.Quantity-restocked:
		return RefundLine{}, fmt.Errorf("%w: %s: %d of %q are for sale again already", ErrNotRefundable, at, restocked, item.SKU)
	case item.Restock && item.Quantity > l.Quantity-restocked-o.comingBack(item.SKU):
		return RefundLine{}, fmt.Errorf("%w: %s: %d of %q are to come back in a return: receive it, or leave restock out", ErrNotRefundable, at, o.comingBack(item.SKU), item.SKU)
	}
	amount := max(o.share(l, before+item.Quantity)-paid, 0)
	return RefundLine{SKU: item.SKU, Quantity: item.Quantity, Amount: amount, Restock: item.Restock}, nil
}

// share returns what the first n pieces of a line cost, as an amount that can be
// refunded.
func (o Order) share(l Line, n int64) int64 {
	if n == l.Quantity {
		return l.Total()
	}
	g := Granule(o.Total.Currency)
	return l.Total() / g * n / l.Quantity * g
}

// spreadRefund divides a refund over the order's payments; of equal ones, the oldest is
// first. See docs/decisions/018-refund-order.md.
func (o Order) spreadRefund(r RefundRequest, plan refundPlan) (parts []Refund) {
	amount, lines, shipping, less := plan.amount.Amount, plan.lines, plan.shipping, r.less
	for _, p := range o.refundedFrom(r) {
		n := min(p.refundable(), amount)
		if n <= 0 {
			continue
		}
		part := Refund{
			ID: r.ID, PaymentRef: p.Reference, Amount: Money{n, o.Total.Currency}, Reason: r.Reason,
			Status: RefundRequested, Asked: r.Hash(), ReturnID: r.returnID, Less: less,
		}
		n, less = n+less, 0
		if len(parts) > 0 {
			part.ID = fmt.Sprintf("%s:%d", r.ID, len(parts)+1)
		}
		if r.PaidOut != "" {
			part.Status, part.PaidOut, part.Reference = RefundSucceeded, true, r.PaidOut
		}
		if r.creditTo != "" {
			part.Status, part.CreditTo = RefundCredited, r.creditTo
		}
		if p.Surplus && r.All { // it was not paid for goods
			parts, amount = append(parts, part), amount-n
			continue
		}
		part.Lines, lines, n = takeLines(lines, n)
		part.Shipping = min(shipping, n)
		shipping -= part.Shipping
		amount -= part.Amount.Amount
		parts = append(parts, part)
	}
	return parts
}

// takeLines divides lines into those that an amount is enough for and the rest, and returns
// what is left of the amount. The pieces of a line that is divided count with its first part.
func takeLines(lines []RefundLine, n int64) (taken, rest []RefundLine, left int64) {
	rest = slices.Clone(lines)
	for len(rest) > 0 && (n > 0 || rest[0].Amount == 0) {
		l := rest[0]
		l.Amount = min(l.Amount, n)
		taken = append(taken, l)
		n -= l.Amount
		if rest[0].Amount -= l.Amount; rest[0].Amount > 0 {
			rest[0].Quantity, rest[0].Restock = 0, false
			break
		}
		rest = rest[1:]
	}
	return taken, rest, n
}

// refundedFrom returns the order's payments in the sequence in which they are
// refunded. What a person pays out is first what came in without a payment provider,
// above all what the order did not need; what a provider refunds is first what came in
// there, and credit comes last. Goods are refunded from the payments that paid for them.
func (o Order) refundedFrom(r RefundRequest) []Payment {
	forGoods := len(r.Lines) > 0 || r.Shipping > 0
	rank := func(p Payment) int {
		switch {
		case forGoods && p.Surplus:
			return 3
		case p.Credit(), p.Manual() != (r.PaidOut != ""):
			return 2
		case p.Surplus:
			return 0
		}
		return 1
	}
	sorted := slices.Clone(o.Payments)
	slices.SortStableFunc(sorted, func(a, b Payment) int { return rank(a) - rank(b) })
	return sorted
}

// Refundable returns how much of the order's money can still be refunded, in minor
// units.
func (o Order) Refundable() (sum int64) {
	for _, p := range o.Payments {
		sum += p.refundable()
	}
	return sum
}

// RefundedShipping returns how much of the shipping fee was refunded or is about to
// be, in minor units.
func (o Order) RefundedShipping() (sum int64) {
	for _, r := range o.Refunds {
		if r.Status.Moves() {
			sum += r.Shipping
		}
	}
	return sum
}

// shippingLeft returns how much of the shipping fee was neither refunded nor left out.
func (o Order) shippingLeft() int64 {
	left := o.Shipping.Total()
	for _, r := range o.Refunds {
		if r.Status.Counts() {
			left -= r.Shipping
		}
	}
	return max(left, 0)
}

// Restocked returns the goods that came back and are for sale again.
func (o Order) Restocked() (all []LineQuantity) {
	for _, l := range o.Lines {
		_, _, n := o.RefundedOf(l.SKU)
		if n = min(n, l.Quantity); n > 0 {
			all = append(all, LineQuantity{SKU: l.SKU, Quantity: n})
		}
	}
	return all
}

// PlanReturn returns the refunds of goods that came back: what the shopper paid for them,
// less what the shop keeps of it, and at most what is left of the order's money. Pieces
// that were refunded before count for nothing; there is no refund if nothing is left. It
// fails with ErrNotRefundable while the money cannot be refunded, and otherwise as
// PlanRefund does.
func (o Order) PlanReturn(back Return) ([]Refund, error) { return o.planBack(back, 0, "") }

// planBack is PlanReturn, less what was refunded for the goods before, or PlanExchange if
// it is for an order.
func (o Order) planBack(back Return, refunded int64, creditTo ID) ([]Refund, error) {
	worth, left, g := o.worth(back), o.Refundable(), Granule(o.Total.Currency)
	amount := max(o.ReturnRefund(back).Amount-refunded, 0)
	switch disputed := slices.ContainsFunc(o.Disputes, func(d Dispute) bool { return !d.Closed() && d.Status != DisputeInquiry }); {
	case amount == 0:
		return nil, nil
	case o.Payment().Status == PaymentAuthorized && o.Taken() == 0:
		return nil, fmt.Errorf("%w: the money is not captured yet", ErrNotRefundable)
	case amount > left && disputed:
		return nil, fmt.Errorf("%w: the payment is disputed, and the bank has the money until it has decided", ErrNotRefundable)
	case left/g*g == 0:
		return nil, nil
	}
	amount = min(amount, left/g*g)
	return o.PlanRefund(RefundRequest{
		ID: back.RefundIDToBe(), Lines: o.refundItems(back), Reason: back.Reason, PaidOut: back.PaidOut,
		returnID: back.ID, less: worth - amount, creditTo: creditTo,
	})
}

// ReturnRefund returns what is to be refunded for the goods of a return that came back, if so
// much is left of the order's money.
func (o Order) ReturnRefund(back Return) Money {
	g := Granule(o.Total.Currency)
	return Money{Amount: max(o.worth(back)-back.Fee-back.Damage, 0) / g * g, Currency: o.Total.Currency}
}

// worth returns what the shopper paid for the goods of a return that can be refunded.
func (o Order) worth(back Return) (sum int64) {
	for _, item := range o.refundItems(back) {
		l, err := o.refundLine("", item)
		if err == nil { // it is of the order, and not more than is left
			sum += l.Amount
		}
	}
	return sum
}

// refundItems returns the goods of a return that were not refunded before.
func (o Order) refundItems(back Return) (items []RefundItem) {
	for _, l := range o.Lines {
		before, _, _ := o.RefundedOf(l.SKU)
		left := l.Quantity - before
		if back.Parcel > 0 {
			left = min(left, o.refundableFromParcels(l.SKU))
		}
		for _, b := range back.Lines {
			if n := min(b.Received, left); b.SKU == l.SKU && n > 0 && !back.NoRefund {
				items = append(items, RefundItem{SKU: l.SKU, Quantity: n})
			}
		}
	}
	return items
}

// KeepPrice returns a return of which nothing is refunded. Its pieces count as refunded, so
// that what is refunded for other pieces of the line meets its price.
func (o Order) KeepPrice(back Return) Return {
	lines := slices.Clone(back.Lines)
	for _, item := range o.refundItems(back) {
		for i := range lines {
			if l, err := o.refundLine("", item); err == nil && lines[i].SKU == item.SKU {
				lines[i].Kept, lines[i].KeptPrice = l.Quantity, l.Amount
			}
		}
	}
	back.Lines = lines
	return back
}
