package order

import (
	"time"
)

// Payment is one payment of an order, at one provider.
type Payment struct {
	Number    int           `json:"number"`              // 1, 2 … within the order; part of its idempotency keys
	Provider  string        `json:"provider,omitempty"`  // empty until the provider has responded
	Reference string        `json:"reference,omitempty"` // the provider's id of it
	Status    PaymentStatus `json:"status,omitempty"`    // empty until the provider has responded
	// Amount is what the shopper is asked to pay with it, in minor units of the order's
	// currency; 0: the order's total.
	Amount int64 `json:"amount,omitempty"`
	// Authorized, Captured, Refunded and Disputed are amounts in minor units of the
	// order's currency. Refunded includes refunds that are pending; Disputed is what
	// is disputed or was lost in a dispute.
	Authorized int64 `json:"authorized"`
	Captured   int64 `json:"captured"`
	Refunded   int64 `json:"refunded"`
	Disputed   int64 `json:"disputed,omitempty"`
	// Change is the id of the change of the order that the payment pays for; empty: it
	// pays for the order as it was placed. While the change waits for it, it is on standby.
	Change string `json:"changeId,omitempty"`
	// Surplus marks a payment that the order did not ask for, or that was replaced:
	// it is refunded or voided, and does not count.
	Surplus bool `json:"surplus,omitempty"`
	// Standby marks a payment that the shopper is asked for because the hold of the one
	// before is about to lapse, or because of a change. It does not count until its money
	// is held.
	Standby bool `json:"standby,omitempty"`
	// CaptureBefore is when the authorization lapses, as the provider says; zero if
	// nothing is held, or the provider does not say.
	CaptureBefore time.Time `json:"captureBefore,omitzero"`
	// AuthorizedAt is when the order learned that the amount is held.
	AuthorizedAt time.Time `json:"authorizedAt,omitzero"`
	Decline      *Decline  `json:"decline,omitempty"` // why the last attempt failed
	// Receipts are the sums that a person has booked; the captured amount of a manual
	// payment is their total.
	Receipts []Receipt `json:"receipts,omitempty"`
}

// Manual is the provider of payments that no program can take or refund, such as
// bank transfers and cash. A person books what came in and what was paid out.
const Manual = "manual"

// Manual reports whether a person takes and refunds the payment.
func (p Payment) Manual() bool { return p.Provider == Manual }

// Receipt is a sum that came in without a payment provider.
type Receipt struct {
	Reference string    `json:"reference"` // such as that of the bank statement
	Amount    int64     `json:"amount"`    // minor units
	At        time.Time `json:"at"`        // when the money came in
}

// PaymentMethod is how a shopper pays for an order.
type PaymentMethod string

// The methods of payment.
const (
	PayOnline   PaymentMethod = ""       // at the payment provider
	PayManually PaymentMethod = "manual" // in advance, by bank transfer or in cash
)

// refundable returns how much of the payment can still be refunded. A surplus
// payment at a provider is refunded as a whole anyway.
func (p Payment) refundable() int64 {
	if p.Surplus && !p.Manual() {
		return 0
	}
	return max(p.Captured-p.Refunded-p.Disputed, 0)
}

// PaymentStatus is a payment's state in words that no provider owns. Each adapter
// maps its provider's words to them.
type PaymentStatus string

// The states of a payment.
const (
	PaymentPending           PaymentStatus = "pending"            // new, or the last attempt was declined
	PaymentRequiresAction    PaymentStatus = "requires_action"    // the shopper must confirm it, as with 3-D Secure
	PaymentProcessing        PaymentStatus = "processing"         // the provider is working on it
	PaymentAuthorized        PaymentStatus = "authorized"         // the amount is held
	PaymentPartiallyCaptured PaymentStatus = "partially_captured" // a part was captured, and the rest released
	PaymentCaptured          PaymentStatus = "captured"
	PaymentCanceled          PaymentStatus = "canceled"
	PaymentExpired           PaymentStatus = "expired" // the authorization lapsed
	PaymentFailed            PaymentStatus = "failed"  // it cannot be tried again
	// PaymentConflicted says that the amount or the currency differs from the
	// order's. Only the order gives a payment this status, never an adapter.
	PaymentConflicted PaymentStatus = "conflicted"
	PaymentUnknown    PaymentStatus = "unknown" // a status that the adapter does not know
)

// PaymentStatuses lists every status that an adapter can report.
func PaymentStatuses() []PaymentStatus {
	return []PaymentStatus{
		PaymentPending, PaymentRequiresAction, PaymentProcessing, PaymentAuthorized, PaymentPartiallyCaptured, PaymentCaptured,
		PaymentCanceled, PaymentExpired, PaymentFailed, PaymentUnknown,
	}
}

// HasMoney reports whether money is held or was captured.
func (s PaymentStatus) HasMoney() bool {
	return s == PaymentAuthorized || s == PaymentPartiallyCaptured || s == PaymentCaptured
}

// Unpaid reports whether the shopper can still pay, and no money is held.
func (s PaymentStatus) Unpaid() bool {
	return s == PaymentPending || s == PaymentRequiresAction || s == PaymentProcessing
}

// Dead reports whether the payment can never hold money again.
func (s PaymentStatus) Dead() bool {
	return s == PaymentCanceled || s == PaymentExpired || s == PaymentFailed
}

// Dispute is a payment that the shopper's bank claims back.
type Dispute struct {
	ID         string        `json:"id"`
	PaymentRef string        `json:"paymentRef"`
	Amount     Money         `json:"amount"`
	Reason     string        `json:"reason"` // the provider's term, such as "product_not_received"
	Status     DisputeStatus `json:"status"`
	// AnswerBy is when the shop's evidence is due; zero if the provider does
	// not say.
	AnswerBy time.Time `json:"answerBy,omitzero"`
	At       time.Time `json:"at,omitzero"` // when the provider reported this state
}

// DisputeStatus is a dispute's state in words that no provider owns. Each adapter
// maps its provider's words to them.
type DisputeStatus string

// The states of a dispute.
const (
	DisputeInquiry       DisputeStatus = "inquiry"        // the bank asks for details; no money has moved
	DisputeNeedsResponse DisputeStatus = "needs_response" // the bank has taken the money; the shop can submit evidence
	DisputeUnderReview   DisputeStatus = "under_review"   // the bank examines the evidence
	DisputeWon           DisputeStatus = "won"            // closed; the dispute takes no money from the shop
	DisputeLost          DisputeStatus = "lost"           // closed; the shopper's bank keeps the money
)

// DisputeStatuses lists every state of a dispute.
func DisputeStatuses() []DisputeStatus {
	return []DisputeStatus{DisputeInquiry, DisputeNeedsResponse, DisputeUnderReview, DisputeWon, DisputeLost}
}

// Closed reports whether the dispute has ended.
func (d Dispute) Closed() bool { return d.Status == DisputeWon || d.Status == DisputeLost }

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
