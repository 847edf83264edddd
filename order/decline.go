package order

// Decline says why a card was declined, in words a shopper may see.
type Decline struct {
	Code        string `json:"code"`                  // the provider's error code, such as "card_declined"
	DeclineCode string `json:"declineCode,omitempty"` // the bank's reason, such as "insufficient_funds"
	Message     string `json:"message"`               // for the shopper
}

// declineMessages are the reasons that a shopper may see
// (https://docs.stripe.com/declines/codes). Stolen, lost and fraudulent are
// missing on purpose: the bank asks not to disclose them to the shopper.
var declineMessages = map[string]string{
	"insufficient_funds":                    "The card has insufficient funds. Please use another card.",
	"expired_card":                          "The card has expired. Please use another card.",
	"incorrect_cvc":                         "The card's security code is incorrect. Please check it.",
	"invalid_cvc":                           "The card's security code is incorrect. Please check it.",
	"incorrect_number":                      "The card number is incorrect. Please check it.",
	"invalid_expiry_month":                  "The card's expiry date is incorrect. Please check it.",
	"invalid_expiry_year":                   "The card's expiry date is incorrect. Please check it.",
	"processing_error":                      "The card could not be processed. Please try again in a moment.",
	"authentication_required":               "The bank asks you to confirm the payment. Please try again.",
	"payment_intent_authentication_failure": "The payment was not confirmed with the bank. Please try again or use another card.",
	"card_velocity_exceeded":                "The card's limit is reached. Please use another card.",
	"payment_intent_payment_attempt_failed": "The payment did not succeed. Please pay in another way.",
	"charge_exceeds_source_limit":           "The account's limit is reached. Please pay in another way.",
	"charge_exceeds_weekly_limit":           "The account's limit is reached. Please pay in another way.",
	"currency_not_supported":                "The card does not support this currency. Please use another card.",
}

// NewDecline returns a decline with the message for its codes; codes without a
// message of their own get the general one.
func NewDecline(code, declineCode string) *Decline {
	d := &Decline{Code: code, DeclineCode: declineCode, Message: "The card was declined. Please use another card."}
	for _, c := range []string{declineCode, code} {
		if m, ok := declineMessages[c]; ok {
			d.Message = m
			break
		}
	}
	return d
}
