// Package inbox is the API's operations on what providers sent to the webhooks.
package inbox

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/inbox"
	inboxrecords "purser/records/inbox"
)

// Records keeps what providers reported.
type Records interface {
	// Items fails with sqldb.ErrCursor.
	Items(ctx context.Context, f inboxrecords.Filter) (inboxrecords.Page, error)
	// InboxCounts returns how many items are in each state, and since when
	// the oldest is due.
	InboxCounts(ctx context.Context) (map[inboxrecords.State]int64, time.Time, error)
}

// Service serves the operations on the inbox. Only Records must be set.
type Service struct {
	Records Records
	// Redeliver delivers a stored event once more; nil: this process takes no
	// webhooks. It fails as inbox.Handler.Again does.
	Redeliver func(ctx context.Context, id int64, by string) (inboxrecords.Item, error)
	// Counted returns what this process counted of webhooks; nil: it takes
	// none.
	Counted func() (inbox.Counts, inbox.RelayCounts)
}

// Register declares the operations on the inbox, all for operators.
func (s *Service) Register(server *httpkit.Server) {
	operate := []httpkit.Role{httpkit.Operator}
	httpkit.Register(server, huma.Operation{
		OperationID: "list-inbox", Method: http.MethodGet, Path: "/v1/inbox", Tags: []string{"operators"},
		Summary:     "List what providers reported, newest first",
		Description: "What providers sent to the webhooks: parked is genuine but cannot be used as it is, held belongs to an order that is not known yet.",
	}, operate, s.list)
	if s.Redeliver != nil {
		httpkit.Register(server, huma.Operation{
			OperationID: "deliver-again", Method: http.MethodPost, Path: "/v1/inbox/{id}/again", Tags: []string{"operators"},
			Summary:     "Deliver an event once more",
			Description: "Reads a stored event anew, as a changed configuration may understand what was parked, and sends it on its way; hearing it twice is harmless. 409 wrong_state where it still cannot be used, 410 pruned where it was delivered so long ago that its bytes are not kept any more (PURSER_KEEP_WEBHOOKS).",
		}, operate, s.redeliver)
	}
	httpkit.Register(server, huma.Operation{
		OperationID: "count-inbox", Method: http.MethodGet, Path: "/v1/inbox/counts", Tags: []string{"operators"},
		Summary:     "Count what providers reported",
		Description: "What is stored, and what this process has counted since it started. oldestDue is the event that has waited longest for its delivery: it should be missing or seconds old.",
	}, operate, s.counts)
}
