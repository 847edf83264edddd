package stripe

import (
	"cmp"
	"strings"
)

// card is one of Stripe's published test payment methods
// (https://docs.stripe.com/testing). Most of them are cards.
type card struct {
	kind         string // the type of the payment method, if it is not a card
	brand, last4 string
	code         string // the decline's error code; empty if the payment is accepted
	declineCode  string
	message      string
	authenticate bool   // the bank requires 3-D Secure
	slow         bool   // the bank decides later
	delayed      bool   // a debit that is processing for longer than others
	once         bool   // a hold cannot be captured in several parts
	dispute      string // reason of the dispute that follows the capture; empty for none
	inquiry      bool   // the dispute is an inquiry of the bank, which takes no money
	refund       string // how a refund begins or ends; empty if it succeeds at once
}

// typ returns the type of the payment method.
func (c card) typ() string { return cmp.Or(c.kind, "card") }

const (
	declined = "Your card was declined."
	// notOfStripe is the one payment method that Stripe does not publish: a card
	// whose bank decides later, so that the status "processing" can be tested.
	notOfStripe = "pm_sandbox_slow"
)

var cards = map[string]card{
	"pm_card_visa":                 {brand: "visa", last4: "4242"},
	"pm_card_visa_debit":           {brand: "visa", last4: "5556"},
	"pm_card_mastercard":           {brand: "mastercard", last4: "4444"},
	"pm_card_mastercard_debit":     {brand: "mastercard", last4: "8210"},
	"pm_card_mastercard_prepaid":   {brand: "mastercard", last4: "5100"},
	"pm_card_amex":                 {brand: "amex", last4: "8431"},
	"pm_card_discover":             {brand: "discover", last4: "9424"},
	"pm_card_diners":               {brand: "diners", last4: "0004"},
	"pm_card_jcb":                  {brand: "jcb", last4: "0505"},
	"pm_card_unionpay":             {brand: "unionpay", last4: "0005"},
	"pm_card_bypassPending":        {brand: "visa", last4: "0077"},
	"pm_card_riskLevelElevated":    {brand: "visa", last4: "9235"},
	"pm_card_threeDSecureOptional": {brand: "visa", last4: "3055"},
	notOfStripe:                    {brand: "visa", last4: "7777", slow: true},

	"pm_card_bypassPendingInternational":           {brand: "visa", last4: "0278"},
	"pm_card_credit_disableEnterpriseCardFeatures": {brand: "visa", last4: "0076", once: true},

	"pm_card_createDispute":                   {brand: "visa", last4: "0259", dispute: "fraudulent"},
	"pm_card_createDisputeProductNotReceived": {brand: "visa", last4: "2685", dispute: "product_not_received"},
	"pm_card_createDisputeInquiry":            {brand: "visa", last4: "1976", dispute: "fraudulent", inquiry: true},
	"pm_card_refundFail":                      {brand: "visa", last4: "5126", refund: "failed"},
	"pm_card_pendingRefund":                   {brand: "visa", last4: "7726", refund: pending},

	"pm_card_authenticationRequired":        {brand: "visa", last4: "3184", authenticate: true},
	"pm_card_authenticationRequiredOnSetup": {brand: "visa", last4: "3155", authenticate: true},
	"pm_card_threeDSecure2Required":         {brand: "visa", last4: "3220", authenticate: true},
	"pm_card_threeDSecureRequired":          {brand: "visa", last4: "3063", authenticate: true},
	"pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": {
		brand: "visa", last4: "3178", authenticate: true, code: "card_declined", declineCode: "insufficient_funds", message: "Your card has insufficient funds.",
	},
	"pm_card_threeDSecureRequiredChargeDeclined":  {brand: "visa", last4: "1629", authenticate: true, code: "card_declined", declineCode: "generic_decline", message: declined},
	"pm_card_threeDSecureRequiredProcessingError": {brand: "visa", last4: "1280", code: "card_declined", declineCode: "generic_decline", message: declined},

	"pm_card_chargeDeclined":                  {brand: "visa", last4: "0002", code: "card_declined", declineCode: "generic_decline", message: declined},
	"pm_card_chargeDeclinedInsufficientFunds": {brand: "visa", last4: "9995", code: "card_declined", declineCode: "insufficient_funds", message: "Your card has insufficient funds."},
	"pm_card_chargeDeclinedLostCard":          {brand: "visa", last4: "9987", code: "card_declined", declineCode: "lost_card", message: declined},
	"pm_card_chargeDeclinedStolenCard":        {brand: "visa", last4: "9979", code: "card_declined", declineCode: "stolen_card", message: declined},
	"pm_card_chargeDeclinedFraudulent":        {brand: "visa", last4: "0019", code: "card_declined", declineCode: "fraudulent", message: declined},
	"pm_card_radarBlock":                      {brand: "visa", last4: "0019", code: "card_declined", declineCode: "fraudulent", message: declined},
	"pm_card_riskLevelHighest":                {brand: "visa", last4: "4954", code: "card_declined", declineCode: "fraudulent", message: declined},
	"pm_card_chargeDeclinedExpiredCard":       {brand: "visa", last4: "0069", code: "expired_card", message: "Your card has expired."},
	"pm_card_chargeDeclinedIncorrectCvc":      {brand: "visa", last4: "0127", code: "incorrect_cvc", message: "Your card's security code is incorrect."},
	"pm_card_chargeDeclinedProcessingError":   {brand: "visa", last4: "0119", code: "processing_error", message: "An error occurred while processing your card. Try again in a little bit."},
	"pm_card_chargeDeclinedVelocityLimitExceeded": {
		brand: "visa", last4: "6975", code: "card_declined", declineCode: "card_velocity_exceeded",
		message: "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
	},
	"pm_card_chargeCustomerFail": {brand: "visa", last4: "0341", code: "card_declined", declineCode: "generic_decline", message: declined},
}

// findCard returns a test payment method. Stripe publishes some under two names.
func findCard(method string) (card, bool) {
	method = strings.Replace(method, "pm_card_visa_charge", "pm_card_charge", 1)
	if c, ok := cards[method]; ok {
		return c, true
	}
	if c, ok := otherMethods[method]; ok {
		return c, true
	}
	if country, ok := strings.CutPrefix(method, "pm_card_"); ok && abroad[country] != "" {
		return card{brand: "visa", last4: abroad[country][12:]}, true
	}
	return findDebit(method)
}
