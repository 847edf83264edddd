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

// Limits holds how many requests of each class are handled at once. Each class has
// a limit of its own, so that a flood in one class, or a partner that hangs, takes
// no capacity from another: searches and uploads cannot keep orders from being
// placed. One key may use three quarters of a class; all callers without a key
// together may use as much.
type Limits struct {
	// Orders limits requests that place, cancel and resolve orders; see
	// PlaceAtOnce, too. Default 256.
	Orders int
	// Search limits product searches. Default 64.
	Search int
	// Scans limits the searches that read much of the record: the plain list
	// while the search engine is down, and the operators' search for orders. Each
	// kind may use half of the limit. Default 2, which is fewer than the record
	// has connections, so that orders always find one.
	Scans int
	// Files limits image uploads and imports. Default 32.
	Files int
	// Images limits requests that redirect to an image. Default 128.
	Images int
	// Rest limits all other requests. Default 256.
	Rest int
}

// limiters holds one limiter for each class of requests.
type limiters struct{ orders, search, scans, files, images, rest *limiter.Limiter }

func (l Limits) open() limiters {
	return limiters{
		orders: newLimiter(l.Orders), search: newLimiter(l.Search), scans: limiter.New(l.Scans, l.Scans-l.Scans/2),
		files: newLimiter(l.Files), images: newLimiter(l.Images), rest: newLimiter(l.Rest),
	}
}

// newLimiter returns a limiter that lets one caller use three quarters of its
// slots, so that a flood from one shop, or from visitors without a key, locks out
// neither another shop nor the operator who has to stop it.
func newLimiter(size int) *limiter.Limiter { return limiter.New(size, size-size/4) }

// of returns the limiter for an operation, and the noun that the problem of a
// request beyond the limit uses.
func (l limiters) of(method, path string) (*limiter.Limiter, string) {
	switch {
	case strings.HasPrefix(path, "/v1/orders") && method != http.MethodGet:
		return l.orders, "requests"
	case path == "/v1/search": // the search for orders does not use the search engine
		return l.search, "searches"
	case strings.HasPrefix(path, "/v1/images"), strings.HasSuffix(path, "/images"), strings.HasPrefix(path, "/v1/imports"):
		return l.files, "uploads"
	}
	return l.rest, "requests"
}

// limit protects the process from a flood: it refuses requests beyond the limit of
// their class with 429. Health checks always pass, and so do streams, which have a
// limit of their own. It is a huma middleware.
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

// TooMany returns the problem of a request beyond the limit of its class.
func TooMany(what string) *Problem {
	return NewProblem(http.StatusTooManyRequests, "too_many_requests", "too many "+what+" are being handled; try again").RetryAfter(time.Second)
}

// AcquirePlacing waits for a slot to place an order. Nothing is started before it
// has one, because an order that is opened after its caller has gone is of no use.
func (s *Server) AcquirePlacing(ctx context.Context) (release func(), err error) {
	release, err = s.placements.Acquire(ctx, CallOf(ctx).Actor(), s.PlaceWait)
	if errors.Is(err, limiter.ErrLimitReached) {
		err = NewProblem(http.StatusTooManyRequests, "too_many_requests", "too many orders are being placed; nothing was started for this one").RetryAfter(2 * time.Second)
	}
	return release, err
}

// scanWithin is how long a search waits for a slot to read much of the record.
const scanWithin = time.Second

// The limiter's keys for searches that read the record. All shoppers share one key
// while the search engine is down, so that they do not lock out the operator who
// looks for the cause.
const (
	ForShoppers  = "shoppers"
	ForOperators = "operators"
)

// AcquireScan waits for a slot for a search that reads much of the record.
func (s *Server) AcquireScan(ctx context.Context, key string) (release func(), err error) {
	release, err = s.limiters.scans.Acquire(ctx, key, scanWithin)
	if errors.Is(err, limiter.ErrLimitReached) {
		err = NewProblem(http.StatusServiceUnavailable, "search_unavailable", "too many searches are running; try again").RetryAfter(SearchAgain)
	}
	return release, err
}
