package inbox

import (
	"context"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// Most events that say that money was taken are the echo of what the order
// did itself. Its workflow need not be woken to hear them: where the record
// says the same, the event is noted as known. An echo is often quicker than
// the order is with writing the record; so it is given a moment.

// looks is how often the record is asked before the order is told after all,
// with waits of RecheckAfter, twice that, and so on between: 3 s by default.
const looks = 5

// selfCaused reports whether news is of a kind that the order usually brought about.
func selfCaused(n order.ProviderEvent) bool {
	return n.Payment != nil && n.Payment.Status == order.Succeeded
}

// skipSelfCaused settles what the record says already, sets aside what it may say in a
// moment, and returns the rest.
func (r *Relay) skipSelfCaused(ctx context.Context, jobs []job, later *deferred) []job {
	var rest, known []job
	for _, j := range jobs {
		if !selfCaused(j.event) || j.looks >= looks {
			rest = append(rest, j)
			continue
		}
		switch k, err := r.knows(ctx, j.event); {
		case err != nil || k == order.Unknown:
			rest = append(rest, j)
		case k == order.Known:
			known = append(known, j)
		default:
			later.add(j, r.RecheckAfter)
		}
	}
	if len(known) > 0 {
		r.counted.known.Add(int64(len(known)))
		r.recordAttempt(ctx, known, inboxrecords.Delivered, "the order knew it", time.Time{})
	}
	return rest
}

func (r *Relay) knows(ctx context.Context, n order.ProviderEvent) (order.EventState, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return r.Finder.Knows(ctx, n)
}

// deferred holds the events that wait a moment. They stay due in the record: a
// process that dies leaves them to the next.
type deferred struct {
	jobs  []job
	at    []time.Time // of each job's next look
	next  time.Time   // the earliest of them
	timer *time.Timer
}

func (a *deferred) add(j job, wait time.Duration) {
	wait <<= j.looks
	j.looks++
	at := time.Now().Add(wait)
	a.jobs, a.at = append(a.jobs, j), append(a.at, at)
	if len(a.jobs) == 1 || at.Before(a.next) {
		a.ringAt(at)
	}
}

func (a *deferred) ringAt(at time.Time) {
	a.next = at
	if a.timer == nil {
		a.timer = time.NewTimer(time.Until(at))
		return
	}
	a.timer.Reset(time.Until(at))
}

// rings is sent to when the oldest of them has waited long enough; nil, which
// never is, if there is none.
func (a *deferred) rings() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

// take returns what is to be looked at now, and sets the timer for the rest.
func (a *deferred) take() []job {
	now := time.Now()
	all, at := a.jobs, a.at
	a.jobs, a.at, a.next = nil, nil, time.Time{}
	var due []job
	for i, j := range all {
		if !at[i].After(now) {
			due = append(due, j)
			continue
		}
		a.jobs, a.at = append(a.jobs, j), append(a.at, at[i])
		if a.next.IsZero() || at[i].Before(a.next) {
			a.next = at[i]
		}
	}
	if len(a.jobs) > 0 {
		a.ringAt(a.next)
	}
	return due
}

func (a *deferred) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
