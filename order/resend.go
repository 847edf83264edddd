package order

import "errors"

// ErrMailing: a mail cannot be sent anew while it is still being sent.
var ErrMailing = errors.New("the mail is still being sent")

// Resend is an operator's decision to send a milestone's mail anew. The same
// key is the same decision.
type Resend struct {
	OrderID   ID        `json:"orderId"`
	Milestone Milestone `json:"milestone"`
	Key       string    `json:"key"`
	Actor     string    `json:"actor"`
	Why       string    `json:"why"`
}
