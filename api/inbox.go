package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/inbox"
	"purser/order"
	inboxrecords "purser/records/inbox"
	"purser/records/sqldb"
)

// InboxRecords lists what providers reported.
type InboxRecords interface {
	// Items fails with sqldb.ErrCursor.
	Items(ctx context.Context, f inboxrecords.Filter) (inboxrecords.Page, error)
	// InboxCounts answers how many items are in each state, and since when
	// the oldest is due.
	InboxCounts(ctx context.Context) (map[inboxrecords.State]int64, time.Time, error)
}

// inboxRoutes declares the operations on what providers reported.
func (s *server) inboxRoutes(a huma.API, operate []Role) {
	register(s, a, huma.Operation{
		OperationID: "list-inbox", Method: http.MethodGet, Path: "/v1/inbox", Tags: []string{"operators"},
		Summary:     "List what providers reported, newest first",
		Description: "What providers sent to the webhooks: parked is genuine but cannot be used as it is, held belongs to an order that is not known yet.",
	}, operate, s.inbox)
	if s.Again != nil {
		register(s, a, huma.Operation{
			OperationID: "deliver-again", Method: http.MethodPost, Path: "/v1/inbox/{id}/again", Tags: []string{"operators"},
			Summary:     "Deliver an event once more",
			Description: "Reads a stored event anew, as a changed configuration may understand what was parked, and sends it on its way; hearing it twice is harmless. 409 wrong_state where it still cannot be used, 410 pruned where it was delivered so long ago that its bytes are not kept any more (PURSER_KEEP_WEBHOOKS).",
		}, operate, s.again)
	}
	register(s, a, huma.Operation{
		OperationID: "count-inbox", Method: http.MethodGet, Path: "/v1/inbox/counts", Tags: []string{"operators"},
		Summary:     "Count what providers reported",
		Description: "What is stored, and what this process has counted since it started. oldestDue is the event that has waited longest for its delivery: it should be missing or seconds old.",
	}, operate, s.inboxCounts)
}

type inboxInput struct {
	State    inboxrecords.State `query:"state" enum:"received,held,delivered,kept,parked" doc:"Only items in this state"`
	Provider string             `query:"provider" maxLength:"32" doc:"Only this provider's"`
	OrderID  string             `query:"orderId" maxLength:"64" doc:"Only this order's"`
	Limit    int                `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at the most"`
	Cursor   string             `query:"cursor" maxLength:"200" doc:"nextCursor of the page before"`
}

// inboxItem is what an operator sees of an event (WHK-19): everything but
// the bytes, which hold a shopper's data.
type inboxItem struct {
	ID          int64              `json:"id"`
	Provider    string             `json:"provider"`
	Account     string             `json:"account,omitempty"`
	EventID     string             `json:"eventId"`
	Type        string             `json:"type"`
	OrderID     order.ID           `json:"orderId,omitempty"`
	Ref         string             `json:"ref,omitempty"`
	State       inboxrecords.State `json:"state"`
	Note        string             `json:"note,omitempty" doc:"Why it is held, parked or late"`
	Attempts    int                `json:"attempts"`
	ReceivedAt  time.Time          `json:"receivedAt"`
	ProviderAt  time.Time          `json:"providerAt" doc:"When the provider says it happened"`
	NextAt      time.Time          `json:"nextAt,omitzero" doc:"When it is tried again"`
	Source      string             `json:"source,omitempty"`
	Correlation string             `json:"correlationId,omitempty"`
	PrunedAt    time.Time          `json:"prunedAt,omitzero" doc:"Since when its bytes are not kept any more: it cannot be delivered again"`
}

type inboxPage struct {
	Items      []inboxItem `json:"items"`
	NextCursor string      `json:"nextCursor,omitempty" doc:"Missing on the last page"`
}

type inboxOutput struct{ Body inboxPage }

// inbox lists events, newest first.
func (s *server) inbox(ctx context.Context, in *inboxInput) (*inboxOutput, error) {
	page, err := s.Records.Items(ctx, inboxrecords.Filter{
		State: in.State, Provider: in.Provider, OrderID: order.ID(in.OrderID), Limit: in.Limit, Cursor: in.Cursor,
	})
	if errors.Is(err, sqldb.ErrCursor) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the page before")
	}
	if err != nil {
		return nil, err
	}
	out := &inboxOutput{inboxPage{Items: make([]inboxItem, 0, len(page.Items)), NextCursor: page.Next}}
	for _, it := range page.Items {
		out.Body.Items = append(out.Body.Items, shown(it))
	}
	return out, nil
}

func shown(it inboxrecords.Item) inboxItem {
	i := inboxItem{
		ID: it.ID, Provider: it.Provider, Account: it.Account, EventID: it.EventID, Type: it.Type, OrderID: it.OrderID, Ref: it.Ref,
		State: it.State, Note: it.Note, Attempts: it.Attempts, ReceivedAt: it.ReceivedAt, ProviderAt: it.ProviderAt,
		Source: it.Source, Correlation: it.Correlation, PrunedAt: it.PrunedAt,
	}
	if it.State == inboxrecords.Received || it.State == inboxrecords.Held {
		i.NextAt = it.NextAt
	}
	return i
}

type againInput struct {
	ID int64 `path:"id" minimum:"1" doc:"The event's number in the list"`
}

type againOutput struct{ Body inboxItem }

// again has an event read anew and delivered once more (REC-8).
func (s *server) again(ctx context.Context, in *againInput) (*againOutput, error) {
	it, err := s.Again(ctx, in.ID, callOf(ctx).actor())
	switch {
	case errors.Is(err, inboxrecords.ErrNoItem):
		return nil, problem(http.StatusNotFound, "not_found", "no such event")
	case errors.Is(err, inbox.ErrStillParked), errors.Is(err, inbox.ErrNoNews):
		return nil, problem(http.StatusConflict, "wrong_state", err.Error())
	case errors.Is(err, inbox.ErrPruned):
		return nil, problem(http.StatusGone, "pruned", err.Error())
	case err != nil:
		return nil, err
	}
	return &againOutput{shown(it)}, nil
}

// inboxCounts is what an operator watches: what waits in the record, and what
// this process has counted since it started.
type inboxCounts struct {
	States    map[inboxrecords.State]int64 `json:"states" doc:"Items in each state"`
	OldestDue time.Time                    `json:"oldestDue,omitzero" doc:"Since when the oldest item waits to be delivered; missing if none does"`
	Received  *receivedCounts              `json:"received,omitempty" doc:"What this process took in since it started"`
	Relayed   *relayedCounts               `json:"relayed,omitempty" doc:"What this process delivered since it started"`
}

type receivedCounts struct {
	Fresh      int64 `json:"fresh"`
	Kept       int64 `json:"kept" doc:"Of the fresh: of a type no order needs"`
	Parked     int64 `json:"parked" doc:"Of the fresh: needing a person"`
	Duplicates int64 `json:"duplicates"`
	Forged     int64 `json:"forged"`
	Malformed  int64 `json:"malformed"`
	TooLarge   int64 `json:"tooLarge"`
	Capped     int64 `json:"capped" doc:"Of the forged: told to stop"`
	Failed     int64 `json:"failed" doc:"Could not be verified now or stored"`
	Undecided  int64 `json:"undecided" doc:"Of the failed: could not be verified now. Many of them are an attack"`
}

type relayedCounts struct {
	Delivered int64 `json:"delivered"`
	Late      int64 `json:"late" doc:"To an order that had ended"`
	Known     int64 `json:"known" doc:"Not delivered, for the order's record said so already"`
	Mails     int64 `json:"mails" doc:"Reports about mails that were acted upon"`
	Held      int64 `json:"held" doc:"Attempts that found no order yet"`
	Failed    int64 `json:"failed" doc:"Attempts that failed otherwise"`
	Overflow  int64 `json:"overflow" doc:"Left to the sweeper because the queue was full"`
	Waiting   int64 `json:"waiting" doc:"In memory now"`
}

type inboxCountsOutput struct{ Body inboxCounts }

func (s *server) inboxCounts(ctx context.Context, _ *struct{}) (*inboxCountsOutput, error) {
	states, oldest, err := s.Records.InboxCounts(ctx)
	if err != nil {
		return nil, err
	}
	out := &inboxCountsOutput{inboxCounts{States: states, OldestDue: oldest}}
	if s.Counted != nil {
		in, relayed := s.Counted()
		out.Body.Received, out.Body.Relayed = (*receivedCounts)(&in), (*relayedCounts)(&relayed)
	}
	return out, nil
}
