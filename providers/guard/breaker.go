package guard

import (
	"context"
	"log/slog"
	"sync"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Breaker leaves a partner that is down alone for a while. After the
// pause one call at a time is let through, to see.
type Breaker struct {
	conf Config

	mu      sync.Mutex // makes a breaker's answer and the era it belongs to one thing
	breaker circuitbreaker.CircuitBreaker[any]
	era     int // counts the breaker's changes of state
	failed  int // failures in a row
}

// NewBreaker makes a closed breaker.
func NewBreaker(c Config) *Breaker {
	c.setDefaults()
	b := &Breaker{conf: c}
	b.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(c.Rate, uint(c.Calls), c.Window).
		WithSuccessThreshold(1). // so that half-open lets one probe through, not a crowd
		WithDelay(c.OpenFor).
		WithJitterFactor(0.25).
		OnStateChanged(b.changed).
		Build()
	return b
}

// State is "closed", "open" or "half-open".
func (b *Breaker) State() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaker.State().String()
}

// Verdict is what a finished call says about the partner's health. Refusals
// such as a declined card or a bad parameter are signs of health.
type Verdict int

// The verdicts.
const (
	Healthy Verdict = iota
	Failing
	NoWord // the caller gave up; it says nothing about the partner
)

// Enter asks for leave to call. Whoever gets it must tell done, once, how the
// call went. probe says that the partner was down when last heard of.
func (b *Breaker) Enter() (done func(Verdict), probe, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.breaker.TryAcquirePermit() {
		return nil, false, false
	}
	era := b.era
	return func(v Verdict) { b.judge(era, v) }, b.breaker.IsHalfOpen(), true
}

// judge takes in how a call went. A call that began before the breaker's last
// change says nothing about the present.
func (b *Breaker) judge(era int, v Verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if era != b.era {
		return
	}
	switch {
	case v == Healthy:
		b.failed = 0
		b.breaker.RecordSuccess()
	case v == Failing:
		b.failed++
		b.breaker.RecordFailure()
		if b.failed >= b.conf.Consecutive && b.breaker.IsClosed() {
			b.breaker.Open()
		}
	case b.breaker.IsHalfOpen(): // a probe without an answer: the next one may try later
		b.breaker.RecordFailure()
	}
}

// changed runs inside a call to the breaker, with b.mu held.
func (b *Breaker) changed(e circuitbreaker.StateChangedEvent) {
	b.era++
	b.failed = 0
	level := slog.LevelInfo
	if e.NewState == circuitbreaker.OpenState {
		level = slog.LevelWarn
	}
	b.conf.Log.Log(context.Background(), level, "circuit breaker", "partner", b.conf.Name, "from", e.OldState.String(), "to", e.NewState.String())
}
