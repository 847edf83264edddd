package order

import (
	"time"

	"purser/mail"
)

// News is one report from an outside party, as the workflow hears it: a
// verified webhook, or the answer when we asked. It is a hint about the
// state of something, not a command.
type ProviderEvent struct {
	// ID is provider, account and event id in one: what makes the report
	// unique. Hearing the same ID again changes nothing.
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

// About is what the provider calls the thing the news is about: the intent
// whose money it is, the parcel's reference, the mail's id.
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

// EventState is whether an order knows already what a report says.
type EventState string

// The degrees of knowledge.
const (
	Unknown EventState = "unknown" // it must be told
	Soon    EventState = "soon"    // it is about to bring it about itself
	Known   EventState = "known"
)

// PaymentEvent is what a report says about a payment intent.
type PaymentEvent struct {
	IntentID   string       `json:"intentId"`
	Status     IntentStatus `json:"status"`
	Amount     Money        `json:"amount"`
	Capturable int64        `json:"capturable,omitempty"`
	Received   int64        `json:"received,omitempty"`
	Decline    *Decline     `json:"decline,omitempty"`
	// Failed marks a failed attempt, as against a new intent that merely
	// has no card yet.
	Failed bool `json:"failed,omitempty"`
}

// RefundEvent says that something about the refunds of an intent has changed;
// what, the provider is asked.
type RefundEvent struct {
	IntentID string `json:"intentId"`
}

// ShipmentEvent is what a report says about a parcel.
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
	Account  string    `json:"account,omitempty"` // the provider's account it is about, where it has several
	EventID  string    `json:"eventId"`
	Type     string    `json:"type"`
	At       time.Time `json:"at"` // when the provider says it happened
	OrderID  ID        `json:"orderId,omitempty"`
	Ref      string    `json:"ref,omitempty"` // the intent's id or the parcel's reference
	Live     bool      `json:"live"`          // real money, as against test mode
	// News is what the workflow needs of it; nil for a type it does not
	// need, which is kept all the same.
	Event *ProviderEvent `json:"news,omitempty"`
	// Mail is what it says about mails, in place of News: nobody's workflow
	// waits for that.
	Mail *mail.Report `json:"mail,omitempty"`
	// Problem says why it cannot be used although it is genuine, such as
	// another API version: park and report it.
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
	// ClientSecret lets the shopper's browser pay this intent. It never
	// enters a history, a log or the record in clear.
	ClientSecret string `json:"-"`
}

// IntentRequest asks for a payment intent.
type IntentRequest struct {
	OrderID    ID     `json:"orderId"`
	Generation int    `json:"generation"`
	Amount     Money  `json:"amount"`
	Customer   string `json:"customerId,omitempty"`
	Key        string `json:"key"` // from PaymentKey
}

// Parcel is a booked parcel.
type Parcel struct {
	Reference string       `json:"reference"`
	LabelID   string       `json:"labelId"`
	Tracking  string       `json:"tracking"`
	Carrier   string       `json:"carrier"`
	Status    ParcelStatus `json:"status"`
}

// ParcelRequest asks a carrier to carry an order's goods.
type ParcelRequest struct {
	OrderID   ID      `json:"orderId"`
	Reference string  `json:"reference"`
	To        Address `json:"to"`
	Lines     []Line  `json:"lines"`
}

// News is what the provider's description of an intent says.
func (in Intent) PaymentEvent() PaymentEvent {
	return PaymentEvent{
		IntentID: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
		Decline: in.Decline, Failed: in.Decline != nil,
	}
}
