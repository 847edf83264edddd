// Package inbox is where providers' webhooks come in: verified over their raw
// bytes, kept before they are acknowledged, and relayed to their orders'
// workflows until they have arrived. Nothing here decides what an event means
// for an order.
package inbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"purser/limiter"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// Source knows one provider's webhooks.
type Source interface {
	// Verify checks that the body is the provider's, meant for us and
	// recent. The error's text is shown to the sender. One that is
	// order.ErrUnavailable says that this cannot be told now: the sender is
	// asked to come back.
	Verify(header http.Header, body []byte, now time.Time) error
	// Parse reads a verified body. It fails for what no provider would send.
	Parse(body []byte) (order.Delivery, error)
}

// Sourced is a Source to which it matters who sends. It is told the sender's
// network in place of the headers.
type Sourced interface {
	VerifyFrom(network string, body []byte, now time.Time) error
}

// Keeper stores events.
type Keeper interface {
	// Receive returns when the event is durable. One stored before is not
	// fresh, and changes nothing.
	Receive(ctx context.Context, it *inboxrecords.Item) (fresh bool, err error)
	// Item returns a stored event, or inboxrecords.ErrNoItem.
	Item(ctx context.Context, id int64) (inboxrecords.Item, error)
	// Redeliver makes a stored event due, with what is understood of it now.
	Redeliver(ctx context.Context, it *inboxrecords.Item) error
}

// Handler answers POST /webhooks/{provider}. Set its exported fields, then
// serve.
type Handler struct {
	// Sources are the providers, by their name in the address.
	Sources map[string]Source
	// Keeper stores what was verified.
	Keeper Keeper
	// Relay is handed what was stored; nil: another process relays.
	Relay *Relay
	// MaxBody is the largest body in bytes. Default 1 MiB, more than
	// Stripe's largest event.
	MaxBody int64
	// AtOnce is how many webhooks that verified are stored at once; more wait
	// their turn and, after five seconds, are asked to come back, which a
	// provider does. Default 128.
	AtOnce int
	// ReadAtOnce is how many bodies of one address are read at once, and
	// verified: whoever sends them may be anybody. The 2^64 addresses that
	// one sender has of IPv6 are one. More wait as above. Four times as many
	// are read of all addresses together. Default 128, as many
	// as a provider behind a proxy may need.
	ReadAtOnce int
	// BadPerMinute is how many webhooks that are not the provider's one
	// sender may send, at once or in the course of a minute; for more it is
	// answered 429. It is never applied to one that verifies. Default 20.
	BadPerMinute int
	// Log takes what needs a person's eye. Default slog.Default().
	Log *slog.Logger
	// Now tells the time. Default time.Now.
	Now func() time.Time

	counts  counts
	once    sync.Once
	storing *limiter.Limiter     // webhooks that verified, under one key
	reading *limiter.Limiter     // bodies, by the sender's network
	bad     *limiter.Rate        // webhooks that are not the provider's, by network
	lines   *limiter.LogThrottle // bounds what is logged about them
}

// setUp makes the limiters at the first use, from the fields that are set.
func (h *Handler) setUp() {
	h.once.Do(func() {
		storing, reading := orDefault(h.AtOnce, 128), orDefault(h.ReadAtOnce, 128)
		h.storing = limiter.New(storing, storing)
		h.reading = limiter.New(4*reading, reading)
		h.bad = limiter.NewRate(orDefault(h.BadPerMinute, 20), time.Minute)
		h.lines = limiter.NewLogThrottle(logPeriod)
	})
}

const (
	waitForPlace = 5 * time.Second  // until the sender is asked to come back
	logPeriod    = 10 * time.Second // at most one line about each subject in this time
)

// Counts is what came in since the start, for metrics and alerts.
type Counts struct {
	Fresh      int64 // stored for the first time, of those:
	Kept       int64 // of a type no workflow needs
	Parked     int64 // genuine, but needing a person
	Duplicates int64 // stored before
	Forged     int64 // missing, wrong or stale signature
	Malformed  int64 // verified, yet unreadable
	TooLarge   int64
	Capped     int64 // of the forged, those answered 429
	Failed     int64 // could not be verified now or stored, answered 503, of those:
	Undecided  int64 // could not be verified now: many of them are an attack
}

type counts struct {
	fresh, kept, parked, duplicates, forged, malformed, tooLarge, capped, failed, undecided atomic.Int64
}

// Counts returns what came in.
func (h *Handler) Counts() Counts {
	c := &h.counts
	return Counts{
		Fresh: c.fresh.Load(), Kept: c.kept.Load(), Parked: c.parked.Load(), Duplicates: c.duplicates.Load(),
		Forged: c.forged.Load(), Malformed: c.malformed.Load(), TooLarge: c.tooLarge.Load(), Capped: c.capped.Load(), Failed: c.failed.Load(), Undecided: c.undecided.Load(),
	}
}

// ServeHTTP verifies, keeps, hands over and answers, in this order.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.setUp()
	provider, ok := providerOf(r.URL.Path)
	source := h.Sources[provider]
	switch {
	case !ok || source == nil:
		refuse(w, http.StatusNotFound, "not_found", "there is nothing at this address")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", "this address answers to POST")
		return
	}
	body, ok := h.genuine(w, r, provider, source)
	if !ok {
		return
	}
	d, err := source.Parse(body)
	if err != nil || d.EventID == "" {
		h.counts.malformed.Add(1)
		h.log().ErrorContext(r.Context(), "verified webhook is malformed", "provider", provider, "error", err, "correlationId", correlation(w))
		refuse(w, http.StatusBadRequest, "malformed", "the body is not an event")
		return
	}
	release, err := h.storing.Acquire(r.Context(), "", waitForPlace)
	if err != nil {
		busy(w)
		return
	}
	defer release()
	h.keep(w, r, d, body)
}

// genuine reads the body and verifies it, or answers why not. What is not the
// provider's must not take the place of what is: until that is known, the
// places are counted by source address.
func (h *Handler) genuine(w http.ResponseWriter, r *http.Request, provider string, source Source) (body []byte, ok bool) {
	release, err := h.reading.Acquire(r.Context(), network(r), waitForPlace)
	if err != nil {
		busy(w)
		return nil, false
	}
	defer release()
	if body, err = readBody(w, r, h.maxBody()); err != nil {
		h.unreadable(w, err)
		return nil, false
	}
	if s, ok := source.(Sourced); ok {
		err = s.VerifyFrom(network(r), body, h.now())
	} else {
		err = source.Verify(r.Header, body, h.now())
	}
	if err != nil {
		if errors.Is(err, order.ErrUnavailable) {
			h.undecided(w, r, provider, err)
			return nil, false
		}
		h.forged(w, r, provider, err)
		return nil, false
	}
	return body, true
}

func busy(w http.ResponseWriter) {
	refuseUntil(w, waitForPlace, http.StatusServiceUnavailable, "busy", "too many webhooks at once; send it again")
}

// keep stores the event and answers: 202 when it is new, 200 when it is
// known, 503 when it could not be stored, so that it is sent again.
func (h *Handler) keep(w http.ResponseWriter, r *http.Request, d order.Delivery, body []byte) {
	it, err := item(w, r, d, body, h.now())
	if err != nil {
		h.log().ErrorContext(r.Context(), "webhook cannot be encoded", "provider", d.Provider, "eventId", d.EventID, "error", err)
		refuse(w, http.StatusInternalServerError, "internal", "something went wrong here; it has been reported")
		return
	}
	// The provider may hang up while we store; what it sent is stored all
	// the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 10*time.Second)
	defer cancel()
	fresh, err := h.Keeper.Receive(ctx, &it)
	if err != nil {
		h.counts.failed.Add(1)
		if lines := h.lines.Lines(h.now(), "store"); lines > 0 {
			h.log().ErrorContext(ctx, "webhook could not be stored; the provider will send it again",
				"provider", d.Provider, "eventId", d.EventID, "error", err, "lines", lines, "correlationId", it.Correlation)
		}
		refuseUntil(w, 5*time.Second, http.StatusServiceUnavailable, "unavailable", "the event could not be stored; send it again")
		return
	}
	if !fresh {
		h.counts.duplicates.Add(1)
		acknowledge(w, http.StatusOK, it)
		return
	}
	h.counts.fresh.Add(1)
	switch it.State {
	case inboxrecords.Parked:
		h.counts.parked.Add(1)
		h.log().ErrorContext(ctx, "event parked: it needs a person", "provider", d.Provider, "eventId", d.EventID,
			"type", d.Type, "orderId", d.OrderID, "inboxId", it.ID, "why", d.Problem, "correlationId", it.Correlation)
	case inboxrecords.Kept:
		h.counts.kept.Add(1)
	default:
		switch {
		case h.Relay == nil:
		case d.Mail != nil:
			h.Relay.HandMail(it, *d.Mail)
		default:
			h.Relay.Hand(it, *d.Event)
		}
	}
	acknowledge(w, http.StatusAccepted, it)
}

// forged returns what is not the provider's, and puts a cap on whoever keeps
// sending it.
func (h *Handler) forged(w http.ResponseWriter, r *http.Request, provider string, cause error) {
	h.counts.forged.Add(1)
	from := network(r)
	now := h.now()
	wait := h.bad.Allow(now, from)
	if lines := h.lines.Lines(now, "forged "+from); lines > 0 {
		h.log().WarnContext(r.Context(), "webhook refused", "provider", provider, "source", remote(r), "error", cause,
			"lines", lines, "correlationId", correlation(w))
	}
	if wait > 0 {
		h.counts.capped.Add(1)
		refuseUntil(w, wait, http.StatusTooManyRequests, "too_many_requests", "too many webhooks with a bad signature from your address")
		return
	}
	refuse(w, http.StatusBadRequest, "signature_invalid", clip(cause.Error()))
}

// undecided returns what may be the provider's, but cannot be verified now. It
// counts against whoever sent it as a forgery does, but is answered 503 all the
// same: on anything else the provider would give up.
func (h *Handler) undecided(w http.ResponseWriter, r *http.Request, provider string, cause error) {
	h.counts.failed.Add(1)
	h.counts.undecided.Add(1)
	from := network(r)
	now := h.now()
	wait := h.bad.Allow(now, from)
	if lines := h.lines.Lines(now, "verify "+from); lines > 0 {
		h.log().ErrorContext(r.Context(), "webhook cannot be verified now; the provider will send it again",
			"provider", provider, "source", remote(r), "error", cause, "lines", lines, "correlationId", correlation(w))
	}
	refuseUntil(w, max(wait, 5*time.Second), http.StatusServiceUnavailable, "unavailable", "the signature cannot be checked now; send it again")
}

func (h *Handler) unreadable(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		h.counts.tooLarge.Add(1)
		refuse(w, http.StatusRequestEntityTooLarge, "body_too_large", "the body is larger than any event")
		return
	}
	refuse(w, http.StatusBadRequest, "malformed", "the body could not be read to its end")
}

func (h *Handler) maxBody() int64 {
	if h.MaxBody > 0 {
		return h.MaxBody
	}
	return 1 << 20
}

func (h *Handler) log() *slog.Logger {
	if h.Log == nil {
		return slog.Default()
	}
	return h.Log
}

func (h *Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

func orDefault(n, def int) int {
	if n > 0 {
		return n
	}
	return def
}
