package httpkit

import (
	"context"
	"time"
)

// SearchAgain is the Retry-After of a search that failed: about as long as the
// search engine's circuit breaker stays open.
const SearchAgain = 5 * time.Second

// AcquireStream takes a slot for a live stream. It returns false if none is free.
func (s *Server) AcquireStream(ctx context.Context) (release func(), ok bool) {
	return s.streams.TryAcquire(CallOf(ctx).Actor())
}

// AcquireImage takes a slot for a request for an image. It returns false if none
// is free.
func (s *Server) AcquireImage(ctx context.Context) (release func(), ok bool) {
	return s.limiters.images.TryAcquire(CallOf(ctx).Actor())
}

// AcquirePage takes a slot in the limit of all other requests, for a page that is
// not an operation. It waits for PlaceWait at most.
func (s *Server) AcquirePage(ctx context.Context) (release func(), err error) {
	return s.limiters.rest.Acquire(ctx, CallOf(ctx).Actor(), s.PlaceWait)
}
