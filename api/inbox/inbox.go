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
	State    inboxrecords.State `query:"state" enum:"received,held,delivered,kept,parked,foreign,dismissed" doc:"Only items in this state"`
	Provider string             `query:"provider" maxLength:"32" doc:"Only items of this provider"`
	OrderID  string             `query:"orderId" maxLength:"64" doc:"Only items about this order"`
	Limit    int                `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of items"`
	Cursor   string             `query:"cursor" maxLength:"200" doc:"nextCursor of the previous page"`
}

// inboxItem is an event as an operator sees it: without the bytes, which contain
// personal data.
type inboxItem struct {
	ID          int64              `json:"id"`
	Provider    string             `json:"provider"`
	Account     string             `json:"account,omitempty"`
	EventID     string             `json:"eventId"`
	Type        string             `json:"type"`
	OrderID     order.ID           `json:"orderId,omitempty"`
	Ref         string             `json:"ref,omitempty"`
	State       inboxrecords.State `json:"state"`
	Note        string             `json:"note,omitempty" doc:"The reason why the event is held, parked, foreign, dismissed or late"`
	Attempts    int                `json:"attempts"`
	ReceivedAt  time.Time          `json:"receivedAt"`
	ProviderAt  time.Time          `json:"providerAt" doc:"When the event happened, according to the provider"`
	NextAt      time.Time          `json:"nextAt,omitzero" doc:"When the next delivery is attempted"`
	Source      string             `json:"source,omitempty"`
	Correlation string             `json:"correlationId,omitempty"`
	PrunedAt    time.Time          `json:"prunedAt,omitzero" doc:"When the event's bytes were deleted; it cannot be delivered again since then"`
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
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", "cursor: want the nextCursor of the previous page")
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

// newItem converts an item. NextAt is set only if another attempt will be made.
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
	ID int64 `path:"id" minimum:"1" doc:"The event's id in the list"`
}

type redeliverOutput struct{ Body inboxItem }

// redeliver reads a stored event and delivers it again.
func (s *Service) redeliver(ctx context.Context, in *redeliverInput) (*redeliverOutput, error) {
	it, err := s.Redeliver(ctx, in.ID, httpkit.CallOf(ctx).Actor())
	switch {
	case errors.Is(err, inboxrecords.ErrNoItem):
		return nil, httpkit.NewProblem(http.StatusNotFound, "not_found", "there is no such event")
	case errors.Is(err, inbox.ErrStillParked), errors.Is(err, inbox.ErrNotNeeded):
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", err.Error())
	case errors.Is(err, inbox.ErrPruned):
		return nil, httpkit.NewProblem(http.StatusGone, "pruned", err.Error())
	case err != nil:
		return nil, err
	}
	return &redeliverOutput{newItem(it)}, nil
}

type dismissInput struct {
	ID   int64 `path:"id" minimum:"1" doc:"The event's id in the list"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is kept with the event; no personal data"`
	}
}

// dismiss ends the wait of an event that nobody needs.
func (s *Service) dismiss(ctx context.Context, in *dismissInput) (*redeliverOutput, error) {
	if err := httpkit.CheckReason(in.Body.Reason); err != nil {
		return nil, err
	}
	it, err := s.Dismiss(ctx, in.ID, httpkit.CallOf(ctx).Actor(), in.Body.Reason)
	switch {
	case errors.Is(err, inboxrecords.ErrNoItem):
		return nil, httpkit.NewProblem(http.StatusNotFound, "not_found", "there is no such event")
	case errors.Is(err, inboxrecords.ErrNotDismissible):
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", err.Error())
	case err != nil:
		return nil, err
	}
	return &redeliverOutput{newItem(it)}, nil
}
