// Package inbox receives the providers' webhooks. It verifies the raw bytes, stores
// each event before it acknowledges it, and relays it to its order's workflow until
// it has arrived. It does not decide what an event means for an order.
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
	// Verify checks that the body is the provider's, meant for us and recent.
	// The error's text is shown to the sender. It fails with
	// order.ErrUnavailable if the body cannot be verified at the moment; the
	// sender is then asked to retry.
	Verify(header http.Header, body []byte, now time.Time) error
	// Parse parses a verified body. It fails if the body is malformed.
	Parse(body []byte) (order.Delivery, error)
}

// Sourced is a Source that takes the sender's network, instead of the headers, into
// account.
type Sourced interface {
	VerifyFrom(network string, body []byte, now time.Time) error
}

// Keeper stores events.
type Keeper interface {
	// Receive returns when the event is durable. An event that was stored
	// before is not fresh and changes nothing, unless it could not be used then.
	Receive(ctx context.Context, it *inboxrecords.Item) (fresh bool, err error)
	// Item returns a stored event, or inboxrecords.ErrNoItem.
	Item(ctx context.Context, id int64) (inboxrecords.Item, error)
	// Redeliver makes a stored event due again, with its newly parsed content.
	Redeliver(ctx context.Context, it *inboxrecords.Item) error
	// Dismiss ends the wait of a parked or held event, with a note. It fails with
	// inboxrecords.ErrNoItem or inboxrecords.ErrNotDismissible.
	Dismiss(ctx context.Context, id int64, note string) (inboxrecords.Item, error)
}

// Handler serves POST /webhooks/{provider}. Its exported fields must be set before
// the first request.
type Handler struct {
	// Sources holds the providers by their names in the path.
	Sources map[string]Source
	// Keeper stores verified events.
	Keeper Keeper
	// Relay receives stored events. If it is nil, another process relays them.
	Relay *Relay
	// MaxBody is the largest body in bytes. Default 1 MiB, more than
	// Stripe's largest event.
	MaxBody int64
	// AtOnce is how many verified webhooks are stored at once. Others wait for
	// a slot and are refused with 503 after five seconds; providers then send
	// them again. Default 128.
	AtOnce int
	// ReadAtOnce is how many bodies from one address are read and verified at
	// once, because anybody may send them. A /64 network of IPv6 counts as one
	// address. Others wait as above. Four times as many are read from all
	// addresses together. Default 128, which is enough for a provider behind a
	// proxy.
	ReadAtOnce int
	// BadPerMinute is how many webhooks that are not the provider's one sender
	// may send per minute; more are refused with 429. A webhook that verifies
	// is never refused for this. Default 20.
	BadPerMinute int
	// Log receives what needs a person's attention. Default slog.Default().
	Log *slog.Logger
	// Now returns the time. Default time.Now.
	Now func() time.Time

	counts  counts
	once    sync.Once
	storing *limiter.Limiter     // verified webhooks, under one key
	reading *limiter.Limiter     // bodies, by the sender's network
	bad     *limiter.Rate        // webhooks that are not the provider's, by network
	lines   *limiter.LogThrottle // bounds what is logged about them
}

// setUp creates the limiters from the exported fields at the first use.
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
	waitForPlace = 5 * time.Second  // the longest wait for a slot, and the Retry-After
	logPeriod    = 10 * time.Second // at most one line about each subject in this time
)

// Counts holds how many webhooks were received since the start, for metrics and
// alerts.
type Counts struct {
	Fresh      int64 // stored for the first time, of those:
	Kept       int64 // of a type no workflow needs
	Parked     int64 // genuine, but needing a person
	Duplicates int64 // stored before
	Forged     int64 // missing, wrong or stale signature
	Malformed  int64 // verified, yet unreadable
	TooLarge   int64
	Capped     int64 // of the forged, those refused with 429
	Failed     int64 // could not be verified or stored at the time and were refused with 503, of those:
	Undecided  int64 // could not be verified at the time; many of them indicate an attack
}

type counts struct {
	fresh, kept, parked, duplicates, forged, malformed, tooLarge, capped, failed, undecided atomic.Int64
}

// Counts returns the current counts.
func (h *Handler) Counts() Counts {
	c := &h.counts
	return Counts{
		Fresh: c.fresh.Load(), Kept: c.kept.Load(), Parked: c.parked.Load(), Duplicates: c.duplicates.Load(),
		Forged: c.forged.Load(), Malformed: c.malformed.Load(), TooLarge: c.tooLarge.Load(), Capped: c.capped.Load(), Failed: c.failed.Load(), Undecided: c.undecided.Load(),
	}
}

// ServeHTTP verifies the webhook, stores the event, hands it to the relay and
// responds, in this order.
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
		refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", "this address allows POST")
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

// genuine reads and verifies the body, or responds with a problem and returns
// false. Until the body is verified, slots are limited by the sender's network, so
// that forged webhooks do not take the slots of genuine ones.
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

// keep stores the event and responds with 202 if it is new, 200 if it was stored
// before, and 503 if it could not be stored, so that the provider sends it again.
func (h *Handler) keep(w http.ResponseWriter, r *http.Request, d order.Delivery, body []byte) {
	it, err := item(w, r, d, body, h.now())
	if err != nil {
		h.log().ErrorContext(r.Context(), "webhook cannot be encoded", "provider", d.Provider, "eventId", d.EventID, "error", err)
		refuse(w, http.StatusInternalServerError, "internal", "something went wrong here; it has been reported")
		return
	}
	// The event is stored even if the provider hangs up.
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
	h.received(ctx, d, it)
	acknowledge(w, http.StatusAccepted, it)
}

// received counts a fresh event and hands it to the relay.
func (h *Handler) received(ctx context.Context, d order.Delivery, it inboxrecords.Item) {
	h.counts.fresh.Add(1)
	switch it.State {
	case inboxrecords.Parked:
		h.counts.parked.Add(1)
		h.log().ErrorContext(ctx, "event parked: it needs an operator", "provider", d.Provider, "eventId", d.EventID,
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
}

// forged refuses a webhook that is not the provider's, with 429 if the sender has
// sent too many of them.
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

// undecided refuses a webhook that cannot be verified at the moment. It counts
// against the sender as a forgery does, but the status is always 503: after any
// other status the provider might not send it again.
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
	if limiter.Stalled(err) {
		refuse(w, http.StatusRequestTimeout, "timeout", "the rest of the body did not come in time; send it again")
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
