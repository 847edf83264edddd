package fake

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"purser/mail"
	"purser/order"
)

// Mailer keeps mails in memory. It is a mail provider, and a mail router with
// this one provider. The zero value is ready. Set the hooks before it is used.
type Mailer struct {
	// Before is called before each mail. If it fails, the call returns its
	// error and nothing is sent.
	Before func(m mail.Message) error
	// After is called after the mail was sent. If it fails, the call returns
	// its error although the mail was sent.
	After func(m mail.Message) error

	mu   sync.Mutex
	sent []mail.Message
}

// SendMail sends a mail; it rejects one that cannot be sent.
func (f *Mailer) SendMail(_ context.Context, m mail.Message) (string, error) {
	if f.Before != nil {
		if err := f.Before(m); err != nil {
			return "", err
		}
	}
	if err := m.Check(); err != nil {
		return "", &order.ProviderError{Provider: "fake", Op: "send mail", Kind: order.ErrRejected, Code: "cannot_be_written", Err: err}
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

// Send is SendMail for a mail router without a rate limit.
func (f *Mailer) Send(ctx context.Context, m mail.Message, _ time.Duration, ready func(ctx context.Context, provider string) error) (mail.Receipt, error) {
	if err := ready(ctx, "fake"); err != nil {
		return mail.Receipt{}, err
	}
	id, err := f.SendMail(ctx, m)
	return mail.Receipt{Provider: "fake", ProviderID: id}, err
}

// Sent returns the mails in the order in which they were sent.
func (f *Mailer) Sent() []mail.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sent)
}

// Counts returns how often each mail was sent, by its id.
func (f *Mailer) Counts() map[string]int {
	counts := make(map[string]int)
	for _, m := range f.Sent() {
		counts[m.ID]++
	}
	return counts
}

// MailTemplates writes a line about each notification, and the reason, if there
// is one, on the next line.
type MailTemplates struct{}

// Write fails for an unknown notification, and for a mail about a parcel that was
// shipped without its tracking number.
func (MailTemplates) Write(m order.Mail) (subject, text, html string, err error) {
	known := []order.Notification{
		order.MailPrepayment, order.MailReceived, order.MailConfirmation, order.MailPaymentProblem, order.MailPayAgain, order.MailPayMore, order.MailDifference, order.MailShipped, order.MailReady, order.MailDelivered, order.MailDigital, order.MailCancelled, order.MailExpired,
		order.MailRefunded, order.MailRefundFailed, order.MailDispute, order.MailReturnInstructions,
		order.MailReturnRequested, order.MailReturnApproved, order.MailReturnRejected, order.MailReturnReceived, order.MailReturnExpired, order.MailReturnCancelled,
	}
	if !slices.Contains(known, m.Notification) {
		return "", "", "", fmt.Errorf("%w: no template for notification %.40q", order.ErrInvalid, m.Notification)
	}
	if m.Notification == order.MailShipped && m.Tracking == "" {
		return "", "", "", fmt.Errorf("%w: tracking is missing", order.ErrInvalid)
	}
	line := "Your order: " + string(m.Notification)
	return line, line + "\n" + m.Reason, "<p>" + line + "</p>", nil
}

// Suppressions keeps suppressed addresses in memory. The zero value suppresses
// none.
type Suppressions struct {
	mu      sync.Mutex
	blocked map[string]map[mail.Stream]string
}

// Block suppresses the streams' mail to an address, with the reason.
func (f *Suppressions) Block(email, why string, streams ...mail.Stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blocked == nil {
		f.blocked = make(map[string]map[mail.Stream]string)
	}
	if f.blocked[email] == nil {
		f.blocked[email] = make(map[mail.Stream]string)
	}
	for _, s := range streams {
		f.blocked[email][s] = why
	}
}

// Blocked returns why an address gets no mail of the stream.
func (f *Suppressions) Blocked(_ context.Context, email string, s mail.Stream) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blocked[email][s], nil
}
