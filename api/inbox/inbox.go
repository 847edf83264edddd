package inbox

import (
	"context"
	"errors"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/inbox"
	"purser/order"
	inboxrecords "purser/records/inbox"
	"purser/records/sqldb"
)

type inboxInput struct {
	State    inboxrecords.State `query:"state" enum:"received,held,delivered,kept,parked" doc:"Only items in this state"`
	Provider string             `query:"provider" maxLength:"32" doc:"Only this provider's"`
	OrderID  string             `query:"orderId" maxLength:"64" doc:"Only this order's"`
	Limit    int                `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at the most"`
	Cursor   string             `query:"cursor" maxLength:"200" doc:"nextCursor of the page before"`
}

// inboxItem is what an operator sees of an event: everything but the bytes, which
// hold a shopper's data.
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

// list returns events, newest first.
func (s *Service) list(ctx context.Context, in *inboxInput) (*inboxOutput, error) {
	page, err := s.Records.Items(ctx, inboxrecords.Filter{
		State: in.State, Provider: in.Provider, OrderID: order.ID(in.OrderID), Limit: in.Limit, Cursor: in.Cursor,
	})
	if errors.Is(err, sqldb.ErrCursor) {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the page before")
	}
	if err != nil {
		return nil, err
	}
	out := &inboxOutput{inboxPage{Items: make([]inboxItem, 0, len(page.Items)), NextCursor: page.Next}}
	for _, it := range page.Items {
		out.Body.Items = append(out.Body.Items, newItem(it))
	}
	return out, nil
}

// newItem shows an item, with the time of its next attempt only if there is one.
func newItem(it inboxrecords.Item) inboxItem {
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

type redeliverInput struct {
	ID int64 `path:"id" minimum:"1" doc:"The event's number in the list"`
}

type redeliverOutput struct{ Body inboxItem }

// redeliver has a stored event read and delivered once more.
func (s *Service) redeliver(ctx context.Context, in *redeliverInput) (*redeliverOutput, error) {
	it, err := s.Redeliver(ctx, in.ID, httpkit.CallOf(ctx).Actor())
	switch {
	case errors.Is(err, inboxrecords.ErrNoItem):
		return nil, httpkit.NewProblem(http.StatusNotFound, "not_found", "no such event")
	case errors.Is(err, inbox.ErrStillParked), errors.Is(err, inbox.ErrNotNeeded):
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", err.Error())
	case errors.Is(err, inbox.ErrPruned):
		return nil, httpkit.NewProblem(http.StatusGone, "pruned", err.Error())
	case err != nil:
		return nil, err
	}
	return &redeliverOutput{newItem(it)}, nil
}
