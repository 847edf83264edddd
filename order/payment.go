package order

import "time"

// Payment is one payment of an order, at one provider.
type Payment struct {
	Number    int           `json:"number"`              // 1, 2 … within the order; part of its idempotency keys
	Provider  string        `json:"provider,omitempty"`  // empty until the provider has responded
	Reference string        `json:"reference,omitempty"` // the provider's id of it
	Status    PaymentStatus `json:"status,omitempty"`    // empty until the provider has responded
	// Authorized, Captured, Refunded and Disputed are amounts in minor units of the
	// order's currency. Refunded includes refunds that are pending; Disputed is what
	// is disputed or was lost in a dispute.
	Authorized int64 `json:"authorized"`
	Captured   int64 `json:"captured"`
	Refunded   int64 `json:"refunded"`
	Disputed   int64 `json:"disputed,omitempty"`
	// Surplus marks a payment that the order did not ask for, or that was replaced:
	// it is refunded or voided, and does not count.
	Surplus bool `json:"surplus,omitempty"`
	// Standby marks a payment that the shopper is asked for because the hold of the one
	// before is about to lapse. It does not count until its money is held.
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
