package stripe

import (
	"context"
	"errors"
	"slices"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// RefundIntent refunds the amount, exactly once per key: it also looks for the
// key among the intent's refunds, because Stripe may forget a key after a day.
func (c *Client) RefundIntent(ctx context.Context, id string, amount order.Money, key string) (order.Refund, error) {
	const op = "refund intent"
	units, f := checkMoneyRequest(op, id, amount, key)
	if f != nil {
		return order.Refund{}, f.err()
	}
	look := func(*failure) (order.Refund, truth, *failure) { return c.findRefund(ctx, id, key) }
	if found, t, f := look(nil); f != nil || t == done {
		return found, f.err()
	}
	return reconcileWrite(key, func(k string) (order.Refund, *failure) {
		p := &sdk.RefundParams{Params: c.params(ctx, k), PaymentIntent: sdk.String(id), Amount: sdk.Int64(units)}
		p.AddMetadata(metaKey, key)
		rf, err := c.refunds.New(p)
		if already(err) { // all of it was refunded before, by us or by another
			return c.lastRefund(ctx, id)
		}
		if err != nil {
			return order.Refund{}, classify(op, write, err)
		}
		return refunded(op, rf)
	}, look)
}

// already reports whether Stripe's error means that nothing is left to refund.
func already(err error) bool {
	var e *sdk.Error
	return errors.As(err, &e) && e.Code == sdk.ErrorCodeChargeAlreadyRefunded
}

// Refunds lists all refunds of an intent, by us and by others, oldest first.
func (c *Client) Refunds(ctx context.Context, id string) ([]order.Refund, error) {
	const op = "list refunds"
	if err := checkID(id); err != nil {
		return nil, noSuch(op, err).err()
	}
	all, f := c.listRefunds(ctx, op, id)
	if f != nil {
		return nil, f.err()
	}
	var found []order.Refund
	for _, rf := range all {
		r, err := toRefund(rf)
		if err != nil {
			return nil, unreadableAmount(op, err).err()
		}
		found = append(found, r)
	}
	return found, nil
}

// listRefunds returns the refunds of an intent, oldest first.
func (c *Client) listRefunds(ctx context.Context, op, intent string) (all []*sdk.Refund, f *failure) {
	p := &sdk.RefundListParams{
		ListParams:    sdk.ListParams{Context: ctx, Limit: sdk.Int64(100)},
		PaymentIntent: sdk.String(intent),
	}
	if c.conf.Account != "" {
		p.StripeAccount = sdk.String(c.conf.Account)
	}
	p.AddExpand("data.charge") // for withoutReleases
	it := c.refunds.List(p)
	for it.Next() {
		all = append(all, it.Refund())
	}
	if err := it.Err(); err != nil {
		return nil, classify(op, read, err)
	}
	slices.Reverse(all) // Stripe lists the newest first
	return withoutReleases(all), nil
}

// withoutReleases removes the refund of money that the shop never had. At this API
// version, Stripe also makes a refund of what it releases when an authorization
// ends, or when a part of it is captured
// (https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow).
// Nothing can be refunded before, so it is the oldest refund of its amount.
func withoutReleases(oldestFirst []*sdk.Refund) []*sdk.Refund {
	found := false
	return slices.DeleteFunc(oldestFirst, func(rf *sdk.Refund) bool {
		ch := rf.Charge
		released := !found && ch != nil && rf.Amount == ch.Amount-ch.AmountCaptured && rf.Metadata[metaKey] == ""
		found = found || released
		return released
	})
}

// findRefund looks for the refund that a key made.
func (c *Client) findRefund(ctx context.Context, intent, key string) (order.Refund, truth, *failure) {
	const op = "find refund"
	all, f := c.listRefunds(ctx, op, intent)
	for _, rf := range all {
		if rf.Metadata[metaKey] == key {
			r, f := refunded(op, rf)
			return r, done, f
		}
	}
	return order.Refund{}, open, f
}

// lastRefund returns the refund after which nothing was left. It skips refunds
// that the bank has rejected since.
func (c *Client) lastRefund(ctx context.Context, intent string) (order.Refund, *failure) {
	const op = "find refund"
	all, f := c.listRefunds(ctx, op, intent)
	if f != nil {
		return order.Refund{}, f
	}
	for _, rf := range slices.Backward(all) {
		r, err := toRefund(rf)
		if err != nil {
			return r, unreadableAmount(op, err)
		}
		if r.Status.Moves() {
			return r, nil
		}
	}
	return order.Refund{}, rejected(op, "refund_failed", nil)
}

// refunded returns the refund that Stripe returned. A refund that the bank
// rejected is a refusal: the same key will not try again.
func refunded(op string, rf *sdk.Refund) (order.Refund, *failure) {
	if rf.ID == "" {
		return order.Refund{}, classify(op, write, errNoAnswer)
	}
	if rf.Status == sdk.RefundStatusFailed || rf.Status == sdk.RefundStatusCanceled {
		return order.Refund{}, rejected(op, "refund_"+string(rf.Status), nil)
	}
	r, err := toRefund(rf)
	if err != nil {
		return r, unreadableAmount(op, err)
	}
	return r, nil
}

// toRefund converts Stripe's refund to ours. Its id is the key that our request
// for it had, or Stripe's id if somebody else made it.
func toRefund(rf *sdk.Refund) (order.Refund, error) {
	r := order.Refund{ID: rf.ID, Reference: rf.ID, Status: order.ParseRefundStatus(string(rf.Status))}
	if key := rf.Metadata[metaKey]; orderOfKey(key) != "" {
		r.ID = key
	}
	if rf.PaymentIntent != nil {
		r.PaymentRef = rf.PaymentIntent.ID
	}
	var err error
	r.Amount, err = fromStripe(rf.Amount, strings.ToUpper(string(rf.Currency)))
	return r, err
}
