package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Amendment is a change of an order that was asked for before its label.
type Amendment struct {
	ID     string          `json:"id"` // the caller's
	Status AmendmentStatus `json:"status"`
	Asked  string          `json:"asked"` // the hash of the request
	By     string          `json:"by"`
	Reason string          `json:"reason,omitempty"`
	At     time.Time       `json:"at"`
	ShipTo *Address        `json:"shipTo,omitempty"` // nil: the address stays
	// Added are the goods that it adds, at the price of the time of the request, and Removed
	// those that it takes out.
	Added   []Line         `json:"added,omitempty"`
	Removed []LineQuantity `json:"removed,omitempty"`
	// Amount is how much more the shopper pays, or less if it is below zero, in minor units.
	Amount int64 `json:"amount"`
	// Payment is the number of the payment that it waits or waited for until a time; 0: none.
	Payment int       `json:"payment,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Why     string    `json:"why,omitempty"` // why it was dropped
}

// AmendmentStatus is the state of a change of an order.
type AmendmentStatus string

// The states of a change.
const (
	AmendmentPending AmendmentStatus = "pending" // it waits for its payment, and the order goes on as it was
	AmendmentMade    AmendmentStatus = "made"
	AmendmentDropped AmendmentStatus = "dropped" // it was not paid, or a parcel was booked first
)

// MaxChanges is how often an order can be changed.
const MaxChanges = 50

// Opened is what an order was when it was placed.
type Opened struct {
	ShipTo Address `json:"shipTo"`
	Lines  []Line  `json:"lines"`
	Total  Money   `json:"total"`
}

// AsPlaced returns the order with the goods, the address and the total that it was placed
// with.
func (o Order) AsPlaced() Order {
	if was := o.Opened; was != nil {
		o.ShipTo, o.Lines, o.Total = was.ShipTo, was.Lines, was.Total
	}
	return o
}

// ChangeByID returns the change with an id, or nil.
func (o *Order) ChangeByID(id string) *Amendment {
	i := slices.IndexFunc(o.Changes, func(a Amendment) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Changes[i]
}

// PendingChange returns the change that waits for its payment, or nil. There is at most
// one.
func (o *Order) PendingChange() *Amendment {
	i := slices.IndexFunc(o.Changes, func(a Amendment) bool { return a.Status == AmendmentPending })
	if i < 0 {
		return nil
	}
	return &o.Changes[i]
}

// Reserved returns the goods that are reserved for the order: those of its lines, and
// those that a change adds that waits for its payment.
func (o Order) Reserved() (all []LineQuantity) {
	lines := o.Lines
	if a := o.PendingChange(); a != nil {
		lines = append(slices.Clip(lines), a.Added...)
	}
	for _, l := range lines {
		i := slices.IndexFunc(all, func(q LineQuantity) bool { return q.SKU == l.SKU })
		if i < 0 {
			all = append(all, LineQuantity{SKU: l.SKU})
			i = len(all) - 1
		}
		all[i].Quantity += l.Quantity
	}
	return all
}

// cost returns what the goods cost that the change adds.
func (a Amendment) cost(currency string) Money { return Money{sumOf(a.Added), currency} }

func sumOf(lines []Line) (sum int64) {
	for _, l := range lines {
		sum += l.Total()
	}
	return sum
}

// With returns the order with more goods. It fails with ErrNotChangeable if it has some of
// them already at another price or with another tax, and with ErrInvalid if they are too
// many.
func (o Order) With(added []Line) (Order, error) {
	o.Lines = slices.Clone(o.Lines)
	for _, more := range added {
		i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.SKU == more.SKU })
		if i < 0 {
			o.Lines = append(o.Lines, more)
			continue
		}
		own := &o.Lines[i]
		switch {
		case own.Price != more.Price:
			return o, fmt.Errorf("%w: %q costs %s a piece now, and the order has it for %s: place another order for it",
				ErrNotChangeable, own.SKU, Money{more.Price, o.Total.Currency}, Money{own.Price, o.Total.Currency})
		case !own.Tax.IsLike(more.Tax):
			return o, fmt.Errorf("%w: %q has another tax now than in the order: place another order for it", ErrNotChangeable, own.SKU)
		}
		own.Quantity, own.Subtotal, own.Discount = own.Quantity+more.Quantity, own.Subtotal+more.Subtotal, own.Discount+more.Discount
		if own.Tax != nil {
			sum := *own.Tax
			sum.Amount += more.Tax.Amount
			own.Tax = &sum
		}
		if own.Quantity > MaxQuantity {
			return o, fmt.Errorf("%w: lines: %q: want at most %d pieces, with those that were left out", ErrInvalid, own.SKU, MaxQuantity)
		}
	}
	if len(o.Lines) > MaxLines {
		return o, fmt.Errorf("%w: lines: want at most %d, with those that were left out", ErrInvalid, MaxLines)
	}
	total, err := o.Total.Plus(Money{sumOf(added), o.Total.Currency})
	o.Total = total
	return o, err
}

// IsLike reports whether both are taxes by the same rate.
func (t *Tax) IsLike(u *Tax) bool {
	if t == nil || u == nil {
		return t == u
	}
	return t.Name == u.Name && t.Rate == u.Rate && t.Included == u.Included
}

// Without returns an unpaid order without pieces of its goods: their part of the lines'
// discount and tax goes with them. It fails as PlanRefund does.
func (o Order) Without(items []LineQuantity) (Order, error) {
	fewer := o
	fewer.Lines = nil
	for _, l := range o.Lines {
		item := RefundItem{SKU: l.SKU}
		for _, q := range items {
			if q.SKU == l.SKU {
				item.Quantity += q.Quantity
			}
		}
		out, err := o.refundLine("lines", item)
		if err != nil {
			return o, err
		}
		if fewer.Total.Amount -= out.Amount; l.Quantity > item.Quantity {
			fewer.Lines = append(fewer.Lines, l.without(item.Quantity, out.Amount))
		}
	}
	return fewer, nil
}

// PlanFewer returns the refunds of the goods that a change takes out of a paid order, which
// has by now what the change adds, for that much. As far as the one pays for the other, or
// the money is not captured, or a person has taken it, the refund is RefundReleased.
func (o Order) PlanFewer(a Amendment) ([]Refund, error) {
	plan := refundPlan{amount: Money{Currency: o.Total.Currency}}
	for _, q := range a.Removed {
		l, err := o.refundLine("lines", RefundItem{SKU: q.SKU, Quantity: q.Quantity, Restock: true})
		if err != nil {
			return nil, err
		}
		plan.lines = append(plan.lines, l)
		plan.amount.Amount += l.Amount
	}
	if len(plan.lines) == 0 {
		return nil, nil
	}
	r := RefundRequest{ID: changeRefund + a.ID, Reason: a.Reason, Lines: []RefundItem{{}}}
	main := o.Payment()
	released := min(sumOf(a.Added), plan.amount.Amount)
	if o.Captured() == 0 || main.Manual() {
		released = plan.amount.Amount
	}
	var parts []Refund
	if released > 0 || plan.amount.Amount == 0 {
		first := Refund{
			ID: r.ID, PaymentRef: main.Reference, Amount: Money{released, o.Total.Currency}, Reason: a.Reason, Status: RefundReleased, Asked: a.Asked,
		}
		first.Lines, plan.lines, _ = takeLines(plan.lines, released)
		plan.amount.Amount -= released
		parts = append(parts, first)
	}
	if plan.amount.Amount == 0 {
		return parts, nil
	}
	if left := o.Refundable(); plan.amount.Amount > left {
		return nil, fmt.Errorf("%w: %s, and %s can still be refunded", ErrNotRefundable, plan.amount, Money{left, o.Total.Currency})
	}
	for _, p := range o.spreadRefund(r, plan) {
		if p.Asked = a.Asked; len(parts) > 0 {
			p.ID = fmt.Sprintf("%s:%d", r.ID, len(parts)+1)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// ChangeRequest asks for an order to be changed before its label: where it goes, and
// which goods it is of.
type ChangeRequest struct {
	// ID is the caller's, of letters, digits, hyphens and underscores. A request that is
	// repeated under its id is the same change.
	ID     string   `json:"id"`
	ShipTo *Address `json:"shipTo,omitempty"` // nil: the address stays
	// Lines are the quantities that the order has afterwards; 0 takes a product out, and
	// products that are not named stay as they are.
	Lines  []RequestLine `json:"lines,omitempty"`
	Reason string        `json:"reason,omitempty"`
}

// changeRefund stands before the id of a change in the id of the refund of the goods that
// it takes out.
const changeRefund = "change-"

var changeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,57}$`)

// Validate checks everything that can be checked without the order. It fails with
// ErrInvalid.
func (r ChangeRequest) Validate() error {
	switch {
	case !changeID.MatchString(r.ID):
		return fmt.Errorf("%w: id: want 1 to 57 letters, digits, hyphens and underscores", ErrInvalid)
	case r.ShipTo == nil && len(r.Lines) == 0:
		return fmt.Errorf("%w: want lines, or shipTo", ErrInvalid)
	case len(r.Lines) > MaxLines:
		return fmt.Errorf("%w: lines: want at most %d, got %d", ErrInvalid, MaxLines, len(r.Lines))
	}
	if err := checkQuantities("lines", r.Lines, 0); err != nil {
		return err
	}
	if r.ShipTo != nil {
		if err := r.ShipTo.validate("shipTo."); err != nil {
			return err
		}
	}
	return CheckText("reason", r.Reason, true, MaxText)
}

// RefundID returns the id of the refund of the goods that the change takes out.
func (r ChangeRequest) RefundID() string { return changeRefund + r.ID }

// Hash returns the fingerprint of a request. Equal requests have equal hashes.
//
//workflowcheck:ignore
func (r ChangeRequest) Hash() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and integers only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
