// Package orders has the workflow of an order, the workflow that takes care of an
// order after its end, and the messages they handle.
package orders

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"purser/order"
	"purser/workflows"
)

// The messages of an order's workflow, declared once for both ends. A
// message's name on the wire is its text.
const (
	// GetOrder returns the order as the workflow knows it, at once.
	GetOrder workflows.Query[order.Order] = "GetOrder"
	// Place returns the priced order and the (sealed) client secret, as soon
	// as the shopper can pay. It starts the workflow and is sent again, with
	// the same result and no trace in the history, when the caller repeats
	// its request.
	Place workflows.Update[PlaceRequest, Placed] = "Place"
	// Cancel cancels the order, if the carrier does not have a parcel of it yet,
	// and returns it when everything is compensated.
	Cancel workflows.Update[CancelRequest, order.Order] = "Cancel"
	// Resolve takes a person's decision about an order on hold, and returns the
	// order as it is then.
	Resolve workflows.Update[ResolveRequest, order.Order] = "Resolve"
	// Refund refunds money of the order, and returns the order when the provider has
	// responded, or cannot be reached.
	Refund workflows.Update[RefundRequest, order.Order] = "Refund"
	// BookPayment books a sum that came in without a payment provider, and returns the
	// order as it is then.
	BookPayment workflows.Update[BookPaymentRequest, order.Order] = "BookPayment"
	// RequestReturn asks whether goods may be sent back, and returns the order as it is
	// then.
	RequestReturn workflows.Update[ReturnRequest, order.Order] = "RequestReturn"
	// DecideReturn approves, rejects or cancels a return, and returns the order as it is
	// then.
	DecideReturn workflows.Update[DecideReturnRequest, order.Order] = "DecideReturn"
	// ReceiveReturn takes goods that came back, has them refunded, and returns the order,
	// perhaps before the provider has responded.
	ReceiveReturn workflows.Update[ReceiveReturnRequest, order.Order] = "ReceiveReturn"
	// Change changes the order before its label, and returns it and, if the shopper has to
	// pay, the (sealed) client secret, when the change is made or can be paid.
	Change workflows.Update[ChangeRequest, Placed] = "Change"
	// TakeCredit takes credit back that paid for the order which the goods of a return were
	// exchanged for, has it refunded, and returns when the record has it.
	TakeCredit workflows.Update[TakeCreditRequest, order.Order] = "TakeCredit"
	// AddParcel puts goods into a parcel that a person has made, and returns the order when
	// the carrier has responded, or cannot be reached.
	AddParcel workflows.Update[AddParcelRequest, order.Order] = "AddParcel"
	// VoidLabel voids the label of a parcel that the carrier does not have, so that its goods
	// can go into another one, and returns the order when the carrier has responded, or
	// cannot be reached.
	VoidLabel workflows.Update[VoidLabelRequest, order.Order] = "VoidLabel"
	// MarkParcel says that a parcel without the carrier's API was delivered or collected, or
	// came back, and returns the order as it is then.
	MarkParcel workflows.Update[MarkParcelRequest, order.Order] = "MarkParcel"
	// Reported brings one or several events from a provider.
	Reported workflows.Signal[Report] = "Reported"
)

// Placement is the input of OrderWorkflow: the request and the shop's terms
// at the time it was placed.
type Placement struct {
	ID          order.ID      `json:"id"`
	Request     order.Request `json:"request"`
	Hash        string        `json:"hash"` // of the request
	Actor       string        `json:"actor"`
	Correlation string        `json:"correlationId"`
	Terms       Terms         `json:"terms"`
	// Pricing is what was decided about the price; nil: the catalogue's prices are the
	// whole price.
	Pricing *order.Pricing `json:"pricing,omitempty"`
	// Extensions are the steps of the shop's own that the order takes, by their IDs; see
	// Extension.
	Extensions []string `json:"extensions,omitempty"`
	// ExchangeOf says whose goods' value pays for the order, or for a part of it; nil: it is
	// no exchange.
	ExchangeOf *order.ExchangeOf `json:"exchangeOf,omitempty"`
	// Snapshot is the state in which the run before this one ended; nil in the
	// first run.
	Snapshot *order.Snapshot `json:"snapshot,omitempty"`
}

// Terms are how long things may take. They travel with the order, so that a
// changed setting does not touch the orders already placed.
type Terms struct {
	PayWithin time.Duration `json:"payWithin"` // from placing to the money being held; default 30 minutes
	// PrepayWithin is how long a shopper who pays in advance has; default 7 days.
	PrepayWithin time.Duration `json:"prepayWithin,omitempty"`
	AskAfter     time.Duration `json:"askAfter"`   // after so long without an event, ask the provider about the payment; default 2 minutes
	TrackAfter   time.Duration `json:"trackAfter"` // after so long without an event, ask the carrier about the parcels; default 12 hours
	// OverdueAfter is how long a parcel may stand still before an operator must
	// look for it; default 14 days, 0: for ever.
	OverdueAfter time.Duration `json:"overdueAfter,omitempty"`
	// ReceivedAfter is how long after the money is held the shopper is mailed that
	// the order was received, if no parcel is booked by then; default 10 minutes, 0:
	// never.
	ReceivedAfter time.Duration `json:"receivedAfter,omitempty"`
	// PayAgainBefore is how long before a hold lapses the shopper is asked to pay again,
	// if the money is not captured by then, and how long the shopper has if the hold
	// lapsed unexpectedly; at most half of the hold's time. Default 24 hours, 0: the
	// order is cancelled before the hold lapses.
	PayAgainBefore time.Duration `json:"payAgainBefore,omitempty"`
	// FindParcelsWithin is how long after a cancellation the carrier is asked again for a
	// parcel whose booking it did not confirm. Default 24 hours, 0: it is not asked.
	FindParcelsWithin time.Duration `json:"findParcelsWithin,omitempty"`
	// Capture says when what is held is captured. Default booked; empty: when all parcels
	// are booked.
	Capture CaptureWhen `json:"capture,omitempty"`
	// ReturnWithin is how long after their delivery goods can be sent back; default 30
	// days.
	ReturnWithin time.Duration `json:"returnWithin,omitempty"`
	// Parcels says who makes the parcels.
	Parcels ParcelsBy `json:"parcels,omitempty"`
	// ParcelPieces is the most pieces in one parcel; default 0: all.
	ParcelPieces int64 `json:"parcelPieces,omitempty"`
	// ParcelWeight is the most that one parcel may weigh, in grams, as far as the weight of
	// its goods is known; default 0: anything.
	ParcelWeight int64 `json:"parcelWeight,omitempty"`
	// ShipFrom is the country that parcels are sent from. Default: it is not known, and no
	// customs data is asked for.
	ShipFrom string `json:"shipFrom,omitempty"`
	// ApproveAbove says above which amounts a person's decision needs a second person.
	ApproveAbove order.Approval `json:"approveAbove,omitempty"`
}

// ParseApproval reads amounts above which a decision needs a second person, in minor units
// by currency: "EUR=50000".
func ParseApproval(entries []string) (order.Approval, error) {
	var a order.Approval
	for _, entry := range entries {
		currency, number, _ := strings.Cut(strings.TrimSpace(entry), "=")
		amount, err := strconv.ParseInt(number, 10, 64)
		if _, unknown := order.Exponent(currency); err != nil || unknown != nil || amount < 0 {
			return nil, fmt.Errorf("%q: want a currency and an amount in minor units, such as EUR=50000", entry)
		}
		if _, twice := a[currency]; twice {
			return nil, fmt.Errorf("%s comes twice", currency)
		}
		if a == nil {
			a = order.Approval{}
		}
		a[currency] = amount
	}
	return a, nil
}

// Check fails if the terms cannot be kept.
func (t Terms) Check() error {
	if t.ShipFrom != "" && !order.IsCountry(t.ShipFrom) {
		return fmt.Errorf("want a country of ISO 3166-1 alpha-2, such as DE, got %.10q", t.ShipFrom)
	}
	return nil
}

// CaptureWhen is the moment at which what is held is captured.
type CaptureWhen string

// The moments of the capture.
const (
	CaptureBooked CaptureWhen = "booked" // the first parcel is booked
	CapturePlaced CaptureWhen = "placed" // the money is held, before any parcel is booked
)

// ParcelsBy says who puts the goods of an order into parcels.
type ParcelsBy string

// Those who make parcels.
const (
	ParcelsByPurser   ParcelsBy = ""
	ParcelsByOperator ParcelsBy = "operator"
)

// PayBy returns when an order that is placed at a time and not paid expires.
func (t Terms) PayBy(m order.PaymentMethod, placed time.Time) time.Time {
	if m == order.PayManually {
		return placed.Add(cmp.Or(t.PrepayWithin, 7*24*time.Hour))
	}
	return placed.Add(t.PayWithin)
}

// returnWithin returns how long after their delivery goods can be sent back.
func (t Terms) returnWithin() time.Duration { return cmp.Or(t.ReturnWithin, 30*24*time.Hour) }

// PlaceRequest holds the hash with which a repeated Place is recognized.
type PlaceRequest struct {
	Hash string `json:"hash"`
}

// Placed is the result of Place and of Change.
type Placed struct {
	Order order.Order `json:"order"`
	// SealedSecret is the client secret, encrypted for this installation's API.
	SealedSecret string `json:"sealedSecret,omitempty"`
}

// CancelRequest says who cancels and why.
type CancelRequest struct {
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *CancelRequest) UnmarshalJSON(b []byte) error {
	type plain CancelRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// ResolveRequest says how a person decides about an order on hold.
type ResolveRequest struct {
	Choice order.Choice `json:"choice"`
	// Case is the case that the decision is about; empty: whatever there is to decide.
	Case string `json:"case,omitempty"`
	// Request names the request to the case, which learns from it that the decision is
	// its own.
	Request string `json:"request,omitempty"`
	// ApprovedBy is the second person, if the decision moves more than Terms.ApproveAbove.
	ApprovedBy string `json:"approvedBy,omitempty"`
	// Amount is the money that the case has shown to both. An approval of another amount
	// does not count.
	Amount order.Money `json:"amount,omitzero"`
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *ResolveRequest) UnmarshalJSON(b []byte) error {
	type plain ResolveRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// RefundRequest says what is refunded, who asks for it and why.
type RefundRequest struct {
	order.RefundRequest
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *RefundRequest) UnmarshalJSON(b []byte) error {
	type plain RefundRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// ChangeRequest says how an order is changed, who asks for it and why.
type ChangeRequest struct {
	order.ChangeRequest
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *ChangeRequest) UnmarshalJSON(b []byte) error {
	type plain ChangeRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// ReturnRequest says which goods are sent back, who asks for it and why.
type ReturnRequest struct {
	order.ReturnRequest
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *ReturnRequest) UnmarshalJSON(b []byte) error {
	type plain ReturnRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// DecideReturnRequest says what a person decides about a return.
type DecideReturnRequest struct {
	order.ReturnDecision
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *DecideReturnRequest) UnmarshalJSON(b []byte) error {
	type plain DecideReturnRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// ReceiveReturnRequest says which goods have arrived, and in which condition.
type ReceiveReturnRequest struct {
	ID string `json:"id"` // the return's
	order.ReturnReceipt
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *ReceiveReturnRequest) UnmarshalJSON(b []byte) error {
	type plain ReceiveReturnRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// TakeCreditRequest says which credit comes back. Another order sends it.
type TakeCreditRequest struct {
	order.CreditReturn
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *TakeCreditRequest) UnmarshalJSON(b []byte) error {
	type plain TakeCreditRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// BookPaymentRequest says what came in, who books it and why.
type BookPaymentRequest struct {
	order.Receipt
	Currency string `json:"currency"`
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *BookPaymentRequest) UnmarshalJSON(b []byte) error {
	type plain BookPaymentRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// AddParcelRequest says which goods go into a parcel, who asks for it and why.
type AddParcelRequest struct {
	order.ParcelPlan
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *AddParcelRequest) UnmarshalJSON(b []byte) error {
	type plain AddParcelRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// VoidLabelRequest says which parcel is not sent, who decides that and why.
type VoidLabelRequest struct {
	Parcel int `json:"parcel"` // its number
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *VoidLabelRequest) UnmarshalJSON(b []byte) error {
	type plain VoidLabelRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// MarkParcelRequest says where a parcel is, and who says so.
type MarkParcelRequest struct {
	Parcel int                `json:"parcel"` // its number
	Status order.ParcelStatus `json:"status"` // delivered (also: collected) or returned
	workflows.Sender
}

// UnmarshalJSON decodes a request of the API, or a strict one that a person typed.
func (r *MarkParcelRequest) UnmarshalJSON(b []byte) error {
	type plain MarkParcelRequest
	return workflows.DecodeRequest(b, (*plain)(r), &r.Sender)
}

// Report holds events that the inbox has verified and kept.
type Report struct {
	Version int                   `json:"version"` // workflows.MessageVersion of the sender
	Events  []order.ProviderEvent `json:"events"`
}
