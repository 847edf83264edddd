package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// ErrNoMail means that the ledger has no such mail, so it was never claimed.
var ErrNoMail = errors.New("no such mail in the ledger")

// State is a mail's state in the ledger.
type State string

// The states of a mail.
const (
	StateSending    State = "sending"    // handed over, without a response so far
	StateSent       State = "sent"       // accepted by a provider
	StateDue        State = "due"        // certainly not sent; may be tried (again)
	StateUnknown    State = "unknown"    // may have been sent
	StateRejected   State = "rejected"   // refused for good
	StateSuppressed State = "suppressed" // not sent: the address is suppressed
	// StateResent is a mail that may have been sent, and was sent once more because
	// of that.
	StateResent State = "resent_after_unknown"
)

// NoOutcome is what is known of a mail whose sender neither recorded an outcome
// nor is sending it any more.
const NoOutcome = "handed over; no answer: the sender stopped, or the record could not be written"

// Resolved reports whether the mail has an outcome, so that nobody sends it
// (again).
func (s State) Resolved() bool {
	switch s {
	case StateSent, StateUnknown, StateRejected, StateSuppressed, StateResent, StateSkipped:
		return true
	}
	return false
}

// Receipt says which provider has a mail.
type Receipt struct {
	Provider   string       `json:"provider,omitempty"`   // "ses", "smtp", …
	ProviderID string       `json:"providerId,omitempty"` // the provider's id of the mail
	Skipped    []PassedOver `json:"skipped,omitempty"`    // the preferred providers that did not take it
}

// PassedOver is a provider that did not get a mail, and why. Why holds codes,
// never addresses.
type PassedOver struct {
	Provider string `json:"provider"`
	Why      string `json:"why"`
}

// Outcome is the outcome of sending a mail.
type Outcome struct {
	State   State   `json:"state"`
	Receipt Receipt `json:"receipt"`
	Why     string  `json:"why,omitempty"`
}

// Fingerprint returns a hash that stands for a normalised address where the
// address itself need not be stored.
func Fingerprint(email string) string {
	sum := sha256.Sum256([]byte("purser mail address\n" + email))
	return hex.EncodeToString(sum[:12])
}
