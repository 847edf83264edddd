package mail

import (
	"errors"
	"slices"
	"time"
)

// Limits are the sending limits of an account at a provider.
type Limits struct {
	Rate    float64   `json:"rate"`    // recipients a second
	PerDay  int64     `json:"perDay"`  // recipients in 24 hours; Unlimited: no limit
	Sent    int64     `json:"sent"`    // recipients in the last 24 hours, as the provider counts
	Enabled bool      `json:"enabled"` // the provider allows the account to send
	At      time.Time `json:"at"`      // when the provider reported the limits
}

// OwnCount, as Limits.Sent, means that the provider does not report how much was
// sent, so that our own count applies.
const OwnCount = -1

// Unlimited is the daily limit of an account without one.
const Unlimited = -1

// The errors of Take.
var (
	// ErrQuota means that the day's quota is spent, or that the remainder is
	// reserved for mail about orders.
	ErrQuota = errors.New("the day's quota is spent")
	// ErrNoLimits means that the provider has not reported the limits yet.
	ErrNoLimits = errors.New("the account's limits are not known yet")
	// ErrTooMany means that one mail has more recipients than the account may
	// reach in a second.
	ErrTooMany = errors.New("more recipients than the account's rate")
)

// Pace is the state of an account's rate limiter. All processes share it, so it
// is kept in the record and changed in a transaction.
//
// Two rules delay a mail. Mails keep a distance of 1/Rate from each other, so
// that there is no burst. And a mail takes a seat for each recipient until one
// second after its call has ended; there are as many seats as Rate. The second
// rule guarantees the limit: a provider counts a mail at some time between the
// taking of its seats and the end of its call, so it never counts more than Rate
// recipients in any second, whatever the latencies of the calls are, whichever
// process makes them and however late they start.
type Pace struct {
	Limits
	Next   time.Time // the earliest time of the next mail
	Wanted time.Time // until then a mail about an order waits for a slot
	Booked int64     // recipients ever admitted
	Base   int64     // Booked when the provider was asked for Limits.Sent
	Held   int64     // recipients admitted before Base and perhaps not in Sent
}

// Slot is the seats of one mail.
type Slot struct {
	Recipients int
	Until      time.Time // when the seats are free again
}

// SendGrant is the response to a request to send a mail.
type SendGrant struct {
	Slot   string        // the slot to release after the call; "": not admitted yet
	Wait   time.Duration // if not admitted, how long to wait before the next request
	Window time.Duration // how long the seats stay taken after the call
}

// Mark is the state of an account when its provider was asked for its limits.
type Mark struct {
	At           time.Time
	Booked, Held int64
}

// LongestCall is how long seats are held for a call whose end is never
// reported. The holder must begin its call early enough to end within that
// time.
const LongestCall = 30 * time.Second

const (
	// margin is added to the second, for clocks that differ slightly.
	margin = 5 * time.Millisecond
	// askAgain is the wait for a call that has not ended.
	askAgain = 50 * time.Millisecond
	// reserve sets the part of the day's quota, 1/reserve, that is reserved for
	// mail about orders.
	reserve = 10
)

// Seats returns how many recipients are allowed within Window.
func (l Limits) Seats() int { return max(1, int(l.Rate)) }

// Window returns how long a seat stays taken after the call has ended.
func (l Limits) Window() time.Duration {
	if l.Rate < 1 {
		return time.Duration(float64(time.Second)/l.Rate) + margin
	}
	return time.Second + margin
}

// Distance returns the time between two mails at the full rate.
func (l Limits) Distance(recipients int) time.Duration {
	return time.Duration(float64(recipients) * float64(time.Second) / l.Rate)
}

// Take admits a mail (wait is 0) or returns how long to wait before the next
// try. taken are the slots of other mails. While a mail about an order waits,
// marketing waits longer. It fails with ErrNoLimits, ErrQuota or ErrTooMany.
func (p *Pace) Take(now time.Time, recipients int, s Stream, taken []Slot) (wait time.Duration, err error) {
	switch {
	case p.At.IsZero():
		return 0, ErrNoLimits
	case p.Rate <= 0 || p.PerDay != Unlimited && p.left(s) < int64(recipients):
		return 0, ErrQuota
	case recipients > p.Seats():
		return 0, ErrTooMany
	}
	wait = max(p.Next.Sub(now), p.seated(now, recipients, taken))
	if s == Marketing {
		wait = max(wait, p.Wanted.Sub(now))
	}
	if wait > 0 {
		if until := now.Add(wait + askAgain); s == Transactional && until.After(p.Wanted) {
			p.Wanted = until
		}
		return wait, nil
	}
	// One distance may be caught up, so that waking late costs no throughput.
	if late := now.Add(-p.Distance(1)); p.Next.Before(late) {
		p.Next = late
	}
	p.Next = p.Next.Add(p.Distance(recipients))
	p.Booked += int64(recipients)
	return 0, nil
}

// left returns the rest of the day's quota for a stream. It subtracts what was
// admitted since the provider counted, so that an old count errs on the safe
// side.
func (p *Pace) left(s Stream) int64 {
	left := p.PerDay - p.Sent - (p.Booked - p.Base) - p.Held
	if s == Marketing {
		left -= p.PerDay / reserve
	}
	return left
}

// seated returns how long it takes until enough seats are free.
func (p *Pace) seated(now time.Time, recipients int, taken []Slot) (wait time.Duration) {
	taken = slices.DeleteFunc(slices.Clone(taken), func(s Slot) bool { return !s.Until.After(now) })
	slices.SortFunc(taken, func(a, b Slot) int { return a.Until.Compare(b.Until) })
	free := p.Seats()
	for _, s := range taken {
		free -= s.Recipients
	}
	for _, s := range taken {
		if free >= recipients {
			break
		}
		free += s.Recipients
		wait = s.Until.Sub(now)
	}
	if wait > p.Window() { // the seats of a call that is still being made, which may end at any time
		return askAgain
	}
	return wait
}

// Boundless reports whether the account may send more than all workers together
// ever do, so that its mails need not be counted.
func (l Limits) Boundless() bool { return l.Rate >= 10_000 && l.PerDay == Unlimited }
