package stripe

import (
	"encoding/json"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// wanted maps the event types that a workflow needs to their readers; all
// others are only kept. Refund events have had several names, and which of them
// Stripe sends depends on the account.
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

// providerEvent returns the common part of an event, without its subject.
func providerEvent(d *order.Delivery) *order.ProviderEvent {
	return &order.ProviderEvent{
		ID: provider + ":" + d.Account + ":" + d.EventID, Provider: provider, Type: d.Type, At: d.At, OrderID: d.OrderID,
	}
}

// readPaymentEvent adds the payment's part. An intent that names no order may
// have lost it, or may belong to another integration on the same account; the
// record finds the order by the intent.
func readPaymentEvent(d *order.Delivery, object json.RawMessage) {
	var pi sdk.PaymentIntent
	if err := json.Unmarshal(object, &pi); err != nil || pi.ID == "" || pi.Object != "payment_intent" {
		d.Problem = "the event's object is not a payment intent"
		return
	}
	in, err := toIntent(&pi)
	if err != nil {
		if d.OrderID != "" { // we would never have requested such an amount, so it is not ours
			d.Problem = err.Error()
		}
		return
	}
	d.Event = providerEvent(d)
	d.Event.Payment = &order.PaymentEvent{
		Reference: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
		Decline: in.Decline, Failed: d.Type == "payment_intent.payment_failed",
	}
}

// named reports whether an object names its intent. An object of a charge
// without an intent is not ours.
func named(pi *sdk.PaymentIntent) bool { return pi != nil && pi.ID != "" }

// readChargeEvent reads a refunded charge. Releasing an authorization, or the rest
// of one, sends the same event, but that money was never captured.
func readChargeEvent(d *order.Delivery, object json.RawMessage) {
	var ch sdk.Charge
	if err := json.Unmarshal(object, &ch); err != nil || ch.ID == "" || ch.Object != "charge" {
		d.Problem = "the event's object is not a charge"
		return
	}
	if ch.Captured && ch.AmountRefunded > ch.Amount-ch.AmountCaptured && named(ch.PaymentIntent) {
		d.Event = providerEvent(d)
		d.Event.Refund = &order.RefundEvent{PaymentRef: ch.PaymentIntent.ID}
	}
}

// readRefundEvent reads a change of a refund. Its status must be fetched from
// Stripe, because the events may arrive in any order.
func readRefundEvent(d *order.Delivery, object json.RawMessage) {
	var rf sdk.Refund
	if err := json.Unmarshal(object, &rf); err != nil || rf.ID == "" || rf.Object != "refund" {
		d.Problem = "the event's object is not a refund"
		return
	}
	if named(rf.PaymentIntent) { // otherwise it is about an object that we do not create
		d.Event = providerEvent(d)
		d.Event.Refund = &order.RefundEvent{PaymentRef: rf.PaymentIntent.ID}
	}
}

// readDisputeEvent reads a dispute that the shopper's bank opened, or a change of it.
// The event only says which dispute: its content, and whose it is, are fetched from
// Stripe; see Client.Dispute.
func readDisputeEvent(d *order.Delivery, object json.RawMessage) {
	var dp struct {
		ID            string `json:"id"`
		Object        string `json:"object"`
		PaymentIntent any    `json:"payment_intent"`
	}
	if err := json.Unmarshal(object, &dp); err != nil || checkID(dp.ID) != nil || dp.Object != "dispute" {
		d.Problem = "the event's object is not a dispute"
		return
	}
	d.Event = providerEvent(d)
	intent, _ := dp.PaymentIntent.(string) // or null
	d.Event.Dispute = &order.Dispute{ID: dp.ID, PaymentRef: intent}
}
