// Package api is Purser's front door: the shop's HTTP API. It checks who asks
// and what is asked, sends the order's workflow a message where something is
// to happen, and reads the record where something is to be shown. It holds no
// business rule.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"purser/inbox"
	"purser/order"
	"purser/records"
)

// Config is what the API needs. Only Orders, Records and Keys must be set.
type Config struct {
	// Orders sends the workflows their messages.
	Orders Orders
	// Records is what is shown.
	Records Records
	OutboxConfig
	// Keys are who may call.
	Keys []Principal
	// Products changes the catalogue; nil: it is only read.
	Products *Products
	// Pictures takes pictures in; nil: there is nowhere to put them.
	Pictures *Pictures
	// Search finds products; nil: there is no search. PublicSearch lets
	// anybody search, without a key.
	Search       Search
	PublicSearch bool
	// SampleShop serves /shop, a page to look at products and search them, and
	// lets whoever sits at this machine search without a key. Where the search
	// is public, the page is so too.
	SampleShop bool
	// Webhooks answers /webhooks/…; nil: there is nothing there.
	Webhooks http.Handler
	// Ready is asked by /readyz: our own database and engine, no partner.
	Ready []Check
	// Appeared is told each order placed, so that news that came before it
	// can be delivered. It must not block.
	Appeared func(order.ID)
	// Counted is what this process counted of webhooks, for operators; nil:
	// it takes none.
	Counted func() (inbox.Counts, inbox.RelayCounts)
	// Again has a stored event delivered once more; nil: this process takes
	// no webhooks. It fails as inbox.Handler.Again does.
	Again func(ctx context.Context, id int64, by string) (records.Item, error)
	// Mail is what is known of mails; nil: its addresses are not there.
	Mail *MailDesk
	// Stopping, when closed, ends the live streams, which would otherwise
	// hold up a shutdown.
	Stopping <-chan struct{}

	// Campaigns is mail to many; nil: there is none.
	Campaigns *Campaigns
	// Preview shows what mails look like; nil: it does not.
	Preview *Preview

	// Version is shown in the documentation. Default "dev".
	Version string
	// PlaceWithin is how long POST /v1/orders waits until the shopper can
	// pay; then it answers 202. Default 5 s.
	PlaceWithin time.Duration
	// PlaceAtOnce is how many orders are placed at once. More than the engine
	// opens within PlaceWithin would all be answered too late, so the others
	// wait for their turn. One key may have three quarters of them. Default 64.
	PlaceAtOnce int
	// TurnWithin is how long they wait; then they are asked to come back, and
	// nothing was started. Default 1 s.
	TurnWithin time.Duration
	// SteerWithin is how long cancelling and releasing wait for the order to
	// have moved; then they answer 202. Default 10 s.
	SteerWithin time.Duration
	// Room is how many requests of each class are worked on at once; more are
	// asked to come back. Streams and webhooks do not count.
	Room Room
	// WriteWithin is how long a caller may take to read an answer, half of it to
	// send what is left of a request that is answered already; then it is cut off. Default 30 s. A stream may take as long for each event as it
	// says itself.
	WriteWithin time.Duration
	// Streams is how many live streams may be open, three quarters of them by
	// one key. Default 256.
	Streams int
	// PollEvery is how often a stream looks for events that another process
	// recorded; those of this process it hears of at once. Default 500 ms.
	PollEvery time.Duration
	// BeatEvery is how often a quiet stream shows that it is alive. Default
	// 15 s.
	BeatEvery time.Duration
	// Linger is how long a stream stays after the order has ended, for what
	// is recorded last. Default 2 s.
	Linger time.Duration

	// Log takes a line per request. Default slog.Default().
	Log *slog.Logger
	// Now tells the time. Default time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Orders == nil:
		return c, errors.New("api: Orders is missing")
	case c.Records == nil:
		return c, errors.New("api: Records is missing")
	case len(c.Keys) == 0:
		return c, errors.New("api: Keys are missing: nobody could call")
	}
	if c.Appeared == nil {
		c.Appeared = func(order.ID) {}
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.PlaceWithin, 5 * time.Second},
		{&c.TurnWithin, time.Second},
		{&c.WriteWithin, 30 * time.Second},
		{&c.SteerWithin, 10 * time.Second},
		{&c.PollEvery, 500 * time.Millisecond},
		{&c.BeatEvery, 15 * time.Second},
		{&c.Linger, 2 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, n := range []struct {
		field *int
		value int
	}{
		{&c.PlaceAtOnce, 64},
		{&c.Streams, 256},
		{&c.Room.Orders, 256},
		{&c.Room.Search, 64},
		{&c.Room.Scans, 2},
		{&c.Room.Files, 32},
		{&c.Room.Pictures, 128},
		{&c.Room.Rest, 256},
	} {
		if *n.field <= 0 {
			*n.field = n.value
		}
	}
	return c, nil
}

// server answers requests. It keeps nothing between them but counts and what
// is under way.
type server struct {
	Config
	rooms    rooms
	turns    *room // to place an order
	streams  *room
	badLinks atomic.Int64 // unsubscribe links that were not ours
	placing  sync.Map     // ids of the orders being placed under an idempotency key
}

// New makes the handler of everything under /v1, the documentation, the
// health checks and, where given, /webhooks/.
func New(c Config) (http.Handler, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &server{
		Config:  c,
		rooms:   c.Room.open(),
		turns:   newRoom(c.PlaceAtOnce),
		streams: newRoom(c.Streams),
	}
	mux := http.NewServeMux()
	s.routes(mux)
	if s.Webhooks != nil {
		mux.Handle("/webhooks", s.Webhooks) // else the mux would redirect it
		mux.Handle("/webhooks/", s.Webhooks)
	}
	return s.observe(legible(routed(mux))), nil
}
