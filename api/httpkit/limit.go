package httpkit

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Room is how many requests of each class are worked on at once. A class has
// room of its own, so that a flood of one, or a partner that hangs, never takes
// the room of another: whatever shoppers search and shops send, orders are
// placed. One key may have three quarters of a class, and so may all who need
// none.
type Room struct {
	// Orders are placed and steered; default 256. See PlaceAtOnce, too.
	Orders int
	// Search is for products; default 64.
	Search int
	// Scans are the searches that the record answers by reading much of it: the
	// plain list while the search engine is down, and the operators' search for
	// orders, which may have half of them each. Default 2: fewer than the record
	// has connections, so that orders always find one.
	Scans int
	// Files are uploads of pictures, and imports; default 32.
	Files int
	// Pictures are led to where they are seen; default 128.
	Pictures int
	// Rest is for all else; default 256.
	Rest int
}

// rooms are the places of each class of requests.
type rooms struct{ orders, search, scans, files, pictures, rest *room }

func (r Room) open() rooms {
	return rooms{newRoom(r.Orders), newRoom(r.Search), newRoomOf(r.Scans, r.Scans-r.Scans/2), newRoom(r.Files), newRoom(r.Pictures), newRoom(r.Rest)}
}

// of is the class of an operation, and what a caller who finds no place is
// told there are too many of.
func (r rooms) of(method, path string) (*room, string) {
	switch {
	case strings.HasPrefix(path, "/v1/orders") && method != http.MethodGet:
		return r.orders, "requests"
	case path == "/v1/search": // not that for orders, which no search engine answers
		return r.search, "searches"
	case strings.HasPrefix(path, "/v1/pictures"), strings.HasSuffix(path, "/pictures"), strings.HasPrefix(path, "/v1/imports"):
		return r.files, "uploads"
	}
	return r.rest, "requests"
}

// room lets so many in at once. No caller may fill it: a quarter is for the
// others, so that a shop's flood, or that of its visitors, who have no key,
// locks out neither another shop nor the operator who is to stop it.
type room struct {
	places chan struct{}
	share  int // of one caller
	mu     sync.Mutex
	of     map[string]*caller // only those inside or waiting
}

// caller is one caller's part of a room.
type caller struct {
	places chan struct{}
	here   int // inside or waiting
}

func newRoom(size int) *room { return newRoomOf(size, size-size/4) }

func newRoomOf(size, share int) *room {
	return &room{places: make(chan struct{}, size), share: share, of: make(map[string]*caller)}
}

// enter takes a place for a caller, if there is one.
func (r *room) enter(who string) (leave func(), ok bool) {
	c := r.come(who)
	select {
	case c.places <- struct{}{}:
	default:
		r.gone(who)
		return nil, false
	}
	select {
	case r.places <- struct{}{}:
	default:
		<-c.places
		r.gone(who)
		return nil, false
	}
	return func() { r.leave(who, c) }, true
}

// errFull: as many requests of the class are worked on as may be.
var errFull = errors.New("full")

// wait takes a place for a caller, or fails with errFull if none is free in
// time. A caller who has as many as one may have waits for one of those, and in
// nobody's way.
func (r *room) wait(ctx context.Context, who string, within time.Duration) (leave func(), err error) {
	patience := time.NewTimer(within)
	defer patience.Stop()
	take := func(places chan struct{}) error {
		select {
		case places <- struct{}{}:
			return nil
		case <-patience.C:
			return errFull
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c := r.come(who)
	if err := take(c.places); err != nil {
		r.gone(who)
		return nil, err
	}
	if err := take(r.places); err != nil {
		<-c.places
		r.gone(who)
		return nil, err
	}
	return func() { r.leave(who, c) }, nil
}

func (r *room) leave(who string, c *caller) {
	<-r.places
	<-c.places
	r.gone(who)
}

// come answers the caller's part, which is there until they are gone.
func (r *room) come(who string) *caller {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.of[who]
	if c == nil {
		c = &caller{places: make(chan struct{}, r.share)}
		r.of[who] = c
	}
	c.here++
	return c
}

func (r *room) gone(who string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.of[who]; c.here > 1 {
		c.here--
		return
	}
	delete(r.of, who)
}

// limit keeps a flood from taking the process down with it: beyond so many
// requests of a class at once, callers are asked to come back (API-2). Health
// checks always pass, and so do streams, which have a limit of their own.
func (s *Server) limit(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if op.Metadata["roles"] == nil && op.Metadata["limited"] == nil || op.OperationID == "list-order-events" && WantsStream(ctx.Header("Accept")) {
		next(ctx)
		return
	}
	class, what := s.rooms.of(op.Method, op.Path)
	leave, ok := class.enter(CallOf(ctx.Context()).Actor())
	if !ok {
		r, w := humago.Unwrap(ctx)
		TooMany(what).Write(w, r)
		return
	}
	defer leave()
	next(ctx)
}

func TooMany(what string) *Problem {
	return NewProblem(http.StatusTooManyRequests, "too_many_requests", "too many "+what+" are being worked on").RetryAfter(time.Second)
}

// AcquirePlacing waits for room to place an order. Nothing is started before there is
// some: an order that is opened after its caller has gone helps nobody.
func (s *Server) AcquirePlacing(ctx context.Context) (leave func(), err error) {
	leave, err = s.turns.wait(ctx, CallOf(ctx).Actor(), s.TurnWithin)
	if errors.Is(err, errFull) {
		err = NewProblem(http.StatusTooManyRequests, "too_many_requests", "too many orders are being placed; nothing was started for this one").RetryAfter(2 * time.Second)
	}
	return leave, err
}

// scanWithin is how long a search waits for others that read much of the
// record.
const scanWithin = time.Second

// Who searches the record. Shoppers whose search engine is down are one, however
// many: they must not lock out the operator who looks for what is wrong.
const (
	ForShoppers  = "shoppers"
	ForOperators = "operators"
)

// AcquireScan waits for room to read much of the record.
func (s *Server) AcquireScan(ctx context.Context, who string) (leave func(), err error) {
	leave, err = s.rooms.scans.wait(ctx, who, scanWithin)
	if errors.Is(err, errFull) {
		err = NewProblem(http.StatusServiceUnavailable, "search_unavailable", "too many searches read the record; try again").RetryAfter(SearchAgain)
	}
	return leave, err
}
