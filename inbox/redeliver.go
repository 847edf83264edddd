package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	inboxrecords "purser/records/inbox"
)

// The reasons why an event cannot be delivered again.
var (
	ErrStillParked = errors.New("the event still cannot be used")
	ErrNotNeeded   = errors.New("events of this type are not needed")
	ErrPruned      = errors.New("the event is too old: its bytes were deleted")
)

// Redeliver parses a stored event again, because a changed configuration or a newer
// version may understand an event that was parked, and delivers it again on behalf
// of the operator by. Delivering an event twice is harmless. It fails with
// inboxrecords.ErrNoItem, ErrStillParked, ErrNotNeeded or ErrPruned, and then
// changes nothing.
func (h *Handler) Redeliver(ctx context.Context, id int64, by string) (inboxrecords.Item, error) {
	it, err := h.Keeper.Item(ctx, id)
	if err != nil {
		return it, err
	}
	if !it.PrunedAt.IsZero() {
		return it, fmt.Errorf("%w, since %s", ErrPruned, it.PrunedAt.Format(time.DateOnly))
	}
	source := h.Sources[it.Provider]
	if source == nil {
		return it, fmt.Errorf("%w: %q is not a provider of this process", ErrStillParked, it.Provider)
	}
	d, err := source.Parse(it.Body)
	switch {
	case err != nil:
		return it, fmt.Errorf("%w: %w", ErrStillParked, err)
	case d.Problem != "":
		return it, fmt.Errorf("%w: %s", ErrStillParked, d.Problem)
	}
	it.OrderID, it.Ref, it.Note = d.OrderID, d.Ref, "sent again by "+by
	if it.Event, err = worthDelivering(d); err != nil {
		return it, err
	}
	if it.Event == nil {
		return it, fmt.Errorf("%w: %s", ErrNotNeeded, it.Type)
	}
	if err := h.Keeper.Redeliver(ctx, &it); err != nil {
		return it, err
	}
	h.log().InfoContext(ctx, "event sent again", "inboxId", id, "provider", it.Provider, "eventId", it.EventID, "by", by)
	if h.Relay != nil {
		h.Relay.wake()
	}
	return it, nil
}

// Dismiss ends the wait for a person, or for an order, of a parked or held event, on
// behalf of the operator by. It fails with inboxrecords.ErrNoItem or
// inboxrecords.ErrNotDismissible, and then changes nothing.
func (h *Handler) Dismiss(ctx context.Context, id int64, by, reason string) (inboxrecords.Item, error) {
	it, err := h.Keeper.Dismiss(ctx, id, "dismissed by "+by+": "+reason)
	if err == nil {
		h.log().InfoContext(ctx, "event dismissed", "inboxId", id, "provider", it.Provider, "eventId", it.EventID, "by", by)
	}
	return it, err
}
