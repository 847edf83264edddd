package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// ErrNoMail: the ledger has no such mail, so it was never claimed.
var ErrNoMail = errors.New("no such mail in the ledger")

// State is where a mail stands in the ledger.
type State string

// The states of a mail.
const (
	StateSending    State = "sending"    // handed over, answer outstanding
	StateSent       State = "sent"       // accepted by a provider
	StateDue        State = "due"        // certainly not sent; may be tried (again)
	StateUnknown    State = "unknown"    // may have gone out; never sent again by itself
	StateRejected   State = "rejected"   // refused for good
	StateSuppressed State = "suppressed" // held back: the address is not to be written to
)

// Resolved reports whether the ledger has the last word on the mail: nobody
// sends it (again).
func (s State) Resolved() bool {
	return s == StateSent || s == StateUnknown || s == StateRejected || s == StateSuppressed
}

// Receipt says which provider has a mail.
type Receipt struct {
	Provider   string       `json:"provider,omitempty"`   // "ses", "smtp", …
	ProviderID string       `json:"providerId,omitempty"` // its name for the mail
	Skipped    []PassedOver `json:"skipped,omitempty"`    // those before it in the order of preference
}

// PassedOver is a provider that did not get a mail, and why. The words hold codes,
// never addresses.
type PassedOver struct {
	Provider string `json:"provider"`
	Why      string `json:"why"`
}

// Outcome is how the sending of a mail ended.
type Outcome struct {
	State   State   `json:"state"`
	Receipt Receipt `json:"receipt"`
	Why     string  `json:"why,omitempty"`
}

// Fingerprint stands for a normalised address where the address itself need
// not be kept.
func Fingerprint(email string) string {
	sum := sha256.Sum256([]byte("purser mail address\n" + email))
	return hex.EncodeToString(sum[:12])
}
