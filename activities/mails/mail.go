// Package mails has the activities that send mail, each at most once where its
// outcome is unknown.
package mails

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/sdk/activity"

	"purser/activities"
	"purser/mail"
	"purser/order"
)

// Activities are the steps that send mail.
type Activities struct {
	MailRouter MailRouter
	Templates  MailTemplates
	Ledger     MailLedger
	Resends    Resends
	// Orders are read for a mail that is sent again.
	Orders Orders
	// ToShop is where the mails to the shop itself go; without an address they
	// are not sent.
	ToShop mail.Address
	// Blocked is asked before every mail; nil: nobody is suppressed.
	Blocked Suppressions
	// Senders are asked for every mail; nil: all are from one sender.
	Senders Senders
}

// MailOutcome is how the sending of a mail ended.
type MailOutcome struct {
	State     mail.State `json:"state"`
	MessageID string     `json:"messageId,omitempty"` // the provider's
	Provider  string     `json:"provider,omitempty"`
	Why       string     `json:"why,omitempty"` // not sent, or not by the first provider
}

// SendMail sends the mail of an order's milestone, once.
func (a *Activities) SendMail(ctx context.Context, o order.Mail) (MailOutcome, error) {
	to := mail.Address{Name: o.Name, Email: o.To}
	if o.Notification.ToShop() {
		to = a.ToShop
	}
	m := mail.Message{
		ID: o.Key(), About: string(o.OrderID), Generation: o.Generation,
		Stream: mail.Transactional, Template: string(o.Notification),
		To: []mail.Address{to},
		Tags: map[string]string{
			"order": string(o.OrderID), "milestone": string(o.Notification), "generation": strconv.Itoa(o.Generation),
		},
	}
	return Send(ctx, a, m, func() (c mail.Content, err error) {
		c.Subject, c.Text, c.HTML, err = a.Templates.Write(o)
		return c, err
	})
}

// SendMessage sends any other mail, once for each of its IDs: the same way
// past ledger, suppressions, pace and providers as an order's.
func (a *Activities) SendMessage(ctx context.Context, m mail.Message) (MailOutcome, error) {
	return Send(ctx, a, m, func() (mail.Content, error) { return m.Content, nil })
}

// Send is the way of every mail. It is a function, because each exported method
// of Activities is an activity. The ledger is marked right before the mail is
// handed over; only a failure that certainly sent nothing clears the mark. The
// rule for the rest is in docs/decisions/005-unknown-mail.md: a mail whose
// outcome is unknown (no answer, or the process died between the mark and the
// answer) is not sent again by itself.
func Send(ctx context.Context, a *Activities, m mail.Message, write func() (mail.Content, error)) (MailOutcome, error) {
	if err := mail.CheckID(m.ID); err != nil {
		return MailOutcome{}, activities.Failure(fmt.Errorf("%w: %w", order.ErrInvalid, err))
	}
	was, err := a.Ledger.FindMail(ctx, m.ID)
	if err != nil {
		return MailOutcome{}, activities.Failure(err)
	}
	if was.State.Resolved() {
		return outcome(was), nil
	}
	if a.Senders != nil && m.From == (mail.Address{}) {
		m.From = a.Senders.Sender(m.Template)
	}
	m, held, err := a.address(ctx, m)
	if err != nil {
		return MailOutcome{}, activities.Failure(err)
	}
	if held.State != "" {
		return a.holdBack(ctx, m, held)
	}
	if m.Content, err = write(); err == nil {
		err = m.Check()
	}
	if err != nil {
		return a.holdBack(ctx, m, mail.Outcome{State: mail.StateRejected, Why: err.Error()})
	}
	return a.dispatch(ctx, m)
}

// address normalises the recipients and leaves out those who are not to be
// written to. held is the mail's outcome if nobody is left.
func (a *Activities) address(ctx context.Context, m mail.Message) (_ mail.Message, held mail.Outcome, err error) {
	var kept []mail.Address
	for i, to := range m.To {
		if to.Email, err = mail.Normalise(to.Email); err != nil {
			return m, mail.Outcome{State: mail.StateRejected, Why: fmt.Sprintf("recipient %d: %v", i+1, err)}, nil
		}
		to.Name = mail.OneLine(to.Name)
		why := ""
		if a.Blocked != nil {
			if why, err = a.blocked(ctx, to.Email, m); err != nil {
				return m, held, fmt.Errorf("suppressions: %w", err) // never send blindly
			}
		}
		if why == "" {
			kept = append(kept, to)
			continue
		}
		held = mail.Outcome{State: mail.StateSuppressed, Why: why}
	}
	if len(kept) > 0 || len(m.To) == 0 {
		m.To, held = kept, mail.Outcome{}
	}
	return m, held, nil
}

// blocked asks by the mail's list, where it is on one and that can be asked:
// who has left another list still gets it.
func (a *Activities) blocked(ctx context.Context, email string, m mail.Message) (why string, err error) {
	lists, ok := a.Blocked.(ListSuppressions)
	if tag := m.Tags["list"]; ok && tag != "" && m.Stream == mail.Marketing {
		return lists.BlockedList(ctx, email, mail.ListOf(tag))
	}
	return a.Blocked.Blocked(ctx, email, m.Stream)
}

// errHandsOff: the mail is somebody else's, or done.
var errHandsOff = errors.New("the mail is not ours to send")

// dispatch hands the mail over and writes down how that ended.
func (a *Activities) dispatch(ctx context.Context, m mail.Message) (MailOutcome, error) {
	var before mail.Outcome
	claimed := false
	receipt, err := a.MailRouter.Send(ctx, m, maxWait(ctx), func(ctx context.Context) (err error) {
		if before, err = a.Ledger.ClaimMail(ctx, m); err == nil && before.State != mail.StateDue {
			err = errHandsOff
		}
		claimed = err == nil
		return err
	})
	kind := kindOf(err)
	switch {
	case err == nil:
		return a.resolve(ctx, m, mail.Outcome{State: mail.StateSent, Receipt: receipt})
	case errors.Is(err, errHandsOff):
		return a.handsOff(ctx, m, before)
	case kind == order.ErrRejected && !claimed:
		return a.holdBack(ctx, m, mail.Outcome{State: mail.StateRejected, Receipt: receipt, Why: err.Error()})
	case kind == order.ErrRejected:
		return a.resolve(ctx, m, mail.Outcome{State: mail.StateRejected, Receipt: receipt, Why: err.Error()})
	case !claimed: // not handed to anybody
		return MailOutcome{}, activities.Failure(err)
	case kind == order.ErrUnavailable, kind == order.ErrThrottled, kind == order.ErrDenied:
		if _, serr := a.resolve(ctx, m, mail.Outcome{State: mail.StateDue, Receipt: receipt, Why: err.Error()}); serr != nil {
			return MailOutcome{}, serr
		}
		return MailOutcome{}, activities.Failure(err)
	default:
		return a.resolve(ctx, m, mail.Outcome{State: mail.StateUnknown, Receipt: receipt, Why: err.Error()})
	}
}

// kindOf is what a provider's failure is; nil if it does not say. Its cause
// does not count: it may be another provider's.
func kindOf(err error) error {
	var p *order.ProviderError
	if errors.As(err, &p) {
		return p.Kind
	}
	return nil
}

// How long a mail waits for its turn. The first try of a step holds up its
// workflow's task; on the mail queue waiting costs nothing but a place, and
// spares the engine another try.
const (
	localWait  = 300 * time.Millisecond
	remoteWait = 8 * time.Second
)

func maxWait(ctx context.Context) time.Duration {
	if activity.IsActivity(ctx) && activity.GetInfo(ctx).IsLocalActivity {
		return localWait
	}
	return remoteWait
}

// holdBack writes down that a mail does not go out at all.
func (a *Activities) holdBack(ctx context.Context, m mail.Message, o mail.Outcome) (MailOutcome, error) {
	before, err := a.Ledger.ClaimMail(ctx, m)
	if err != nil {
		return MailOutcome{}, activities.Failure(err)
	}
	if before.State != mail.StateDue {
		return a.handsOff(ctx, m, before)
	}
	return a.resolve(ctx, m, o)
}

// handsOff is a mail that somebody else has claimed.
func (a *Activities) handsOff(ctx context.Context, m mail.Message, before mail.Outcome) (MailOutcome, error) {
	if before.State != mail.StateSending {
		return outcome(before), nil
	}
	if activity.IsActivity(ctx) && activity.GetInfo(ctx).Attempt == 1 {
		// Another try may still be at it, and knows better than we do.
		return MailOutcome{}, activities.Failure(&order.ProviderError{Provider: "mail", Op: "send", Kind: order.ErrThrottled, Code: "being_sent", RetryAfter: activities.OperatorDelay})
	}
	return a.resolve(ctx, m, mail.Outcome{State: mail.StateUnknown, Receipt: before.Receipt, Why: "the process ended while it was being sent"})
}

// resolve writes the outcome even if the step has run out of time: a mark left
// behind would turn a known outcome into an unknown one.
func (a *Activities) resolve(ctx context.Context, m mail.Message, o mail.Outcome) (MailOutcome, error) {
	if err := a.Ledger.RecordMailOutcome(context.WithoutCancel(ctx), m, o); err != nil {
		return MailOutcome{}, activities.Failure(fmt.Errorf("record mail outcome: %w", err))
	}
	return outcome(o), nil
}

func outcome(o mail.Outcome) MailOutcome {
	why := o.Why
	for _, s := range o.Receipt.Skipped {
		why = join(why, s.Provider+": "+s.Why)
	}
	return MailOutcome{State: o.State, MessageID: o.Receipt.ProviderID, Provider: o.Receipt.Provider, Why: why}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
