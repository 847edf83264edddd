package limiter

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// TestRate checks any sequence of uses: no key is allowed more than a burst and
// what a steady rate adds to it, a key that had to wait is allowed after that
// wait, and a key that was quiet for a period has its full burst again.
func TestRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		period := time.Duration(rapid.Int64Range(int64(time.Second), int64(time.Hour)).Draw(t, "period"))
		r := NewRate(n, period)
		now := noon
		allowed := map[string]int{}
		key := rapid.SampledFrom([]string{"a", "b"})
		t.Repeat(map[string]func(*rapid.T){
			"use": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if r.Allow(now, k) == 0 {
					allowed[k]++
				}
			},
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(period)).Draw(t, "for")))
			},
			"wait": func(t *rapid.T) {
				k := key.Draw(t, "key")
				wait := r.Allow(now, k)
				if wait > 0 {
					now = now.Add(wait)
					if again := r.Allow(now, k); again != 0 {
						t.Fatalf("had to wait %v, and then %v again", wait, again)
					}
				}
				allowed[k]++
			},
			"be quiet": func(t *rapid.T) {
				now = now.Add(period + time.Microsecond) // the rate is a float
				for i := range n {
					if wait := r.Allow(now, "a"); wait != 0 {
						t.Fatalf("use %d of %d after a quiet period: wait %v", i+1, n, wait)
					}
					allowed["a"]++
				}
			},
			"": func(t *rapid.T) {
				most := float64(n) + float64(n)*now.Sub(noon).Seconds()/period.Seconds() + 1e-3
				for k, got := range allowed {
					if float64(got) > most {
						t.Fatalf("%d uses by %q, at most %f are within the rate", got, k, most)
					}
				}
			},
		})
	})
}

// However many keys there are, few are remembered; those beyond share one
// budget, and a quiet period makes place for new ones.
func TestRateForgetsKeys(t *testing.T) {
	t.Parallel()
	r := NewRate(2, time.Minute)
	use := func(now time.Time) (allowed int) {
		for i := range 3 * maxKeys {
			if r.Allow(now, fmt.Sprint(i)) == 0 {
				allowed++
			}
		}
		return allowed
	}
	if got := use(noon); got != maxKeys+2 {
		t.Errorf("%d keys were allowed, want the keys with their own budget and two of the others", got)
	}
	if got := len(r.keys); got > maxKeys+1 {
		t.Errorf("%d keys are remembered", got)
	}
	late := noon.Add(2 * time.Minute)
	r.Allow(late, "new")
	if got := len(r.keys); got != 1 {
		t.Errorf("after a quiet period %d keys are remembered, want the new one", got)
	}
}

func TestRateUnderLoad(t *testing.T) {
	t.Parallel()
	r := NewRate(10, time.Hour)
	var allowed atomic.Int64
	var users sync.WaitGroup
	for range 16 {
		users.Go(func() {
			for range 100 {
				if r.Allow(noon, "same") == 0 {
					allowed.Add(1)
				}
			}
		})
	}
	users.Wait()
	if got := allowed.Load(); got != 10 {
		t.Errorf("%d allowed, want 10", got)
	}
}

func TestLogThrottle(t *testing.T) {
	t.Parallel()
	l := NewLogThrottle(10 * time.Second)
	for i, step := range []struct {
		after   time.Duration
		subject string
		lines   int
	}{
		{after: 0, subject: "a", lines: 1},
		{after: 0, subject: "b", lines: 1},
		{after: 1 * time.Second, subject: "a", lines: 0},
		{after: 9 * time.Second, subject: "a", lines: 0},
		{after: 10 * time.Second, subject: "a", lines: 3}, // this one and the two before
		{after: 11 * time.Second, subject: "a", lines: 0},
		{after: 60 * time.Second, subject: "b", lines: 1},
		{after: 60 * time.Second, subject: "a", lines: 2},
	} {
		if got := l.Lines(noon.Add(step.after), step.subject); got != step.lines {
			t.Errorf("step %d: got a line for %d, want %d", i+1, got, step.lines)
		}
	}
}

// Whatever happens, the lines stand for every occurrence up to the last line.
func TestLogThrottleCountsAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := NewLogThrottle(10 * time.Second)
		now, occurred, logged := noon, 0, 0
		for range rapid.IntRange(1, 50).Draw(t, "occurrences") {
			now = now.Add(time.Duration(rapid.IntRange(0, 15).Draw(t, "seconds")) * time.Second)
			occurred++
			if n := l.Lines(now, "x"); n > 0 {
				if logged += n; logged != occurred {
					t.Fatalf("the lines stand for %d of %d occurrences", logged, occurred)
				}
			}
		}
	})
}
