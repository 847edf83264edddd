// Package order is the vocabulary of an order: what it is, the states it may
// be in, the money in it and the messages about it. It does no I/O and knows
// neither Temporal nor SQL nor HTTP.
package order

import (
	"time"
)

// ID names an order everywhere: in the API, the record, provider metadata and
// (behind "order/") as the workflow ID.
type ID string

// WorkflowID is the ID of the workflow that is the order's only writer.
func (id ID) WorkflowID() string { return "order/" + string(id) }

// Order is the state of one order as its workflow knows it and the record
// keeps it.
type Order struct {
	ID       ID       `json:"id"`
	Status   Status   `json:"status"`
	Version  int64    `json:"version"` // the number of its last event
	Customer string   `json:"customerId"`
	Email    string   `json:"email"`
	Locale   string   `json:"locale,omitempty"`
	ShipTo   Address  `json:"shipTo"`
	Lines    []Line   `json:"lines"`
	Total    Money    `json:"total"`
	Payment  Payment  `json:"payment"`
	Shipment Shipment `json:"shipment"`
	Reason   string   `json:"reason,omitempty"` // why it was cancelled, expired, refused or held
	Waiting  *Waiting `json:"waiting,omitempty"`
	// Refunds are the money given back, oldest first, Disputes the payments
	// that the shopper's bank asked back.
	Refunds  []Refund  `json:"refunds,omitempty"`
	Disputes []Dispute `json:"disputes,omitempty"`
	// MailTrouble is the order's mails that did not reach their reader, or
	// were called spam.
	MailTrouble []MailTrouble `json:"mailTrouble,omitempty"`
	PlacedAt    time.Time     `json:"placedAt"`
	// UpdatedAt is the time of the last event.
	UpdatedAt time.Time `json:"updatedAt"`
	// Fence orders the attempts to write this order: it rises with the
	// workflow's history. What an attempt wrote that was lost before the
	// engine took note of it is replaced by a write with a higher fence, and
	// never the other way round.
	Fence int64 `json:"fence,omitempty"`
}

// Compensable reports whether an order that nobody carries any more is to be
// undone: it has not ended, and its money was not taken, or was about to be
// given back. A paid one is a person's to settle.
func (o Order) Compensable() bool {
	return !o.Status.Final() && (o.Payment.Captured == 0 || o.Status == Cancelling)
}

// Line is one priced line. Prices come from the catalogue at the moment of
// placing; later price changes do not touch the order.
type Line struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`    // per piece, minor units of the order's currency
	Subtotal int64  `json:"subtotal"` // minor units
}

// Address is where the parcel goes.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2, upper case
}

// Waiting says what an order is waiting for, until when, and what happens
// then: the line an operator looks for.
type Waiting struct {
	On    string    `json:"on"`              // "payment", "carrier", "operator", "stripe", …
	Until time.Time `json:"until,omitzero"`  // zero: for as long as it takes
	Then  string    `json:"then,omitempty"`  // what happens at that time
	About string    `json:"about,omitempty"` // the id to search for: pi_…, a tracking number
}

// Same reports whether both say the same; nil is to wait for nothing.
func (w *Waiting) Same(v *Waiting) bool {
	if w == nil || v == nil {
		return w == v
	}
	return w.On == v.On && w.Then == v.Then && w.About == v.About && w.Until.Equal(v.Until)
}

// Payment is the money side of an order: one intent at a time.
type Payment struct {
	Generation int          `json:"generation"` // rises only when the last intent is known to be dead
	IntentID   string       `json:"intentId,omitempty"`
	Status     IntentStatus `json:"status,omitempty"`
	Authorized int64        `json:"authorized"` // minor units held on the card
	Captured   int64        `json:"captured"`   // minor units taken
	Refunded   int64        `json:"refunded"`   // minor units given back
	Decline    *Decline     `json:"decline,omitempty"`
	// AuthorizedAt is when the money was held; a card authorisation lasts
	// about seven days.
	AuthorizedAt time.Time `json:"authorizedAt,omitzero"`
}

// Shipment is the goods side of an order: one parcel.
type Shipment struct {
	Reference string       `json:"reference,omitempty"` // ours, the same at every attempt
	LabelID   string       `json:"labelId,omitempty"`   // the carrier's
	Tracking  string       `json:"tracking,omitempty"`
	Carrier   string       `json:"carrier,omitempty"`
	Status    ParcelStatus `json:"status,omitempty"`
}
