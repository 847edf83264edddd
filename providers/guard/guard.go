// Package guard stands between an adapter and its provider's HTTP endpoint. It
// has a bulkhead, so that one slow partner cannot occupy every goroutine, and a
// circuit breaker, so that a partner that is down gets no calls for a while. It
// never retries; the workflow does.
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
)

// These are the reasons for blocking a request. Both mean that nothing was
// sent.
var (
	ErrOpen = errors.New("circuit breaker is open")
	ErrFull = errors.New("too many requests at once")
)

// Config configures a guard. The zero value uses the defaults.
type Config struct {
	Name        string        // the partner's name in the log
	Concurrent  int           // concurrent requests; default 32
	Wait        time.Duration // how long a request may wait to start; default 2 s
	Consecutive int           // consecutive failures that open the breaker; default 8
	Rate        float64       // share of failures within Window that opens it too; default 0.5
	Calls       int           // least calls within Window for Rate to count; default 20
	Window      time.Duration // default 30 s
	OpenFor     time.Duration // pause before a probe, ± a quarter; default 10 s
	Unbroken    bool          // no breaker, because the caller has its own
	Log         *slog.Logger  // for changes of state; default slog.Default()
}

// Guard is an http.RoundTripper.
type Guard struct {
	next     http.RoundTripper
	conf     Config
	bulkhead bulkhead.Bulkhead[any]

	breaker *Breaker // nil if Unbroken
}

// Transport returns a guard around next; nil means a new transport that keeps
// as many connections as it may use at once.
func Transport(next http.RoundTripper, c Config) *Guard {
	c.setDefaults()
	if next == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = c.Concurrent
		next = own
	}
	g := &Guard{next: next, conf: c, bulkhead: bulkhead.New[any](uint(c.Concurrent))}
	if !c.Unbroken {
		g.breaker = NewBreaker(c)
	}
	return g
}

func (c *Config) setDefaults() {
	c.Concurrent = cmp.Or(c.Concurrent, 32)
	c.Wait = cmp.Or(c.Wait, 2*time.Second)
	c.Consecutive = cmp.Or(c.Consecutive, 8)
	c.Rate = cmp.Or(c.Rate, 0.5)
	c.Calls = cmp.Or(c.Calls, 20)
	c.Window = cmp.Or(c.Window, 30*time.Second)
	c.OpenFor = cmp.Or(c.OpenFor, 10*time.Second)
	c.Log = cmp.Or(c.Log, slog.Default())
}

// State returns "closed", "open" or "half-open".
func (g *Guard) State() string {
	if g.breaker == nil {
		return "closed"
	}
	return g.breaker.State()
}

// RoundTrip implements http.RoundTripper. It frees the slot and reports the
// verdict when the response body has been read or closed.
func (g *Guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.bulkhead.AcquirePermitWithMaxWait(r.Context(), g.conf.Wait); err != nil {
		closeBody(r)
		if errors.Is(err, bulkhead.ErrFull) {
			err = ErrFull
		}
		return nil, &notSent{err}
	}
	judge, ok := g.enter()
	if !ok {
		g.bulkhead.ReleasePermit()
		closeBody(r)
		return nil, &notSent{ErrOpen}
	}
	var once sync.Once
	done := func(v Verdict) {
		once.Do(func() {
			judge(v)
			g.bulkhead.ReleasePermit()
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

// enter asks the breaker for a permit.
func (g *Guard) enter() (judge func(Verdict), ok bool) {
	if g.breaker == nil {
		return func(Verdict) {}, true
	}
	judge, _, ok = g.breaker.Enter()
	return judge, ok
}

func judgeError(ctx context.Context, err error) Verdict {
	if errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled) {
		return NoWord
	}
	return Failing
}
