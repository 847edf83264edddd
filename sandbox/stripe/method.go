package stripe

import (
	"net/http"
	"strings"
)

// method returns the payment method that a request names: a test method, or the
// card that the shopper typed.
func (c *call) method() (string, *Error) {
	method, typ := c.form.text("payment_method"), c.form.text("payment_method_data[type]")
	switch typed := c.form.hash("payment_method_data[card]"); {
	case typ == "" && len(typed) > 0:
		return "", invalid("parameter_missing", "payment_method_data[type]", "Missing required param: payment_method_data[type].")
	case typ == "": // a test method, or none
	case method != "":
		return "", invalid("parameters_exclusive", "payment_method", "You may only specify one of these parameters: payment_method, payment_method_data.")
	case typ != "card":
		return "", invalid("", "payment_method_data[type]", "The sandbox serves payment methods of the type card.")
	default:
		return c.typedCard(typed)
	}
	if _, ok := findCard(method); !ok && method != "" {
		return "", invalid("resource_missing", "payment_method", "No such PaymentMethod: '"+method+"'")
	}
	return method, nil
}

// typedCard returns the test method of a card that the shopper typed. Only
// Stripe.js, which sends the publishable key, may send card numbers.
func (c *call) typedCard(typed map[string]string) (string, *Error) {
	if !c.browser {
		return "", cardError("", "", "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using.")
	}
	for _, name := range []string{"number", "exp_month", "exp_year"} {
		if typed[name] == "" {
			param := "payment_method_data[card][" + name + "]"
			return "", invalid("parameter_missing", param, "Missing required param: "+param+".")
		}
	}
	month, _, e := c.form.number("payment_method_data[card][exp_month]")
	if e != nil {
		return "", e
	}
	year, _, e := c.form.number("payment_method_data[card][exp_year]")
	if e != nil {
		return "", e
	}
	if year < 100 {
		year += 2000
	}
	thisYear, thisMonth := int64(c.now.UTC().Year()), int64(c.now.UTC().Month())
	cvc, present := typed["cvc"]
	method, known := numbers[strings.ReplaceAll(typed["number"], " ", "")]
	switch {
	case !known:
		return "", cardError("incorrect_number", "number", "Your card number is incorrect.")
	case month < 1 || month > 12 || year == thisYear && month < thisMonth:
		return "", cardError("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	case year < thisYear || year > thisYear+50:
		return "", cardError("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
	case present && (len(cvc) < 3 || len(cvc) > 4 || strings.Trim(cvc, "0123456789") != ""):
		return "", cardError("invalid_cvc", "cvc", "Your card's security code is invalid.")
	}
	return method, nil
}

// cardError returns the error for a card that cannot be tried.
func cardError(code, param, message string) *Error {
	e := invalid(code, param, message)
	e.status, e.Type = http.StatusPaymentRequired, "card_error"
	return e
}
