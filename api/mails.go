package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/mail"
	"purser/order"
	"purser/records/audit"
	mailrecords "purser/records/mails"
)

// MailDesk is what the API needs to show and steer mail.
type MailDesk struct {
	Records MailRecords
	// Links reads the links of marketing mails by which shoppers leave them.
	Links mail.Links
	// Shop is the shop's name, on the pages those lead to.
	Shop string
	// Tolerance and Latest are what marketing is judged by; they are only
	// shown here.
	Tolerance mail.Tolerance
	Latest    int
}

// MailRecords is what is known of mails. *records.Store is one.
type MailRecords interface {
	Mails(ctx context.Context, about string) ([]mailrecords.Entry, error)
	FeedbackOf(ctx context.Context, id order.ID) ([]mailrecords.Feedback, error)
	MailStats(ctx context.Context, from, to time.Time) ([]mailrecords.Figures, error)
	Standings(ctx context.Context, latest int) ([]mail.Standing, error)

	Suppressions(ctx context.Context, f mailrecords.SuppressionFilter) ([]mailrecords.Suppression, error)
	SuppressionsOf(ctx context.Context, email string) ([]mailrecords.Suppression, error)
	Suppress(ctx context.Context, actor, email string, scope mail.Scope, why string) error
	// Unsuppress fails with mailrecords.ErrNotSuppressed.
	Unsuppress(ctx context.Context, actor, email string, reason mail.Reason, why string) error
	Prefer(ctx context.Context, sub mail.Subscription, leave []mail.Scope) (changed bool, err error)
	MailAudit(ctx context.Context, email string, limit int) ([]audit.Entry, error)

	MailPause(ctx context.Context, stream mail.Stream) (mailrecords.Pause, error)
	PauseMarketing(ctx context.Context, actor, why string) (changed bool, err error)
	ResumeMarketing(ctx context.Context, actor, why string) (changed bool, err error)
}

// mailRoutes declares the operations on mail, where there is a desk for it.
func (s *server) mailRoutes(a huma.API, mux *http.ServeMux) {
	if s.Mail == nil {
		return
	}
	read, operate := []Role{Viewer, Operator}, []Role{Operator}
	tags := []string{"mail"}
	register(s, a, huma.Operation{
		OperationID: "list-order-mails", Method: http.MethodGet, Path: "/v1/orders/{id}/mails", Tags: []string{"orders"},
		Summary:     "List an order's mails and what became of them",
		Description: "Each with its state, the provider that has it, and what was heard of it since: delivered, delayed, bounced or complained about.",
	}, []Role{Shop, Viewer, Operator}, s.orderMails)
	register(s, a, huma.Operation{
		OperationID: "mail-stats", Method: http.MethodGet, Path: "/v1/mail/stats", Tags: tags,
		Summary:     "Count mails sent, delivered, bounced, complained about and unsubscribed from, by day, provider and template",
		Description: "Days are in UTC, the last 30 by default. A mail counts on the day it was sent, whenever the news of it came.",
	}, read, s.mailStats)
	register(s, a, huma.Operation{
		OperationID: "list-suppressions", Method: http.MethodGet, Path: "/v1/mail/suppressions", Tags: tags,
		Summary:     "List addresses that get no mail, or no marketing, newest first",
		Description: "Each with its reason and since when. Follow nextCursor until it is missing.",
	}, operate, s.suppressions)
	register(s, a, huma.Operation{
		OperationID: "suppress", Method: http.MethodPost, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Write to an address no more, or send it no more marketing",
		Description: "Scope all stops mails about orders too. The reason given is kept for whoever asks later.",
	}, operate, s.suppress)
	register(s, a, huma.Operation{
		OperationID: "unsuppress", Method: http.MethodDelete, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusNoContent, Tags: tags,
		Summary:     "Give an address another chance",
		Description: "Whether the address works again is yours to know: a mail that comes back suppresses it anew. 404 not_found where nothing is suppressed for that reason.",
	}, operate, s.unsuppress)
	register(s, a, huma.Operation{
		OperationID: "list-mail-audit", Method: http.MethodGet, Path: "/v1/mail/audit", Tags: tags,
		Summary:     "List who changed whom mail may go to, newest first",
		Description: "Who suppressed an address or gave it another chance, left or came back, paused marketing or let it go on: when and why.",
	}, operate, s.mailAudit)
	register(s, a, huma.Operation{
		OperationID: "get-marketing", Method: http.MethodGet, Path: "/v1/mail/marketing", Tags: tags,
		Summary:     "Tell whether marketing is paused, and how the latest mails went",
		Description: "Marketing pauses itself before the provider's limits are reached; the limits, and how the latest mails stand against them, are in the answer. Mails about orders always go on.",
	}, read, s.marketing)
	register(s, a, huma.Operation{
		OperationID: "steer-marketing", Method: http.MethodPost, Path: "/v1/mail/marketing", DefaultStatus: http.StatusOK, Tags: tags,
		Summary:     "Pause marketing, or let it go on",
		Description: "After resuming, the mails sent so far are judged no more.",
	}, operate, s.steerMarketing)
	s.preferenceRoutes(mux)
}

// orderMail is one mail of an order and what was heard of it.
type orderMail struct {
	ID         string            `json:"id"`
	Template   string            `json:"template"`
	State      string            `json:"state" doc:"sending, sent, due, unknown, rejected or suppressed"`
	Generation int               `json:"generation" doc:"How often somebody decided to send it"`
	Provider   string            `json:"provider,omitempty" doc:"Who has it, or had it last"`
	ProviderID string            `json:"providerId,omitempty" doc:"The provider's name for it"`
	Skipped    []mail.PassedOver `json:"skipped,omitempty" doc:"Providers before that one in line, and why they did not get it"`
	Why        string            `json:"why,omitempty"`
	AskedBy    string            `json:"askedBy,omitempty" doc:"Who wanted it sent anew"`
	AskedWhy   string            `json:"askedWhy,omitempty"`
	Attempts   int               `json:"attempts"`
	ClaimedAt  time.Time         `json:"claimedAt"`
	SettledAt  time.Time         `json:"settledAt,omitzero"`
	Feedback   []mailFeedback    `json:"feedback" doc:"What became of it, oldest first"`
}

type mailFeedback struct {
	Provider   string      `json:"provider"`
	Recipient  string      `json:"recipient"`
	Kind       mail.Kind   `json:"kind"`
	Bounce     mail.Bounce `json:"bounce,omitempty"`
	Diagnostic string      `json:"diagnostic,omitempty" doc:"The receiving server's words"`
	At         time.Time   `json:"at"`
	HeardAt    time.Time   `json:"heardAt"`
	InboxID    int64       `json:"inboxId,omitempty" doc:"The event that said so first"`
	Times      int         `json:"times" doc:"How often it was said"`
}

type orderMailsInput struct {
	ID string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
}

type orderMailsOutput struct {
	Body struct {
		Mails []orderMail `json:"mails"`
	}
}

// orderMails lists the ledger's entries of an order with what was heard.
func (s *server) orderMails(ctx context.Context, in *orderMailsInput) (*orderMailsOutput, error) {
	o, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	entries, err := s.Mail.Records.Mails(ctx, string(o.ID))
	if err != nil {
		return nil, err
	}
	heard, err := s.Mail.Records.FeedbackOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	out := &orderMailsOutput{}
	out.Body.Mails = make([]orderMail, 0, len(entries))
	for _, e := range entries {
		m := orderMail{
			ID: e.ID, Template: e.Template, Generation: e.Generation, State: string(e.State),
			Provider: e.Provider, ProviderID: e.ProviderID, Skipped: e.Skipped, Why: e.Why, AskedBy: e.AskedBy, AskedWhy: e.AskedWhy,
			Attempts: e.Attempts, ClaimedAt: e.ClaimedAt, SettledAt: e.SettledAt, Feedback: []mailFeedback{},
		}
		for _, f := range heard {
			if f.MessageID == e.ID {
				m.Feedback = append(m.Feedback, mailFeedback{
					Provider: f.Provider, Recipient: f.Recipient, Kind: f.Kind, Bounce: f.Bounce, Diagnostic: f.Diagnostic,
					At: f.At, HeardAt: f.RecordedAt, InboxID: f.InboxID, Times: f.Times,
				})
			}
		}
		out.Body.Mails = append(out.Body.Mails, m)
	}
	return out, nil
}

type statsInput struct {
	From string `query:"from" format:"date" doc:"The first day, UTC. Default: 30 days ago"`
	To   string `query:"to" format:"date" doc:"The last day, UTC. Default: today"`
}

type statsOutput struct {
	Body struct {
		Total mailrecords.Figures   `json:"total" doc:"Of the whole span; day, provider and template are empty"`
		Days  []mailrecords.Figures `json:"days" doc:"By day, provider and template, the latest day first"`
	}
}

// mailStats counts mails on the day they were sent.
func (s *server) mailStats(ctx context.Context, in *statsInput) (*statsOutput, error) {
	today := s.Now().UTC().Truncate(24 * time.Hour)
	from, to := today.AddDate(0, 0, -30), today
	for _, d := range []struct {
		text string
		day  *time.Time
	}{{in.From, &from}, {in.To, &to}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.day, err = time.Parse(time.DateOnly, d.text); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "invalid", "from, to: want a day such as 2026-03-01")
		}
	}
	if to.Before(from) || to.Sub(from) > 400*24*time.Hour {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "from, to: want at most 400 days, the earlier one first")
	}
	days, err := s.Mail.Records.MailStats(ctx, from, to.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	out := &statsOutput{}
	out.Body.Days = append([]mailrecords.Figures{}, days...)
	for _, d := range days {
		out.Body.Total.Add(d)
	}
	return out, nil
}
