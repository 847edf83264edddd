package stripe

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"
)

// allowMethods sets which payment methods an intent takes, and that what can be held
// is held. Stripe refuses an intent that is to be held as a whole and names a method
// that knows no hold; where there may be one, the hold is an option of cards.
func (c *Client) allowMethods(p *sdk.PaymentIntentParams) error {
	methods := slices.DeleteFunc(slices.Clone(c.conf.Methods), func(m string) bool {
		in, limited := currencies[m]
		return limited && !strings.Contains(in, *p.Currency)
	})
	if len(methods) == 0 && len(c.conf.Methods) > 0 {
		return fmt.Errorf("none of the configured payment methods (%s) takes %s", strings.Join(c.conf.Methods, ", "), strings.ToUpper(*p.Currency))
	}
	automatic := slices.Equal(methods, []string{Automatic})
	switch {
	case len(methods) == 0:
		p.CaptureMethod = sdk.String(string(sdk.PaymentIntentCaptureMethodManual))
		p.AutomaticPaymentMethods = &sdk.PaymentIntentAutomaticPaymentMethodsParams{
			Enabled: sdk.Bool(true),
			// A method that redirects would require a return URL at every confirmation.
			AllowRedirects: sdk.String("never"),
		}
		return nil
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
	return nil
}

// currencies are the only currencies in which some methods can be charged
// (https://docs.stripe.com/payments/payment-methods/payment-method-support#additional-api-supportability).
// Stripe refuses an intent that names a method for another currency, which would refuse
// the order of a shopper who can pay with a card.
var currencies = map[string]string{
	"acss_debit": "cad usd", "au_becs_debit": "aud", "bacs_debit": "gbp", "bancontact": "eur", "blik": "pln", "boleto": "brl", "cashapp": "usd",
	"eps": "eur", "fpx": "myr", "giropay": "eur", "grabpay": "myr sgd", "ideal": "eur", "konbini": "jpy", "multibanco": "eur", "oxxo": "mxn",
	"p24": "eur pln", "paynow": "sgd", "pix": "brl", "promptpay": "thb", "sepa_debit": "eur", "sofort": "eur", "swish": "sek", "twint": "chf",
	"us_bank_account": "usd", "zip": "aud",
}
