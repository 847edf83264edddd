// Package inbox has the activities that find the events whose webhooks did not come,
// in the payment provider's own list, and the ports they need.
package inbox

import (
	"context"
	"time"

	"purser/order"
)

// Events lists what a payment provider has reported. Every error is a
// *order.ProviderError.
type Events interface {
	// ListEvents returns a page of the events, of the types that an order needs, that
	// were created from a time until another, the latest first. after is the last event
	// of the page before, "" for the first page. It fails with order.ErrNoSuch if that
	// event is not listed any more.
	ListEvents(ctx context.Context, since, until time.Time, after string) (order.EventPage, error)
	// EventBody returns a listed event as a webhook would bring it.
	EventBody(ctx context.Context, listed order.ListedEvent) ([]byte, error)
}

// Inbox takes events.
type Inbox interface {
	// TakeListed puts an event into the inbox, as if its webhook had come. fresh is
	// false if the event was there already. It fails with order.ErrRejected if the event
	// cannot be read.
	TakeListed(ctx context.Context, provider string, body []byte) (fresh bool, err error)
}

// Record knows what is in the inbox.
type Record interface {
	// MissingEvents returns those of a provider's listed events that are not in the
	// inbox.
	MissingEvents(ctx context.Context, provider, account string, listed []order.ListedEvent) ([]order.ListedEvent, error)
	// EventsListed returns until when all events that a provider lists are in the inbox;
	// the time is zero if its list was never read.
	EventsListed(ctx context.Context, provider string) (time.Time, error)
	// SetEventsListed moves that time forward.
	SetEventsListed(ctx context.Context, provider string, until time.Time) error
	// FirstPlaced returns when the first order was placed; the time is zero if there is
	// no order.
	FirstPlaced(ctx context.Context) (time.Time, error)
}
