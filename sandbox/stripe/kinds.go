package stripe

import (
	"slices"
	"strings"
)

// kind describes a type of payment method.
type kind struct {
	holds      bool   // it can be authorized first, and captured later
	redirects  bool   // the shopper confirms the payment on a page of the bank
	debits     bool   // the bank decides days later
	currencies string // empty: any
	named      bool   // the shopper's name is required
}

// kinds are the types of payment methods that the stand-in serves
// (https://docs.stripe.com/payments/payment-methods/payment-method-support).
var kinds = map[string]kind{
	"card":       {holds: true},
	"bancontact": {redirects: true, currencies: "eur", named: true},
	"eps":        {redirects: true, currencies: "eur", named: true},
	"ideal":      {redirects: true, currencies: "eur"},
	"sepa_debit": {debits: true, currencies: "eur", named: true},
}

// kindNames returns the types in the sequence in which they are shown.
var kindNames = []string{"card", "bancontact", "eps", "ideal", "sepa_debit"}

// serves reports whether payments in a currency can be made with it.
func (k kind) serves(currency string) bool { return k.currencies == "" || k.currencies == currency }

// otherMethods are the test payment methods that are no cards and have no number.
// Stripe's shoppers choose them by their type.
var otherMethods = map[string]card{
	"pm_sandbox_bancontact": {kind: "bancontact"},
	"pm_sandbox_eps":        {kind: "eps"},
	"pm_sandbox_ideal":      {kind: "ideal"},
}

// MethodOptions are the options of an intent for types of payment methods.
type MethodOptions struct {
	Card *CardOptions `json:"card,omitempty"`
}

// CardOptions are the options for cards.
type CardOptions struct {
	CaptureMethod       string `json:"capture_method,omitempty"` // manual: cards are authorized only
	RequestMulticapture string `json:"request_multicapture,omitempty"`
}

// methodOptions reads the options for cards.
func (f *form) methodOptions(in *Intent) *Error {
	capture, e := f.choice("payment_method_options[card][capture_method]", "", "manual")
	if e != nil {
		return e
	}
	multi, e := f.choice("payment_method_options[card][request_multicapture]", "", "if_available", "never")
	if e != nil || capture == "" && multi == "" {
		return e
	}
	card := CardOptions{CaptureMethod: capture, RequestMulticapture: multi}
	if o := in.PaymentMethodOptions; o != nil { // an update changes what it names
		if card.CaptureMethod == "" {
			card.CaptureMethod = o.Card.CaptureMethod
		}
		if card.RequestMulticapture == "" {
			card.RequestMulticapture = o.Card.RequestMulticapture
		}
	}
	in.PaymentMethodOptions = &MethodOptions{Card: &card}
	return nil
}

// methodTypes sets the types of payment methods that an intent takes: those that the
// request lists, or all that fit the intent.
func (f *form) methodTypes(in *Intent) *Error {
	const list = "payment_method_types"
	types := f.all(list)
	automatic := in.AutomaticPaymentMethods
	if len(types) > 0 && automatic != nil {
		return invalid("parameters_exclusive", list, "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.")
	}
	for _, t := range types {
		switch k, known := kinds[t]; {
		case !known:
			return invalid("", list, "The payment method type \""+t+"\" is invalid. The sandbox serves "+strings.Join(kindNames, ", ")+".")
		case !k.serves(in.Currency):
			return invalid("", list, "The currency provided ("+in.Currency+") is invalid for "+t+". It supports: "+k.currencies+".")
		case !k.holds && in.CaptureMethod == "manual":
			return invalid("", list, "The payment method type "+t+" does not support manual capture.")
		}
	}
	switch {
	case len(types) > 0:
		in.PaymentMethodTypes = types
	case automatic != nil:
		in.PaymentMethodTypes = slices.DeleteFunc(slices.Clone(kindNames), func(t string) bool {
			k := kinds[t]
			return !k.serves(in.Currency) || !k.holds && in.CaptureMethod == "manual" || k.redirects && automatic.AllowRedirects == "never"
		})
	}
	return nil
}

// holds reports whether a payment with this method is authorized only.
func (in *Intent) holds(c card) bool {
	if !kinds[c.typ()].holds {
		return false
	}
	o := in.PaymentMethodOptions
	return in.CaptureMethod == "manual" || o != nil && o.Card.CaptureMethod == "manual"
}

// multicapture returns whether a hold on a card can be captured in several parts.
func (in *Intent) multicapture(c card) string {
	if o := in.PaymentMethodOptions; o == nil || o.Card.RequestMulticapture != "if_available" || c.once {
		return "unavailable"
	}
	return "available"
}

// fits refuses a payment method that the intent does not take.
func (in *Intent) fits(c card) *Error {
	if slices.Contains(in.PaymentMethodTypes, c.typ()) {
		return nil
	}
	return invalid("payment_intent_incompatible_payment_method", "payment_method", "The PaymentMethod provided ("+c.typ()+") is not allowed for this PaymentIntent. "+
		"Please attach a payment method of one of the following types: "+strings.Join(in.PaymentMethodTypes, ", ")+".")
}
