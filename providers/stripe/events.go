package stripe

import (
	"encoding/json"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// wanted are the events a workflow hears about, and how each is read; all
// others are kept only. Those about refunds have had several names; which of
// them Stripe sends depends on the account.
var wanted = map[string]func(*order.Delivery, json.RawMessage){
	"payment_intent.amount_capturable_updated": readPaymentEvent,
	"payment_intent.succeeded":                 readPaymentEvent,
	"payment_intent.payment_failed":            readPaymentEvent,
	"payment_intent.requires_action":           readPaymentEvent,
	"payment_intent.processing":                readPaymentEvent,
	"payment_intent.canceled":                  readPaymentEvent,

	"charge.refunded":       readChargeEvent,
	"charge.refund.updated": readRefundEvent,
	"refund.created":        readRefundEvent,
	"refund.updated":        readRefundEvent,
	"refund.failed":         readRefundEvent,

	"charge.dispute.created": readDisputeEvent,
	"charge.dispute.updated": readDisputeEvent,
	"charge.dispute.closed":  readDisputeEvent,
}

// providerEvent is the news of an event, still without what it is about.
func providerEvent(d *order.Delivery) *order.ProviderEvent {
	return &order.ProviderEvent{ID: provider + ":" + d.Account + ":" + d.EventID, Type: d.Type, At: d.At, OrderID: d.OrderID}
}

// readPaymentEvent adds what the event says of the payment. An intent that names no
// order may have lost it, or be another integration's on the same account: the
// record knows, by the intent.
func readPaymentEvent(d *order.Delivery, object json.RawMessage) {
	var pi sdk.PaymentIntent
	if err := json.Unmarshal(object, &pi); err != nil || pi.ID == "" || pi.Object != "payment_intent" {
		d.Problem = "the event's object is not a payment intent"
		return
	}
	in, err := toIntent(&pi)
	if err != nil {
		if d.OrderID != "" { // an amount that we would never have asked for is not ours
			d.Problem = err.Error()
		}
		return
	}
	d.Event = providerEvent(d)
	d.Event.Payment = &order.PaymentEvent{
		IntentID: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
		Decline: in.Decline, Failed: d.Type == "payment_intent.payment_failed",
	}
}

// named reports whether an object says which intent it is of. One of a charge
// that was made without any is none of ours.
func named(pi *sdk.PaymentIntent) bool { return pi != nil && pi.ID != "" }

// readChargeEvent is money given back of a charge. A hold that is let go
// has the same event, but was never taken.
func readChargeEvent(d *order.Delivery, object json.RawMessage) {
	var ch sdk.Charge
	if err := json.Unmarshal(object, &ch); err != nil || ch.ID == "" || ch.Object != "charge" {
		d.Problem = "the event's object is not a charge"
		return
	}
	if ch.Captured && named(ch.PaymentIntent) {
		d.Event = providerEvent(d)
		d.Event.Refund = &order.RefundEvent{IntentID: ch.PaymentIntent.ID}
	}
}

// readRefundEvent is a refund that has moved. How it stands, Stripe is
// asked: its events may come in any order.
func readRefundEvent(d *order.Delivery, object json.RawMessage) {
	var rf sdk.Refund
	if err := json.Unmarshal(object, &rf); err != nil || rf.ID == "" || rf.Object != "refund" {
		d.Problem = "the event's object is not a refund"
		return
	}
	if named(rf.PaymentIntent) { // else it is of something we do not make
		d.Event = providerEvent(d)
		d.Event.Refund = &order.RefundEvent{IntentID: rf.PaymentIntent.ID}
	}
}

// readDisputeEvent is a payment that the shopper's bank asks back, or what has
// become of that.
func readDisputeEvent(d *order.Delivery, object json.RawMessage) {
	var dp sdk.Dispute
	if err := json.Unmarshal(object, &dp); err != nil || dp.ID == "" || dp.Object != "dispute" || !plain(string(dp.Reason), string(dp.Status)) {
		d.Problem = "the event's object is not a dispute"
		return
	}
	if !named(dp.PaymentIntent) {
		return
	}
	amount, err := fromStripe(dp.Amount, strings.ToUpper(string(dp.Currency)))
	if err != nil {
		d.Problem = err.Error()
		return
	}
	d.Event = providerEvent(d)
	d.Event.Dispute = &order.Dispute{ID: dp.ID, IntentID: dp.PaymentIntent.ID, Amount: amount, Reason: string(dp.Reason), Status: string(dp.Status)}
	if due := dp.EvidenceDetails; due != nil && due.DueBy > 0 && due.DueBy <= latest {
		d.Event.Dispute.AnswerBy = time.Unix(due.DueBy, 0).UTC()
	}
}
