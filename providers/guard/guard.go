// Package guard stands between an adapter and its provider's HTTP endpoint:
// a bulkhead, so that one slow partner cannot take every goroutine (RES-10),
// and a circuit breaker, so that a partner that is down is left alone for a
// while (RES-6). It never retries; the workflow does.
package guard

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Why a request was not let through. Both mean that nothing was sent.
var (
	ErrOpen = errors.New("circuit breaker is open")
	ErrFull = errors.New("too many requests at once")
)

// Config shapes a guard. The zero value is a good one.
type Config struct {
	Name        string        // of the partner, for the log
	Concurrent  int           // requests at once; default 32
	Wait        time.Duration // how long a request may wait for its place; default 2 s
	Consecutive int           // failures in a row that open the breaker; default 8
	Rate        float64       // or this share of failures within Window …; default 0.5
	Calls       int           // … of at least so many calls; default 20
	Window      time.Duration // default 30 s
	OpenFor     time.Duration // how long the breaker stays open before one probe; default 10 s, ± a quarter
	Log         *slog.Logger  // told of each change of state; default slog.Default()
}

// Guard is an http.RoundTripper.
type Guard struct {
	next http.RoundTripper
	conf Config
	room bulkhead.Bulkhead[any]

	mu      sync.Mutex // makes a breaker's answer and the era it belongs to one thing
	breaker circuitbreaker.CircuitBreaker[any]
	era     int // counts the breaker's changes of state
	failed  int // failures in a row
}

// Transport guards next; nil means a transport of its own that keeps as many
// connections as it may use at once.
func Transport(next http.RoundTripper, c Config) *Guard {
	c.Concurrent = cmp.Or(c.Concurrent, 32)
	c.Wait = cmp.Or(c.Wait, 2*time.Second)
	c.Consecutive = cmp.Or(c.Consecutive, 8)
	c.Rate = cmp.Or(c.Rate, 0.5)
	c.Calls = cmp.Or(c.Calls, 20)
	c.Window = cmp.Or(c.Window, 30*time.Second)
	c.OpenFor = cmp.Or(c.OpenFor, 10*time.Second)
	c.Log = cmp.Or(c.Log, slog.Default())
	if next == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = c.Concurrent
		next = own
	}
	g := &Guard{next: next, conf: c, room: bulkhead.New[any](uint(c.Concurrent))}
	g.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(c.Rate, uint(c.Calls), c.Window).
		WithSuccessThreshold(1). // so that half-open lets one probe through, not a crowd
		WithDelay(c.OpenFor).
		WithJitterFactor(0.25).
		OnStateChanged(g.changed).
		Build()
	return g
}

// State is "closed", "open" or "half-open".
func (g *Guard) State() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.breaker.State().String()
}

// RoundTrip implements http.RoundTripper. The place is given back, and the
// call judged, when the answer's body has been read or closed.
func (g *Guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.room.AcquirePermitWithMaxWait(r.Context(), g.conf.Wait); err != nil {
		closeBody(r)
		if errors.Is(err, bulkhead.ErrFull) {
			err = ErrFull
		}
		return nil, &notSent{err}
	}
	era, ok := g.enter()
	if !ok {
		g.room.ReleasePermit()
		closeBody(r)
		return nil, &notSent{ErrOpen}
	}
	var once sync.Once
	done := func(v verdict) {
		once.Do(func() {
			g.judge(era, v)
			g.room.ReleasePermit()
		})
	}
	r, sent := traced(r)
	resp, err := g.next.RoundTrip(r)
	if err != nil {
		done(judgeError(r.Context(), err))
		if !sent() {
			err = &notSent{err}
		}
		return nil, err
	}
	resp.Body = &body{ReadCloser: resp.Body, ctx: r.Context(), failed: resp.StatusCode >= 500, done: done}
	return resp, nil
}

// enter asks the breaker for leave.
func (g *Guard) enter() (era int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ok = g.breaker.TryAcquirePermit()
	return g.era, ok
}

// verdict is what a finished call says about the partner's health. Refusals
// such as a declined card or a bad parameter are signs of health.
type verdict int

const (
	healthy verdict = iota
	failing
	noWord // the caller gave up; it says nothing about the partner
)

func judgeError(ctx context.Context, err error) verdict {
	if errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled) {
		return noWord
	}
	return failing
}

// judge tells the breaker how a call went. A call that began before the
// breaker's last change says nothing about the present (RES-7).
func (g *Guard) judge(era int, v verdict) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if era != g.era {
		return
	}
	switch {
	case v == healthy:
		g.failed = 0
		g.breaker.RecordSuccess()
	case v == failing:
		g.failed++
		g.breaker.RecordFailure()
		if g.failed >= g.conf.Consecutive && g.breaker.IsClosed() {
			g.breaker.Open()
		}
	case g.breaker.IsHalfOpen(): // a probe without an answer: the next one may try later
		g.breaker.RecordFailure()
	}
}

// changed runs inside a call to the breaker, with g.mu held.
func (g *Guard) changed(e circuitbreaker.StateChangedEvent) {
	g.era++
	g.failed = 0
	level := slog.LevelInfo
	if e.NewState == circuitbreaker.OpenState {
		level = slog.LevelWarn
	}
	g.conf.Log.Log(context.Background(), level, "circuit breaker", "partner", g.conf.Name, "from", e.OldState.String(), "to", e.NewState.String())
}
