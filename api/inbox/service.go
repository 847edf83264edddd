// Package inbox implements the API's operations on the events that providers sent
// to the webhooks.
package inbox

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/inbox"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// Records reads the events that providers sent.
type Records interface {
	// Items fails with sqldb.ErrCursor if the filter's cursor is invalid.
	Items(ctx context.Context, f inboxrecords.Filter) (inboxrecords.Page, error)
	// InboxCounts returns how many items are in each state, and when the oldest
	// undelivered item became due.
	InboxCounts(ctx context.Context) (map[inboxrecords.State]int64, time.Time, error)
}

// Workflows searches for events.
type Workflows interface {
	// FindMissedEvents searches the payment provider's list for events whose webhooks
	// did not come.
	FindMissedEvents(ctx context.Context) (order.MissedEvents, error)
}

// Service serves the operations on the inbox. Records and Workflows must be set.
type Service struct {
	Records   Records
	Workflows Workflows
	// Redeliver delivers a stored event again, like inbox.Handler.Redeliver. It
	// is nil if this process receives no webhooks.
	Redeliver func(ctx context.Context, id int64, by string) (inboxrecords.Item, error)
	// Dismiss ends the wait of a parked or held event, like inbox.Handler.Dismiss. It
	// is nil if this process receives no webhooks.
	Dismiss func(ctx context.Context, id int64, by, reason string) (inboxrecords.Item, error)
	// Counted returns this process's counts of webhooks. It is nil if this
	// process receives none.
	Counted func() (inbox.Counts, inbox.RelayCounts)
}

// Register declares the operations on the inbox, all for operators.
func (s *Service) Register(server *httpkit.Server) {
	operate := []httpkit.Role{httpkit.Operator}
	httpkit.Register(server, huma.Operation{
		OperationID: "list-inbox", Method: http.MethodGet, Path: "/v1/inbox", Tags: []string{"operators"},
		Summary:     "List the events that providers sent, newest first",
		Description: "Lists the events that the webhooks received. An event in state parked is genuine but cannot be used as it is; an event in state held belongs to an order that is not known yet. An event in state foreign is about no order of this shop, such as a payment of another program on the same account: it is delivered if the order's payment becomes known.",
	}, operate, s.list)
	if s.Redeliver != nil {
		httpkit.Register(server, huma.Operation{
			OperationID: "deliver-again", Method: http.MethodPost, Path: "/v1/inbox/{id}/again", Tags: []string{"operators"},
			Summary:     "Deliver an event again",
			Description: "Reads a stored event again, because a changed configuration or a newer version may understand an event that was parked, and delivers it. Delivering an event twice is harmless. 409 wrong_state if the event still cannot be used; 410 pruned if its bytes have been deleted (see the setting PURSER_KEEP_WEBHOOKS).",
		}, operate, s.redeliver)
	}
	if s.Dismiss != nil {
		httpkit.Register(server, huma.Operation{
			OperationID: "dismiss-event", Method: http.MethodPost, Path: "/v1/inbox/{id}/dismiss", Tags: []string{"operators"},
			Summary:     "Dismiss an event that nobody needs",
			Description: "Ends the wait of an event in state parked or held. It keeps its row, with who dismissed it and why, and can be delivered again. If its provider sends it again in a form that can be used, that is delivered. 409 wrong_state if the event is in another state.",
		}, operate, s.dismiss)
	}
	httpkit.Register(server, huma.Operation{
		OperationID: "find-missed-events", Method: http.MethodPost, Path: "/v1/inbox/missed", Tags: []string{"operators"},
		Summary:     "Find the events whose webhooks did not come",
		Description: "Reads Stripe's list of events since the last search, with an overlap of an hour, and delivers those that are not in the inbox. Stripe lists an event for 30 days. It happens on a schedule, too (see the setting PURSER_EVENTS_EVERY). Returns how many events were found, or 202 while the search is running: send the request again to join it.",
	}, operate, s.findMissed, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "count-inbox", Method: http.MethodGet, Path: "/v1/inbox/counts", Tags: []string{"operators"},
		Summary:     "Count the events that providers sent",
		Description: "Returns how many events are stored in each state, and the counts of this process since it started. oldestDue is the time since which the oldest undelivered event has been due; it should be missing or a few seconds ago.",
	}, operate, s.counts)
}
