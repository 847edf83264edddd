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
	"payment_intent.amount_capturable_updated": paymentNews,
	"payment_intent.succeeded":                 paymentNews,
	"payment_intent.payment_failed":            paymentNews,
	"payment_intent.requires_action":           paymentNews,
	"payment_intent.processing":                paymentNews,
	"payment_intent.canceled":                  paymentNews,

	"charge.refunded":       chargeNews,
	"charge.refund.updated": refundNews,
	"refund.created":        refundNews,
	"refund.updated":        refundNews,
	"refund.failed":         refundNews,

	"charge.dispute.created": disputeNews,
	"charge.dispute.updated": disputeNews,
	"charge.dispute.closed":  disputeNews,
}

// newsOf is the news of an event, still without what it is about.
func newsOf(d *order.Delivery) *order.News {
	return &order.News{ID: provider + ":" + d.Account + ":" + d.EventID, Type: d.Type, At: d.At, OrderID: d.OrderID}
}

// paymentNews adds what the event says of the payment. An intent that names no
// order may have lost it, or be another integration's on the same account: the
// record knows, by the intent.
func paymentNews(d *order.Delivery, object json.RawMessage) {
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
	d.News = newsOf(d)
	d.News.Payment = &order.PaymentNews{
		IntentID: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
		Decline: in.Decline, Failed: d.Type == "payment_intent.payment_failed",
	}
}

// named reports whether an object says which intent it is of. One of a charge
// that was made without any is none of ours.
func named(pi *sdk.PaymentIntent) bool { return pi != nil && pi.ID != "" }

// chargeNews is money given back of a charge (REF-4). A hold that is let go
// has the same event, but was never taken.
func chargeNews(d *order.Delivery, object json.RawMessage) {
	var ch sdk.Charge
	if err := json.Unmarshal(object, &ch); err != nil || ch.ID == "" || ch.Object != "charge" {
		d.Problem = "the event's object is not a charge"
		return
	}
	if ch.Captured && named(ch.PaymentIntent) {
		d.News = newsOf(d)
		d.News.Refund = &order.RefundNews{IntentID: ch.PaymentIntent.ID}
	}
}

// refundNews is a refund that has moved (REF-5). How it stands, Stripe is
// asked: its events may come in any order.
func refundNews(d *order.Delivery, object json.RawMessage) {
	var rf sdk.Refund
	if err := json.Unmarshal(object, &rf); err != nil || rf.ID == "" || rf.Object != "refund" {
		d.Problem = "the event's object is not a refund"
		return
	}
	if named(rf.PaymentIntent) { // else it is of something we do not make
		d.News = newsOf(d)
		d.News.Refund = &order.RefundNews{IntentID: rf.PaymentIntent.ID}
	}
}

// disputeNews is a payment that the shopper's bank asks back, or what has
// become of that (REF-6, REF-7).
func disputeNews(d *order.Delivery, object json.RawMessage) {
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
	d.News = newsOf(d)
	d.News.Dispute = &order.Dispute{ID: dp.ID, IntentID: dp.PaymentIntent.ID, Amount: amount, Reason: string(dp.Reason), Status: string(dp.Status)}
	if due := dp.EvidenceDetails; due != nil && due.DueBy > 0 && due.DueBy <= latest {
		d.News.Dispute.AnswerBy = time.Unix(due.DueBy, 0).UTC()
	}
}
