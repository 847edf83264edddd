package order

import "time"

// Event is one line of an order's append-only story: who did what,
// what it changed, why, and the id to search for.
type Event struct {
	OrderID     ID        `json:"orderId"`
	Seq         int64     `json:"seq"` // 1, 2, 3 …; the order's version after it
	At          time.Time `json:"at"`
	Kind        Kind      `json:"kind"`
	From        Status    `json:"from,omitempty"`
	To          Status    `json:"to,omitempty"` // equal to From where the status did not move
	Actor       string    `json:"actor"`        // "purser", "stripe", "carrier", "key:<name>"
	Why         string    `json:"why,omitempty"`
	Ref         string    `json:"ref,omitempty"` // pi_…, a tracking number, a message id
	Correlation string    `json:"correlationId,omitempty"`
}

// Kind says what an event is about, as object.happened.
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
	PaymentConfirmed       Kind = "payment.confirmed" // the provider's event confirms what we knew
	PaymentVoided          Kind = "payment.voided"
	PaymentRefunded        Kind = "payment.refunded"
	PaymentReplaced        Kind = "payment.replaced" // the intent died; a new generation begins

	RefundIsPending Kind = "payment.refund_pending" // money is on its way back; the bank has not taken it yet
	RefundHasFailed Kind = "payment.refund_failed"  // the bank did not take it: the shop has it again
	PaymentDisputed Kind = "payment.disputed"
	DisputeMoved    Kind = "payment.dispute_updated"
	DisputeClosed   Kind = "payment.dispute_closed"

	ParcelWasBooked  Kind = "parcel.booked"
	ParcelWasVoided  Kind = "parcel.voided"
	ParcelScanned    Kind = "parcel.scanned"
	ParcelWasShipped Kind = "parcel.shipped"
	ParcelArrived    Kind = "parcel.delivered"
	ParcelCameBack   Kind = "parcel.returned"
	ParcelIsOverdue  Kind = "parcel.overdue" // it has not moved for longer than any takes; an operator is to look for it
	MailSent         Kind = "mail.sent"
	MailUnknown      Kind = "mail.unknown" // may or may not have gone out; not sent again
	MailRejected     Kind = "mail.rejected"
	MailSuppressed   Kind = "mail.suppressed" // held back: the address is not to be written to
	MailBounced      Kind = "mail.bounced"    // the reader's server sent it back
	MailComplained   Kind = "mail.complained" // the reader called it spam
	StepDelayed      Kind = "step.delayed"    // a step did not work at once; it is being retried
	EventIgnored     Kind = "event.ignored"   // a late, repeated or illegal report; nothing changed
)

// Change is one write to the record: the order after it, and the events that
// led there. It is idempotent: a record that already has version
// Order.Version keeps what it has.
type Change struct {
	Order  Order     `json:"order"` // Version is the Seq of the last event
	Events []Event   `json:"events"`
	Stock  StockMove `json:"stock,omitempty"`
	// Attempt is the money operation about to be tried ("capture"), kept
	// before the provider is called.
	Attempt string `json:"attempt,omitempty"`
}

// StockMove is what a change does to the order's reservation.
type StockMove string

// The moves of stock.
const (
	StockStays   StockMove = ""
	StockKeep    StockMove = "keep"    // paid: the reservation no longer expires; ErrOutOfStock if it had and the goods are gone
	StockShip    StockMove = "ship"    // the goods left: they are no longer on hand
	StockRelease StockMove = "release" // undone: others may have them
)

// Opening is what it takes to open an order: the shopper's wish, not yet
// priced.
type Opening struct {
	ID          ID        `json:"id"`
	RunID       string    `json:"runId"` // the workflow run that opens it; another run of the same order is a duplicate
	RequestHash string    `json:"requestHash"`
	Request     Request   `json:"request"`
	Actor       string    `json:"actor"`
	Correlation string    `json:"correlationId"`
	Now         time.Time `json:"now"`
	HoldUntil   time.Time `json:"holdUntil"` // when an unpaid reservation lapses
}

// Request is the body of a new order: what a shop may say. Prices are not
// among it.
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
