package order

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrMailing means that a mail cannot be sent again yet, because it is still
// being sent.
var ErrMailing = errors.New("the mail is still being sent")

// Resend is a person's decision to send a notification again, or to send one
// that is sent on request. The same key is the same decision.
type Resend struct {
	OrderID      ID           `json:"orderId"`
	Notification Notification `json:"milestone"`
	Ref          string       `json:"ref,omitempty"` // as in Mail; set from the order
	Key          string       `json:"key"`
	Actor        string       `json:"actor"`
	Why          string       `json:"why"`
	// Until and Link are for return instructions: the last day (default: 30 days
	// from now) and the link to the label (default: no link).
	Until time.Time `json:"until,omitzero"`
	Link  string    `json:"link,omitempty"`
}

// Mail returns the mail of a generation.
func (r Resend) Mail(generation int) Mail {
	return Mail{OrderID: r.OrderID, Notification: r.Notification, Ref: r.Ref, Generation: generation}
}

// Named returns the mail of a generation with the given key, which may be about
// another refund or dispute than the order's latest.
func (r Resend) Named(key string, generation int) Mail {
	m := r.Mail(generation)
	m.Ref = ""
	about := strings.TrimSuffix(m.Key(), fmt.Sprintf(":%d", generation))
	m.Ref = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(key, fmt.Sprintf(":%d", generation)), about), "-")
	return m
}

// Stem returns the common prefix of the keys of all generations of the mail,
// which no other mail's key has.
func (r Resend) Stem() string { return strings.TrimSuffix(r.Mail(0).Key(), "0") }
