// Package measure provides the instruments of every benchmark: processor time,
// memory, cores, latencies and profiles.
package measure

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Latencies collects durations from many goroutines. The zero value is empty.
type Latencies struct {
	mu  sync.Mutex
	all []time.Duration
}

// Add adds a duration.
func (l *Latencies) Add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// Reset removes all durations.
func (l *Latencies) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}

// Count returns the number of durations.
func (l *Latencies) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// Percentile returns the smallest duration that this percentage of all durations
// does not exceed, in milliseconds; 0 if there are no durations.
func (l *Latencies) Percentile(percent float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	slices.Sort(l.all)
	i := int(math.Ceil(percent / 100 * float64(len(l.all))))
	return milliseconds(l.all[max(i, 1)-1])
}

// Mean returns the mean in milliseconds; 0 if there are no durations.
func (l *Latencies) Mean() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range l.all {
		sum += d
	}
	return milliseconds(sum / time.Duration(len(l.all)))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Median returns the median of at least one number, of an even count the mean of the
// middle two. It sorts them.
func Median(all []float64) float64 {
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
