package mailrouter

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"purser/mail"
	"purser/order"
)

// quotaWait is how long to wait when the day's quota is spent. It is a rolling
// window, so capacity returns bit by bit.
const quotaWait = 10 * time.Minute

// waitForSlot waits until the account may send. Only one waiting mail of this
// process asks at a time, so that a thousand of them do not overload the
// record.
func (o *Router) waitForSlot(ctx context.Context, r *route, j *job) (mail.SendGrant, error) {
	if r.boundless() {
		return mail.SendGrant{}, nil
	}
	ctx, cancel := context.WithDeadline(ctx, j.until.Add(time.Second)) // one request may take a moment
	defer cancel()
	for front := false; ; front = true {
		if !r.line.join(ctx, j.Stream, front, j.until) {
			return mail.SendGrant{}, busy()
		}
		grant, err := o.ask(ctx, r, j)
		if err != nil || grant.Slot != "" {
			r.line.leave()
			return grant, err
		}
		if time.Now().Add(grant.Wait).After(j.until) {
			r.line.leave()
			return mail.SendGrant{}, busy()
		}
		pause(ctx, grant.Wait)
		r.line.leave() // lets an order's mail that arrived in the meantime overtake a campaign's
	}
}

// ask asks the record once for a slot.
func (o *Router) ask(ctx context.Context, r *route, j *job) (mail.SendGrant, error) {
	grant, err := o.conf.Pace.TakeSlot(ctx, r.Name, len(j.To), j.Stream)
	switch {
	case err == nil:
		return grant, nil
	case errors.Is(err, mail.ErrTooMany):
		return grant, failure(order.ErrRejected, "more_recipients_than_the_rate", 0, err)
	case errors.Is(err, mail.ErrNoLimits):
		return grant, failure(order.ErrUnavailable, "limits_unknown", 0, err)
	case errors.Is(err, mail.ErrQuota) && j.Stream == mail.Transactional:
		return grant, failure(order.ErrThrottled, "quota_spent", quotaWait, err)
	case errors.Is(err, mail.ErrQuota): // the quota of other providers is reserved for orders
		return grant, failure(order.ErrThrottled, "quota_spent", quotaWait, errors.Join(errOurs, err))
	case ctx.Err() != nil:
		return grant, busy()
	}
	return grant, failure(order.ErrUnavailable, "pace_unknown", 0, errors.Join(errOurs, err))
}

// release returns a slot, even if the step has run out of time. If that fails,
// the slot expires later by itself.
func (o *Router) release(ctx context.Context, r *route, t mail.SendGrant, used bool) {
	if t.Slot == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := o.conf.Pace.ReleaseSlot(ctx, r.Name, t, used); err != nil {
		o.conf.Log.Warn("a slot to send mail was not released", "provider", r.Name, "error", err)
	}
}

// busy is the failure of a mail that gets no slot in time. The waits are
// random, so that the retries do not coincide.
func busy() error {
	return failure(order.ErrThrottled, "own_rate", time.Second+rand.N(2*time.Second), errOurs)
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// line is a queue of this process's mails for one provider: mails about orders
// come before marketing, each kind in order of arrival.
type line struct {
	mu      sync.Mutex
	busy    bool
	waiting map[mail.Stream][]chan struct{}
}

// join waits until a time for the head of the queue; it returns false if the
// mail did not get there.
func (l *line) join(ctx context.Context, s mail.Stream, front bool, until time.Time) bool {
	l.mu.Lock()
	if !l.busy && len(l.waiting[mail.Transactional]) == 0 {
		l.busy = true
		l.mu.Unlock()
		return true
	}
	called := make(chan struct{})
	if l.waiting == nil {
		l.waiting = make(map[mail.Stream][]chan struct{})
	}
	if front {
		l.waiting[s] = append([]chan struct{}{called}, l.waiting[s]...)
	} else {
		l.waiting[s] = append(l.waiting[s], called)
	}
	if !l.busy {
		l.next()
	}
	l.mu.Unlock()
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-called:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	l.forget(s, called)
	return false
}

// leave lets the next mail ask.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.next()
}

// next wakes the next mail, with l.mu held.
func (l *line) next() {
	for _, s := range []mail.Stream{mail.Transactional, mail.Marketing} {
		if waiting := l.waiting[s]; len(waiting) > 0 {
			l.waiting[s], l.busy = waiting[1:], true
			close(waiting[0])
			return
		}
	}
}

// forget removes a mail that has stopped waiting.
func (l *line) forget(s mail.Stream, called chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, c := range l.waiting[s] {
		if c == called {
			l.waiting[s] = append(l.waiting[s][:i:i], l.waiting[s][i+1:]...)
			return
		}
	}
	l.busy = false // it was woken at the same moment
	l.next()
}

func (l *line) length() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, waiting := range l.waiting {
		n += len(waiting)
	}
	return n
}
