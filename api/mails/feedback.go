package mails

import (
	"context"
	"time"

	"purser/api/httpkit"
	"purser/mail"
)

// orderMail is one mail of an order and the feedback on it.
type orderMail struct {
	ID         string            `json:"id"`
	Template   string            `json:"template"`
	State      string            `json:"state" doc:"sending, sent, due, unknown, resent_after_unknown (it may have been sent, and its next generation was sent because of that), rejected, suppressed or skipped (not needed any more)"`
	Generation int               `json:"generation" doc:"How often it was decided to send this mail: 1, and one more for each resend"`
	Provider   string            `json:"provider,omitempty" doc:"The provider that accepted the mail, or was tried last"`
	ProviderID string            `json:"providerId,omitempty" doc:"The provider's id of the mail"`
	Skipped    []mail.PassedOver `json:"skipped,omitempty" doc:"Providers with a higher preference that were skipped, with the reasons"`
	Why        string            `json:"why,omitempty"`
	AskedBy    string            `json:"askedBy,omitempty" doc:"The actor who requested the resend"`
	AskedWhy   string            `json:"askedWhy,omitempty"`
	Resent     bool              `json:"resentAfterUnknown" doc:"Whether it was sent only because the outcome of its last generation was unknown: the shopper may have the mail twice"`
	Attempts   int               `json:"attempts"`
	ClaimedAt  time.Time         `json:"claimedAt"`
	OutcomeAt  time.Time         `json:"settledAt,omitzero"`
	Feedback   []mailFeedback    `json:"feedback" doc:"The feedback on the mail, oldest first"`
}

type mailFeedback struct {
	Provider   string      `json:"provider"`
	Recipient  string      `json:"recipient"`
	Kind       mail.Kind   `json:"kind"`
	Bounce     mail.Bounce `json:"bounce,omitempty"`
	Diagnostic string      `json:"diagnostic,omitempty" doc:"The receiving server's response"`
	At         time.Time   `json:"at"`
	ReceivedAt time.Time   `json:"heardAt"`
	InboxID    int64       `json:"inboxId,omitempty" doc:"The inbox event that reported it first"`
	Times      int         `json:"times" doc:"How often it was reported"`
}

type orderMailsInput struct {
	ID string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
}

type orderMailsOutput struct {
	Body struct {
		Mails []orderMail `json:"mails"`
	}
}

// orderMails lists the mail log's entries of an order with the feedback on each.
func (s *Service) orderMails(ctx context.Context, in *orderMailsInput) (*orderMailsOutput, error) {
	o, err := httpkit.VisibleOrder(ctx, s.Orders, in.ID)
	if err != nil {
		return nil, err
	}
	entries, err := s.Records.Mails(ctx, string(o.ID))
	if err != nil {
		return nil, err
	}
	feedback, err := s.Records.FeedbackOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	out := &orderMailsOutput{}
	out.Body.Mails = make([]orderMail, 0, len(entries))
	for _, e := range entries {
		m := orderMail{
			ID: e.ID, Template: e.Template, Generation: e.Generation, State: string(e.State),
			Provider: e.Provider, ProviderID: e.ProviderID, Skipped: e.Skipped, Why: e.Why, AskedBy: e.AskedBy, AskedWhy: e.AskedWhy, Resent: e.Resent,
			Attempts: e.Attempts, ClaimedAt: e.ClaimedAt, OutcomeAt: e.ResolvedAt, Feedback: []mailFeedback{},
		}
		for _, f := range feedback {
			if f.MessageID == e.ID {
				m.Feedback = append(m.Feedback, mailFeedback{
					Provider: f.Provider, Recipient: f.Recipient, Kind: f.Kind, Bounce: f.Bounce, Diagnostic: f.Diagnostic,
					At: f.At, ReceivedAt: f.RecordedAt, InboxID: f.InboxID, Times: f.Times,
				})
			}
		}
		out.Body.Mails = append(out.Body.Mails, m)
	}
	return out, nil
}
