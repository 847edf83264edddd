package order

import (
	"time"

	"purser/mail"
)

// ProviderEvent is one report of an external service, as the workflow receives
// it: a verified webhook, or the response to a query. It is a hint about the
// state of an object, not a command.
type ProviderEvent struct {
	// ID is made of provider, account and event id, and is unique. An event with
	// an ID received before changes nothing.
	ID      string         `json:"id"`
	Type    string         `json:"type"` // the provider's name for it
	At      time.Time      `json:"at"`   // when the provider says it happened
	OrderID ID             `json:"orderId,omitempty"`
	Payment *PaymentEvent  `json:"payment,omitempty"`
	Parcel  *ShipmentEvent `json:"parcel,omitempty"`
	Refund  *RefundEvent   `json:"refund,omitempty"`
	Dispute *Dispute       `json:"dispute,omitempty"`
	Mail    *MailTrouble   `json:"mail,omitempty"`
}

// About returns the provider's id of the object that the event is about: the
// intent's id (also for a refund or a dispute), the parcel's reference, the
// mail's id.
func (n ProviderEvent) About() string {
	switch {
	case n.Payment != nil:
		return n.Payment.IntentID
	case n.Refund != nil:
		return n.Refund.IntentID
	case n.Dispute != nil:
		return n.Dispute.IntentID
	case n.Parcel != nil:
		return n.Parcel.Reference
	case n.Mail != nil:
		return n.Mail.ProviderID
	}
	return ""
}

// EventState says whether an order already has what an event reports.
type EventState string

// The states of an event.
const (
	Unknown EventState = "unknown" // the order must be notified
	Soon    EventState = "soon"    // the order is about to cause the change itself
	Known   EventState = "known"
)

// PaymentEvent reports the state of a payment intent.
type PaymentEvent struct {
	IntentID   string       `json:"intentId"`
	Status     IntentStatus `json:"status"`
	Amount     Money        `json:"amount"`
	Capturable int64        `json:"capturable,omitempty"`
	Received   int64        `json:"received,omitempty"`
	Decline    *Decline     `json:"decline,omitempty"`
	// Failed marks a failed attempt, in contrast to a new intent that has no
	// card yet.
	Failed bool `json:"failed,omitempty"`
}

// RefundEvent reports that the refunds of an intent have changed; the workflow
// asks the provider for them.
type RefundEvent struct {
	IntentID string `json:"intentId"`
}

// ShipmentEvent reports the state of a parcel.
type ShipmentEvent struct {
	Reference string       `json:"reference"`
	LabelID   string       `json:"labelId,omitempty"`
	Tracking  string       `json:"tracking,omitempty"`
	Status    ParcelStatus `json:"status"`
	Note      string       `json:"note,omitempty"`
}

// Delivery is a provider's webhook after verification.
type Delivery struct {
	Provider string    `json:"provider"`
	Account  string    `json:"account,omitempty"` // the account at the provider, where there are several
	EventID  string    `json:"eventId"`
	Type     string    `json:"type"`
	At       time.Time `json:"at"` // when the provider says it happened
	OrderID  ID        `json:"orderId,omitempty"`
	Ref      string    `json:"ref,omitempty"` // the intent's id or the parcel's reference
	Live     bool      `json:"live"`          // real money, in contrast to test mode
	// Event is the part that the workflow needs; nil for a type that it does
	// not need. The delivery is stored in both cases.
	Event *ProviderEvent `json:"news,omitempty"`
	// Mail is the report of a mail provider. Such a delivery has no Event,
	// because no workflow waits for it.
	Mail *mail.Report `json:"mail,omitempty"`
	// Problem says why a genuine delivery cannot be used, such as another API
	// version: it is parked and reported.
	Problem string `json:"problem,omitempty"`
}

// Intent is a payment intent as the provider last described it.
type Intent struct {
	ID         string       `json:"id"`
	OrderID    ID           `json:"orderId,omitempty"`
	Status     IntentStatus `json:"status"`
	Amount     Money        `json:"amount"`
	Capturable int64        `json:"capturable,omitempty"`
	Received   int64        `json:"received,omitempty"`
	Decline    *Decline     `json:"decline,omitempty"`
	// ClientSecret lets the shopper's browser pay this intent. It is never
	// stored unencrypted in a workflow history, a log or the record.
	ClientSecret string `json:"-"`
}

// IntentRequest asks for a payment intent.
type IntentRequest struct {
	OrderID    ID     `json:"orderId"`
	Generation int    `json:"generation"`
	Amount     Money  `json:"amount"`
	Customer   string `json:"customerId,omitempty"`
	Key        string `json:"key"` // from Key
}

// Parcel is a booked parcel.
type Parcel struct {
	Reference string       `json:"reference"`
	LabelID   string       `json:"labelId"`
	Tracking  string       `json:"tracking"`
	Carrier   string       `json:"carrier"`
	Status    ParcelStatus `json:"status"`
}

// ParcelRequest asks a carrier to ship an order's goods.
type ParcelRequest struct {
	OrderID   ID      `json:"orderId"`
	Reference string  `json:"reference"`
	To        Address `json:"to"`
	Lines     []Line  `json:"lines"`
}

// PaymentEvent returns the event that reports the intent's state.
func (in Intent) PaymentEvent() PaymentEvent {
	return PaymentEvent{
		IntentID: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
		Decline: in.Decline, Failed: in.Decline != nil,
	}
}
