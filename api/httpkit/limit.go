package httpkit

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"purser/limiter"
)

// Limits is how many requests of each class are worked on at once. Each class
// has a limit of its own, so that a flood of one, or a partner that hangs, takes
// nothing from another: orders are placed whatever shoppers search and shops
// send. One key may have three quarters of a class, and so may all callers
// together who need no key.
type Limits struct {
	// Orders are placed and steered; default 256. See PlaceAtOnce, too.
	Orders int
	// Search is for products; default 64.
	Search int
	// Scans are the searches that the record answers by reading much of it: the
	// plain list while the search engine is down, and the operators' search for
	// orders, which may have half of them each. Default 2: fewer than the record
	// has connections, so that orders always find one.
	Scans int
	// Files are uploads of images, and imports; default 32.
	Files int
	// Images are led to where they are seen; default 128.
	Images int
	// Rest is for all else; default 256.
	Rest int
}

// limiters are those of each class of requests.
type limiters struct{ orders, search, scans, files, images, rest *limiter.Limiter }

func (l Limits) open() limiters {
	return limiters{
		orders: newLimiter(l.Orders), search: newLimiter(l.Search), scans: limiter.New(l.Scans, l.Scans-l.Scans/2),
		files: newLimiter(l.Files), images: newLimiter(l.Images), rest: newLimiter(l.Rest),
	}
}

// newLimiter leaves a quarter to others than the caller who has most, so that
// a shop's flood, or that of its visitors, who have no key, locks out neither
// another shop nor the operator who is to stop it.
func newLimiter(size int) *limiter.Limiter { return limiter.New(size, size-size/4) }

// of returns the limiter for an operation, and what a caller beyond the limit
// is told there are too many of.
func (l limiters) of(method, path string) (*limiter.Limiter, string) {
	switch {
	case strings.HasPrefix(path, "/v1/orders") && method != http.MethodGet:
		return l.orders, "requests"
	case path == "/v1/search": // not that for orders, which no search engine answers
		return l.search, "searches"
	case strings.HasPrefix(path, "/v1/images"), strings.HasSuffix(path, "/images"), strings.HasPrefix(path, "/v1/imports"):
		return l.files, "uploads"
	}
	return l.rest, "requests"
}

// limit keeps a flood from taking the process down with it: beyond so many
// requests of a class at once, callers are asked to come back. Health
// checks always pass, and so do streams, which have a limit of their own.
func (s *Server) limit(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if op.Metadata["roles"] == nil && op.Metadata["limited"] == nil || op.OperationID == "list-order-events" && WantsStream(ctx.Header("Accept")) {
		next(ctx)
		return
	}
	class, what := s.limiters.of(op.Method, op.Path)
	release, ok := class.TryAcquire(CallOf(ctx.Context()).Actor())
	if !ok {
		r, w := humago.Unwrap(ctx)
		TooMany(what).Write(w, r)
		return
	}
	defer release()
	next(ctx)
}

// TooMany is the problem of a request beyond the limit of its class.
func TooMany(what string) *Problem {
	return NewProblem(http.StatusTooManyRequests, "too_many_requests", "too many "+what+" are being worked on").RetryAfter(time.Second)
}

// AcquirePlacing waits for a place among the orders that are being placed.
// Nothing is started before there is one: an order that is opened after its
// caller has gone helps nobody.
func (s *Server) AcquirePlacing(ctx context.Context) (release func(), err error) {
	release, err = s.placements.Acquire(ctx, CallOf(ctx).Actor(), s.PlaceWait)
	if errors.Is(err, limiter.ErrLimitReached) {
		err = NewProblem(http.StatusTooManyRequests, "too_many_requests", "too many orders are being placed; nothing was started for this one").RetryAfter(2 * time.Second)
	}
	return release, err
}

// scanWithin is how long a search waits for others that read much of the
// record.
const scanWithin = time.Second

// The keys of searches that read the record. All shoppers whose search engine
// is down share one key: they must not lock out the operator who looks for what
// is wrong.
const (
	ForShoppers  = "shoppers"
	ForOperators = "operators"
)

// AcquireScan waits for a place among the searches that read much of the
// record.
func (s *Server) AcquireScan(ctx context.Context, key string) (release func(), err error) {
	release, err = s.limiters.scans.Acquire(ctx, key, scanWithin)
	if errors.Is(err, limiter.ErrLimitReached) {
		err = NewProblem(http.StatusServiceUnavailable, "search_unavailable", "too many searches read the record; try again").RetryAfter(SearchAgain)
	}
	return release, err
}
