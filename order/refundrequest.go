package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// RefundRequest asks for money to be refunded. It names an amount, or goods and a
// part of the shipping fee, or everything that is left.
type RefundRequest struct {
	// ID is the caller's, of letters, digits, hyphens and underscores. A
	// request that is repeated under its id moves nothing more.
	ID       string       `json:"id"`
	Amount   Money        `json:"amount,omitzero"`
	Lines    []RefundItem `json:"lines,omitempty"`
	Shipping int64        `json:"shipping,omitempty"` // of the shipping fee, with its tax, in minor units
	All      bool         `json:"all,omitempty"`
	Reason   string       `json:"reason,omitempty"`
	// PaidOut is the proof of a refund that a person has paid out already, such as
	// the reference of a bank transfer. Empty: the payment's provider makes the
	// refund.
	PaidOut string `json:"paidOut,omitempty"`
}

// RefundItem asks for pieces of a line to be refunded.
type RefundItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Restock  bool   `json:"restock,omitempty"` // the pieces are for sale again
}

var refundID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (r RefundRequest) Validate() error {
	named := 0
	for _, is := range []bool{r.Amount != Money{}, len(r.Lines) > 0 || r.Shipping != 0, r.All} {
		if is {
			named++
		}
	}
	switch {
	case !refundID.MatchString(r.ID):
		return fmt.Errorf("%w: id: want 1 to 64 letters, digits, hyphens and underscores", ErrInvalid)
	case named != 1:
		return fmt.Errorf("%w: want an amount, or lines and shipping, or all", ErrInvalid)
	case r.Amount.Amount < 0 || r.Amount.Amount == 0 && r.Amount.Currency != "":
		return fmt.Errorf("%w: amount: %s is not above zero", ErrInvalid, r.Amount)
	case r.Shipping < 0:
		return fmt.Errorf("%w: shipping: %d is below zero", ErrInvalid, r.Shipping)
	case len(r.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want at most %d, got %d", ErrInvalid, MaxLines, len(r.Lines))
	}
	for i, l := range r.Lines {
		switch {
		case l.Quantity < 1:
			return fmt.Errorf("%w: lines[%d].quantity: %d is not above zero", ErrInvalid, i, l.Quantity)
		case slices.ContainsFunc(r.Lines[:i], func(m RefundItem) bool { return m.SKU == l.SKU }):
			return fmt.Errorf("%w: lines[%d].sku: %q appears twice; add up the quantities", ErrInvalid, i, l.SKU)
		}
	}
	if err := CheckText("paidOut", r.PaidOut, false, MaxText); err != nil {
		return err
	}
	return CheckText("reason", r.Reason, true, MaxText)
}

// Hash returns the fingerprint of a request. Equal requests have equal hashes.
//
//workflowcheck:ignore
func (r RefundRequest) Hash() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, integers and booleans only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// PlanRefund returns the refunds that a request asks for: one for each payment
// that is needed, within what can be refunded of it. It fails with ErrInvalid if
// the request contradicts the order, and with ErrNotRefundable if it is about more
// than is left.
func (o Order) PlanRefund(r RefundRequest) ([]Refund, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	left := Money{Amount: o.Refundable(), Currency: o.Total.Currency}
	amount, lines, err := o.refundAmount(r, left)
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
	parts := o.spreadRefund(r, amount.Amount, lines)
	for _, p := range parts {
		i := slices.IndexFunc(o.Payments, func(own Payment) bool { return own.Reference == p.PaymentRef })
		if o.Payments[i].Manual() && !p.PaidOut {
			return nil, fmt.Errorf("%w: %s was not paid at a payment provider: pay it out, and name the proof (paidOut)", ErrInvalid, p.Amount)
		}
	}
	return parts, nil
}

// refundAmount returns how much a request is about, and the goods.
func (o Order) refundAmount(r RefundRequest, left Money) (Money, []RefundLine, error) {
	switch {
	case r.All:
		return left, nil, nil
	case r.Amount != Money{}:
		if r.Amount.Currency != o.Total.Currency {
			return Money{}, nil, fmt.Errorf("%w: amount: the order is in %s, not in %s", ErrInvalid, o.Total.Currency, r.Amount.Currency)
		}
		return r.Amount, nil, nil
	}
	if rest := o.Shipping.Total() - o.RefundedShipping(); r.Shipping > rest {
		return Money{}, nil, fmt.Errorf("%w: %s of the shipping fee, and %s of it can still be refunded",
			ErrNotRefundable, Money{r.Shipping, o.Total.Currency}, Money{max(rest, 0), o.Total.Currency})
	}
	sum, lines := r.Shipping, make([]RefundLine, 0, len(r.Lines))
	for i, item := range r.Lines {
		l, err := o.refundLine(fmt.Sprintf("lines[%d]", i), item)
		if err != nil {
			return Money{}, nil, err
		}
		lines = append(lines, l)
		sum += l.Amount
	}
	return Money{sum, o.Total.Currency}, lines, nil
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
	before, restocked := int64(0), int64(0)
	for _, r := range o.Refunds {
		for _, was := range r.Lines {
			if was.SKU == item.SKU && r.Status.Moves() {
				before += was.Quantity
			}
			if was.SKU == item.SKU && was.Restock {
				restocked += was.Quantity
			}
		}
	}
	switch {
	case item.Quantity > l.Quantity-before:
		return RefundLine{}, fmt.Errorf("%w: %s: %d of %q, and %d can still be refunded", ErrNotRefundable, at, item.Quantity, item.SKU, l.Quantity-before)
	case item.Restock && item.Quantity > l.Quantity-restocked:
		return RefundLine{}, fmt.Errorf("%w: %s: %d of %q are for sale again already", ErrNotRefundable, at, restocked, item.SKU)
	}
	amount := o.share(l, before+item.Quantity) - o.share(l, before)
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
// first.
func (o Order) spreadRefund(r RefundRequest, amount int64, lines []RefundLine) (parts []Refund) {
	shipping := r.Shipping
	for _, p := range o.refundedFrom(r.PaidOut != "") {
		n := min(p.refundable(), amount)
		if n <= 0 {
			continue
		}
		part := Refund{
			ID: r.ID, PaymentRef: p.Reference, Amount: Money{n, o.Total.Currency}, Reason: r.Reason,
			Status: RefundRequested, Asked: r.Hash(),
		}
		if len(parts) > 0 {
			part.ID = fmt.Sprintf("%s:%d", r.ID, len(parts)+1)
		}
		if r.PaidOut != "" {
			part.Status, part.PaidOut, part.Reference = RefundSucceeded, true, r.PaidOut
		}
		for len(lines) > 0 && (n > 0 || lines[0].Amount == 0) {
			l := lines[0]
			l.Amount = min(l.Amount, n)
			part.Lines = append(part.Lines, l)
			n -= l.Amount
			if lines[0].Amount -= l.Amount; lines[0].Amount > 0 {
				lines[0].Quantity, lines[0].Restock = 0, false
				break
			}
			lines = lines[1:]
		}
		part.Shipping = min(shipping, n)
		shipping -= part.Shipping
		amount -= part.Amount.Amount
		parts = append(parts, part)
	}
	return parts
}

// refundedFrom returns the order's payments in the sequence in which they are
// refunded: what a person pays out is first what came in without a payment provider,
// above all what the order did not need; what a provider refunds is first what came in
// there.
func (o Order) refundedFrom(paidOut bool) []Payment {
	rank := func(p Payment) int {
		switch {
		case p.Manual() != paidOut:
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

// Restocked returns the goods that came back and are for sale again.
func (o Order) Restocked() (all []LineQuantity) {
	for _, l := range o.Lines {
		n := int64(0)
		for _, r := range o.Refunds {
			for _, back := range r.Lines {
				if back.SKU == l.SKU && back.Restock {
					n += back.Quantity
				}
			}
		}
		if n > 0 {
			all = append(all, LineQuantity{SKU: l.SKU, Quantity: n})
		}
	}
	return all
}
