package order

import (
	"errors"
	"time"
)

// ErrMailing: a mail cannot be sent anew while it is still being sent.
var ErrMailing = errors.New("the mail is still being sent")

// Resend is somebody's decision to send a milestone's mail anew, or, of one
// that is sent on request, to send it. The same key is the same decision.
type Resend struct {
	OrderID   ID        `json:"orderId"`
	Milestone Milestone `json:"milestone"`
	Ref       string    `json:"ref,omitempty"` // as in Mail; the order knows
	Key       string    `json:"key"`
	Actor     string    `json:"actor"`
	Why       string    `json:"why"`
	// Until and Link are what return instructions say: the last day, default
	// 30 days from now, and where the label is; default: no link.
	Until time.Time `json:"until,omitzero"`
	Link  string    `json:"link,omitempty"`
}
