package guard

import (
	"context"
	"log/slog"
	"sync"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Breaker stops calls to a partner that is down for a while. After the pause it
// lets one call at a time through as a probe.
type Breaker struct {
	conf Config

	mu      sync.Mutex // keeps a permit consistent with the era it belongs to
	breaker circuitbreaker.CircuitBreaker[any]
	era     int // number of state changes so far
	failed  int // failures in a row
}

// NewBreaker returns a closed breaker.
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

// State returns "closed", "open" or "half-open".
func (b *Breaker) State() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaker.State().String()
}

// Verdict is what a finished call shows about the partner's health. Refusals
// such as a declined card or a bad parameter are signs of health.
type Verdict int

// These are the verdicts.
const (
	Healthy Verdict = iota
	Failing
	NoWord // the caller cancelled, which shows nothing about the partner
)

// Enter asks for a permit to call. If ok, the caller must call done exactly
// once with the verdict. probe means that the partner was down at the last
// call.
func (b *Breaker) Enter() (done func(Verdict), probe, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.breaker.TryAcquirePermit() {
		return nil, false, false
	}
	era := b.era
	return func(v Verdict) { b.judge(era, v) }, b.breaker.IsHalfOpen(), true
}

// judge records the verdict of a call. A call that began before the breaker's
// last change of state shows nothing about the present.
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
	case b.breaker.IsHalfOpen(): // the probe was not answered, so a later call may probe
		b.breaker.RecordFailure()
	}
}

// changed is called from inside the breaker, with b.mu held.
func (b *Breaker) changed(e circuitbreaker.StateChangedEvent) {
	b.era++
	b.failed = 0
	level := slog.LevelInfo
	if e.NewState == circuitbreaker.OpenState {
		level = slog.LevelWarn
	}
	b.conf.Log.Log(context.Background(), level, "circuit breaker", "partner", b.conf.Name, "from", e.OldState.String(), "to", e.NewState.String())
}
