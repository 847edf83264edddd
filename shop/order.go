package shop

import (
	"slices"
	"time"

	"purser/mail"
	"purser/order"
)

// Order is an order as the API shows it. Amounts are in minor units of the currency
// in Total.
type Order struct {
	ID       order.ID      `json:"id"`
	Status   order.Status  `json:"status"`
	Version  int64         `json:"version"` // the Seq of its last event
	Customer string        `json:"customerId"`
	Email    string        `json:"email"`
	Locale   string        `json:"locale,omitempty"`
	ShipTo   order.Address `json:"shipTo"`
	Lines    []Line        `json:"lines"`
	Shipping *ShippingFee  `json:"shipping,omitempty"` // nil: shipping costs nothing
	Total    order.Money   `json:"total"`
	// Refundable is how much can still be refunded, in minor currency units.
	Refundable int64 `json:"refundable"`

	Reason  string   `json:"reason,omitempty"`
	Hold    *Hold    `json:"hold,omitempty"`    // nil: nobody needs to decide
	Waiting *Waiting `json:"waiting,omitempty"` // nil: it waits for nothing
	// Payments, Shipments, Refunds, Disputes and Returns are listed oldest first.
	Payments    []Payment     `json:"payments"`
	Shipments   []Shipment    `json:"shipments"`
	Refunds     []Refund      `json:"refunds"`
	Disputes    []Dispute     `json:"disputes"`
	Returns     []Return      `json:"returns"`
	Changes     []Change      `json:"changes"`
	ExchangeOf  *ExchangeOf   `json:"exchangeOf,omitempty"` // nil: it is no exchange
	MailTrouble []MailTrouble `json:"mailTrouble"`
	Attention   []Attention   `json:"attention"`
	Cases       []CaseRef     `json:"cases"`
	PlacedAt    time.Time     `json:"placedAt"`
	UpdatedAt   time.Time     `json:"updatedAt"`
}

// Payment returns the payment that the order asks the shopper for, or has: the last
// one that is neither a surplus nor on standby, and that is not for a change. It is the
// zero Payment before the first.
func (o Order) Payment() Payment {
	for _, p := range slices.Backward(o.Payments) {
		if !p.Surplus && !p.Standby && p.ChangeID == "" {
			return p
		}
	}
	return Payment{}
}

// Unpaid returns the payment that the shopper can pay now: the one on standby, which
// is asked for because a hold lapses or because of a change, or else the order's.
func (o Order) Unpaid() Payment {
	for _, p := range slices.Backward(o.Payments) {
		if p.Standby {
			return p
		}
	}
	return o.Payment()
}

// Shipment returns the parcel that goods go out with at present: the last one that
// no other replaced. It is the zero Shipment before the first.
func (o Order) Shipment() Shipment {
	for _, s := range slices.Backward(o.Shipments) {
		if !s.Replaced && s.Method != string(order.NoParcel) {
			return s
		}
	}
	return Shipment{}
}

// Hold is a decision that an order needs from a person.
type Hold struct {
	Kind    order.HoldKind `json:"kind"`
	Why     string         `json:"why"`
	About   string         `json:"about,omitempty"` // the id to search for
	Choices []order.Choice `json:"choices"`         // what Resolve takes, the safest first
}

// Waiting is what an order waits for.
type Waiting struct {
	On    string    `json:"on"`
	Until time.Time `json:"until,omitzero"` // zero: for as long as it takes
	Then  string    `json:"then,omitempty"`
	About string    `json:"about,omitempty"`
}

// Payment is one payment of an order, with amounts in minor currency units.
type Payment struct {
	Number     int                 `json:"number"`
	Provider   string              `json:"provider,omitempty"`
	Reference  string              `json:"reference,omitempty"` // the provider's id of it
	Status     order.PaymentStatus `json:"status,omitempty"`
	Amount     int64               `json:"amount"` // what is asked for with it
	Authorized int64               `json:"authorized"`
	Captured   int64               `json:"captured"`
	Refunded   int64               `json:"refunded"`
	Disputed   int64               `json:"disputed"`
	Surplus    bool                `json:"surplus"` // it does not pay for the order
	// Standby says that the shopper is asked for this payment because the hold of the
	// one before is about to lapse, or because of a change.
	Standby bool `json:"standby"`
	// ChangeID is the id of the change that it pays for; empty: it pays for the order as it
	// was placed.
	ChangeID string `json:"changeId,omitempty"`
	// CaptureBefore is when the held amount is released by itself; zero if nothing is
	// held, or the provider does not say.
	CaptureBefore time.Time `json:"captureBefore,omitzero"`
	AuthorizedAt  time.Time `json:"authorizedAt,omitzero"`
	Decline       *Decline  `json:"decline,omitempty"`
	// Receipts are the sums that came in without a payment provider.
	Receipts []order.Receipt `json:"receipts,omitempty"`
}

// ExchangeOf names the return whose goods were exchanged for an order.
type ExchangeOf struct {
	OrderID  order.ID `json:"orderId"`
	ReturnID string   `json:"returnId"`
	Credit   int64    `json:"credit"` // the value of those goods, in minor currency units
}

// Decline says why a payment was declined.
type Decline struct {
	Code        string `json:"code"`
	DeclineCode string `json:"declineCode,omitempty"`
	Message     string `json:"message"` // for the shopper
}

// Shipment is one parcel of an order.
type Shipment struct {
	Number    int                     `json:"number"`
	Lines     []ItemQuantity          `json:"lines"`
	Reference string                  `json:"reference"`
	LabelID   string                  `json:"labelId,omitempty"` // empty until the parcel is booked
	Tracking  string                  `json:"tracking,omitempty"`
	Carrier   string                  `json:"carrier,omitempty"`
	Status    order.ParcelStatus      `json:"status,omitempty"`
	Replaced  bool                    `json:"replaced"`           // another parcel was booked instead
	Replaces  string                  `json:"replaces,omitempty"` // the reference of the parcel instead of which this one is booked
	Kept      bool                    `json:"kept"`               // it came back, and a person left it at that
	MovedAt   time.Time               `json:"movedAt,omitzero"`
	OverdueAt time.Time               `json:"overdueAt,omitzero"`
	Missing   bool                    `json:"missing"`             // the carrier did not know it
	Method    string                  `json:"method,omitempty"`    // own, pickup or none; empty: it has a label of the carrier's
	Link      string                  `json:"link,omitempty"`      // where a parcel of the method own can be followed
	ID        string                  `json:"id,omitempty"`        // the caller's, of a parcel that a person has made
	Refusal   string                  `json:"refusal,omitempty"`   // why the carrier did not accept it
	VoidBy    string                  `json:"voidBy,omitempty"`    // who wants its goods in another parcel
	Weight    int64                   `json:"weight,omitempty"`    // grams; 0: not known
	Delivered []order.DigitalDelivery `json:"delivered,omitempty"` // what the shopper was mailed about goods that needed no parcel
}

// ItemQuantity is a quantity of one product.
type ItemQuantity struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Dispute is a payment that the shopper's bank claims back.
type Dispute struct {
	ID         string              `json:"id"`
	PaymentRef string              `json:"paymentRef"`
	Amount     order.Money         `json:"amount"`
	Reason     string              `json:"reason"`
	Status     order.DisputeStatus `json:"status"`
	AnswerBy   time.Time           `json:"answerBy,omitzero"`
	At         time.Time           `json:"at,omitzero"`
}

// MailTrouble is a mail that bounced or was reported as spam.
type MailTrouble struct {
	Template   order.Notification `json:"template"`
	Kind       mail.Kind          `json:"kind"`
	Bounce     mail.Bounce        `json:"bounce,omitempty"`
	Provider   string             `json:"provider"`
	ProviderID string             `json:"providerId"`
	At         time.Time          `json:"at"`
}

// Attention is something that a person must look at while the order goes on.
type Attention struct {
	About string `json:"about"`
	Why   string `json:"why"`
}

// CaseRef names an open case of an order.
type CaseRef struct {
	ID    string         `json:"id"`
	Kind  order.CaseKind `json:"kind"`
	About string         `json:"about,omitempty"`
}

// Event is one line of an order's timeline.
type Event struct {
	OrderID     order.ID     `json:"orderId"`
	Seq         int64        `json:"seq"`
	At          time.Time    `json:"at"`
	Kind        order.Kind   `json:"kind"`
	From        order.Status `json:"from,omitempty"`
	To          order.Status `json:"to,omitempty"`
	Actor       string       `json:"actor"`
	Why         string       `json:"why,omitempty"`
	Ref         string       `json:"ref,omitempty"`
	Correlation string       `json:"correlationId,omitempty"`
}
