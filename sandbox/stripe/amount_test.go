package stripe_test

import (
	"fmt"
	"net/http"
	"testing"

	"purser/sandbox/stripe"
)

// TestAmountDigits: an amount has as many digits as Stripe documents for its currency.
func TestAmountDigits(t *testing.T) {
	b := start(t, stripe.Config{})
	for _, tc := range []struct {
		currency string
		amount   int64
		code     string // "": accepted
	}{
		{currency: "eur", amount: 99_999_999},
		{currency: "eur", amount: 100_000_000, code: "amount_too_large"},
		{currency: "idr", amount: 150_000_000},
		{currency: "idr", amount: 999_999_999_999},
		{currency: "idr", amount: 1_000_000_000_000, code: "amount_too_large"},
		{currency: "inr", amount: 999_999_999},
		{currency: "inr", amount: 1_000_000_000, code: "amount_too_large"},
		{currency: "cop", amount: 9_999_999_999},
		{currency: "cop", amount: 10_000_000_000, code: "amount_too_large"},
		{currency: "huf", amount: 10_000_000_000, code: "amount_too_large"},
		{currency: "jpy", amount: 10_000_000_000, code: "amount_too_large"},
		{currency: "lbp", amount: 100_000_000_000, code: "amount_too_large"},
		{currency: "isk", amount: 99_999_900},
		{currency: "isk", amount: 100_000_000, code: "amount_too_large"},
		{currency: "isk", amount: 99_050, code: "invalid_charge_amount"},
		{currency: "vnd", amount: 100_000_000, code: "amount_too_large"},
		{currency: "eur", amount: 49, code: "amount_too_small"},
	} {
		a := b.ask(sk, "POST", intents, fmt.Sprintf("amount=%d&currency=%s", tc.amount, tc.currency), "")
		if a.Error.Code != tc.code || (tc.code == "") != (a.status == http.StatusOK) {
			t.Errorf("%d %s: got %d %s", tc.amount, tc.currency, a.status, a.raw)
		}
	}
}
