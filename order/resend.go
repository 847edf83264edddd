package order

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrMailing: a mail cannot be sent again while it is still being sent.
var ErrMailing = errors.New("the mail is still being sent")

// Resend is somebody's decision to send a milestone's mail again, or, of one
// that is sent on request, to send it. The same key is the same decision.
type Resend struct {
	OrderID      ID           `json:"orderId"`
	Notification Notification `json:"milestone"`
	Ref          string       `json:"ref,omitempty"` // as in Mail; the order knows
	Key          string       `json:"key"`
	Actor        string       `json:"actor"`
	Why          string       `json:"why"`
	// Until and Link are what return instructions say: the last day, default
	// 30 days from now, and where the label is; default: no link.
	Until time.Time `json:"until,omitzero"`
	Link  string    `json:"link,omitempty"`
}

// Mail is the mail of that generation.
func (r Resend) Mail(generation int) Mail {
	return Mail{OrderID: r.OrderID, Notification: r.Notification, Ref: r.Ref, Generation: generation}
}

// Named is the mail of that generation with that key, which may be about
// another refund or dispute than the order's latest.
func (r Resend) Named(key string, generation int) Mail {
	m := r.Mail(generation)
	m.Ref = ""
	about := strings.TrimSuffix(m.Key(), fmt.Sprintf(":%d", generation))
	m.Ref = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(key, fmt.Sprintf(":%d", generation)), about), "-")
	return m
}

// Stem is what the keys of all generations of the mail begin with, and those of
// no other mail.
func (r Resend) Stem() string { return strings.TrimSuffix(r.Mail(0).Key(), "0") }
