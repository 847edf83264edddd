package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"purser/order"
)

// MailOutcome is how the sending of a mail ended.
type MailOutcome struct {
	State     MailState `json:"state"`
	MessageID string    `json:"messageId,omitempty"`
}

// SendMail sends a mail once (EML-1). The ledger is marked before the mail is
// handed over; only a failure that certainly sent nothing clears the mark.
// The rule for the rest: a mail whose outcome is unknown (no answer, or the
// process died between the mark and the answer) is not sent again by itself.
// It stays in the ledger as unknown, with the reason, for a person to see: a
// shopper who gets no mail can look the order up, one who gets two wonders
// which order was charged twice.
func (a *Activities) SendMail(ctx context.Context, m order.Mail) (MailOutcome, error) {
	before, id, err := a.Ledger.ClaimMail(ctx, m)
	if err != nil {
		return MailOutcome{}, failure(err)
	}
	switch before {
	case MailSent, MailRejected, MailUnknown:
		return MailOutcome{before, id}, nil
	case MailSending:
		if activity.IsActivity(ctx) && activity.GetInfo(ctx).Attempt == 1 {
			// Another try may still be at it, and knows better than we do.
			return MailOutcome{}, failure(&order.ProviderError{Provider: "mail", Op: "send", Kind: order.ErrThrottled, Code: "being_sent", RetryAfter: slowly})
		}
		return a.settle(ctx, m, MailUnknown, "", "the process ended while it was being sent")
	}
	id, err = a.Mailer.SendMail(ctx, m)
	switch {
	case err == nil:
		return a.settle(ctx, m, MailSent, id, "")
	case errors.Is(err, order.ErrRejected):
		return a.settle(ctx, m, MailRejected, "", err.Error())
	case errors.Is(err, order.ErrUnavailable), errors.Is(err, order.ErrThrottled), errors.Is(err, order.ErrDenied):
		if _, serr := a.settle(ctx, m, MailDue, "", err.Error()); serr != nil {
			return MailOutcome{}, serr
		}
		return MailOutcome{}, failure(err)
	default:
		return a.settle(ctx, m, MailUnknown, "", err.Error())
	}
}

// settle writes the outcome even if the step has run out of time: a mark left
// behind would turn a known outcome into an unknown one.
func (a *Activities) settle(ctx context.Context, m order.Mail, s MailState, id, why string) (MailOutcome, error) {
	if err := a.Ledger.SettleMail(context.WithoutCancel(ctx), m, s, id, why); err != nil {
		return MailOutcome{}, failure(fmt.Errorf("settle mail: %w", err))
	}
	return MailOutcome{s, id}, nil
}
