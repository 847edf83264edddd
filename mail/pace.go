package mail

import (
	"errors"
	"slices"
	"time"
)

// Limits are what an account at a provider may send.
type Limits struct {
	Rate    float64   `json:"rate"`    // recipients a second
	PerDay  int64     `json:"perDay"`  // recipients in 24 hours; Unlimited: no limit
	Sent    int64     `json:"sent"`    // of those, in the last 24 hours, as the provider counts
	Enabled bool      `json:"enabled"` // the provider lets the account send
	At      time.Time `json:"at"`      // when the provider said so
}

// OwnCount, as Limits.Sent, is a provider that does not say how much was sent:
// what we let through counts instead.
const OwnCount = -1

// Unlimited is the daily limit of an account without one.
const Unlimited = -1

// Why an account takes no mail now, or this one never.
var (
	// ErrQuota: the day's quota is spent, or what is left is kept for mail
	// about orders.
	ErrQuota = errors.New("the day's quota is spent")
	// ErrNoLimits: the account was never asked what it may send.
	ErrNoLimits = errors.New("the account's limits are not known yet")
	// ErrTooMany: more recipients than the account may reach in a second.
	ErrTooMany = errors.New("more recipients than the account's rate")
)

// Pace is where an account stands against its limits: the whole fleet's, so
// it lives in the record and is changed in a transaction.
//
// Two rules hold back a mail. Mails keep a distance of 1/Rate from each other,
// so that there is no burst. And a mail takes a seat for each recipient, of
// which there are as many as Rate, until its call has ended and a second more
// has passed. The second rule is the promise: a provider sees a mail at some
// time between the taking of its seat and the end of its call, so whatever the
// calls' latencies, whoever makes them and however late they start, it never
// sees more than Rate recipients in any one second.
type Pace struct {
	Limits
	Next   time.Time // the distance to the last mail is kept from here on
	Wanted time.Time // until then a mail about an order waits for its turn
	Booked int64     // recipients ever let through
	Base   int64     // Booked when Limits.Sent was asked for
	Held   int64     // recipients let through before Base and perhaps not in Sent
}

// Slot is a mail's seats.
type Slot struct {
	Recipients int
	Until      time.Time // when they are free again
}

// SendGrant is the answer to a mail that wants to be sent.
type SendGrant struct {
	Slot   string        // what to give back after the call; "": not yet
	Wait   time.Duration // not yet: ask again then
	Window time.Duration // how long the seats stay taken after the call
}

// Mark is where an account stood when its provider was asked for its limits.
type Mark struct {
	At           time.Time
	Booked, Held int64
}

// LongestCall is how long seats are held for a call that never says that it
// has ended. Whoever has them must not begin to send after the time less a
// call's.
const LongestCall = 30 * time.Second

const (
	// margin is added to the second, for clocks that do not quite agree.
	margin = 5 * time.Millisecond
	// askAgain is how long one waits for a call whose end is not known.
	askAgain = 50 * time.Millisecond
	// reserve is the part of the day's quota, 1/reserve, that marketing
	// leaves to mail about orders.
	reserve = 10
)

// Seats is how many recipients there may be within Window.
func (l Limits) Seats() int { return max(1, int(l.Rate)) }

// Window is how long a seat stays taken after the call has ended.
func (l Limits) Window() time.Duration {
	if l.Rate < 1 {
		return time.Duration(float64(time.Second)/l.Rate) + margin
	}
	return time.Second + margin
}

// Distance is what lies between two mails at the full rate.
func (l Limits) Distance(recipients int) time.Duration {
	return time.Duration(float64(recipients) * float64(time.Second) / l.Rate)
}

// Take lets a mail through (0) or says when to ask again. taken are the seats
// of others. Mail about an order that must wait makes marketing wait longer.
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

// left is what the day's quota has left for a stream. What we let through
// since the provider counted is taken off, so that an old count errs on the
// safe side.
func (p *Pace) left(s Stream) int64 {
	left := p.PerDay - p.Sent - (p.Booked - p.Base) - p.Held
	if s == Marketing {
		left -= p.PerDay / reserve
	}
	return left
}

// seated is how long it takes until there are seats.
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
	if wait > p.Window() { // for a call that is still being made: it may end at any time
		return askAgain
	}
	return wait
}

// Boundless: an account that may send more than any fleet of ours does, so
// that nobody need keep count.
func (l Limits) Boundless() bool { return l.Rate >= 10_000 && l.PerDay == Unlimited }
