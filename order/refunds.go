package order

import (
	"time"

	"purser/mail"
)

// Refund is one refund of a payment.
type Refund struct {
	// ID is the id under which its caller asked for it; for a refund that was made
	// at the provider, the provider's id. A refund that is spread over several
	// payments has a number behind the id of all but the first.
	ID string `json:"id"`
	// PaymentRef is the reference of the payment, and Reference the provider's id of
	// the refund, which is empty until the provider has responded.
	PaymentRef string       `json:"paymentRef"`
	Reference  string       `json:"reference,omitempty"`
	Amount     Money        `json:"amount"`
	Lines      []RefundLine `json:"lines,omitempty"`    // the goods that it is for, if it is for goods
	Shipping   int64        `json:"shipping,omitempty"` // how much of it is for the shipping fee, in minor units
	Reason     string       `json:"reason,omitempty"`
	Status     RefundStatus `json:"status"`
	// PaidOut says that a person paid the money out, without the payment's provider;
	// Reference is then that person's proof.
	PaidOut bool `json:"paidOut,omitempty"`
	// ReturnID is the return whose goods it is for; empty if it is for none. Less is how
	// much of the price of the goods is kept, in minor units: the lines have the price.
	ReturnID string `json:"returnId,omitempty"`
	Less     int64  `json:"less,omitempty"`
	// CreditTo is the order that a RefundCredited pays for.
	CreditTo ID `json:"creditTo,omitempty"`
	// Key is the idempotency key of the provider's refund, by which it is found
	// there; Asked is the hash of the request.
	Key   string `json:"key,omitempty"`
	Asked string `json:"asked,omitempty"`
	// Notified is the status that the shopper's last mail was about; empty if
	// there was no mail.
	Notified RefundStatus `json:"notified,omitempty"`
}

// RefundLine is a part of a refund that is for goods.
type RefundLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`          // pieces; 0 if another part of the refund counts them
	Amount   int64  `json:"amount"`            // minor units, with tax
	Restock  bool   `json:"restock,omitempty"` // the pieces are for sale again
}

// RefundStatus is a refund's state at the provider.
type RefundStatus string

// The states of a refund. A refund that succeeded can fail later, when the bank
// returns the money.
const (
	RefundRequested RefundStatus = "requested" // the provider has not responded yet
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"   // the provider or the shopper's bank refused it
	RefundCanceled  RefundStatus = "canceled" // cancelled before the money was sent
	// RefundReleased says that goods or a part of the shipping fee were left out before
	// the money was captured: so much less is captured, and nothing is sent.
	RefundReleased RefundStatus = "released"
	// RefundCredited says that the amount pays for another order, which the goods were
	// exchanged for. It is less than it was if that order has given a part back.
	RefundCredited RefundStatus = "credited"
)

// ParseRefundStatus maps a provider's status. It returns RefundPending for an
// unknown status, and for one that waits for somebody's action.
func ParseRefundStatus(s string) RefundStatus {
	switch st := RefundStatus(s); st {
	case RefundSucceeded, RefundFailed, RefundCanceled:
		return st
	}
	return RefundPending
}

var refundRank = map[RefundStatus]int{RefundRequested: 0, RefundPending: 1, RefundSucceeded: 2, RefundFailed: 3, RefundCanceled: 3, RefundReleased: 3, RefundCredited: 3}

// Overtakes reports whether s is further along than t.
func (s RefundStatus) Overtakes(t RefundStatus) bool { return refundRank[s] > refundRank[t] }

// Moves reports whether the shopper has the money, is about to get it, or has another
// order that it pays for.
func (s RefundStatus) Moves() bool {
	return s == RefundRequested || s == RefundPending || s == RefundSucceeded || s == RefundCredited
}

// Counts reports whether what the refund is for is not refunded again: the shopper has
// the money, is about to get it, or was never charged.
func (s RefundStatus) Counts() bool { return s.Moves() || s == RefundReleased }

// mail returns the notification about the status; empty if the shopper gets no
// mail about it.
func (s RefundStatus) mail() Notification {
	switch s {
	case RefundSucceeded:
		return MailRefunded
	case RefundFailed:
		return MailRefundFailed
	}
	return ""
}

// PendingNotification returns the mail about the refund that the shopper has not
// been sent yet; empty if there is no such mail.
func (r Refund) PendingNotification() Notification {
	if r.Notified == r.Status {
		return ""
	}
	return r.Status.mail()
}

// MailTrouble is a mail that bounced or was reported as spam.
type MailTrouble struct {
	Notification Notification `json:"milestone"`
	Kind         mail.Kind    `json:"kind"`             // bounced or complained
	Bounce       mail.Bounce  `json:"bounce,omitempty"` // for Kind mail.Bounced
	Provider     string       `json:"provider"`
	ProviderID   string       `json:"providerId"` // the provider's id of the mail
	At           time.Time    `json:"at"`
}
