package inbox

import (
	"context"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// Most events that report a captured payment, or a part of one, were caused by the
// order itself. Its workflow need not be woken for them: if the record says the
// same, the event is recorded as known. Such an event often arrives before the
// order has written the record, so the record is checked several times.

// looks is how often the record is checked before the event is delivered after all.
// The first wait is RecheckAfter, and each wait is twice the last: 3 s in total by
// default.
const looks = 5

// selfCaused reports whether an event is of a kind that the order usually causes
// itself.
func selfCaused(n order.ProviderEvent) bool {
	return n.Payment != nil && (n.Payment.Status == order.PaymentCaptured || n.Payment.Status == order.PaymentPartiallyCaptured)
}

// skipSelfCaused records events whose content the record already has as delivered,
// defers events whose content it may have soon, and returns the others.
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
		r.recordAttempt(ctx, known, inboxrecords.Delivered, "the record already had it", time.Time{})
	}
	return rest
}

func (r *Relay) knows(ctx context.Context, n order.ProviderEvent) (order.EventState, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return r.Finder.Knows(ctx, n)
}

// deferred holds events until the record is checked again. They stay due in the
// record, so that another process delivers them if this one dies.
type deferred struct {
	jobs  []job
	at    []time.Time // the time of each job's next check
	next  time.Time   // the earliest time in at
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

// rings returns a channel that receives when the next check is due. It is nil,
// which blocks forever, before the first event.
func (a *deferred) rings() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

// take removes and returns the jobs whose check is due, and sets the timer for the
// others.
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
