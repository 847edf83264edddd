package fake

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"sync"

	"purser/order"
)

// Mailer keeps mails in memory. The zero value is ready. Set the hooks before
// it is used.
type Mailer struct {
	// Before is asked before each mail; its error is the answer and nothing
	// is sent.
	Before func(m order.Mail) error
	// After is asked when the mail is on its way; its error is the answer all
	// the same.
	After func(m order.Mail) error

	mu   sync.Mutex
	sent []order.Mail
}

// SendMail sends a mail. One to something that is no address is rejected.
func (f *Mailer) SendMail(_ context.Context, m order.Mail) (string, error) {
	if f.Before != nil {
		if err := f.Before(m); err != nil {
			return "", err
		}
	}
	if a, err := mail.ParseAddress(m.To); err != nil || a.Address != m.To {
		return "", &order.ProviderError{Provider: "mail", Op: "send mail", Kind: order.ErrRejected, Code: "bad_address"}
	}
	f.mu.Lock()
	f.sent = append(f.sent, m)
	id := fmt.Sprintf("fake-%06d", len(f.sent))
	f.mu.Unlock()
	if f.After != nil {
		if err := f.After(m); err != nil {
			return "", err
		}
	}
	return id, nil
}

// Sent answers the mails in the order in which they were sent.
func (f *Mailer) Sent() []order.Mail {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent)
}

// Counts says how often each mail was sent, by its key.
func (f *Mailer) Counts() map[string]int {
	counts := make(map[string]int)
	for _, m := range f.Sent() {
		counts[m.Key()]++
	}
	return counts
}
