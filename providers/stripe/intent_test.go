package stripe

import (
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/order"
)

// TestToIntent (PAY-7, PAY-8): each amount has its meaning, a decline is forgotten
// once there is money, and only a held amount lapses.
func TestToIntent(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	declined := &sdk.Error{Type: sdk.ErrorTypeCard, Code: sdk.ErrorCodeCardDeclined, DeclineCode: sdk.DeclineCodeInsufficientFunds}
	until := func(unix int64) *sdk.Charge {
		return &sdk.Charge{PaymentMethodDetails: &sdk.ChargePaymentMethodDetails{Card: &sdk.ChargePaymentMethodDetailsCard{CaptureBefore: unix}}}
	}
	for _, c := range []struct {
		name     string
		intent   sdk.PaymentIntent
		declined bool
		lapses   time.Time
	}{
		{name: "declined", intent: sdk.PaymentIntent{Status: "requires_payment_method", LastPaymentError: declined}, declined: true},
		{name: "cancelled after a decline", intent: sdk.PaymentIntent{Status: "canceled", LastPaymentError: declined}, declined: true},
		{name: "held after a decline", intent: sdk.PaymentIntent{Status: "requires_capture", LastPaymentError: declined}},
		{name: "captured after a decline", intent: sdk.PaymentIntent{Status: "succeeded", LastPaymentError: declined}},
		{name: "held for a while", intent: sdk.PaymentIntent{Status: "requires_capture", LatestCharge: until(at.Unix())}, lapses: at},
		{name: "held, without a time", intent: sdk.PaymentIntent{Status: "requires_capture", LatestCharge: until(0)}},
		{name: "held, with a time before 1970", intent: sdk.PaymentIntent{Status: "requires_capture", LatestCharge: until(-1)}},
		{name: "held, with a time that cannot be", intent: sdk.PaymentIntent{Status: "requires_capture", LatestCharge: until(latest + 1)}},
		{name: "held, the charge is an id only", intent: sdk.PaymentIntent{Status: "requires_capture", LatestCharge: &sdk.Charge{ID: "ch_1"}}},
		{name: "captured in time", intent: sdk.PaymentIntent{Status: "succeeded", LatestCharge: until(at.Unix())}},
	} {
		c.intent.Currency, c.intent.Amount, c.intent.AmountCapturable, c.intent.AmountReceived = "eur", 1000, 700, 300
		in, err := toIntent(&c.intent)
		if err != nil || in.Amount != (order.Money{Amount: 1000, Currency: "EUR"}) || in.Capturable != 700 || in.Received != 300 {
			t.Errorf("%s: %+v, %v", c.name, in, err)
		}
		if (in.Decline != nil) != c.declined || !in.CaptureBefore.Equal(c.lapses) {
			t.Errorf("%s: declined %+v, lapses at %s", c.name, in.Decline, in.CaptureBefore)
		}
	}
}
