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
		return c.typedOther(typ)
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
	method, known := methodOfNumber(typed["number"])
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

// idealBanks are the banks that a shopper may name for iDEAL.
var idealBanks = []string{
	"abn_amro", "asn_bank", "bunq", "handelsbanken", "ing", "knab", "moneyou", "n26", "rabobank", "regiobank", "revolut", "sns_bank",
	"triodos_bank", "van_lanschot", "yoursafe",
}

// typedOther returns the test method of a type other than a card, for which the
// shopper typed a name, an account or nothing.
func (c *call) typedOther(typ string) (string, *Error) {
	k, known := kinds[typ]
	if !known {
		return "", invalid("", "payment_method_data[type]", "The sandbox serves payment methods of the types "+strings.Join(kindNames, ", ")+".")
	}
	const data = "payment_method_data"
	shopper := c.form.hash(data + "[billing_details]")
	for field, required := range map[string]bool{"name": k.named, "email": k.debits} {
		if param := data + "[billing_details][" + field + "]"; required && shopper[field] == "" {
			return "", invalid("parameter_missing", param, "Missing required param: "+param+".")
		}
	}
	switch typ {
	case "sepa_debit":
		method, known := methodOfIBAN(c.form.text(data + "[sepa_debit][iban]"))
		if !known {
			return "", invalid("", data+"[sepa_debit][iban]", "The IBAN you provided is invalid. The sandbox knows Stripe's test accounts.")
		}
		return method, nil
	case "ideal":
		if _, e := c.form.choice(data+"[ideal][bank]", append([]string{""}, idealBanks...)...); e != nil {
			return "", e
		}
	}
	return "pm_sandbox_" + typ, nil
}

// cardError returns the error for a card that cannot be tried.
func cardError(code, param, message string) *Error {
	e := invalid(code, param, message)
	e.status, e.Type = http.StatusPaymentRequired, "card_error"
	return e
}
