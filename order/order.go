// Package order defines an order: its data, its states, its money and the
// messages about it. It does no I/O and knows neither Temporal nor SQL nor HTTP.
package order

import (
	"time"
)

// ID identifies an order everywhere: in the API, the record, provider metadata
// and (behind "order/") as the workflow ID.
type ID string

// WorkflowID returns the ID of the workflow that is the order's only writer.
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
	// Refunds and Disputes are listed oldest first.
	Refunds  []Refund  `json:"refunds,omitempty"`
	Disputes []Dispute `json:"disputes,omitempty"`
	// MailTrouble lists the order's mails that bounced or were reported as spam.
	MailTrouble []MailTrouble `json:"mailTrouble,omitempty"`
	PlacedAt    time.Time     `json:"placedAt"`
	// UpdatedAt is the time of the last event.
	UpdatedAt time.Time `json:"updatedAt"`
	// Fence orders the attempts to write this order: it rises with the
	// workflow's history. If an attempt wrote to the record but Temporal never
	// recorded its completion, a write with a higher fence replaces what it
	// wrote, never the other way round.
	Fence int64 `json:"fence,omitempty"`
}

// Compensable reports whether an order whose workflow was terminated must be
// compensated: it has not ended, and nothing was captured, or it was being
// cancelled. A person must decide about a paid order.
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

// Waiting says what an order is waiting for, until when, and what happens then.
// Operators read it first.
type Waiting struct {
	On    string    `json:"on"`              // "payment", "carrier", "operator", "stripe", …
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

// Payment is the money side of an order: one intent at a time.
type Payment struct {
	Generation int          `json:"generation"` // rises only when the last intent is known to be dead
	IntentID   string       `json:"intentId,omitempty"`
	Status     IntentStatus `json:"status,omitempty"`
	Authorized int64        `json:"authorized"` // minor units held on the card
	Captured   int64        `json:"captured"`   // minor units
	Refunded   int64        `json:"refunded"`   // minor units
	Decline    *Decline     `json:"decline,omitempty"`
	// AuthorizedAt is when the payment was authorised; a card authorisation
	// lasts about seven days.
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
