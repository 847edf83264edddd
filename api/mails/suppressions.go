package mails

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"purser/api/httpkit"
	"purser/mail"
	"purser/order"
	mailrecords "purser/records/mails"
)

type suppressionsInput struct {
	Email  string      `query:"email" maxLength:"254" doc:"Only this address"`
	Reason mail.Reason `query:"reason" enum:"bounced,keeps_bouncing,complained,unsubscribed,operator" doc:"Only suppressions with this reason"`
	Limit  int         `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of suppressions"`
	Cursor string      `query:"cursor" maxLength:"20" doc:"nextCursor of the previous page"`
}

type suppression struct {
	Email      string      `json:"email"`
	Scope      mail.Scope  `json:"scope" doc:"all: no mail at all; marketing; or one list"`
	Reason     mail.Reason `json:"reason"`
	Diagnostic string      `json:"diagnostic,omitempty" doc:"The receiving server's response, or the operator's reason"`
	Provider   string      `json:"provider,omitempty"`
	InboxID    int64       `json:"inboxId,omitempty" doc:"The inbox event that caused it"`
	Actor      string      `json:"actor"`
	Since      time.Time   `json:"since"`
}

type suppressionsOutput struct {
	Body struct {
		Suppressions []suppression `json:"suppressions"`
		NextCursor   string        `json:"nextCursor,omitempty" doc:"Missing on the last page"`
	}
}

// suppressions lists suppressed addresses, newest first.
func (s *Service) suppressions(ctx context.Context, in *suppressionsInput) (*suppressionsOutput, error) {
	f := mailrecords.SuppressionFilter{Reason: in.Reason, Limit: in.Limit + 1}
	if in.Email != "" {
		email, err := emailOf(in.Email)
		if err != nil {
			return nil, err
		}
		f.Email = email
	}
	if in.Cursor != "" {
		skip, err := strconv.ParseUint(in.Cursor, 10, 31)
		if err != nil {
			return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the previous page")
		}
		f.Skip = int(skip)
	}
	found, err := s.Records.Suppressions(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &suppressionsOutput{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.NextCursor = strconv.Itoa(f.Skip + in.Limit)
	}
	out.Body.Suppressions = make([]suppression, len(found))
	for i, sup := range found {
		out.Body.Suppressions[i] = suppression(sup)
	}
	return out, nil
}

type suppressInput struct {
	Body struct {
		Email  string     `json:"email" maxLength:"254"`
		Scope  mail.Scope `json:"scope" enum:"all,marketing,campaigns,reminders" doc:"all: no mail at all, not even about orders"`
		Reason string     `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the audit log"`
	}
}

type suppressOutput struct{ Body suppression }

// suppress suppresses an address on behalf of an operator.
func (s *Service) suppress(ctx context.Context, in *suppressInput) (*suppressOutput, error) {
	email, err := emailOf(in.Body.Email)
	if err != nil {
		return nil, err
	}
	if err := order.CheckText("reason", in.Body.Reason, true, httpkit.MaxReason); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	actor := httpkit.CallOf(ctx).Actor()
	if err := s.Records.Suppress(ctx, actor, email, in.Body.Scope, in.Body.Reason); err != nil {
		return nil, err
	}
	return &suppressOutput{suppression{
		Email: email, Scope: in.Body.Scope, Reason: mail.BecauseOperator, Diagnostic: in.Body.Reason, Actor: actor, Since: s.server.Now().UTC(),
	}}, nil
}

type unsuppressInput struct {
	Email  string      `query:"email" required:"true" maxLength:"254" doc:"The address"`
	Reason mail.Reason `query:"reason" enum:"bounced,keeps_bouncing,complained,unsubscribed,operator" doc:"Only the suppression with this reason. Default: all suppressions of the address"`
	Why    string      `query:"why" required:"true" minLength:"1" maxLength:"200" doc:"The reason for the removal, which is recorded in the audit log"`
}

// unsuppress removes the suppressions of an address.
func (s *Service) unsuppress(ctx context.Context, in *unsuppressInput) (*struct{}, error) {
	email, err := emailOf(in.Email)
	if err != nil {
		return nil, err
	}
	if err := order.CheckText("why", in.Why, true, httpkit.MaxReason); err != nil {
		return nil, httpkit.RequestProblem(err)
	}
	err = s.Records.Unsuppress(ctx, httpkit.CallOf(ctx).Actor(), email, in.Reason, in.Why)
	if errors.Is(err, mailrecords.ErrNotSuppressed) {
		return nil, httpkit.NewProblem(http.StatusNotFound, "not_found", "the address is not suppressed for that reason")
	}
	return nil, err
}

// emailOf parses and normalises an address that an operator typed.
func emailOf(s string) (string, error) {
	email, err := mail.Normalise(s)
	if err != nil {
		return "", httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "email: "+err.Error())
	}
	return email, nil
}

type mailAuditInput struct {
	Email string `query:"email" maxLength:"254" doc:"Only about this address"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of entries"`
}

type mailAudit struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action" doc:"suppress, unsuppress, unsubscribe, subscribe, pause or resume"`
	Email  string    `json:"email,omitempty"`
	Detail string    `json:"detail"`
}

type mailAuditOutput struct {
	Body struct {
		Entries []mailAudit `json:"entries"`
	}
}

// mailAudit lists the decisions of people on suppressions and marketing.
func (s *Service) mailAudit(ctx context.Context, in *mailAuditInput) (*mailAuditOutput, error) {
	if in.Email != "" {
		email, err := emailOf(in.Email)
		if err != nil {
			return nil, err
		}
		in.Email = email
	}
	found, err := s.Records.MailAudit(ctx, in.Email, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &mailAuditOutput{}
	out.Body.Entries = make([]mailAudit, len(found))
	for i, a := range found {
		out.Body.Entries[i] = mailAudit{At: a.At, Actor: a.Actor, Action: a.Action, Email: a.Email, Detail: a.Detail}
	}
	return out, nil
}
