package inbox

import (
	"sync"
	"time"
)

// suspects counts bad webhooks by source and bounds what is logged about
// them, in memory that does not grow with the number of attackers.
type suspects struct {
	mu     sync.Mutex
	minute map[string]*tally
	logged map[string]*tally
}

// tally is a count that starts again after a while.
type tally struct {
	since time.Time
	n     int
}

const (
	window   = time.Minute
	quiet    = 10 * time.Second // at most one log line per source in this time
	maxKnown = 1024             // sources told apart; the others share one count
)

// seen counts a bad webhook. It answers how long the source is to wait; 0:
// not yet too many.
func (s *suspects) seen(now time.Time, from string, most int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, _ := current(&s.minute, now, from, window)
	t.n++
	if t.n <= most {
		return 0
	}
	return max(window-now.Sub(t.since), time.Second)
}

// lines answers 0 if nothing is to be logged about this now, and otherwise
// for how many occurrences the line stands.
func (s *suspects) lines(now time.Time, about string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, before := current(&s.logged, now, about, quiet)
	t.n++
	if t.n > 1 {
		return 0
	}
	return max(before, 1) // those kept quiet before, with this one for the one that was not
}

// current is the tally of a name, which starts anew after a while; before is
// what the last one came to.
func current(m *map[string]*tally, now time.Time, name string, lasts time.Duration) (t *tally, before int) {
	if *m == nil {
		*m = make(map[string]*tally)
	}
	if (*m)[name] == nil && len(*m) >= maxKnown {
		for k, t := range *m {
			if now.Sub(t.since) >= lasts {
				delete(*m, k)
			}
		}
		if len(*m) >= maxKnown {
			name = "others"
		}
	}
	t = (*m)[name]
	if t != nil && now.Sub(t.since) < lasts {
		return t, 0
	}
	if t != nil {
		before = t.n
	}
	t = &tally{since: now}
	(*m)[name] = t
	return t, before
}
