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

// quotaWait is how long to wait when the day's quota is spent: it is a rolling
// window, so room appears bit by bit.
const quotaWait = 10 * time.Minute

// turn waits until the account may send. Of the mails that wait in this
// process one asks at a time, so that a thousand do not storm the record.
func (o *Router) waitForSlot(ctx context.Context, r *route, j *job) (mail.SendGrant, error) {
	if r.boundless() {
		return mail.SendGrant{}, nil
	}
	ctx, cancel := context.WithDeadline(ctx, j.until.Add(time.Second)) // a single question may take a moment
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
		r.line.leave() // an order's mail that came meanwhile goes before a campaign's
	}
}

// ask asks the record once.
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
	case errors.Is(err, mail.ErrQuota): // what another provider has left is for orders
		return grant, failure(order.ErrThrottled, "quota_spent", quotaWait, errors.Join(errOurs, err))
	case ctx.Err() != nil:
		return grant, busy()
	}
	return grant, failure(order.ErrUnavailable, "pace_unknown", 0, errors.Join(errOurs, err))
}

// release hands a turn back, even if the step has run out of time. If that fails
// the seats become free by themselves, late.
func (o *Router) release(ctx context.Context, r *route, t mail.SendGrant, used bool) {
	if t.Slot == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := o.conf.Pace.ReleaseSlot(ctx, r.Name, t, used); err != nil {
		o.conf.Log.Warn("a turn to send mail was not given back", "provider", r.Name, "error", err)
	}
}

// busy is a mail whose turn does not come in time. The waits differ, so that
// those who come back do not come together.
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

// line is where the mails of this process wait for a provider: those about
// orders before marketing, each in the order in which it came.
type line struct {
	mu      sync.Mutex
	busy    bool
	waiting map[mail.Stream][]chan struct{}
}

// join waits for the head of the line until a time; false: it did not come.
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

// leave lets the next one ask.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.next()
}

// next calls the next one, with l.mu held.
func (l *line) next() {
	for _, s := range []mail.Stream{mail.Transactional, mail.Marketing} {
		if waiting := l.waiting[s]; len(waiting) > 0 {
			l.waiting[s], l.busy = waiting[1:], true
			close(waiting[0])
			return
		}
	}
}

// forget takes one out who has stopped waiting.
func (l *line) forget(s mail.Stream, called chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, c := range l.waiting[s] {
		if c == called {
			l.waiting[s] = append(l.waiting[s][:i:i], l.waiting[s][i+1:]...)
			return
		}
	}
	l.busy = false // it was called at the same moment
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
