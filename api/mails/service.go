// Package mails implements the API's operations on mails: the mail log and its
// feedback, suppressions and preferences, the pausing of marketing, and previews.
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
	// ResendMail fails with order.ErrNotFound or order.ErrMailing. The mail is
	// sent even if ctx ends first.
	ResendMail(ctx context.Context, r order.Resend) (mail.Outcome, error)
}

// Records stores the mail log, feedback, suppressions and the pause of marketing.
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

// Service serves the operations on mails, and the pages on which shoppers
// unsubscribe from marketing mail. Only Orders must be set.
type Service struct {
	// Orders reads the orders that mails are about.
	Orders httpkit.OrderReader
	// Resender is nil if this process sends no mail.
	Resender Resender
	// Providers returns the status of the mail providers. It is nil if this
	// process sends no mail.
	Providers func() []mail.ProviderStatus

	// Records may be nil. Then the list of open mails is empty, and there are
	// neither the operations of registerRecords nor the preference pages. Only
	// those use the fields below.
	Records Records
	// Links checks the unsubscribe links in marketing mails.
	Links mail.Links
	// Shop is the shop's name, for the pages that those links lead to.
	Shop string
	// Tolerance and Latest are the limits at which marketing is paused; they
	// are only shown here.
	Tolerance mail.Tolerance
	Latest    int

	server   *httpkit.Server
	badLinks atomic.Int64 // requests with unsubscribe links that Purser did not make
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
		Summary:     "Send a mail again",
		Description: "Sends the mail as its next generation, whatever the outcome of the last one; the mail log records the actor and the reason. A repeated request with the same Idempotency-Key sends nothing more, or retries a mail that failed. 409 mailing while the last mail is still being sent; 202 while this mail is being sent.",
	}, operate, s.resendMail, http.StatusAccepted)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-open-mails", Method: http.MethodGet, Path: "/v1/mail/open", Tags: []string{"operators"},
		Summary:     "List mails whose outcome is unknown or still open",
		Description: "Feedback on a mail whose outcome is unknown resolves it. Without feedback, a mail about an order is sent once more automatically if the provider has reported about later mails or, depending on the settings, if it reports about none; it is then no longer listed here, and the order's mails show it as resent_after_unknown. Other mails wait for an operator.",
	}, operate, s.openMails)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-mail-providers", Method: http.MethodGet, Path: "/v1/mail/providers", Tags: []string{"operators"},
		Summary:     "Read the status of the mail providers",
		Description: "Lists the providers in the order in which they are tried, each with the state of its circuit breaker, the account's rate and daily quota, and whether the sender is allowed to send.",
	}, operate, s.mailProviders)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "send-return-instructions", Method: http.MethodPost, Path: "/v1/orders/{id}/return-instructions", Tags: []string{"orders"},
		Summary:     "Send the shopper instructions to return an order",
		Description: "Sends the mail return_instructions; the return address comes from the shop's settings. A repeated request with the same Idempotency-Key sends nothing more. 409 wrong_state for an order that is neither shipped nor delivered; 202 while the mail is being sent.",
	}, write, s.sendReturnInstructions, http.StatusAccepted)
}

// registerRecords declares the operations on feedback, suppressions and marketing.
func (s *Service) registerRecords() {
	read, operate := []httpkit.Role{httpkit.Viewer, httpkit.Operator}, []httpkit.Role{httpkit.Operator}
	tags := []string{"mail"}
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-order-mails", Method: http.MethodGet, Path: "/v1/orders/{id}/mails", Tags: []string{"orders"},
		Summary:     "List an order's mails with their feedback",
		Description: "Each mail has its state, its provider, and the feedback received since: delivered, delayed, bounced or complained about.",
	}, []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}, s.orderMails)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "mail-stats", Method: http.MethodGet, Path: "/v1/mail/stats", Tags: tags,
		Summary:     "Count mails sent, delivered, bounced, complained about and unsubscribed from, by day, provider and template",
		Description: "Days are in UTC, the last 30 by default. Feedback counts on the day its mail was sent, whenever it arrived. resentAfterUnknown counts those of the sent mails that were sent because the outcome of an earlier copy was unknown.",
	}, read, s.mailStats)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-suppressions", Method: http.MethodGet, Path: "/v1/mail/suppressions", Tags: tags,
		Summary:     "List suppressed addresses, newest first",
		Description: "Suppressed addresses get no mail at all, or no marketing mail. Each has the reason and the time of its suppression. Follow nextCursor until it is missing.",
	}, operate, s.suppressions)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "suppress", Method: http.MethodPost, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Suppress an address",
		Description: "Stops all mail to the address, or only marketing mail. The scope all stops mails about orders, too. The reason is recorded in the audit log.",
	}, operate, s.suppress)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "unsuppress", Method: http.MethodDelete, Path: "/v1/mail/suppressions", DefaultStatus: http.StatusNoContent, Tags: tags,
		Summary:     "Remove the suppression of an address",
		Description: "Purser does not check whether the address works again: another bounce suppresses it again. 404 not_found if the address is not suppressed for that reason.",
	}, operate, s.unsuppress)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "list-mail-audit", Method: http.MethodGet, Path: "/v1/mail/audit", Tags: tags,
		Summary:     "List the audit log of suppressions and marketing, newest first",
		Description: "Lists who suppressed an address or removed a suppression, who unsubscribed or subscribed again, and who paused or resumed marketing, with the times and reasons.",
	}, operate, s.mailAudit)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "get-marketing", Method: http.MethodGet, Path: "/v1/mail/marketing", Tags: tags,
		Summary:     "Read whether marketing is paused, and its bounce and complaint rates",
		Description: "Marketing is paused automatically before the provider's limits are reached. The response contains the limits and the rates of the latest mails. Mails about orders are never paused.",
	}, read, s.marketing)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "steer-marketing", Method: http.MethodPost, Path: "/v1/mail/marketing", DefaultStatus: http.StatusOK, Tags: tags,
		Summary:     "Pause or resume marketing",
		Description: "After a resumption, mails sent before it no longer count towards the rates.",
	}, operate, s.steerMarketing)
}
