package stripe

import (
	"slices"

	sdk "github.com/stripe/stripe-go/v76"
)

// allowMethods sets which payment methods an intent takes, and that what can be held
// is held. Stripe refuses an intent that is to be held as a whole and names a method
// that knows no hold; where there may be one, the hold is an option of cards.
func (c *Client) allowMethods(p *sdk.PaymentIntentParams) {
	methods := c.conf.Methods
	automatic := slices.Equal(methods, []string{Automatic})
	switch {
	case len(methods) == 0:
		p.CaptureMethod = sdk.String(string(sdk.PaymentIntentCaptureMethodManual))
		p.AutomaticPaymentMethods = &sdk.PaymentIntentAutomaticPaymentMethodsParams{
			Enabled: sdk.Bool(true),
			// A method that redirects would require a return URL at every confirmation.
			AllowRedirects: sdk.String("never"),
		}
		return
	case automatic:
		p.AutomaticPaymentMethods = &sdk.PaymentIntentAutomaticPaymentMethodsParams{Enabled: sdk.Bool(true), AllowRedirects: sdk.String("always")}
	default:
		p.PaymentMethodTypes = sdk.StringSlice(methods)
	}
	p.CaptureMethod = sdk.String(string(sdk.PaymentIntentCaptureMethodAutomatic))
	if automatic || slices.Contains(methods, "card") {
		p.PaymentMethodOptions = &sdk.PaymentIntentPaymentMethodOptionsParams{
			Card: &sdk.PaymentIntentPaymentMethodOptionsCardParams{CaptureMethod: sdk.String(string(sdk.PaymentIntentCaptureMethodManual))},
		}
	}
}
