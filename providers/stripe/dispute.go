package stripe

import (
	"context"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// Dispute returns a dispute as Stripe has it now, and the order that its payment
// names, if it names one. A dispute always has a charge, but does not always name the
// charge's intent, so that is read from the charge. It fails with order.ErrNoSuch, and
// with order.ErrRejected if the dispute cannot be read; then it has only the reference
// of its payment.
func (c *Client) Dispute(ctx context.Context, id string) (order.Dispute, order.ID, error) {
	const op = "get dispute"
	if err := checkID(id); err != nil {
		return order.Dispute{}, "", noSuch(op, err).err()
	}
	p := &sdk.DisputeParams{Params: c.params(ctx, "")}
	p.AddExpand("charge.payment_intent")
	dp, err := c.disputes.Get(id, p)
	if err != nil {
		return order.Dispute{}, "", classify(op, read, err).err()
	}
	if dp == nil || dp.ID != id || dp.Object != "dispute" {
		return order.Dispute{}, "", classify(op, read, errNoAnswer).err()
	}
	d, of := order.Dispute{ID: dp.ID}, order.ID("")
	if ch := dp.Charge; ch != nil && named(ch.PaymentIntent) {
		d.PaymentRef, of = ch.PaymentIntent.ID, subject{Metadata: ch.PaymentIntent.Metadata}.order()
	}
	d.Amount, err = fromStripe(dp.Amount, strings.ToUpper(string(dp.Currency)))
	if err != nil || !plain(string(dp.Reason), string(dp.Status)) {
		return order.Dispute{ID: d.ID, PaymentRef: d.PaymentRef}, of, rejected(op, "unreadable_dispute", err).err()
	}
	d.Reason, d.Status = string(dp.Reason), disputeStatus(dp.Status)
	if due := dp.EvidenceDetails; due != nil && due.DueBy > 0 && due.DueBy <= latest {
		d.AnswerBy = time.Unix(due.DueBy, 0).UTC()
	}
	return d, of, nil
}
