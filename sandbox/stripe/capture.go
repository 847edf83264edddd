package stripe

import "time"

// authorised is how long an authorization is valid by default.
const authorised = 7 * 24 * time.Hour

// The reasons that Stripe itself gives for a lapsed authorization: of the intent,
// and of the refund.
const (
	automatic = "automatic"
	expired   = "expired_uncaptured_charge"
)

func (s *Server) captureIntent(c *call) (any, *Error) {
	old, e := c.pathIntent()
	if e != nil {
		return nil, e
	}
	amount, present, e := c.form.number("amount_to_capture")
	if e != nil {
		return nil, e
	}
	last, e := c.form.choice("final_capture", "true", "false")
	if e != nil {
		return nil, e
	}
	if old.Status != requiresCapture {
		return nil, unexpected(old, "This PaymentIntent could not be captured because it has a status of "+old.Status+". Only a PaymentIntent with one of the following statuses may be captured: requires_capture.")
	}
	if s.lapsed(old, c.now) {
		return nil, stateError(old, "charge_expired_for_capture", "The charge cannot be captured as the authorization has expired. Auth and capture charges must be captured within a set number of days (7 by default).")
	}
	if !present {
		amount = old.AmountCapturable
	}
	multi := c.s.charges.by[*old.LatestCharge].PaymentMethodDetails.Card.Multicapture.Status == "available"
	switch {
	case last == "false" && !multi:
		return nil, invalid("", "final_capture", "This PaymentIntent cannot be captured more than once.")
	case last == "false" && c.s.captures[old.ID] >= maxCaptures-1:
		return nil, invalid("", "final_capture", "A PaymentIntent can be captured at most 50 times.")
	case amount == 0 && last == "true" && old.AmountReceived > 0: // releases the rest
	case amount < 1:
		return nil, invalid("parameter_invalid_integer", "amount_to_capture", "This value must be greater than or equal to 1.")
	case amount > old.AmountCapturable:
		return nil, invalid("amount_too_large", "amount_to_capture", "The amount to capture is greater than the amount that can be captured.")
	}
	if e := whole(amount, old.Currency); e != nil {
		return nil, e
	}
	in := c.intent(old)
	in.AmountReceived, in.AmountCapturable = in.AmountReceived+amount, in.AmountCapturable-amount
	ch := c.charge(*in.LatestCharge)
	ch.AmountCaptured += amount
	c.Captures = true
	if last == "true" {
		c.finishCapture(in, ch, multi)
	} else {
		c.emit("charge.updated", ch)
		c.emit("payment_intent.amount_capturable_updated", in)
	}
	return in, nil
}

// maxCaptures is how often one payment can be captured.
const maxCaptures = 50

// finishCapture releases what was not captured: the payment is complete.
func (t *txn) finishCapture(in *Intent, ch *Charge, multi bool) {
	rest := in.AmountCapturable
	in.AmountCapturable, in.Status = 0, succeeded
	ch.Captured = true
	if rest > 0 {
		t.release(in, ch, rest, "")
	}
	if multi {
		t.emit("charge.updated", ch)
		t.emit("payment_intent.amount_capturable_updated", in)
	}
	t.emit("charge.captured", ch)
	t.emit("payment_intent.succeeded", in)
	t.dispute(in, ch)
}

func (s *Server) cancelIntent(c *call) (any, *Error) {
	old, e := c.pathIntent()
	if e != nil {
		return nil, e
	}
	reason, e := c.form.choice("cancellation_reason", "", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	if e != nil {
		return nil, e
	}
	if old.Status == requiresCapture && old.AmountReceived > 0 {
		return nil, unexpected(old, "You cannot cancel this PaymentIntent because a part of it has been captured. Its rest is released by a final capture.")
	}
	if old.Status == canceled || old.Status == succeeded || old.Status == processing {
		return nil, unexpected(old, "You cannot cancel this PaymentIntent because it has a status of "+old.Status+". Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.")
	}
	c.cancel(old, reason)
	return c.Intent, nil
}

// cancel cancels an intent and releases any authorized money.
func (t *txn) cancel(old *Intent, reason string) {
	in := t.intent(old)
	at := t.now.Unix()
	in.CanceledAt, in.NextAction = &at, nil
	if reason != "" {
		in.CancellationReason = &reason
	}
	if old.Status == requiresCapture {
		ch := t.charge(*in.LatestCharge)
		if reason == automatic {
			t.release(in, ch, ch.Amount, expired)
			t.emit("charge.expired", ch)
		} else {
			t.release(in, ch, ch.Amount, "")
		}
	}
	in.AmountCapturable, in.Status = 0, canceled
	t.emit("payment_intent.canceled", in)
}

// release returns authorized money that is not captured to the shopper. This API
// version makes a refund of it, although the shop never had the money
// (https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow).
func (t *txn) release(in *Intent, ch *Charge, amount int64, reason string) {
	ch.AmountRefunded += amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	t.Refund, t.Released = &Refund{
		ID: newID("re_3"), Object: "refund", Amount: amount, Charge: ch.ID, Created: t.now.Unix(), Currency: in.Currency,
		Metadata: map[string]string{}, PaymentIntent: in.ID, Status: succeeded,
	}, true
	if reason != "" {
		t.Refund.Reason = &reason
	}
	t.emit("charge.refunded", ch)
}

// lapsed reports whether an intent's authorization has expired although the next
// Sweep has not cancelled it yet. s.mu must be held.
func (s *Server) lapsed(in *Intent, now time.Time) bool {
	return in.Status == requiresCapture && now.Unix() >= s.charges.by[*in.LatestCharge].PaymentMethodDetails.Card.CaptureBefore
}
