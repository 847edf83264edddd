package ses

import "time"

// window counts recipients over the last span of time, because SES's limits apply
// to recipients, not to messages.
type window struct {
	span time.Duration
	most int // 0 means no limit
	sum  int
	peak int // the largest sum so far
	took []taking
}

type taking struct {
	at time.Time
	n  int
}

// allows reports whether n more recipients are within the limit now.
func (w *window) allows(now time.Time, n int) bool {
	w.forget(now)
	return w.most <= 0 || w.sum+n <= w.most
}

func (w *window) take(now time.Time, n int) {
	w.forget(now)
	w.took = append(w.took, taking{now, n})
	w.sum += n
	w.peak = max(w.peak, w.sum)
}

// forget drops the recipients that are older than the span.
func (w *window) forget(now time.Time) {
	i := 0
	for ; i < len(w.took) && now.Sub(w.took[i].at) >= w.span; i++ {
		w.sum -= w.took[i].n
	}
	w.took = w.took[i:]
}
