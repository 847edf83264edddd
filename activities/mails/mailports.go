package mails

import (
	"context"
	"time"

	"purser/mail"
	"purser/order"
)

// Mailer hands a mail to one provider. Every error is a *order.ProviderError:
// ErrRejected for what mail.Message.Check refuses, ErrUnknownOutcome if the
// mail may have gone out.
type Mailer interface {
	// SendMail returns the provider's name for the mail.
	SendMail(ctx context.Context, m mail.Message) (providerID string, err error)
}

// MailRouter hands a mail to a provider that is up, within the rate limit of
// its account. Like a Mailer's, every error of its own is a
// *order.ProviderError.
type MailRouter interface {
	// Send waits for the rate limit, at most for maxWait. Right before it hands
	// the mail to a provider, it calls ready with the provider's name: until ready
	// has returned, that provider certainly does not have the mail. If ready fails,
	// the mail goes to no further provider and Send returns its error. The receipt
	// of a failure names the provider that had the mail last.
	Send(ctx context.Context, m mail.Message, maxWait time.Duration, ready func(ctx context.Context, provider string) error) (mail.Receipt, error)
}

// MailTemplates writes the content of mails.
type MailTemplates interface {
	// Write returns the content of a mail; it fails if there is no template
	// that fits.
	Write(m order.Mail) (subject, text, html string, err error)
}

// Senders knows the senders of mails.
type Senders interface {
	// Sender returns a template's own sender; zero: the sender that the
	// provider is configured with.
	Sender(template string) mail.Address
}

// Suppressions knows the addresses that get no mail.
type Suppressions interface {
	// Blocked returns why the normalised address gets no mail of the stream,
	// in a word or two without personal data; "" if it does get mail.
	Blocked(ctx context.Context, email string, s mail.Stream) (why string, err error)
}

// ListSuppressions is a Suppressions with separate marketing lists.
type ListSuppressions interface {
	// BlockedList is Blocked for a marketing mail of a list.
	BlockedList(ctx context.Context, email string, list mail.Scope) (why string, err error)
}

// MailLedger remembers which mails were sent.
type MailLedger interface {
	// FindMail returns the outcome of a mail so far; its state is mail.StateDue
	// if the ledger does not have the mail.
	FindMail(ctx context.Context, id string) (mail.Outcome, error)
	// ClaimMail marks the mail as being sent by a provider and returns its outcome
	// before that. mail.StateDue (new, or known not to be sent) means that the
	// caller, and nobody else, must send it now; in any other state the caller must
	// not. The provider is "" for a mail that is not handed over.
	ClaimMail(ctx context.Context, m mail.Message, provider string) (before mail.Outcome, err error)
	// PassMail records that a claimed mail, which its provider certainly did not
	// take, is handed to another one now.
	PassMail(ctx context.Context, m mail.Message, provider string) error
	// RecordMailOutcome writes the outcome of a mail that was claimed.
	// mail.StateSent is always accepted; any other state does not change an
	// outcome recorded before.
	RecordMailOutcome(ctx context.Context, m mail.Message, o mail.Outcome) error
}

// Labels has the files of labels.
type Labels interface {
	// Label returns the file of a label, by the carrier's id of it. It fails with
	// order.ErrNoLabel if there is no such file, and with a *order.ProviderError while it
	// cannot be read.
	Label(ctx context.Context, id order.ID, labelID string, f order.LabelFormat) ([]byte, error)
}

// Orders reads the orders that mails are about.
type Orders interface {
	// Order returns an order, or order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
}
