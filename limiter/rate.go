package limiter

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxKeys is how many keys have a budget of their own; further ones share one.
const maxKeys = 1024

// others is the key of the budget that the keys beyond maxKeys share.
const others = ""

// Rate bounds how often each key may do something.
type Rate struct {
	limit  rate.Limit
	burst  int
	period time.Duration

	mu    sync.Mutex
	keys  map[string]*budget
	swept time.Time
}

// budget is what one key has left.
type budget struct {
	*rate.Limiter
	refused int // uses refused since the last allowed one
}

// NewRate returns a rate of n per period. A key that was quiet for a period
// may do n at once.
func NewRate(n int, period time.Duration) *Rate {
	return &Rate{limit: rate.Limit(float64(n) / period.Seconds()), burst: n, period: period, keys: make(map[string]*budget)}
}

// Allow counts one use by key. It returns 0 if the use is within the rate, and
// otherwise how long the key has to wait for its next one.
func (r *Rate) Allow(now time.Time, key string) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait, _ = r.take(now, key)
	return wait
}

// take also returns how many uses were refused since the last allowed one.
func (r *Rate) take(now time.Time, key string) (wait time.Duration, refused int) {
	b := r.budget(now, key)
	use := b.ReserveN(now, 1)
	if wait = use.DelayFrom(now); wait > 0 {
		use.CancelAt(now)
		b.refused++
		return wait + time.Microsecond, b.refused // rounded up: the budget is a float
	}
	refused, b.refused = b.refused, 0
	return 0, refused
}

// budget returns the key's budget, or the shared one if there are too many keys.
func (r *Rate) budget(now time.Time, key string) *budget {
	if r.keys[key] == nil && len(r.keys) >= maxKeys {
		r.sweep(now)
		if len(r.keys) >= maxKeys {
			key = others
		}
	}
	b := r.keys[key]
	if b == nil {
		b = &budget{Limiter: rate.NewLimiter(r.limit, r.burst)}
		r.keys[key] = b
	}
	return b
}

// sweep removes the keys whose budget is full again, since a new budget would be
// the same. It runs at most 16 times a period, because a flood of new keys calls
// it with each key.
func (r *Rate) sweep(now time.Time) {
	if now.Sub(r.swept) < r.period/16 {
		return
	}
	r.swept = now
	for k, b := range r.keys {
		if b.TokensAt(now) >= float64(r.burst) {
			delete(r.keys, k)
		}
	}
}

// LogThrottle limits the log lines about an error that occurs many times.
type LogThrottle struct{ rate *Rate }

// NewLogThrottle returns a throttle that lets one line per subject through in
// each period.
func NewLogThrottle(period time.Duration) *LogThrottle {
	return &LogThrottle{NewRate(1, period)}
}

// Lines counts one occurrence of subject. It returns 0 if nothing should be
// logged now, and otherwise how many occurrences the line stands for: this one
// and those since the last line.
func (l *LogThrottle) Lines(now time.Time, subject string) int {
	l.rate.mu.Lock()
	defer l.rate.mu.Unlock()
	wait, unlogged := l.rate.take(now, subject)
	if wait > 0 {
		return 0
	}
	return unlogged + 1
}
