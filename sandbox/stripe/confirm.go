package stripe

import (
	"fmt"
	"net/http"
)

func (s *Server) confirmIntent(c *call) (any, *Error) {
	in, e := c.pathIntent()
	if e != nil {
		return nil, e
	}
	return c.confirm(in)
}

// confirm tries the payment method, as the shopper's "pay" button does.
func (c *call) confirm(old *Intent) (any, *Error) {
	method, e := c.method()
	if e != nil {
		return nil, e
	}
	back := c.form.text("return_url")
	if e := c.checkConfirm(back); e != nil {
		return nil, e
	}
	switch old.Status {
	case requiresPaymentMethod, requiresConfirmation, requiresAction:
	default:
		return nil, unexpected(old, "You cannot confirm this PaymentIntent because it has a status of "+old.Status+".")
	}
	if method == "" && old.PaymentMethod != nil {
		method = *old.PaymentMethod
	}
	if method == "" {
		return nil, unexpected(old, "You cannot confirm this PaymentIntent because it's missing a payment method.")
	}
	if a := old.AutomaticPaymentMethods; a != nil && a.AllowRedirects == "always" && back == "" && !c.browser {
		return nil, invalid("", "return_url", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard, some of which might redirect; you must provide a `return_url`.")
	}
	return c.try(old, method, back)
}

// checkConfirm checks the parameters of a confirmation. Payments without the
// shopper (off_session) are not served.
func (c *call) checkConfirm(back string) *Error {
	c.form.take("confirm", "expected_payment_method_type")
	_, e := c.form.flag("use_stripe_sdk")
	if e == nil {
		_, e = c.form.choice("off_session", "false")
	}
	if e == nil {
		e = checkReturnURL(back)
	}
	return e
}

// try starts a payment. It ends with the bank's decision, or with an intent that
// waits for 3-D Secure (requires_action) or for the bank (processing).
func (c *call) try(old *Intent, method, back string) (any, *Error) {
	in := c.intent(old)
	in.PaymentMethod, in.LastPaymentError, in.NextAction = &method, nil, nil
	card, _ := findCard(method)
	switch {
	case card.authenticate:
		in.Status = requiresAction
		if url := c.bankURL(in.ID); back != "" {
			in.NextAction = &NextAction{Type: "redirect_to_url", RedirectToURL: &Redirect{ReturnURL: back, URL: url}}
		} else {
			in.NextAction = &NextAction{Type: "use_stripe_sdk", UseStripeSDK: map[string]any{"type": "three_d_secure_redirect", "stripe_js": url}}
		}
		c.emit("payment_intent.requires_action", in)
	case card.slow:
		in.Status = processing
		c.emit("payment_intent.processing", in)
	default:
		if e := c.chargeCard(in, card); e != nil {
			return nil, e
		}
	}
	return c.visible(in), nil
}

// chargeCard applies the bank's decision.
func (t *txn) chargeCard(in *Intent, card card) *Error {
	ch := &Charge{
		ID: newID("ch_3"), Object: "charge", Amount: in.Amount, Created: t.now.Unix(), Currency: in.Currency,
		Description: in.Description, Metadata: in.Metadata, PaymentIntent: in.ID, PaymentMethod: in.PaymentMethod,
		PaymentMethodDetails:      &MethodDetails{Type: "card", Card: CardDetails{Brand: card.brand, Last4: card.last4}},
		StatementDescriptorSuffix: in.StatementDescriptorSuffix,
	}
	t.Charge, in.LatestCharge, in.NextAction = ch, &ch.ID, nil
	if card.code != "" {
		return t.declineCharge(in, ch, card)
	}
	ch.Status, ch.Paid = succeeded, true
	ch.Outcome = &Outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", SellerMessage: "Payment complete.", Type: "authorized"}
	if in.CaptureMethod == "manual" {
		in.Status, in.AmountCapturable = requiresCapture, in.Amount
		ch.PaymentMethodDetails.Card.CaptureBefore = t.now.Add(authorised).Unix()
		t.emit("charge.succeeded", ch)
		t.emit("payment_intent.amount_capturable_updated", in)
		return nil
	}
	ch.Captured, ch.AmountCaptured = true, in.Amount
	in.Status, in.AmountReceived = succeeded, in.Amount
	t.emit("charge.succeeded", ch)
	t.emit("payment_intent.succeeded", in)
	t.dispute(in, ch)
	return nil
}

// declineCharge records a declined card: the intent waits for another payment
// method.
func (t *txn) declineCharge(in *Intent, ch *Charge, card card) *Error {
	reason := card.declineCode
	if reason == "" {
		reason = card.code
	}
	ch.Status, ch.FailureCode, ch.FailureMessage = "failed", &card.code, &card.message
	ch.Outcome = &Outcome{NetworkStatus: "declined_by_network", Reason: &reason, RiskLevel: "normal", SellerMessage: "The bank declined the payment.", Type: "issuer_declined"}
	e := Error{
		Type: "card_error", Code: card.code, DeclineCode: card.declineCode, Message: card.message, Charge: ch.ID,
		DocURL: "https://stripe.com/docs/error-codes/" + card.code,
	}
	t.failAttempt(in, e)
	t.emit("charge.failed", ch)
	e.status, e.executed, e.PaymentIntent = http.StatusPaymentRequired, true, in
	return &e
}

// failAttempt records a failed attempt with its error.
func (t *txn) failAttempt(in *Intent, e Error) {
	in.Status, in.PaymentMethod, in.NextAction, in.LastPaymentError = requiresPaymentMethod, nil, nil, &e
	t.emit("payment_intent.payment_failed", in)
}

// Confirm pays with a test payment method, as a shopper's browser would. A
// declined card is not an error; the returned intent shows it.
func (s *Server) Confirm(id, method string) (Intent, error) {
	card, known := findCard(method)
	if !known {
		return Intent{}, fmt.Errorf("stripe sandbox: no test payment method %q", method)
	}
	return s.change(id, func(t *txn, in *Intent) error {
		if in.Status != requiresPaymentMethod && in.Status != requiresConfirmation && in.Status != requiresAction {
			return fmt.Errorf("stripe sandbox: cannot confirm %s: it is %s", id, in.Status)
		}
		c := &call{txn: t, r: &http.Request{}}
		if card.authenticate && s.conf.URL == "" {
			c.r.Host = "sandbox.invalid" // there is no HTTP request to take the address from
		}
		_, _ = c.try(in, method, "")
		return nil
	})
}

// Authenticate reports the bank's decision on an intent that waits for 3-D Secure
// (requires_action) or for the bank (processing).
func (s *Server) Authenticate(id string, ok bool) error {
	_, err := s.change(id, func(t *txn, old *Intent) error {
		if old.Status != requiresAction && old.Status != processing {
			return fmt.Errorf("stripe sandbox: %s does not wait for the bank: it is %s", id, old.Status)
		}
		in := t.intent(old)
		switch {
		case ok:
			method, _ := findCard(*in.PaymentMethod)
			t.chargeCard(in, method)
		case old.Status == processing:
			t.chargeCard(in, cards["pm_card_chargeDeclined"])
		default:
			t.failAttempt(in, Error{
				Type: "invalid_request_error", Code: "payment_intent_authentication_failure",
				DocURL:  "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
				Message: "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.",
			})
		}
		return nil
	})
	return err
}

// change changes an intent without an API request.
func (s *Server) change(id string, do func(*txn, *Intent) error) (Intent, error) {
	s.mu.Lock()
	in, ok := s.intents.by[id]
	err := fmt.Errorf("stripe sandbox: no payment intent %q", id)
	if ok {
		t := s.begin("")
		if err = do(t, in); err == nil {
			err = s.commit(t)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return Intent{}, err
	}
	v, _ := s.Intent(id)
	return v, nil
}
