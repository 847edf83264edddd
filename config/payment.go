package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Payment holds the settings of payments at Stripe.
type Payment struct {
	PaymentMethods []string `help:"The types of payment methods that shoppers may choose, as Stripe names them (card,ideal,sepa_debit), or automatic: all that Stripe's dashboard allows. Cards are authorised first and captured when the parcel is booked; methods that know no authorisation are captured when the shopper confirms. Default: what the dashboard allows and can be authorised first without redirecting the shopper." env:"PURSER_PAYMENT_METHODS"`
	ReturnURL      string   `name:"return-url" help:"The address of your shop to which banks send the shopper back; the order's id is added as 'order'. POST /v1/orders returns it, for the browser to confirm with. Default: the sample shop, while the sandbox plays Stripe." env:"PURSER_RETURN_URL"`
}

// withoutRedirect are types of payment methods for which the shopper leaves the shop's
// page at most for 3-D Secure, which Stripe.js shows on the page itself.
var withoutRedirect = []string{"card", "link", "sepa_debit", "bacs_debit", "au_becs_debit", "acss_debit", "us_bank_account"}

func (c *Config) checkPayment() error {
	seen := map[string]bool{}
	redirects := false
	for _, m := range c.PaymentMethods {
		switch {
		case m == "" || strings.Trim(m, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
			return fmt.Errorf("PURSER_PAYMENT_METHODS: %q is no type of Stripe's: want names such as card,ideal,sepa_debit", m)
		case seen[m]:
			return fmt.Errorf("PURSER_PAYMENT_METHODS: %s is named twice", m)
		case m == "automatic" && len(c.PaymentMethods) > 1:
			return errors.New("PURSER_PAYMENT_METHODS: automatic stands alone: it includes all others")
		}
		seen[m] = true
		redirects = redirects || !slices.Contains(withoutRedirect, m)
	}
	if c.ReturnURL == "" {
		if redirects && c.StripeKey != "" {
			return errors.New("PURSER_PAYMENT_METHODS has methods that send the shopper to a page of the bank: PURSER_RETURN_URL is needed too, the address to come back to")
		}
		return nil
	}
	u, err := url.Parse(c.ReturnURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("PURSER_RETURN_URL: want https://host/path")
	}
	return nil
}
