package stripe

import "strings"

// card is one of Stripe's published test payment methods
// (https://docs.stripe.com/testing).
type card struct {
	brand, last4 string
	code         string // the decline's error code; empty if the card is accepted
	declineCode  string
	message      string
	authenticate bool   // the bank requires 3-D Secure
	slow         bool   // the bank decides later
	dispute      string // reason of the dispute that follows the capture; empty for none
	refund       string // how a refund to the card ends; empty if it succeeds
}

const (
	declined = "Your card was declined."
	// notOfStripe is the one payment method that Stripe does not publish: a card
	// whose bank decides later, so that the status "processing" can be tested.
	notOfStripe = "pm_sandbox_slow"
)

var cards = map[string]card{
	"pm_card_visa":       {brand: "visa", last4: "4242"},
	"pm_card_visa_debit": {brand: "visa", last4: "5556"},
	"pm_card_mastercard": {brand: "mastercard", last4: "4444"},
	"pm_card_amex":       {brand: "amex", last4: "8431"},
	"pm_card_discover":   {brand: "discover", last4: "9424"},
	"pm_card_diners":     {brand: "diners", last4: "0004"},
	"pm_card_jcb":        {brand: "jcb", last4: "0505"},
	"pm_card_unionpay":   {brand: "unionpay", last4: "0005"},
	notOfStripe:          {brand: "visa", last4: "7777", slow: true},

	"pm_card_createDispute":                   {brand: "visa", last4: "0259", dispute: "fraudulent"},
	"pm_card_createDisputeProductNotReceived": {brand: "visa", last4: "2685", dispute: "product_not_received"},
	"pm_card_refundFail":                      {brand: "visa", last4: "5126", refund: "failed"},

	"pm_card_authenticationRequired":        {brand: "visa", last4: "3184", authenticate: true},
	"pm_card_authenticationRequiredOnSetup": {brand: "visa", last4: "3155", authenticate: true},
	"pm_card_threeDSecure2Required":         {brand: "visa", last4: "3220", authenticate: true},
	"pm_card_threeDSecureRequired":          {brand: "visa", last4: "3063", authenticate: true},

	"pm_card_chargeDeclined":                  {brand: "visa", last4: "0002", code: "card_declined", declineCode: "generic_decline", message: declined},
	"pm_card_chargeDeclinedInsufficientFunds": {brand: "visa", last4: "9995", code: "card_declined", declineCode: "insufficient_funds", message: "Your card has insufficient funds."},
	"pm_card_chargeDeclinedLostCard":          {brand: "visa", last4: "9987", code: "card_declined", declineCode: "lost_card", message: declined},
	"pm_card_chargeDeclinedStolenCard":        {brand: "visa", last4: "9979", code: "card_declined", declineCode: "stolen_card", message: declined},
	"pm_card_chargeDeclinedFraudulent":        {brand: "visa", last4: "0019", code: "card_declined", declineCode: "fraudulent", message: declined},
	"pm_card_chargeDeclinedExpiredCard":       {brand: "visa", last4: "0069", code: "expired_card", message: "Your card has expired."},
	"pm_card_chargeDeclinedIncorrectCvc":      {brand: "visa", last4: "0127", code: "incorrect_cvc", message: "Your card's security code is incorrect."},
	"pm_card_chargeDeclinedProcessingError":   {brand: "visa", last4: "0119", code: "processing_error", message: "An error occurred while processing your card. Try again in a little bit."},
	"pm_card_chargeDeclinedVelocityLimitExceeded": {
		brand: "visa", last4: "6975", code: "card_declined", declineCode: "card_velocity_exceeded",
		message: "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
	},
	"pm_card_chargeCustomerFail": {brand: "visa", last4: "0341", code: "card_declined", declineCode: "generic_decline", message: declined},
}

// numbers maps the card numbers that a shopper types, as Stripe.js sends them,
// to test payment methods.
var numbers = map[string]string{
	"4242424242424242": "pm_card_visa", "4000056655665556": "pm_card_visa_debit", "5555555555554444": "pm_card_mastercard",
	"378282246310005": "pm_card_amex", "4000002760003184": "pm_card_authenticationRequired",
	"4000002500003155": "pm_card_authenticationRequiredOnSetup", "4000000000003220": "pm_card_threeDSecure2Required",
	"4000000000000002": "pm_card_chargeDeclined", "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
	"4000000000009987": "pm_card_chargeDeclinedLostCard", "4000000000009979": "pm_card_chargeDeclinedStolenCard",
	"4000000000000069": "pm_card_chargeDeclinedExpiredCard", "4000000000000127": "pm_card_chargeDeclinedIncorrectCvc",
	"4000000000000119": "pm_card_chargeDeclinedProcessingError", "4000000000006975": "pm_card_chargeDeclinedVelocityLimitExceeded",
	"4000000000000341": "pm_card_chargeCustomerFail",
	"4000000000000259": "pm_card_createDispute", "4000000000002685": "pm_card_createDisputeProductNotReceived", "4000000000005126": "pm_card_refundFail",
}

// findCard returns the card of a payment method. Stripe publishes some under two
// names.
func findCard(method string) (card, bool) {
	c, ok := cards[strings.Replace(method, "pm_card_visa_charge", "pm_card_charge", 1)]
	return c, ok
}
