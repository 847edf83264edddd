package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/mail"
	"purser/order"
	mailrecords "purser/records/mails"
)

// Resender sends mails anew.
type Resender interface {
	// ResendMail fails with order.ErrNotFound or order.ErrMailing. When the
	// context ends first, the mail goes on all the same.
	ResendMail(ctx context.Context, r order.Resend) (mail.Outcome, error)
}

// MailLedger reads which mails went out.
type MailLedger interface {
	OpenMails(ctx context.Context, state mail.State, limit int) ([]mailrecords.Entry, error)
}

// OutboxConfig is what the API needs to show which mails went out. The zero value
// shows nothing.
type OutboxConfig struct {
	Resender   Resender
	MailLedger MailLedger
	// MailProviders answers how the providers stand; nil: this process sends
	// no mail.
	MailProviders func() []mail.ProviderStatus
}

func (s *server) outboxRoutes(a huma.API, operate []Role) {
	register(s, a, huma.Operation{
		OperationID: "resend-mail", Method: http.MethodPost, Path: "/v1/orders/{id}/mails/{template}/resend", Tags: []string{"operators"},
		Summary:     "Send a mail anew",
		Description: "Sends the mail under its next generation, whatever became of the last one; the ledger keeps who asked and why. Sending the request again with the same Idempotency-Key sends nothing more, or tries again what failed. 409 mailing while the last one is still being sent; 202 while this one is.",
	}, operate, s.resendMail, http.StatusAccepted)
	register(s, a, huma.Operation{
		OperationID: "list-open-mails", Method: http.MethodGet, Path: "/v1/mail/open", Tags: []string{"operators"},
		Summary:     "List mails whose outcome is unknown, or not known yet",
		Description: "A mail whose outcome is unknown is never sent again by itself: feedback that names it settles it, or an operator has it sent anew.",
	}, operate, s.openMails)
	register(s, a, huma.Operation{
		OperationID: "list-mail-providers", Method: http.MethodGet, Path: "/v1/mail/providers", Tags: []string{"operators"},
		Summary:     "Tell how the mail providers stand",
		Description: "In the order in which they are tried: whether the circuit breaker lets calls through, the account's rate and daily quota, and whether the sender may send.",
	}, operate, s.mailProviders)
}

type mailsBody struct {
	Mails []mailrecords.Entry `json:"mails"`
}

type mailsOutput struct{ Body mailsBody }

type openMailsInput struct {
	State string `query:"state" enum:"unknown,sending" default:"unknown" doc:"unknown: it may or may not have gone out; sending: nobody knows yet"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at the most"`
}

func (s *server) openMails(ctx context.Context, in *openMailsInput) (*mailsOutput, error) {
	if s.MailLedger == nil {
		return &mailsOutput{mailsBody{Mails: []mailrecords.Entry{}}}, nil
	}
	list, err := s.MailLedger.OpenMails(ctx, mail.State(in.State), in.Limit)
	return &mailsOutput{mailsBody{Mails: append([]mailrecords.Entry{}, list...)}}, err
}

type resendInput struct {
	ID       string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Template string `path:"template" maxLength:"40" pattern:"^[a-z_-]+$" example:"confirmation" doc:"Which mail, as the order's mails name it"`
	Key      string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"Names this decision, so that repeating it sends nothing more. Recommended."`
	Body     struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why, for the ledger; nothing personal"`
	}
}

type resendOutput struct {
	Status int
	Body   mail.Outcome
}

func (s *server) resendMail(ctx context.Context, in *resendInput) (*resendOutput, error) {
	if err := order.CheckText("reason", in.Body.Reason, true, maxReason); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	o, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if m := order.Milestone(in.Template); m.OnRequest() {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "template: return instructions have an address of their own, /v1/orders/{id}/return-instructions")
	}
	if in.Key == "" {
		in.Key = rand.Text()
	}
	out, err := s.resend(ctx, order.Resend{
		OrderID: o.ID, Milestone: order.Milestone(in.Template), Key: in.Key, Actor: callOf(ctx).actor(), Why: in.Body.Reason,
	})
	if errors.Is(err, order.ErrNotFound) { // the order was seen above
		return nil, problem(http.StatusNotFound, "no_such_mail", "the order never had this mail")
	}
	return out, err
}

// resend has a mail sent and answers how that ended.
func (s *server) resend(ctx context.Context, r order.Resend) (*resendOutput, error) {
	if s.Resender == nil {
		return nil, problem(http.StatusNotImplemented, "no_mail", "this process sends no mail")
	}
	waited, stop := context.WithTimeout(ctx, s.SteerWithin)
	defer stop()
	out, err := s.Resender.ResendMail(waited, r)
	switch {
	case late(waited, err):
		return &resendOutput{Status: http.StatusAccepted, Body: mail.Outcome{State: mail.StateSending}}, nil
	case err != nil:
		return nil, err
	}
	return &resendOutput{Status: http.StatusOK, Body: out}, nil
}

type providersBody struct {
	Providers []mail.ProviderStatus `json:"providers"`
}

type providersOutput struct{ Body providersBody }

func (s *server) mailProviders(context.Context, *struct{}) (*providersOutput, error) {
	out := &providersOutput{providersBody{Providers: []mail.ProviderStatus{}}}
	if s.MailProviders != nil {
		out.Body.Providers = append(out.Body.Providers, s.MailProviders()...)
	}
	return out, nil
}
