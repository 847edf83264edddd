package httpkit

import (
	"context"
	"time"
)

// SearchAgain is how long to wait before a search is tried again: about as long
// as the search engine's breaker stays open.
const SearchAgain = 5 * time.Second

// AcquireStream takes one of the places of live streams, if one is free.
func (s *Server) AcquireStream(ctx context.Context) (release func(), ok bool) {
	return s.streams.TryAcquire(CallOf(ctx).Actor())
}

// AcquireImage takes one of the places of requests for images, if one is
// free.
func (s *Server) AcquireImage(ctx context.Context) (release func(), ok bool) {
	return s.limiters.images.TryAcquire(CallOf(ctx).Actor())
}

// AcquirePage takes one of the places of all other requests, for a page that is
// not an operation. It waits for PlaceWait.
func (s *Server) AcquirePage(ctx context.Context) (release func(), err error) {
	return s.limiters.rest.Acquire(ctx, CallOf(ctx).Actor(), s.PlaceWait)
}
