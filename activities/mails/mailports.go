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

// MailRouter hands a mail to whichever provider is up, at the pace of its
// account. Every error of its own is a *order.ProviderError, as a
// Mailer's.
type MailRouter interface {
	// Send waits for the mail's turn, as long as patience lasts, and then
	// calls ready, once, before the mail is first handed over: until ready
	// has answered, it has certainly not gone out. If ready fails, nothing is
	// sent and its error is the answer. The receipt of a failure says who had
	// the mail last.
	Send(ctx context.Context, m mail.Message, maxWait time.Duration, ready func(context.Context) error) (mail.Receipt, error)
}

// MailTemplates writes what a mail says.
type MailTemplates interface {
	// Write fails for a mail that no letter can be written for.
	Write(m order.Mail) (subject, text, html string, err error)
}

// Senders says who mails are from.
type Senders interface {
	// Sender returns a template's own sender; zero: it is from whom the
	// provider was told.
	Sender(template string) mail.Address
}

// Suppressions knows which addresses are not to be written to.
type Suppressions interface {
	// Blocked returns why the normalised address gets no mail of the stream,
	// in a word or two that hold nothing personal; "": it does.
	Blocked(ctx context.Context, email string, s mail.Stream) (why string, err error)
}

// ListSuppressions is a Suppressions that tells the lists of marketing apart.
type ListSuppressions interface {
	// BlockedList is Blocked for a marketing mail of a list.
	BlockedList(ctx context.Context, email string, list mail.Scope) (why string, err error)
}

// MailLedger remembers which mails went out.
type MailLedger interface {
	// FindMail returns how a mail stands. One it has never seen is mail.StateDue.
	FindMail(ctx context.Context, id string) (mail.Outcome, error)
	// ClaimMail marks the mail as sending and returns how it stood before:
	// mail.StateDue (new, or known not to be sent) means the caller, and nobody
	// else, now owns the sending; any other state means hands off.
	ClaimMail(ctx context.Context, m mail.Message) (before mail.Outcome, err error)
	// RecordMailOutcome writes how the sending of a mail that is claimed ended. That
	// it was sent is always news; nothing else changes what was settled before.
	RecordMailOutcome(ctx context.Context, m mail.Message, o mail.Outcome) error
}

// Orders reads the orders that mails are about.
type Orders interface {
	// Order returns an order, or order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
}
