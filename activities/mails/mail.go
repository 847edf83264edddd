// Package mails has the activities that send mail. A mail whose outcome is
// unknown is not sent again here: that takes a decision, by a person or by the
// rule in docs/decisions/015-silence.md.
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
	// Orders returns the order of a mail that is sent again.
	Orders Orders
	// ToShop is the recipient of the mails to the shop itself; without an
	// address they are not sent.
	ToShop mail.Address
	// Labels has the files of labels that some mails carry; nil: none does.
	Labels Labels
	// Blocked is checked before every mail; nil: no address is suppressed.
	Blocked Suppressions
	// Senders returns the sender of every mail; nil: all have the same sender.
	Senders Senders
}

// MailOutcome is the outcome of sending a mail.
type MailOutcome struct {
	State     mail.State `json:"state"`
	MessageID string     `json:"messageId,omitempty"` // the provider's
	Provider  string     `json:"provider,omitempty"`
	Why       string     `json:"why,omitempty"` // why it was not sent, or not by the first provider
}

// SendMail sends one of an order's notifications, once.
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
	return Send(ctx, a, m, func(m *mail.Message) (err error) {
		if m.Content.Subject, m.Content.Text, m.Content.HTML, err = a.Templates.Write(o); err == nil {
			m.Attachments, err = a.files(ctx, o)
		}
		return err
	})
}

// files returns the files that an order's mail carries.
func (a *Activities) files(ctx context.Context, o order.Mail) ([]mail.Attachment, error) {
	if o.Label == "" {
		return nil, nil
	}
	if a.Labels == nil {
		return nil, fmt.Errorf("%w: this worker has no files of labels", order.ErrInvalid)
	}
	file, err := a.Labels.Label(ctx, o.OrderID, o.Label, order.LabelPDF)
	if err != nil {
		return nil, err
	}
	return []mail.Attachment{{Name: order.LabelFileName(o.Ref, order.LabelPDF), Type: order.LabelPDF.MediaType(), Data: file}}, nil
}

// SendMessage sends any other mail, once for each ID. Like an order's mail it
// passes the ledger, the suppressions, the rate limit and the mail router.
func (a *Activities) SendMessage(ctx context.Context, m mail.Message) (MailOutcome, error) {
	return Send(ctx, a, m, func(*mail.Message) error { return nil })
}

// SkipRequest names a mail that is not needed any more, and why.
type SkipRequest struct {
	Message mail.Message `json:"message"`
	Why     string       `json:"why"`
}

// SkipMessage settles a mail that is not needed any more as skipped, unless it has an
// outcome, such as sent, already.
func (a *Activities) SkipMessage(ctx context.Context, r SkipRequest) (MailOutcome, error) {
	return a.holdBack(ctx, r.Message, mail.Outcome{State: mail.StateSkipped, Why: r.Why})
}

// Send sends every kind of mail, whose content and files write adds. It is a function, because each exported method
// of Activities is an activity. The mail is claimed in the ledger right before
// it is handed over; only a failure that certainly sent nothing releases the
// claim. The outcome of all others (no response, or the process died between the
// claim and the response) is unknown; see docs/decisions/005-unknown-mail.md.
func Send(ctx context.Context, a *Activities, m mail.Message, write func(*mail.Message) error) (MailOutcome, error) {
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
	if err = write(&m); err == nil {
		err = m.Check()
	}
	if kindOf(err) != nil { // a file cannot be read at present
		return MailOutcome{}, activities.Failure(err)
	}
	if err != nil {
		return a.holdBack(ctx, m, mail.Outcome{State: mail.StateRejected, Why: err.Error()})
	}
	return a.dispatch(ctx, m)
}

// address normalises the recipients and removes the suppressed ones. held is the
// mail's outcome if no recipient is left.
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

// blocked checks the suppressions of the mail's list, where it belongs to one
// and the port can tell lists apart: a reader who has left another list still
// gets it.
func (a *Activities) blocked(ctx context.Context, email string, m mail.Message) (why string, err error) {
	lists, ok := a.Blocked.(ListSuppressions)
	if tag := m.Tags["list"]; ok && tag != "" && m.Stream == mail.Marketing {
		return lists.BlockedList(ctx, email, mail.ListOf(tag))
	}
	return a.Blocked.Blocked(ctx, email, m.Stream)
}

// errHandsOff means that another attempt has claimed the mail, or that it has an
// outcome.
var errHandsOff = errors.New("the mail is not ours to send")

// dispatch hands the mail over and records the outcome.
func (a *Activities) dispatch(ctx context.Context, m mail.Message) (MailOutcome, error) {
	var before mail.Outcome
	var notPassed error
	claimed := false
	receipt, err := a.MailRouter.Send(ctx, m, maxWait(ctx), func(ctx context.Context, provider string) (err error) {
		if claimed {
			notPassed = a.Ledger.PassMail(ctx, m, provider)
			return notPassed
		}
		if before, err = a.Ledger.ClaimMail(ctx, m, provider); err == nil && before.State != mail.StateDue {
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
	case !claimed: // not handed to any provider
		return MailOutcome{}, activities.Failure(err)
	case notPassed != nil, kind == order.ErrUnavailable, kind == order.ErrThrottled, kind == order.ErrDenied:
		if _, serr := a.resolve(ctx, m, mail.Outcome{State: mail.StateDue, Receipt: receipt, Why: err.Error()}); serr != nil {
			return MailOutcome{}, serr
		}
		return MailOutcome{}, activities.Failure(err)
	default:
		return a.resolve(ctx, m, mail.Outcome{State: mail.StateUnknown, Receipt: receipt, Why: "handed over; no certain answer: " + err.Error()})
	}
}

// kindOf returns the kind of a provider's failure; nil for any other error. The
// failure's cause does not count: it may be another provider's.
func kindOf(err error) error {
	var p *order.ProviderError
	if errors.As(err, &p) {
		return p.Kind
	}
	return nil
}

// The longest waits for the rate limit. The first attempt of a step is a local
// activity, which holds up its workflow's task. On the mail task queue a wait
// costs only a slot, and spares Temporal another attempt.
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

// holdBack records that a mail is not sent at all.
func (a *Activities) holdBack(ctx context.Context, m mail.Message, o mail.Outcome) (MailOutcome, error) {
	before, err := a.Ledger.ClaimMail(ctx, m, "")
	if err != nil {
		return MailOutcome{}, activities.Failure(err)
	}
	if before.State != mail.StateDue {
		return a.handsOff(ctx, m, before)
	}
	return a.resolve(ctx, m, o)
}

// handsOff returns the outcome of a mail that another attempt has claimed.
func (a *Activities) handsOff(ctx context.Context, m mail.Message, before mail.Outcome) (MailOutcome, error) {
	if before.State != mail.StateSending {
		return outcome(before), nil
	}
	if activity.IsActivity(ctx) && activity.GetInfo(ctx).Attempt == 1 {
		// The other attempt may still be running, and will know the outcome.
		return MailOutcome{}, activities.Failure(&order.ProviderError{Provider: "mail", Op: "send", Kind: order.ErrThrottled, Code: "being_sent", RetryAfter: activities.OperatorDelay})
	}
	return a.resolve(ctx, m, mail.Outcome{State: mail.StateUnknown, Receipt: before.Receipt, Why: mail.NoOutcome})
}

// recordWithin is how long recording an outcome is tried. A database that
// restarts takes seconds; a step with the longest wait and a slow provider still
// ends within its timeout.
const recordWithin = 8 * time.Second

// resolve records the outcome even if the step has run out of time or the record
// fails for some seconds: a claim left behind would make a known outcome an unknown
// one.
func (a *Activities) resolve(ctx context.Context, m mail.Message, o mail.Outcome) (MailOutcome, error) {
	ctx = context.WithoutCancel(ctx)
	err := a.Ledger.RecordMailOutcome(ctx, m, o)
	pause := 100 * time.Millisecond
	for until := time.Now().Add(recordWithin); err != nil && time.Now().Before(until) && !errors.Is(err, mail.ErrNoMail); pause = min(2*pause, time.Second) {
		time.Sleep(pause)
		err = a.Ledger.RecordMailOutcome(ctx, m, o)
	}
	if err != nil {
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
