package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/mail"
	"purser/records"
)

// FeedbackDesk is what the API needs to show what became of mails, and to steer
// whom they go to.
type FeedbackDesk struct {
	Records FeedbackRecords
	// Links reads the links of marketing mails by which shoppers leave them.
	Links mail.Links
	// Shop is the shop's name, on the pages those lead to.
	Shop string
	// Tolerance and Latest are what marketing is judged by; they are only
	// shown here.
	Tolerance mail.Tolerance
	Latest    int
}

// FeedbackRecords is what is known of mails. *records.Store is one.
type FeedbackRecords interface {
	FeedbackOf(ctx context.Context, about string) ([]records.MailFeedback, error)
	MailStats(ctx context.Context, from, to time.Time) ([]records.MailFigures, error)
	Conducts(ctx context.Context, latest int) ([]mail.Conduct, error)

	Suppressions(ctx context.Context, f records.SuppressionFilter) ([]records.Suppression, error)
	SuppressionsOf(ctx context.Context, email string) ([]records.Suppression, error)
	Suppress(ctx context.Context, actor, email string, scope mail.Scope, why string) error
	// Unsuppress fails with records.ErrNotSuppressed.
	Unsuppress(ctx context.Context, actor, email string, reason mail.Reason, why string) error
	Prefer(ctx context.Context, sub mail.Subscription, leave []mail.Scope) (changed bool, err error)
	MailAudit(ctx context.Context, email string, limit int) ([]records.Audit, error)

	MailPause(ctx context.Context, stream mail.Stream) (records.MailPause, error)
	PauseMarketing(ctx context.Context, actor, why string) (changed bool, err error)
	ResumeMarketing(ctx context.Context, actor, why string) (changed bool, err error)
}

// feedbackRoutes declares the operations on mail, where there is a desk for it.
func (s *server) feedbackRoutes(a huma.API, mux *http.ServeMux) {
	if s.Feedback == nil {
		return
	}
	read, operate := []Role{Viewer, Operator}, []Role{Operator}
	tags := []string{"mail"}
	register(s, a, huma.Operation{
		OperationID: "mail-stats", Method: http.MethodGet, Path: "/v1/mail/stats", Tags: tags,
		Summary: "Count mails sent, delivered, bounced, complained about and unsubscribed from, by day, provider and template",
	}, read, s.mailStats)
	register(s, a, huma.Operation{
		OperationID: "list-suppressions", Method: http.MethodGet, Path: "/v1/mail/suppressions", Tags: tags,
		Summary: "List addresses that get no mail, or no marketing, newest first",
	}, operate, s.suppressions)
	register(s, a, huma.Operation{
		OperationID: "suppress", Method: http.MethodPost, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary: "Write to an address no more, or send it no more marketing",
	}, operate, s.suppress)
	register(s, a, huma.Operation{
		OperationID: "unsuppress", Method: http.MethodDelete, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusNoContent, Tags: tags,
		Summary: "Give an address another chance",
	}, operate, s.unsuppress)
	register(s, a, huma.Operation{
		OperationID: "list-mail-audit", Method: http.MethodGet, Path: "/v1/mail/audit", Tags: tags,
		Summary: "List who changed whom mail may go to, newest first",
	}, operate, s.mailAudit)
	register(s, a, huma.Operation{
		OperationID: "get-marketing", Method: http.MethodGet, Path: "/v1/mail/marketing", Tags: tags,
		Summary: "Tell whether marketing is paused, and how the latest mails went",
	}, read, s.marketing)
	register(s, a, huma.Operation{
		OperationID: "steer-marketing", Method: http.MethodPost, Path: "/v1/mail/marketing", DefaultStatus: http.StatusOK, Tags: tags,
		Summary:     "Pause marketing, or let it go on",
		Description: "After resuming, the mails sent so far are judged no more.",
	}, operate, s.steerMarketing)
	s.preferenceRoutes(mux)
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

// ledgerMail is one mail and what was heard of it.
type ledgerMail struct {
	records.MailEntry
	Feedback []mailFeedback `json:"feedback" doc:"What became of it, oldest first"`
}

// withFeedback adds to mails about something what was heard of them.
func (s *server) withFeedback(ctx context.Context, about string, entries []records.MailEntry) ([]ledgerMail, error) {
	var heard []records.MailFeedback
	if s.Feedback != nil && len(entries) > 0 {
		var err error
		if heard, err = s.Feedback.Records.FeedbackOf(ctx, about); err != nil {
			return nil, err
		}
	}
	list := make([]ledgerMail, len(entries))
	for i, e := range entries {
		list[i] = ledgerMail{MailEntry: e, Feedback: []mailFeedback{}}
		for _, f := range heard {
			if f.MessageID == e.ID {
				list[i].Feedback = append(list[i].Feedback, mailFeedback{
					Provider: f.Provider, Recipient: f.Recipient, Kind: f.Kind, Bounce: f.Bounce, Diagnostic: f.Diagnostic,
					At: f.At, HeardAt: f.HeardAt, InboxID: f.InboxID, Times: f.Times,
				})
			}
		}
	}
	return list, nil
}

type statsInput struct {
	From string `query:"from" format:"date" doc:"The first day, UTC. Default: 30 days ago"`
	To   string `query:"to" format:"date" doc:"The last day, UTC. Default: today"`
}

type statsOutput struct {
	Body struct {
		Total records.MailFigures   `json:"total" doc:"Of the whole span; day, provider and template are empty"`
		Days  []records.MailFigures `json:"days" doc:"By day, provider and template, the latest day first"`
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
	days, err := s.Feedback.Records.MailStats(ctx, from, to.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	out := &statsOutput{}
	out.Body.Days = append([]records.MailFigures{}, days...)
	for _, d := range days {
		out.Body.Total.Add(d)
	}
	return out, nil
}
