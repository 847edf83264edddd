package api

import (
	"context"
	"net/http"
	"sync"
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
	leave, ok := s.inFlight.enter(callOf(ctx.Context()).actor())
	if !ok {
		r, w := humago.Unwrap(ctx)
		tooMany().write(w, r)
		return
	}
	defer leave()
	next(ctx)
}

func tooMany() *Problem {
	return problem(http.StatusTooManyRequests, "too_many_requests", "too many requests are being worked on").retry(time.Second)
}

// crowd lets so many in at once. No caller may fill the whole room: a quarter
// of it is for the others, so that a shop's flood, or that of its visitors,
// who have no key, locks out neither another shop nor the operator who is to
// stop it.
type crowd struct {
	size   int
	mu     sync.Mutex
	inside int
	of     map[string]int // by caller; only those inside
}

func newCrowd(size int) *crowd { return &crowd{size: size, of: make(map[string]int)} }

// enter never waits: without room for this caller, ok is false.
func (c *crowd) enter(who string) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside >= c.size || c.of[who] >= c.size-c.size/4 {
		return nil, false
	}
	c.inside++
	c.of[who]++
	return func() { c.leave(who) }, true
}

func (c *crowd) leave(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
	if c.of[who]--; c.of[who] == 0 {
		delete(c.of, who)
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
