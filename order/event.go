package order

import "time"

// Event is one line of an order's append-only timeline: who did what, what it
// changed, why, and the id to search for.
type Event struct {
	OrderID     ID        `json:"orderId"`
	Seq         int64     `json:"seq"` // 1, 2, 3 …; the order's version after it
	At          time.Time `json:"at"`
	Kind        Kind      `json:"kind"`
	From        Status    `json:"from,omitempty"`
	To          Status    `json:"to,omitempty"` // equal to From if the status did not change
	Actor       string    `json:"actor"`        // "purser", "stripe", "carrier", "key:<name>"
	Why         string    `json:"why,omitempty"`
	Ref         string    `json:"ref,omitempty"` // pi_…, a tracking number, a message id
	Correlation string    `json:"correlationId,omitempty"`
}

// Kind is the kind of an event, in the form object.happened.
type Kind string

// The kinds of order events.
const (
	OrderPlaced            Kind = "order.placed"
	OrderRefused           Kind = "order.refused"
	OrderOnHold            Kind = "order.on_hold"
	OrderReleased          Kind = "order.released"
	CancelRequested        Kind = "order.cancel_requested"
	OrderCancelled         Kind = "order.cancelled"
	OrderExpired           Kind = "order.expired"
	OrderCompensationStuck Kind = "order.undo_stuck"
	StockReserved          Kind = "stock.reserved"
	StockReleased          Kind = "stock.released"
	PaymentReady           Kind = "payment.ready" // the intent exists; the shopper can pay
	PaymentAction          Kind = "payment.action_required"
	PaymentProcessing      Kind = "payment.processing"
	PaymentDeclined        Kind = "payment.declined"
	PaymentAuthorized      Kind = "payment.authorized"
	PaymentCaptured        Kind = "payment.captured"
	PaymentConfirmed       Kind = "payment.confirmed" // the provider's event confirms what the order has
	PaymentVoided          Kind = "payment.voided"
	PaymentRefunded        Kind = "payment.refunded"
	PaymentReplaced        Kind = "payment.replaced" // the intent died; a new generation begins

	RefundIsPending Kind = "payment.refund_pending" // the shopper's bank has not accepted the refund yet
	RefundHasFailed Kind = "payment.refund_failed"  // the shopper's bank refused the refund; the shop has the money again
	PaymentDisputed Kind = "payment.disputed"
	DisputeMoved    Kind = "payment.dispute_updated"
	DisputeClosed   Kind = "payment.dispute_closed"

	ParcelWasBooked  Kind = "parcel.booked"
	ParcelWasVoided  Kind = "parcel.voided"
	ParcelScanned    Kind = "parcel.scanned"
	ParcelWasShipped Kind = "parcel.shipped"
	ParcelArrived    Kind = "parcel.delivered"
	ParcelCameBack   Kind = "parcel.returned"
	ParcelIsOverdue  Kind = "parcel.overdue" // it has not moved for too long; an operator must look for it
	MailSent         Kind = "mail.sent"
	MailUnknown      Kind = "mail.unknown" // it may have been sent; it is not sent again
	MailRejected     Kind = "mail.rejected"
	MailSuppressed   Kind = "mail.suppressed" // not sent: the address is suppressed
	MailBounced      Kind = "mail.bounced"    // the recipient's server returned it
	MailComplained   Kind = "mail.complained" // the recipient reported it as spam
	StepDelayed      Kind = "step.delayed"    // a step failed and is being retried
	EventIgnored     Kind = "event.ignored"   // a late, duplicate or illegal provider event; nothing changed
)

// Change is one write to the record: the order after it, and the events that
// led there. It is idempotent: a record that already has version Order.Version
// stays as it is.
type Change struct {
	Order  Order     `json:"order"` // Version is the Seq of the last event
	Events []Event   `json:"events"`
	Stock  StockMove `json:"stock,omitempty"`
	// Attempt is the money operation about to be tried ("capture"); it is
	// recorded before the provider is called.
	Attempt string `json:"attempt,omitempty"`
}

// StockMove is what a change does to the order's reservation.
type StockMove string

// The moves of stock.
const (
	StockStays   StockMove = ""
	StockKeep    StockMove = "keep"    // the order is paid: its reservation no longer expires; ErrOutOfStock if it has expired and the stock is sold
	StockShip    StockMove = "ship"    // the goods were shipped: they are no longer on hand
	StockRelease StockMove = "release" // the reservation ends: others may buy the stock
)

// Opening is the input of opening an order: the shopper's request, not yet
// priced.
type Opening struct {
	ID          ID        `json:"id"`
	RunID       string    `json:"runId"` // the workflow run that opens it; another run of the same order is a duplicate
	RequestHash string    `json:"requestHash"`
	Request     Request   `json:"request"`
	Actor       string    `json:"actor"`
	Correlation string    `json:"correlationId"`
	Now         time.Time `json:"now"`
	HoldUntil   time.Time `json:"holdUntil"` // when an unpaid reservation expires
}

// Request is the body of a new order. It has no prices: they come from the
// catalogue.
type Request struct {
	Customer string        `json:"customerId"`
	Email    string        `json:"email"`
	Locale   string        `json:"locale,omitempty"`
	ShipTo   Address       `json:"shipTo"`
	Currency string        `json:"currency"`
	Lines    []RequestLine `json:"lines"`
}

// RequestLine asks for a quantity of one product.
type RequestLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}
