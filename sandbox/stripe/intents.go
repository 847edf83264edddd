package stripe

import (
	"cmp"
	"crypto/rand"
	"maps"
	"net/url"
	"strings"
)

func (s *Server) createIntent(c *call) (any, *Error) {
	f := &c.form
	amount, present, e := f.number("amount")
	if e == nil && !present {
		e = invalid("parameter_missing", "amount", "Missing required param: amount.")
	}
	if e != nil {
		return nil, e
	}
	currency := strings.ToLower(f.text("currency"))
	if currency == "" {
		return nil, invalid("parameter_missing", "currency", "Missing required param: currency.")
	}
	if e := chargeable(amount, currency); e != nil {
		return nil, e
	}
	capture, e := f.choice("capture_method", "automatic", "automatic_async", "manual")
	if e != nil {
		return nil, e
	}
	id := newID("pi_3")
	in := c.intent(&Intent{
		ID: id, Object: "payment_intent", Amount: amount, Currency: currency, CaptureMethod: capture,
		ClientSecret: id + "_secret_" + rand.Text(), ConfirmationMethod: "automatic", Created: c.now.Unix(),
		PaymentMethodTypes: []string{"card"}, Status: requiresPaymentMethod, Metadata: map[string]string{},
	})
	if in.AutomaticPaymentMethods, e = f.automaticMethods(); e != nil {
		return nil, e
	}
	if e := cmp.Or(f.methodOptions(in), f.methodTypes(in), f.describe(in)); e != nil {
		return nil, e
	}
	c.emit("payment_intent.created", in)
	now, e := f.flag("confirm")
	if e != nil {
		return nil, e
	}
	if now {
		return c.confirm(in)
	}
	return in, c.attach(in)
}

// describe reads the parameters that create and update share.
func (f *form) describe(in *Intent) *Error {
	for name, to := range map[string]**string{
		"description": &in.Description, "receipt_email": &in.ReceiptEmail, "setup_future_usage": &in.SetupFutureUsage,
		"statement_descriptor": &in.StatementDescriptor, "statement_descriptor_suffix": &in.StatementDescriptorSuffix,
	} {
		if v := f.optional(name); v != nil {
			*to = v
		}
	}
	if e := f.metadata(in.Metadata); e != nil {
		return e
	}
	return checkTexts(in)
}

func (f *form) automaticMethods() (*AutomaticMethods, *Error) {
	enabled, e := f.choice("automatic_payment_methods[enabled]", "false", "true")
	if e != nil {
		return nil, e
	}
	redirects, e := f.choice("automatic_payment_methods[allow_redirects]", "always", "never")
	if e != nil || enabled == "false" {
		return nil, e
	}
	return &AutomaticMethods{Enabled: true, AllowRedirects: redirects}, nil
}

func (s *Server) getIntent(c *call) (any, *Error) {
	in, e := c.pathIntent()
	if e != nil {
		return nil, e
	}
	return c.visible(in), nil
}

func (s *Server) updateIntent(c *call) (any, *Error) {
	old, e := c.pathIntent()
	if e != nil {
		return nil, e
	}
	if old.Status != requiresPaymentMethod && old.Status != requiresConfirmation && old.Status != requiresAction {
		return nil, unexpected(old, "This PaymentIntent could not be updated because it has a status of "+old.Status+".")
	}
	in := c.intent(old)
	amount, present, e := c.form.number("amount")
	if e == nil && present {
		in.Amount, e = amount, chargeable(amount, in.Currency)
	}
	if e == nil {
		e = cmp.Or(c.form.methodOptions(in), c.form.methodTypes(in), c.form.describe(in))
	}
	if e == nil {
		e = c.attach(in)
	}
	return in, e
}

// attach attaches a payment method to an intent without trying it.
func (c *call) attach(in *Intent) *Error {
	method, e := c.method()
	if e != nil || method == "" {
		return e
	}
	chosen, _ := findCard(method)
	if e := in.fits(chosen); e != nil {
		return e
	}
	in.PaymentMethod, in.Status = &method, requiresConfirmation
	return nil
}

func (s *Server) listIntents(c *call) (any, *Error) {
	account := c.r.Header.Get("Stripe-Account")
	return page(c, &s.intents, func(in *Intent) int64 { return in.Created },
		func(in *Intent) bool { return s.accounts[in.ID] == account }, func(in *Intent) any { return in })
}

// pathIntent returns the intent that the request's path names.
func (c *call) pathIntent() (*Intent, *Error) {
	id := c.r.PathValue("intent")
	in, ok := c.s.intents.by[id]
	if !ok {
		return nil, missing("intent", "payment_intent", id)
	}
	return in, nil
}

// visible returns the part of an intent that the caller may see: a browser does
// not see the shop's own fields.
func (c *call) visible(in *Intent) *Intent {
	if !c.browser {
		return in
	}
	v := *in
	v.Metadata, v.LatestCharge, v.StatementDescriptorSuffix = nil, nil, nil
	return &v
}

// unexpected returns the error for a request that does not fit the intent's
// status.
func unexpected(in *Intent, message string) *Error {
	return stateError(in, "payment_intent_unexpected_state", message)
}

// stateError returns the error for a request that the intent's state does not
// allow. Stripe stores it under the idempotency key.
func stateError(in *Intent, code, message string) *Error {
	e := invalid(code, "", message)
	e.PaymentIntent, e.executed = in, true
	return e
}

// bankURL returns the URL of the bank's page for an intent.
func (c *call) bankURL(id string) string {
	if c.s.conf.URL != "" {
		return strings.TrimRight(c.s.conf.URL, "/") + "/sandbox/3ds/" + id
	}
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	prefix := ""
	if u, err := url.ParseRequestURI(c.r.RequestURI); err == nil { // the path before a prefix was stripped
		prefix = strings.TrimSuffix(u.Path, c.r.URL.Path)
	}
	return scheme + "://" + c.r.Host + prefix + "/sandbox/3ds/" + id
}

// Intent returns an intent in its current state.
func (s *Server) Intent(id string) (Intent, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.intents.by[id]
	if !ok {
		return Intent{}, false
	}
	v := *in
	v.Metadata = maps.Clone(in.Metadata)
	return v, true
}
