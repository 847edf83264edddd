package order

import (
	"time"

	"purser/mail"
)

// Refund is money given back, or to be.
type Refund struct {
	ID       string       `json:"id"`
	IntentID string       `json:"intentId"`
	Amount   Money        `json:"amount"`
	Status   RefundStatus `json:"status"`
	// Notified is the status the shopper got a mail about; empty: none.
	Notified RefundStatus `json:"told,omitempty"`
}

// RefundStatus is where a refund stands at the provider.
type RefundStatus string

// The states of a refund. One that succeeded can fail later, when the bank
// sends the money back.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"   // the bank did not take the money
	RefundCanceled  RefundStatus = "canceled" // called off before it went out
)

// ParseRefundStatus maps a provider's status; one that is not known, or that
// waits for somebody, is pending.
func ParseRefundStatus(s string) RefundStatus {
	switch st := RefundStatus(s); st {
	case RefundSucceeded, RefundFailed, RefundCanceled:
		return st
	}
	return RefundPending
}

var refundRank = map[RefundStatus]int{RefundPending: 1, RefundSucceeded: 2, RefundFailed: 3, RefundCanceled: 3}

// Overtakes reports whether s is further along than t.
func (s RefundStatus) Overtakes(t RefundStatus) bool { return refundRank[s] > refundRank[t] }

// Moves reports whether the money is the shopper's, or on its way there.
func (s RefundStatus) Moves() bool { return s == RefundPending || s == RefundSucceeded }

// mail is what the shopper is told of it; empty: nothing.
func (s RefundStatus) mail() Notification {
	switch s {
	case RefundSucceeded:
		return MailRefunded
	case RefundFailed:
		return MailRefundFailed
	}
	return ""
}

// PendingNotification returns the mail about the refund that the shopper has not got yet;
// empty: there is none.
func (r Refund) PendingNotification() Notification {
	if r.Notified == r.Status {
		return ""
	}
	return r.Status.mail()
}

// Dispute is money that the shopper's bank asks back.
type Dispute struct {
	ID       string `json:"id"`
	IntentID string `json:"intentId"`
	Amount   Money  `json:"amount"`
	Reason   string `json:"reason"` // the provider's word, such as "product_not_received"
	Status   string `json:"status"` // the provider's word, such as "needs_response"
	// AnswerBy is when the shop's evidence must be there; zero: not said.
	AnswerBy time.Time `json:"answerBy,omitzero"`
	At       time.Time `json:"at,omitzero"` // when the provider said so
}

// DisputeLost is the status of a dispute whose money the shopper's bank keeps.
const DisputeLost = "lost"

// Closed reports whether nothing moves any more.
func (d Dispute) Closed() bool {
	switch d.Status {
	case "won", DisputeLost, "warning_closed", "charge_refunded":
		return true
	}
	return false
}

// MailTrouble is a mail that did not reach its reader, or was called spam.
type MailTrouble struct {
	Notification Notification `json:"milestone"`
	Kind         mail.Kind    `json:"kind"`             // bounced or complained
	Bounce       mail.Bounce  `json:"bounce,omitempty"` // of one that bounced
	Provider     string       `json:"provider"`
	ProviderID   string       `json:"providerId"` // the provider's name for the mail
	At           time.Time    `json:"at"`
}
