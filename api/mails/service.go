// Package mails is the API's operations on mails: which were sent and what became of
// them, whom they may go to, whether marketing is paused, and what they look like.
package mails

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/mail"
	"purser/order"
	"purser/records/audit"
	mailrecords "purser/records/mails"
)

// Resender sends mails again.
type Resender interface {
	// ResendMail fails with order.ErrNotFound or order.ErrMailing. When the
	// context ends first, the mail goes on all the same.
	ResendMail(ctx context.Context, r order.Resend) (mail.Outcome, error)
}

// Records keeps what is known of mails.
type Records interface {
	OpenMails(ctx context.Context, state mail.State, limit int) ([]mailrecords.Entry, error)
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

// Service serves the operations on mails, and the pages on which shoppers leave
// marketing mail. Only Orders must be set.
type Service struct {
	// Orders are what mails are about.
	Orders httpkit.OrderReader
	// Resender may be nil: this process sends no mail.
	Resender Resender
	// Providers returns how the providers stand; nil: this process sends no
	// mail.
	Providers func() []mail.ProviderStatus

	// Records may be nil: then no open mail is listed, and the operations on
	// what is known of mails, and the pages, are not there. The fields below
	// are for those alone.
	Records Records
	// Links reads the links in marketing mails by which shoppers leave them.
	Links mail.Links
	// Shop is the shop's name, on the pages those lead to.
	Shop string
	// Tolerance and Latest are what marketing is judged by; they are only
	// shown here.
	Tolerance mail.Tolerance
	Latest    int

	server   *httpkit.Server
	badLinks atomic.Int64 // unsubscribe links that Purser did not make
}

// Register declares the operations on mails.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	s.registerLog()
	if s.Records != nil {
		s.registerRecords()
		s.servePreferences()
	}
}

// registerLog declares the operations on the mail log.
func (s *Service) registerLog() {
	write, operate := []httpkit.Role{httpkit.Shop, httpkit.Operator}, []httpkit.Role{httpkit.Operator}
	httpkit.Register(s.server, huma.Operation{
		OperationID: "resend-mail", Method: http.MethodPost, Path: "/v1/orders/{id}/mails/{template}/resend", Tags: []string{"operators"},
		Summary:     "Send a mail anew",
		Description: "Sends the mail under its next generation, whatever became of the last one; the ledger keeps who asked and why. Sending the request again with the same Idempotency-Key sends nothing more, or tries again what failed. 409 mailing while the last one is still being sent; 202 while this one is.",
	}, operate, s.resendMail, http.StatusAccepted)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-open-mails", Method: http.MethodGet, Path: "/v1/mail/open", Tags: []string{"operators"},
		Summary:     "List mails whose outcome is unknown, or not known yet",
		Description: "A mail whose outcome is unknown is never sent again by itself: feedback that names it settles it, or an operator has it sent anew.",
	}, operate, s.openMails)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-mail-providers", Method: http.MethodGet, Path: "/v1/mail/providers", Tags: []string{"operators"},
		Summary:     "Tell how the mail providers stand",
		Description: "In the order in which they are tried: whether the circuit breaker lets calls through, the account's rate and daily quota, and whether the sender may send.",
	}, operate, s.mailProviders)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "send-return-instructions", Method: http.MethodPost, Path: "/v1/orders/{id}/return-instructions", Tags: []string{"orders"},
		Summary:     "Tell the shopper how to send an order back",
		Description: "Sends the mail return_instructions; what the shop says of itself names the address. Sending the request again with the same Idempotency-Key sends nothing more. 409 wrong_state for an order that is not with its shopper, or on the way there; 202 while the mail is still being sent.",
	}, write, s.sendReturnInstructions, http.StatusAccepted)
}

// registerRecords declares the operations on what is known of mails.
func (s *Service) registerRecords() {
	read, operate := []httpkit.Role{httpkit.Viewer, httpkit.Operator}, []httpkit.Role{httpkit.Operator}
	tags := []string{"mail"}
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-order-mails", Method: http.MethodGet, Path: "/v1/orders/{id}/mails", Tags: []string{"orders"},
		Summary:     "List an order's mails and what became of them",
		Description: "Each with its state, the provider that has it, and what was heard of it since: delivered, delayed, bounced or complained about.",
	}, []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}, s.orderMails)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "mail-stats", Method: http.MethodGet, Path: "/v1/mail/stats", Tags: tags,
		Summary:     "Count mails sent, delivered, bounced, complained about and unsubscribed from, by day, provider and template",
		Description: "Days are in UTC, the last 30 by default. A mail counts on the day it was sent, whenever the news of it came.",
	}, read, s.mailStats)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-suppressions", Method: http.MethodGet, Path: "/v1/mail/suppressions", Tags: tags,
		Summary:     "List addresses that get no mail, or no marketing, newest first",
		Description: "Each with its reason and since when. Follow nextCursor until it is missing.",
	}, operate, s.suppressions)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "suppress", Method: http.MethodPost, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Write to an address no more, or send it no more marketing",
		Description: "Scope all stops mails about orders too. The reason given is kept for whoever asks later.",
	}, operate, s.suppress)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "unsuppress", Method: http.MethodDelete, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusNoContent, Tags: tags,
		Summary:     "Give an address another chance",
		Description: "Whether the address works again is yours to know: a mail that comes back suppresses it anew. 404 not_found where nothing is suppressed for that reason.",
	}, operate, s.unsuppress)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-mail-audit", Method: http.MethodGet, Path: "/v1/mail/audit", Tags: tags,
		Summary:     "List who changed whom mail may go to, newest first",
		Description: "Who suppressed an address or gave it another chance, left or came back, paused marketing or let it go on: when and why.",
	}, operate, s.mailAudit)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "get-marketing", Method: http.MethodGet, Path: "/v1/mail/marketing", Tags: tags,
		Summary:     "Tell whether marketing is paused, and how the latest mails went",
		Description: "Marketing pauses itself before the provider's limits are reached; the limits, and how the latest mails stand against them, are in the answer. Mails about orders always go on.",
	}, read, s.marketing)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "steer-marketing", Method: http.MethodPost, Path: "/v1/mail/marketing", DefaultStatus: http.StatusOK, Tags: tags,
		Summary:     "Pause marketing, or let it go on",
		Description: "After resuming, the mails sent so far are judged no more.",
	}, operate, s.steerMarketing)
}
