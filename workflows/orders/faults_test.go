package orders_test

import (
	"slices"
	"sync"
	"time"

	"purser/order"
	"purser/workflows/workflowtest"
)

// fault makes calls of an activity fail: the next few, or all until a time after
// placing.
type fault struct {
	op    string
	after bool // the work is done, but its response is lost
	kind  error
	times int
	until time.Duration
}

// faults injects faults into the activities' calls to the outside parties, and
// records these calls.
type faults struct {
	currentTime func() time.Time

	mu      sync.Mutex
	pending []*fault
	calls   []string
	paused  bool // a person acts at a provider
}

// hooks returns what the outside parties call before and after their work.
func (f *faults) hooks() (before, after func(op string, _ order.ID) error) {
	return func(op string, _ order.ID) error { return f.inject(op, false) },
		func(op string, _ order.ID) error { return f.inject(op, true) }
}

func (f *faults) inject(op string, after bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.paused {
		return nil
	}
	if !after {
		f.calls = append(f.calls, op)
	}
	for _, p := range f.pending {
		if p.op != op || p.after != after {
			continue
		}
		if p.times > 0 {
			p.times--
		} else if !f.currentTime().Before(workflowtest.Start.Add(p.until)) {
			continue
		}
		return &order.ProviderError{Provider: "fake", Op: op, Kind: p.kind}
	}
	return nil
}

// fail makes the next calls of an activity fail, before or after the work.
func (f *faults) fail(op string, times int, kind error) {
	f.add(&fault{op: op, times: times, kind: kind, after: kind == order.ErrUnknownOutcome})
}

// down makes every call of these activities fail until a time after placing.
func (f *faults) down(until time.Duration, kind error, ops ...string) {
	for _, op := range ops {
		f.add(&fault{op: op, until: until, kind: kind, after: kind == order.ErrUnknownOutcome})
	}
}

func (f *faults) add(p *fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, p)
}

// end removes the faults of these activities, or all if none is given.
func (f *faults) end(ops ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = slices.DeleteFunc(f.pending, func(p *fault) bool { return len(ops) == 0 || slices.Contains(ops, p.op) })
}

// pause switches the faults and the recording of calls off or on again.
func (f *faults) pause(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.paused = on
}

// byHand does something at an outside party that is not an activity's call: no
// fault hits it, and it is not recorded.
func (f *faults) byHand(do func()) {
	f.pause(true)
	defer f.pause(false)
	do()
}

// called returns how often an activity was called.
func (f *faults) called(op string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c == op {
			n++
		}
	}
	return n
}
