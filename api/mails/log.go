package mails

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"purser/api/httpkit"
	"purser/mail"
	"purser/order"
	mailrecords "purser/records/mails"
)

// mailEntry is an entry of the mail log.
type mailEntry mailrecords.Entry

type mailsBody struct {
	Mails []mailEntry `json:"mails"`
}

type mailsOutput struct{ Body mailsBody }

type openMailsInput struct {
	State string `query:"state" enum:"unknown,sending" default:"unknown" doc:"unknown: the mail may or may not have been sent; sending: the outcome is still open"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The maximum number of mails"`
}

// openMails lists mails whose outcome is unknown or still open.
func (s *Service) openMails(ctx context.Context, in *openMailsInput) (*mailsOutput, error) {
	out := &mailsOutput{mailsBody{Mails: []mailEntry{}}}
	if s.Records == nil {
		return out, nil
	}
	list, err := s.Records.OpenMails(ctx, mail.State(in.State), in.Limit)
	for _, e := range list {
		out.Body.Mails = append(out.Body.Mails, mailEntry(e))
	}
	return out, err
}

type resendInput struct {
	ID       string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Template string `path:"template" maxLength:"40" pattern:"^[a-z_-]+$" example:"confirmation" doc:"The template of the mail, as in the list of the order's mails"`
	Key      string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"A name that the caller chooses for this request, so that repeating it sends nothing more. Recommended."`
	Body     struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the mail log; no personal data"`
	}
}

type resendOutput struct {
	Status int
	Body   mail.Outcome
}

// resendMail sends one of an order's mails again.
func (s *Service) resendMail(ctx context.Context, in *resendInput) (*resendOutput, error) {
	if err := httpkit.CheckReason(in.Body.Reason); err != nil {
		return nil, err
	}
	o, err := httpkit.VisibleOrder(ctx, s.Orders, in.ID)
	if err != nil {
		return nil, err
	}
	if m := order.Notification(in.Template); m.OnRequest() {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "template: to send return instructions, use /v1/orders/{id}/return-instructions")
	}
	if in.Key == "" {
		in.Key = rand.Text()
	}
	out, err := s.resend(ctx, order.Resend{
		OrderID: o.ID, Notification: order.Notification(in.Template), Key: callersKey(ctx, in.Key), Actor: httpkit.CallOf(ctx).Actor(), Why: in.Body.Reason,
	})
	if errors.Is(err, order.ErrNotFound) { // the order exists: it was read above
		return nil, httpkit.NewProblem(http.StatusNotFound, "no_such_mail", "this mail was never sent for the order")
	}
	return out, err
}

// resend sends a mail and returns its outcome. The status is 202 if the outcome is
// not known in time.
func (s *Service) resend(ctx context.Context, r order.Resend) (*resendOutput, error) {
	if s.Resender == nil {
		return nil, httpkit.NewProblem(http.StatusNotImplemented, "no_mail", "this process sends no mail")
	}
	waited, stop := context.WithTimeout(ctx, s.server.SteerWithin)
	defer stop()
	out, err := s.Resender.ResendMail(waited, r)
	switch {
	case httpkit.TimedOut(waited, err):
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

// mailProviders returns the status of the mail providers.
func (s *Service) mailProviders(context.Context, *struct{}) (*providersOutput, error) {
	out := &providersOutput{providersBody{Providers: []mail.ProviderStatus{}}}
	if s.Providers != nil {
		out.Body.Providers = append(out.Body.Providers, s.Providers()...)
	}
	return out, nil
}

// callersKey returns an Idempotency-Key together with the caller who sent it: two
// callers may use the same key. An empty key stays empty.
func callersKey(ctx context.Context, key string) string {
	if key == "" {
		return ""
	}
	return httpkit.CallOf(ctx).Actor() + ":" + key
}
