package inbox

import (
	"context"
	"fmt"

	"purser/order"
)

// fromList is the source of an event whose webhook did not come.
const fromList = "the provider's list"

// TakeListed puts an event that its provider lists into the inbox, as if its webhook had
// come. fresh is false if the event was there already. It fails with order.ErrRejected
// if the event cannot be read, or if this process does not know the provider's events.
func (h *Handler) TakeListed(ctx context.Context, provider string, body []byte) (fresh bool, err error) {
	source := h.Sources[provider]
	if source == nil {
		return false, fmt.Errorf("%w: %q is not a provider of this process", order.ErrRejected, provider)
	}
	d, err := source.Parse(body)
	if err != nil || d.EventID == "" {
		return false, fmt.Errorf("%w: the listed event is malformed", order.ErrRejected)
	}
	now := h.now()
	it, err := itemOf(d, body, now)
	if err != nil {
		return false, fmt.Errorf("%w: encode the listed event: %w", order.ErrRejected, err)
	}
	it.Source = fromList
	if h.Relay == nil { // another process finds it in the record
		it.NextAt = now
	}
	if fresh, err = h.Keeper.Receive(ctx, &it); err != nil || !fresh {
		return false, err
	}
	h.received(ctx, d, it)
	return true, nil
}
