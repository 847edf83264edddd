package stripe

import (
	"cmp"
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
	chosen, _ := findCard(method)
	e = old.fits(chosen)
	switch k := kinds[chosen.typ()]; {
	case e != nil:
	case k.redirects && back == "":
		e = invalid("parameter_missing", "return_url", "You must provide a `return_url` when confirming using the payment method type "+chosen.typ()+".")
	case k.debits:
		e = c.form.mandate()
	}
	if e != nil {
		return nil, e
	}
	return c.try(old, method, back)
}

// mandate requires that the shopper has allowed a direct debit.
func (f *form) mandate() *Error {
	f.hash("mandate_data[customer_acceptance][online]")
	accepted, e := f.choice("mandate_data[customer_acceptance][type]", "", "online", "offline")
	if e == nil && accepted == "" {
		e = invalid("parameter_missing", "mandate_data", "Missing required param: mandate_data.")
	}
	return e
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
// waits for the shopper on the bank's page (requires_action) or for the bank
// (processing).
func (c *call) try(old *Intent, method, back string) (any, *Error) {
	in := c.intent(old)
	in.PaymentMethod, in.LastPaymentError, in.NextAction = &method, nil, nil
	card, _ := findCard(method)
	switch k := kinds[card.typ()]; {
	case card.authenticate || k.redirects:
		in.Status = requiresAction
		if url := c.bankURL(in.ID); back != "" {
			in.NextAction = &NextAction{Type: "redirect_to_url", RedirectToURL: &Redirect{ReturnURL: back, URL: url}}
		} else {
			in.NextAction = &NextAction{Type: "use_stripe_sdk", UseStripeSDK: map[string]any{"type": "three_d_secure_redirect", "stripe_js": url}}
		}
		c.emit("payment_intent.requires_action", in)
	case k.debits:
		c.debit(in, card)
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

// newCharge returns the charge of a new attempt.
func (t *txn) newCharge(in *Intent, c card) *Charge {
	details := &MethodDetails{Type: c.typ()}
	switch details.Type {
	case "card":
		details.Card = &CardDetails{Brand: c.brand, Last4: c.last4, Multicapture: &Multicapture{Status: in.multicapture(c)}}
	case "sepa_debit":
		details.SEPADebit = &DebitDetails{Last4: c.last4}
	}
	ch := &Charge{
		ID: newID("ch_3"), Object: "charge", Amount: in.Amount, Created: t.now.Unix(), Currency: in.Currency,
		Description: in.Description, Metadata: in.Metadata, PaymentIntent: in.ID, PaymentMethod: in.PaymentMethod,
		PaymentMethodDetails: details, StatementDescriptorSuffix: in.StatementDescriptorSuffix,
	}
	t.Charge, in.LatestCharge, in.NextAction = ch, &ch.ID, nil
	return ch
}

// chargeCard applies the bank's decision.
func (t *txn) chargeCard(in *Intent, card card) *Error {
	ch := t.newCharge(in, card)
	switch {
	case card.code != "":
		return t.declineCharge(in, ch, card)
	case in.holds(card):
		ch.approve()
		in.Status, in.AmountCapturable = requiresCapture, in.Amount
		ch.PaymentMethodDetails.Card.CaptureBefore = t.now.Add(cmp.Or(t.s.conf.HoldTime, authorised)).Unix()
		t.emit("charge.succeeded", ch)
		t.emit("payment_intent.amount_capturable_updated", in)
		return nil
	}
	t.captureAtOnce(in, ch)
	return nil
}

// captureAtOnce captures a charge that is not held first.
func (t *txn) captureAtOnce(in *Intent, ch *Charge) {
	ch.approve()
	ch.Captured, ch.AmountCaptured = true, in.Amount
	in.Status, in.AmountReceived = succeeded, in.Amount
	t.emit("charge.succeeded", ch)
	t.emit("payment_intent.succeeded", in)
	t.dispute(in, ch)
}

func (c *Charge) approve() {
	c.Status, c.Paid = succeeded, true
	c.Outcome = &Outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", SellerMessage: "Payment complete.", Type: "authorized"}
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
		if e := in.fits(card); e != nil {
			return fmt.Errorf("stripe sandbox: cannot confirm %s: %s", id, e.Message)
		}
		c, back := &call{txn: t, r: &http.Request{}}, ""
		if s.conf.URL == "" {
			c.r.Host = "sandbox.invalid" // there is no HTTP request to take the address from
		}
		if kinds[card.typ()].redirects {
			back = "https://shop.example/return"
		}
		_, _ = c.try(in, method, back)
		return nil
	})
}

// Authenticate reports the bank's decision on an intent that waits for the shopper
// on the bank's page (requires_action) or for the bank (processing).
func (s *Server) Authenticate(id string, ok bool) error {
	_, err := s.change(id, func(t *txn, old *Intent) error {
		if old.Status != requiresAction && old.Status != processing {
			return fmt.Errorf("stripe sandbox: %s does not wait for the bank: it is %s", id, old.Status)
		}
		in := t.intent(old)
		method, _ := findCard(*in.PaymentMethod)
		switch {
		case kinds[method.typ()].debits:
			t.decide(in, method.decided(ok))
		case ok:
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
