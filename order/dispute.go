package order

import "time"

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
