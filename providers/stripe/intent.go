package stripe

import (
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// productResult converts the SDK's result for an intent.
func productResult(op string, d direction) func(*sdk.PaymentIntent, error) (order.Intent, *failure) {
	return func(pi *sdk.PaymentIntent, err error) (order.Intent, *failure) {
		if err != nil {
			f := classify(op, d, err)
			e, _ := err.(*sdk.Error)
			if e == nil || e.Type != sdk.ErrorTypeCard || e.PaymentIntent == nil {
				return order.Intent{}, f
			}
			pi = e.PaymentIntent // a declined card is an outcome
			if pi.LastPaymentError == nil {
				pi.LastPaymentError = e
			}
		}
		if pi == nil || pi.ID == "" || pi.Status == "" {
			return order.Intent{}, classify(op, d, errNoAnswer)
		}
		in, err := toIntent(pi)
		if err != nil {
			return order.Intent{}, unreadableAmount(op, err)
		}
		return in, nil
	}
}

// toIntent converts Stripe's intent to ours.
func toIntent(pi *sdk.PaymentIntent) (order.Intent, error) {
	cur := strings.ToUpper(string(pi.Currency))
	in := order.Intent{
		ID: pi.ID, Provider: provider, Status: paymentStatus(pi),
		Amount: order.Money{Currency: cur}, CaptureBefore: captureBefore(pi), ClientSecret: pi.ClientSecret,
	}
	// An intent that another integration made on the same account belongs to no
	// order.
	if id, err := order.ParseID(pi.Metadata[metaOrder]); err == nil {
		in.OrderID = id
	}
	for _, a := range []struct {
		from int64
		to   *int64
	}{{pi.Amount, &in.Amount.Amount}, {pi.AmountCapturable, &in.Capturable}, {pi.AmountReceived, &in.Received}} {
		m, err := fromStripe(a.from, cur)
		if err != nil {
			return order.Intent{}, err
		}
		*a.to = m.Amount
	}
	if e := pi.LastPaymentError; e != nil && !in.Status.HasMoney() {
		in.Decline = order.NewDecline(string(e.Code), string(e.DeclineCode))
	}
	return in, nil
}

// captureBefore returns when the authorization of an intent lapses
// (https://docs.stripe.com/payments/capture-later). It returns the zero time if
// nothing is held, or if the intent has its charge's id only, as in a webhook.
func captureBefore(pi *sdk.PaymentIntent) time.Time {
	ch := pi.LatestCharge
	if pi.Status != sdk.PaymentIntentStatusRequiresCapture || ch == nil || ch.PaymentMethodDetails == nil || ch.PaymentMethodDetails.Card == nil {
		return time.Time{}
	}
	at := ch.PaymentMethodDetails.Card.CaptureBefore
	if at <= 0 || at > latest {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}

// A statement line holds 22 characters: the account's prefix, "* " and our
// suffix (https://docs.stripe.com/get-started/account/statement-descriptors).
const (
	statementLength    = 22
	maxStatementPrefix = 10
)

// statementSuffix returns as much of the order's number as fits the shopper's
// statement: no character that Stripe forbids, and at least one letter.
func statementSuffix(id order.ID, prefix string) string {
	n := len(prefix)
	if n == 0 {
		n = maxStatementPrefix
	}
	s := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(strings.TrimPrefix(string(id), "ord_")))
	s = s[:min(len(s), statementLength-2-n)]
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 'A' }) {
		s = "O" + s[:min(len(s), statementLength-3-n)]
	}
	return s
}
