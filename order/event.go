package order

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is one line of an order's append-only timeline: who did what, what it
// changed, why, and the id to search for.
type Event struct {
	OrderID     ID        `json:"orderId"`
	Seq         int64     `json:"seq"` // 1, 2, 3 …; the order's version after it
	At          time.Time `json:"at"`
	Kind        Kind      `json:"kind"`
	From        Status    `json:"from,omitempty"`
	To          Status    `json:"to,omitempty"` // equal to From if the status did not change
	Actor       string    `json:"actor"`        // "purser", a provider's name, "carrier", "key:<name>", "temporal-ui"
	Why         string    `json:"why,omitempty"`
	Ref         string    `json:"ref,omitempty"` // pi_…, a tracking number, a message id
	Correlation string    `json:"correlationId,omitempty"`
}

// Kind is the kind of an event, in the form object.happened.
type Kind string

// The kinds of order events.
const (
	OrderPlaced          Kind = "order.placed"
	OrderRefused         Kind = "order.refused"
	OrderOnHold          Kind = "order.on_hold"
	OrderResolved        Kind = "order.resolved" // a person has decided about a hold
	CancelRequested      Kind = "order.cancel_requested"
	ChangeRequested      Kind = "order.change_requested" // it waits for its payment
	OrderChanged         Kind = "order.changed"
	ChangeDropped        Kind = "order.change_dropped"
	OrderCancelled       Kind = "order.cancelled"
	OrderExpired         Kind = "order.expired"
	OrderCompleted       Kind = "order.completed"       // delivered and paid, if that was not certain when the last parcel arrived
	OrderReturned        Kind = "order.returned"        // the parcel came back, and the money was refunded
	OrderNeedsAttention  Kind = "order.needs_attention" // Purser cannot finish something by itself; a person must look
	StockReserved        Kind = "stock.reserved"
	StockReleased        Kind = "stock.released"
	PaymentReady         Kind = "payment.ready"      // the intent exists; the shopper can pay
	PaymentNotNeeded     Kind = "payment.not_needed" // the order costs nothing
	PaymentAction        Kind = "payment.action_required"
	PaymentIsProcessing  Kind = "payment.processing"
	PaymentDeclined      Kind = "payment.declined"
	PaymentWasAuthorized Kind = "payment.authorized"
	PaymentWasCaptured   Kind = "payment.captured"
	PaymentReceived      Kind = "payment.received"  // a person has booked a sum that came in
	PaymentConfirmed     Kind = "payment.confirmed" // the provider's event confirms what the order has
	PaymentVoided        Kind = "payment.voided"
	PaymentRefunded      Kind = "payment.refunded"
	PaymentReplaced      Kind = "payment.replaced" // the intent died; a new generation begins

	PaymentAskedAgain  Kind = "payment.asked_again"  // the hold is about to lapse, or has; the shopper is asked for another payment
	PaymentRenewed     Kind = "payment.renewed"      // another payment holds the money, instead of one that lapses
	PaymentHasLapsed   Kind = "payment.lapsed"       // the authorization ended, or was cancelled at the provider, before the capture
	PaymentSurplus     Kind = "payment.surplus"      // a payment that the order did not ask for
	LinesLeftOut       Kind = "order.lines_left_out" // goods are not sent, because they were refunded or left out before the capture
	RefundWasRequested Kind = "payment.refund_requested"
	RefundIsPending    Kind = "payment.refund_pending" // the shopper's bank has not accepted the refund yet
	RefundHasFailed    Kind = "payment.refund_failed"  // the shopper's bank refused the refund; the shop has the money again
	PaymentDisputed    Kind = "payment.disputed"
	DisputeMoved       Kind = "payment.dispute_updated"
	DisputeClosed      Kind = "payment.dispute_closed"

	GoodsDelivered   Kind = "goods.delivered"       // goods that need no parcel are with the shopper
	ParcelWasPlanned Kind = "parcel.planned"        // a person has made it; it is booked next
	ParcelWasRefused Kind = "parcel.refused"        // the carrier does not accept a parcel that a person has made
	ParcelVoidAsked  Kind = "parcel.void_requested" // a person wants its goods in another parcel
	ParcelIsReady    Kind = "parcel.ready"          // the shopper can collect it
	ParcelWasBooked  Kind = "parcel.booked"
	ParcelWasVoided  Kind = "parcel.voided"
	ParcelScanned    Kind = "parcel.scanned"
	ParcelWasShipped Kind = "parcel.shipped"
	ParcelArrived    Kind = "parcel.delivered"
	ParcelCameBack   Kind = "parcel.returned"
	ParcelIsOverdue  Kind = "parcel.overdue" // it has not moved for too long; an operator must look for it
	// A return's events are named after the state that it enters.
	ReturnIsExpected   Kind = "return.expected"
	ReturnWasRequested Kind = "return.requested"
	ReturnWasApproved  Kind = "return.approved"
	ReturnWasRejected  Kind = "return.rejected"
	ReturnHasArrived   Kind = "return.received"
	ReturnHasExpired   Kind = "return.expired"
	ReturnWasCancelled Kind = "return.cancelled"
	ReturnWasClosed    Kind = "return.closed"
	ReturnLabelWasMade Kind = "return.label_made"
	ReturnLabelVoided  Kind = "return.label_voided"
	ReturnWasExchanged Kind = "return.exchanged"        // the value of its goods pays for another order
	ExchangeWasRefused Kind = "return.exchange_refused" // there is no such order: the value is refunded
	CreditCameBack     Kind = "return.credit_back"      // the other order does not need the value any more: it is refunded

	MailSent       Kind = "mail.sent"
	MailUnknown    Kind = "mail.unknown" // it may have been sent
	MailRejected   Kind = "mail.rejected"
	MailSuppressed Kind = "mail.suppressed" // not sent: the address is suppressed
	MailBounced    Kind = "mail.bounced"    // the recipient's server returned it
	MailComplained Kind = "mail.complained" // the recipient reported it as spam
	StepDelayed    Kind = "step.delayed"    // a step failed and is being retried
	EventIgnored   Kind = "event.ignored"   // a late, duplicate or illegal provider event; nothing changed
)

// Change is one write to the record: the order after it, and the events that
// led there. It is idempotent: a record that already has version Order.Version
// stays as it is.
type Change struct {
	Order  Order   `json:"order"` // Version is the Seq of the last event
	Events []Event `json:"events"`
	// Fence orders the attempts to write an order: it rises with the workflow's
	// history. If an attempt wrote to the record but Temporal never recorded its
	// completion, a write with a higher fence replaces what it wrote, never the
	// other way round.
	Fence int64     `json:"fence"`
	Stock StockMove `json:"stock,omitzero"`
	// Attempt is the money operation about to be tried ("capture"); it is
	// recorded before the provider is called.
	Attempt string `json:"attempt,omitempty"`
	// Snapshot is the workflow's state after the change. Only the workflow reads it.
	Snapshot Snapshot `json:"snapshot,omitzero"`
	// Opened are the cases that the change opens, and Ended those that it ends.
	Opened []Case    `json:"opened,omitempty"`
	Ended  []CaseEnd `json:"ended,omitempty"`
}

// Snapshot is a workflow's state, which the record keeps beside the order without
// reading it.
type Snapshot struct {
	Version int             `json:"version"` // of the form of Data; 0: there is no snapshot
	Data    json.RawMessage `json:"data,omitempty"`
}

// StockMove is what a change does to the order's reservation.
type StockMove struct {
	Action StockAction `json:"action,omitempty"`
	// Lines are, for StockShip, all the goods that have left the warehouse by
	// then; the rest stays reserved. Without lines the move is about all goods. For
	// StockRelease they are those that do not come back.
	Lines []LineQuantity `json:"lines,omitempty"`
	// Restocked are all the goods that are for sale again by then, because they came
	// back or, if the order is paid, are not sent.
	Restocked []LineQuantity `json:"restocked,omitempty"`
	// Until is when the reservation of an unpaid order expires from now on; zero: as before.
	Until time.Time `json:"until,omitzero"`
}

// StockAction is the kind of a move of stock.
type StockAction string

// The kinds of moves of stock.
const (
	StockStays   StockAction = ""
	StockKeep    StockAction = "keep"    // the order is paid: its reservation no longer expires; ErrOutOfStock if it has expired and the stock is sold
	StockShip    StockAction = "ship"    // the goods were shipped: they are no longer on hand
	StockRelease StockAction = "release" // the reservation ends: others may buy the stock
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
	// ExchangeOf says whose goods' value pays for the order, or for a part of it.
	ExchangeOf *ExchangeOf `json:"exchangeOf,omitempty"`
	// Pricing is what was decided about the price; nil: the catalogue's prices are
	// the whole price.
	Pricing *Pricing `json:"pricing,omitempty"`
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
	Payment  PaymentMethod `json:"payment,omitempty"`

	DiscountCodes  []string `json:"discountCodes,omitempty" doc:"The shop's discount codes, as the shopper typed them"`
	ShippingMethod string   `json:"shippingMethod,omitempty" doc:"A method of the shop's pricing table. Default: the first one for the country and the currency"`
	ExpectedTotal  *Money   `json:"expectedTotal,omitempty" doc:"The total that the shopper saw. The order is refused if it costs anything else"`
}

// RequestLine asks for a quantity of one product.
type RequestLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Check makes sure that a change is consistent: its events are about this order
// and consecutive, each is a legal move, and the last leads to the order's
// status. A change without events is always consistent.
func (c Change) Check() error {
	if len(c.Events) == 0 {
		return nil
	}
	for i, e := range c.Events {
		want := c.Order.Version - int64(len(c.Events)-1-i)
		switch {
		case e.OrderID != c.Order.ID:
			return fmt.Errorf("%w: event %d is about %q, the order is %q", ErrVersionConflict, e.Seq, e.OrderID, c.Order.ID)
		case e.Seq != want || e.Seq < 1:
			return fmt.Errorf("%w: event %d of a change to version %d, want %d", ErrVersionConflict, e.Seq, c.Order.Version, want)
		case e.From != e.To && !e.From.CanBecome(e.To):
			return fmt.Errorf("%w: from %q to %q", ErrIllegalMove, e.From, e.To)
		}
	}
	if last := c.Events[len(c.Events)-1]; last.To != "" && last.To != c.Order.Status {
		return fmt.Errorf("%w: the last event leads to %q, the order is %q", ErrIllegalMove, last.To, c.Order.Status)
	}
	return nil
}

// After returns the version that the record must have before the change.
func (c Change) After() int64 { return c.Order.Version - int64(len(c.Events)) }

// Filter selects orders; an empty field does not restrict.
type Filter struct {
	Status   []Status
	Customer string
	WaitsFor string // one of Waits
	// Unfinished selects those with a refund that is asked for and that the provider has
	// not made yet, or with a return that a workflow must attend.
	Unfinished bool
	Returns    ReturnStatus // those with a return in this state
	PlacedFrom time.Time    // inclusive
	PlacedTo   time.Time    // exclusive
	Limit      int          // default 50, at most 500
	Cursor     string       // Page.Next of the previous page
}

// Page is one page of orders, newest first.
type Page struct {
	Orders []Order
	Next   string // the next page's cursor; "" on the last page
}

// Position is how far a follower has read an order's timeline: the number of
// the last event read and the fence of the write that recorded it. The zero
// value is the start.
type Position struct{ Seq, Fence int64 }

// RecordedEvent is an event with the fence of the write that recorded it.
type RecordedEvent struct {
	Event
	Fence int64
}

// Position returns the position of a follower after reading this event.
func (e RecordedEvent) Position() Position { return Position{e.Seq, e.Fence} }
