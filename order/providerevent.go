package order

import (
	"cmp"
	"strings"
	"time"

	"purser/mail"
)

// ProviderEvent is one report of an external service, as the workflow receives
// it: a verified webhook, or the response to a query. It is a hint about the
// state of an object, not a command.
type ProviderEvent struct {
	// ID is made of provider, account and event id, and is unique. An event with
	// an ID received before changes nothing.
	ID string `json:"id"`
	// Provider is the name of the external service, such as "stripe".
	Provider string         `json:"provider,omitempty"`
	Type     string         `json:"type"` // the provider's name for it
	At       time.Time      `json:"at"`   // when the provider says it happened
	OrderID  ID             `json:"orderId,omitempty"`
	Payment  *PaymentEvent  `json:"payment,omitempty"`
	Parcel   *ShipmentEvent `json:"parcel,omitempty"`
	Refund   *RefundEvent   `json:"refund,omitempty"`
	Dispute  *Dispute       `json:"dispute,omitempty"`
	Mail     *MailTrouble   `json:"mail,omitempty"`
}

// EventKind says what a provider's event is about.
type EventKind string

// The kinds of provider events.
const (
	PaymentReport  EventKind = "payment"
	ShipmentReport EventKind = "shipment"
	RefundReport   EventKind = "refund"
	DisputeReport  EventKind = "dispute"
	MailReport     EventKind = "mail"
	UnknownReport  EventKind = "" // an event about nothing that is known
)

// Kind returns what the event is about.
func (n ProviderEvent) Kind() EventKind {
	switch {
	case n.Payment != nil:
		return PaymentReport
	case n.Parcel != nil:
		return ShipmentReport
	case n.Refund != nil:
		return RefundReport
	case n.Dispute != nil:
		return DisputeReport
	case n.Mail != nil:
		return MailReport
	}
	return UnknownReport
}

// About returns the provider's id of the object that the event is about: the
// intent's id (also for a refund or a dispute), or the dispute's id if it does not
// say the intent's; the parcel's reference; the mail's id.
func (n ProviderEvent) About() string {
	switch {
	case n.Payment != nil:
		return n.Payment.Reference
	case n.Refund != nil:
		return n.Refund.PaymentRef
	case n.Dispute != nil:
		return cmp.Or(n.Dispute.PaymentRef, n.Dispute.ID)
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
	Reference  string        `json:"intentId"`
	Status     PaymentStatus `json:"status"`
	Amount     Money         `json:"amount"`
	Capturable int64         `json:"capturable,omitempty"`
	Received   int64         `json:"received,omitempty"`
	Decline    *Decline      `json:"decline,omitempty"`
	// CaptureBefore is when the authorization lapses; zero if the event does not
	// say.
	CaptureBefore time.Time `json:"captureBefore,omitzero"`
	// Failed marks a failed attempt, in contrast to a new intent that has no
	// card yet.
	Failed bool `json:"failed,omitempty"`
}

// RefundEvent reports that the refunds of an intent have changed; the workflow
// asks the provider for them.
type RefundEvent struct {
	PaymentRef string `json:"paymentRef"`
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

// ListedEvent is an event in a provider's own list of events.
type ListedEvent struct {
	ID   string
	Body []byte // the event as the provider lists it
}

// EventPage is a page of a provider's list of events, the latest first.
type EventPage struct {
	Account string // as in Delivery
	Events  []ListedEvent
	More    bool // the list goes on behind the last one
}

// MissedEvents is the outcome of a search, in a provider's list of events, for those
// whose webhooks did not come.
type MissedEvents struct {
	Since time.Time `json:"since,omitzero"` // from when on the list was read; zero if there was nothing to ask for
	Until time.Time `json:"until,omitzero"`
	// Gone is from when on events should have been listed, if the provider does not list
	// that old ones any more; otherwise it is zero.
	Gone       time.Time `json:"gone,omitzero"`
	Listed     int       `json:"listed"`               // events that the provider lists
	Found      int       `json:"found"`                // those whose webhooks had not come
	Unreadable int       `json:"unreadable,omitempty"` // those that could not be read; the log names them
}

// Intent is a payment as its provider last described it.
type Intent struct {
	ID         string        `json:"id"`
	Provider   string        `json:"provider"`
	OrderID    ID            `json:"orderId,omitempty"`
	Status     PaymentStatus `json:"status"`
	Amount     Money         `json:"amount"`
	Capturable int64         `json:"capturable,omitempty"`
	Received   int64         `json:"received,omitempty"`
	Decline    *Decline      `json:"decline,omitempty"`
	// CaptureBefore is when the authorization lapses; zero if nothing is held, or
	// the provider does not say.
	CaptureBefore time.Time `json:"captureBefore,omitzero"`
	// ClientSecret lets the shopper's browser pay this intent. It is never
	// stored unencrypted in a workflow history, a log or the record.
	ClientSecret string `json:"-"`
}

// IntentRequest asks a provider for a payment intent.
type IntentRequest struct {
	OrderID  ID     `json:"orderId"`
	Number   int    `json:"number"` // Payment.Number
	Amount   Money  `json:"amount"`
	Customer string `json:"customerId,omitempty"`
	Key      string `json:"key"` // from Key
	// PlacedAt is when the order was placed: no intent of it is older. The zero time says
	// that this is not known.
	PlacedAt time.Time `json:"placedAt,omitzero"`
}

// Parcel is a booked parcel.
type Parcel struct {
	Reference string       `json:"reference"`
	LabelID   string       `json:"labelId"`
	Tracking  string       `json:"tracking"`
	Carrier   string       `json:"carrier"`
	Status    ParcelStatus `json:"status"`
}

// ParcelRequest asks a carrier to ship goods of an order.
type ParcelRequest struct {
	OrderID   ID      `json:"orderId"`
	Reference string  `json:"reference"`
	To        Address `json:"to"`
	Lines     []Line  `json:"lines"`
	// From is the country that it is sent from; empty: it is not known, and nothing is
	// declared to customs.
	From string `json:"from,omitempty"`
	// Currency is what the lines' prices are in; only for a declaration to customs.
	Currency string `json:"currency,omitempty"`
	// Return says that it goes the other way: from the address to the shop.
	Return bool `json:"return,omitempty"`
}

// NeedsCustoms reports whether the parcel needs a customs declaration.
func (r ParcelRequest) NeedsCustoms() bool { return LeavesCustomsArea(r.From, r.To) }

// MissingCustoms says which goods lack what their declaration needs; empty: none does, or
// the parcel needs no declaration.
func (r ParcelRequest) MissingCustoms() string {
	if !r.NeedsCustoms() {
		return ""
	}
	var missing []string
	for _, l := range r.Lines {
		var g Goods
		if l.Goods != nil {
			g = *l.Goods
		}
		var lacks []string
		if g.HSCode == "" {
			lacks = append(lacks, "hsCode")
		}
		if g.Origin == "" {
			lacks = append(lacks, "origin")
		}
		if len(lacks) > 0 && len(missing) < 5 {
			missing = append(missing, l.SKU+" ("+strings.Join(lacks, ", ")+")")
		}
	}
	return strings.Join(missing, ", ")
}

// Customs returns what customs is told about a piece of a line, which is sold in a currency:
// what it is, and its value.
func (l Line) Customs(currency string) (description string, value Money) {
	description, value = l.Name, Money{l.Price, currency}
	if g := l.Goods; g != nil {
		description = cmp.Or(g.CustomsDescription, description)
		if g.CustomsValue > 0 {
			value = Money{g.CustomsValue, g.CustomsCurrency}
		}
	}
	return description, value
}

// PaymentEvent returns the event that reports the intent's state.
func (in Intent) PaymentEvent() PaymentEvent {
	return PaymentEvent{
		Reference: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
		Decline: in.Decline, Failed: in.Decline != nil, CaptureBefore: in.CaptureBefore,
	}
}
