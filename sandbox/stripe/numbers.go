package stripe

import (
	"slices"
	"strings"
)

// numbers maps the card numbers that a shopper types, as Stripe.js sends them,
// to test payment methods (https://docs.stripe.com/testing).
var numbers = map[string]string{
	"4242424242424242": "pm_card_visa", "4000056655665556": "pm_card_visa_debit",
	"5555555555554444": "pm_card_mastercard", "2223003122003222": "pm_card_mastercard",
	"5200828282828210": "pm_card_mastercard_debit", "5105105105105100": "pm_card_mastercard_prepaid",
	"378282246310005": "pm_card_amex", "371449635398431": "pm_card_amex",
	"6011111111111117": "pm_card_discover", "6011000990139424": "pm_card_discover", "6011981111111113": "pm_card_discover",
	"3056930009020004": "pm_card_diners", "36227206271667": "pm_card_diners", "6555900000604105": "pm_card_discover",
	"3566002020360505": "pm_card_jcb", "6200000000000005": "pm_card_unionpay", "6200000000000047": "pm_card_unionpay",
	"6205500000000000004": "pm_card_unionpay",
	"4000000000000077":    "pm_card_bypassPending", "4000003720000278": "pm_card_bypassPendingInternational",

	"4000002760003184": "pm_card_authenticationRequired", "4000002500003155": "pm_card_authenticationRequiredOnSetup",
	"4000003800000446": "pm_card_visa", // set up for payments without the shopper
	"4000008260003178": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
	"4000000000003220": "pm_card_threeDSecure2Required", "4000000000003063": "pm_card_threeDSecureRequired",
	"4000008400001629": "pm_card_threeDSecureRequiredChargeDeclined", "4000008400001280": "pm_card_threeDSecureRequiredProcessingError",
	"4000000000003055": "pm_card_threeDSecureOptional", "4000000000003097": "pm_card_threeDSecureOptional",

	"4000000000000002": "pm_card_chargeDeclined", "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
	"4000000000009987": "pm_card_chargeDeclinedLostCard", "4000000000009979": "pm_card_chargeDeclinedStolenCard",
	"4000000000000069": "pm_card_chargeDeclinedExpiredCard", "4000000000000127": "pm_card_chargeDeclinedIncorrectCvc",
	"4000000000000119": "pm_card_chargeDeclinedProcessingError", "4000000000006975": "pm_card_chargeDeclinedVelocityLimitExceeded",
	"4000000000000341": "pm_card_chargeCustomerFail",
	"4100000000000019": "pm_card_radarBlock", "4000000000004954": "pm_card_riskLevelHighest", "4000000000009235": "pm_card_riskLevelElevated",
	// The checks of the code and of the address fail, which alone declines nothing.
	"4000000000000101": "pm_card_visa", "4000000000000036": "pm_card_visa", "4000000000000028": "pm_card_visa",
	"4000000000000010": "pm_card_visa", "4000000000000044": "pm_card_visa",

	"4000000000000259": "pm_card_createDispute", "4000000000002685": "pm_card_createDisputeProductNotReceived",
	"4000000000001976": "pm_card_createDisputeInquiry",
	"4000000000005126": "pm_card_refundFail", "4000000000007726": "pm_card_pendingRefund",
	"4000008400000076": "pm_card_credit_disableEnterpriseCardFeatures",
}

// abroad maps countries to the numbers of their Visa cards, whose payments succeed.
// The test method of a country's card is pm_card_ with its code.
var abroad = map[string]string{
	"br": "4000000760000002", "ca": "4000001240000000", "mx": "4000004840008001", "ae": "4000007840000001",
	"at": "4000000400000008", "be": "4000000560000004", "bg": "4000001000000000", "by": "4000001120000005",
	"hr": "4000001910000009", "cy": "4000001960000008", "cz": "4000002030000002", "dk": "4000002080000001",
	"ee": "4000002330000009", "fi": "4000002460000001", "fr": "4000002500000003", "de": "4000002760000016",
	"gi": "4000002920000005", "gr": "4000003000000030", "hu": "4000003480000005", "ie": "4000003720000005",
	"it": "4000003800000008", "lv": "4000004280000005", "li": "4000004380000004", "lt": "4000004400000000",
	"lu": "4000004420000006", "mt": "4000004700000007", "nl": "4000005280000002", "no": "4000005780000007",
	"pl": "4000006160000005", "pt": "4000006200000007", "ro": "4000006420000001", "sa": "4000006820000007",
	"si": "4000007050000006", "sk": "4000007030000001", "es": "4000007240000007", "se": "4000007520000008",
	"ch": "4000007560000009", "gb": "4000008260000000", "au": "4000000360000006", "cn": "4000001560000002",
	"hk": "4000003440000004", "in": "4000003560000008", "jp": "4000003920000003", "my": "4000004580000002",
	"nz": "4000005540000008", "sg": "4000007020000003", "th": "4000007640000003",
}

// methodOfNumber returns the test payment method of a card's number, however its
// digits are grouped.
func methodOfNumber(number string) (method string, ok bool) {
	number = strings.NewReplacer(" ", "", "-", "").Replace(number)
	if method, ok = numbers[number]; ok {
		return method, true
	}
	for country, n := range abroad {
		if n == number {
			return "pm_card_" + country, true
		}
	}
	return "", false
}

// TestMethod is a way to pay in the sandbox.
type TestMethod struct {
	Name   string `json:"name"`             // what a person types
	Number string `json:"number,omitempty"` // the card's number or the IBAN, if there is one
	Method string `json:"method"`           // Stripe's test payment method
	Type   string `json:"type"`             // such as card or ideal
	Ends   string `json:"ends,omitempty"`   // what comes of it
}

// TestMethods lists ways to pay, each with another end.
var TestMethods = []TestMethod{
	{"visa", "4242 4242 4242 4242", "pm_card_visa", "card", "paid"},
	{"declined", "4000 0000 0000 0002", "pm_card_chargeDeclined", "card", "declined"},
	{"insufficient_funds", "4000 0000 0000 9995", "pm_card_chargeDeclinedInsufficientFunds", "card", "declined: insufficient funds"},
	{"lost_card", "4000 0000 0000 9987", "pm_card_chargeDeclinedLostCard", "card", "declined: the card was lost"},
	{"stolen_card", "4000 0000 0000 9979", "pm_card_chargeDeclinedStolenCard", "card", "declined: the card was stolen"},
	{"expired_card", "4000 0000 0000 0069", "pm_card_chargeDeclinedExpiredCard", "card", "declined: the card has expired"},
	{"incorrect_cvc", "4000 0000 0000 0127", "pm_card_chargeDeclinedIncorrectCvc", "card", "declined: wrong security code"},
	{"processing_error", "4000 0000 0000 0119", "pm_card_chargeDeclinedProcessingError", "card", "declined: error while processing"},
	{"3ds", "4000 0027 6000 3184", "pm_card_authenticationRequired", "card", "the bank asks for confirmation (3-D Secure)"},
	{"3ds_declined", "4000 0084 0000 1629", "pm_card_threeDSecureRequiredChargeDeclined", "card", "3-D Secure, then declined"},
	{"dispute", "4000 0000 0000 0259", "pm_card_createDispute", "card", "paid, then disputed as fraudulent"},
	{"inquiry", "4000 0000 0000 1976", "pm_card_createDisputeInquiry", "card", "paid, then the bank inquires"},
	{"refund_fails", "4000 0000 0000 5126", "pm_card_refundFail", "card", "paid; a refund fails later"},
	{"refund_pending", "4000 0000 0000 7726", "pm_card_pendingRefund", "card", "paid; a refund is pending at first"},
	{"slow", "", notOfStripe, "card", "processing, until the bank decides"},
	{"ideal", "", "pm_sandbox_ideal", "ideal", "redirected to the bank's page; captured at once"},
	{"bancontact", "", "pm_sandbox_bancontact", "bancontact", "redirected to the bank's page; captured at once"},
	{"eps", "", "pm_sandbox_eps", "eps", "redirected to the bank's page; captured at once"},
	{"sepa_debit", "AT61 1904 3002 3457 3201", "pm_success_at", "sepa_debit", "processing, then captured"},
	{"sepa_debit_fails", "AT86 1904 3002 3547 3202", "pm_failed_at", "sepa_debit", "processing, then failed"},
	{"sepa_debit_disputed", "AT59 1904 3002 3547 3203", "pm_disputed_at", "sepa_debit", "processing, captured, then disputed"},
}

// FindTestMethod returns the way to pay that a person names: by its name, by a
// card's number or an IBAN, or by Stripe's name of a test payment method.
func FindTestMethod(what string) (TestMethod, bool) {
	method := strings.TrimSpace(what)
	if i := slices.IndexFunc(TestMethods, func(m TestMethod) bool { return m.Name == method }); i >= 0 {
		return TestMethods[i], true
	}
	if m, ok := methodOfNumber(method); ok {
		method = m
	} else if m, ok := methodOfIBAN(method); ok {
		method = m
	}
	c, ok := findCard(method)
	return TestMethod{Name: what, Method: method, Type: c.typ()}, ok
}
