package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// limit keeps a flood from taking the process down with it: beyond so many
// requests at once, callers are asked to come back (API-2). Health checks
// always pass, and so do streams, which have a limit of their own.
func (s *server) limit(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if op.Metadata["roles"] == nil && op.Metadata["limited"] == nil || op.OperationID == "list-order-events" && wantsStream(ctx.Header("Accept")) {
		next(ctx)
		return
	}
	select {
	case s.inFlight <- struct{}{}:
		defer func() { <-s.inFlight }()
		next(ctx)
	default:
		r, w := humago.Unwrap(ctx)
		problem(http.StatusTooManyRequests, "too_many_requests", "too many requests are being worked on").retry(time.Second).write(w, r)
	}
}

// turn waits for room to place an order. Nothing is started before there is
// some: an order that is opened after its caller has gone helps nobody.
func (s *server) turn(ctx context.Context) (leave func(), err error) {
	leave = func() { <-s.turns }
	select {
	case s.turns <- struct{}{}:
		return leave, nil
	default:
	}
	patience := time.NewTimer(s.TurnWithin)
	defer patience.Stop()
	select {
	case s.turns <- struct{}{}:
		return leave, nil
	case <-patience.C:
		return nil, problem(http.StatusTooManyRequests, "too_many_requests", "too many orders are being placed; nothing was started for this one").retry(2 * time.Second)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
