// Package order defines an order: its data, its states, its money and the
// messages about it. It does no I/O and knows neither Temporal nor SQL nor HTTP.
package order

import (
	"cmp"
	"slices"
	"time"
)

// ID identifies an order everywhere: in the API, the record, provider metadata
// and (behind "order/") as the workflow ID.
type ID string

// WorkflowID returns the ID of the workflow that is the order's only writer.
func (id ID) WorkflowID() string { return "order/" + string(id) }

// Order is an order as the record keeps it. Its status is derived by its
// workflow from its payments, its shipments and how far it has come.
type Order struct {
	ID       ID       `json:"id"`
	Status   Status   `json:"status"`
	Version  int64    `json:"version"` // the number of its last event
	Customer string   `json:"customerId"`
	Email    string   `json:"email"`
	Locale   string   `json:"locale,omitempty"`
	ShipTo   Address  `json:"shipTo"`
	Lines    []Line   `json:"lines"`
	Shipping *Fee     `json:"shipping,omitempty"` // nil: shipping costs nothing
	Total    Money    `json:"total"`              // of the lines and of the shipping fee
	Reason   string   `json:"reason,omitempty"`   // why it was cancelled, expired, refused, returned or held
	Hold     *Hold    `json:"hold,omitempty"`     // nil: nobody needs to decide
	Waiting  *Waiting `json:"waiting,omitempty"`
	// Payments, Shipments, Refunds, Disputes and Returns are listed oldest first.
	Payments  []Payment  `json:"payments"`
	Shipments []Shipment `json:"shipments,omitempty"`
	Refunds   []Refund   `json:"refunds,omitempty"`
	Disputes  []Dispute  `json:"disputes,omitempty"`
	Returns   []Return   `json:"returns,omitempty"`
	// Changes are those that were asked for before the label, oldest first, and Opened is
	// what the order was before the first of them; nil: it was not changed.
	Changes []Amendment `json:"changes,omitempty"`
	Opened  *Opened     `json:"opened,omitempty"`
	// ExchangeOf says whose goods' value pays for the order, or for a part of it; nil: it
	// is no exchange.
	ExchangeOf *ExchangeOf `json:"exchangeOf,omitempty"`
	// MailTrouble lists the order's mails that bounced or were reported as spam.
	MailTrouble []MailTrouble `json:"mailTrouble,omitempty"`
	// Attention lists what Purser cannot finish by itself although the order goes
	// on: payments that cannot be refunded, for example.
	Attention []Attention `json:"attention,omitempty"`
	// Cases lists the open cases about what a person must decide.
	Cases    []CaseRef `json:"cases,omitempty"`
	PlacedAt time.Time `json:"placedAt"`
	// UpdatedAt is the time of the last event.
	UpdatedAt time.Time `json:"updatedAt"`
}

// Payment returns the payment that the order asks the shopper for, or has: the last
// one that is neither a surplus nor on standby, and that is not for a change. It is the
// zero Payment if the order has no payment yet.
func (o Order) Payment() Payment {
	for _, p := range slices.Backward(o.Payments) {
		if p.Main() {
			return p
		}
	}
	return Payment{}
}

// Main reports whether the payment may be the one that Order.Payment returns.
func (p Payment) Main() bool { return !p.Surplus && !p.Standby && p.Change == "" }

// Asked returns what a payment of the order asks the shopper for.
func (o Order) Asked(p Payment) Money {
	return Money{Amount: cmp.Or(p.Amount, o.Total.Amount), Currency: o.Total.Currency}
}

// Captured returns how much of the order's money the shop has captured, in minor
// units, without surplus payments.
func (o Order) Captured() (sum int64) {
	for _, p := range o.Payments {
		if !p.Surplus {
			sum += p.Captured
		}
	}
	return sum
}

// Free reports whether the order costs nothing, so that there is no payment.
func (o Order) Free() bool { return o.Total.Amount == 0 && o.Total.Currency != "" }

// FirstPayments returns the payments of an order that is opened.
func (o Order) FirstPayments() []Payment {
	switch {
	case o.Free():
		return []Payment{}
	case o.ExchangeOf != nil:
		return o.ExchangeOf.firstPayments(o.Total, o.PlacedAt)
	}
	return []Payment{{Number: 1}}
}

// Covered reports whether the whole amount is held or captured.
func (o Order) Covered() bool {
	sum := int64(0)
	for _, p := range o.Payments {
		if !p.Surplus {
			sum += max(p.Authorized, p.Captured)
		}
	}
	return o.Free() || sum > 0 && sum >= o.Due()
}

// Paid reports whether the whole amount is captured.
func (o Order) Paid() bool {
	return o.Free() || o.Captured() > 0 && o.Captured() >= o.Due()
}

// Shipment returns the parcel that goods go out with at present: the last one
// that no other replaced. It is the zero Shipment if the order has no parcel yet.
func (o Order) Shipment() Shipment {
	for _, s := range slices.Backward(o.Shipments) {
		if !s.Replaced && s.Method != NoParcel {
			return s
		}
	}
	return Shipment{}
}

// HandedOver reports whether the carrier has a parcel of the order, so that its
// label cannot be voided any more.
func (o Order) HandedOver() bool {
	return slices.ContainsFunc(o.Shipments, func(s Shipment) bool { return s.Method != NoParcel && s.Status.HandedOver() })
}

// LinesOf returns the goods of a parcel, as the order has them.
func (o Order) LinesOf(s Shipment) (lines []Line) {
	for _, q := range s.Lines {
		for _, l := range o.Lines {
			if l.SKU == q.SKU {
				l.Quantity, l.Subtotal = q.Quantity, q.Quantity*l.Price
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// DeliveredWithoutParcel returns the goods that were delivered and needed no parcel. They
// never come back.
func (o Order) DeliveredWithoutParcel() (all []LineQuantity) {
	for _, s := range o.Shipments {
		if s.Method == NoParcel {
			all = append(all, s.Lines...)
		}
	}
	return all
}

// Line is one priced line. Prices come from the catalogue at the moment of
// placing; later price changes do not touch the order. Amounts are in minor units
// of the order's currency.
type Line struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"` // per piece
	Subtotal int64  `json:"subtotal"`
	// Discount is what is taken off the subtotal, with the line's share of the
	// discounts on the whole order.
	Discount int64 `json:"discount,omitempty"`
	Tax      *Tax  `json:"tax,omitempty"` // nil: no tax is known
	// Goods is what the sending depended on when the order was placed; nil: they need a
	// parcel, and nothing is known of them.
	Goods *Goods `json:"goods,omitempty"`
}

// NeedsParcel reports whether the goods are sent in a parcel.
func (l Line) NeedsParcel() bool { return l.Goods == nil || l.Goods.Shipping != ShippingNone }

// Total returns what the shopper pays for the line.
func (l Line) Total() int64 { return l.Subtotal - l.Discount + l.Tax.onTop() }

// Fee is what the shopper pays for shipping, in minor units of the order's
// currency.
type Fee struct {
	Name     string `json:"name,omitempty"`
	Price    int64  `json:"price"`
	Discount int64  `json:"discount,omitempty"`
	Tax      *Tax   `json:"tax,omitempty"`
}

// Total returns what the shopper pays; 0 if there is no fee.
func (f *Fee) Total() int64 {
	if f == nil {
		return 0
	}
	return f.Price - f.Discount + f.Tax.onTop()
}

// Tax is the tax on a line or on the shipping fee.
type Tax struct {
	Name     string `json:"name"`               // as on the receipt, such as "VAT"
	Rate     string `json:"rate"`               // in per cent, such as "8.875"
	Amount   int64  `json:"amount"`             // minor units
	Included bool   `json:"included,omitempty"` // the price contains it; otherwise it is added
}

func (t *Tax) onTop() int64 {
	if t == nil || t.Included {
		return 0
	}
	return t.Amount
}

// Waiting says what an order is waiting for, until when, and what happens then.
// Operators read it first.
type Waiting struct {
	On    string    `json:"on"`              // "payment", "carrier", "operator", "payments", …
	Until time.Time `json:"until,omitzero"`  // zero: for as long as it takes
	Then  string    `json:"then,omitempty"`  // what happens at that time
	About string    `json:"about,omitempty"` // the id to search for: pi_…, a tracking number
}

// Same reports whether both are equal; nil means that the order waits for
// nothing.
func (w *Waiting) Same(v *Waiting) bool {
	if w == nil || v == nil {
		return w == v
	}
	return w.On == v.On && w.Then == v.Then && w.About == v.About && w.Until.Equal(v.Until)
}

// Hold says that a person must decide how an order goes on.
type Hold struct {
	Kind HoldKind `json:"kind"`
	Why  string   `json:"why"`
	// About is the id to search for: a payment's reference, a tracking number.
	About string `json:"about,omitempty"`
	// Choices are the decisions that the order takes, the safest first.
	Choices []Choice `json:"choices"`
}

// HoldKind is the kind of a hold.
type HoldKind string

// The kinds of holds.
const (
	// HoldPayment: what the payment provider reports does not match the order.
	HoldPayment HoldKind = "payment"
	// HoldFunds: the money was refunded or is disputed before the goods went out.
	HoldFunds HoldKind = "funds"
	// HoldLabel: the carrier has voided the label of a paid parcel.
	HoldLabel HoldKind = "label"
	// HoldReturned: the carrier brought the parcel back.
	HoldReturned HoldKind = "returned"
	// HoldVoid: the order is being cancelled, and the carrier does not void its
	// parcel, which may be on its way.
	HoldVoid HoldKind = "void"
	// HoldRefund: the order is being cancelled, and its money can be neither
	// refunded nor voided.
	HoldRefund HoldKind = "refund"
	// HoldUnderpaid: less than the order's total came in.
	HoldUnderpaid HoldKind = "underpaid"
	// HoldParcel: the carrier does not take a parcel as it is: it lacks customs data, or is
	// too heavy or too large.
	HoldParcel HoldKind = "parcel"
)

// HoldKinds lists every kind of hold.
func HoldKinds() []HoldKind {
	return []HoldKind{HoldPayment, HoldFunds, HoldLabel, HoldReturned, HoldVoid, HoldRefund, HoldUnderpaid, HoldParcel}
}

// Choice is a person's decision about an order on hold.
type Choice string

// The choices. Which of them a hold allows is in Hold.Choices.
const (
	ChooseRelease Choice = "release" // try the step again, or go on as before
	ChooseRebook  Choice = "rebook"  // book another parcel under a new reference
	ChooseVoid    Choice = "void"    // end the order: void its payment and its label
	ChooseRefund  Choice = "refund"  // refund the money and end the order
	ChooseKeep    Choice = "keep"    // leave it as it is: a person has dealt with it
)

// Choices lists every choice.
func Choices() []Choice {
	return []Choice{ChooseRelease, ChooseRebook, ChooseVoid, ChooseRefund, ChooseKeep}
}

// HoldChoices lists the choices that each kind of hold allows.
func (k HoldKind) Choices() []Choice {
	switch k {
	case HoldPayment, HoldFunds, HoldParcel:
		return []Choice{ChooseRelease, ChooseVoid}
	case HoldLabel:
		return []Choice{ChooseRelease, ChooseRebook, ChooseRefund}
	case HoldReturned:
		return []Choice{ChooseRebook, ChooseRefund, ChooseKeep}
	case HoldVoid:
		return []Choice{ChooseRelease, ChooseRefund, ChooseKeep}
	case HoldUnderpaid:
		return []Choice{ChooseRelease, ChooseKeep, ChooseVoid}
	case HoldRefund:
		return []Choice{ChooseRelease, ChooseKeep}
	}
	return nil
}

// Attention is something that a person must look at while the order goes on. The
// order itself tries it again from time to time; Resolve with ChooseRelease makes
// it try now, and with ChooseKeep stop trying.
type Attention struct {
	About string `json:"about"` // the id of a payment, a refund or a parcel
	Why   string `json:"why"`
}
