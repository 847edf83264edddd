package mail_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/mail"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func account(rate float64) mail.Pace {
	return mail.Pace{Limits: mail.Limits{Rate: rate, PerDay: mail.Unlimited, Enabled: true, At: epoch}}
}

// call is a call of a provider.
type call struct {
	seen, ends time.Time // seen: when the provider counts the mail
	recipients int
}

// TestPaceHolds proves EML-5, F39, RES-9 and TEST-3: however late calls start
// and however long they take, no second has more recipients than the rate, and
// no mail starves.
func TestPaceHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := account(rapid.Float64Range(0.5, 30).Draw(t, "rate"))
		millis := func(what string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(t, what)) * time.Millisecond
		}
		slow := rapid.SampledFrom([]int{5, 100, 3000}).Draw(t, "slowest call, ms")
		now := epoch
		var calls []call
		asked := 0
		for len(calls) < 60 {
			if asked++; asked > 20_000 {
				t.Fatalf("starved after %d mails", len(calls))
			}
			k := rapid.IntRange(1, min(3, p.Seats())).Draw(t, "recipients")
			wait, err := p.Take(now, k, mail.Transactional, seats(&p, calls, now))
			if err != nil {
				t.Fatal(err)
			}
			if wait > 0 {
				now = now.Add(wait + millis("late", 20))
				continue
			}
			before := millis("until it is seen", slow)
			calls = append(calls, call{now.Add(before), now.Add(before + millis("until it ends", slow)), k})
			now = now.Add(millis("until the next", 10))
		}
		if n, most := busiest(calls, max(time.Second, time.Duration(float64(time.Second)/p.Rate))), p.Seats(); n > most {
			t.Fatalf("%d recipients in a second at a rate of %g", n, p.Rate)
		}
	})
}

// seats returns the slots that are taken at a time, as the record would have
// them.
func seats(p *mail.Pace, calls []call, now time.Time) (taken []mail.Slot) {
	for _, c := range calls {
		s := mail.Slot{Recipients: c.recipients, Until: now.Add(mail.LongestCall)}
		if !c.ends.After(now) {
			s.Until = c.ends.Add(p.Window())
		}
		taken = append(taken, s)
	}
	return taken
}

// busiest returns the most recipients within any window.
func busiest(calls []call, window time.Duration) (most int) {
	calls = slices.SortedFunc(slices.Values(calls), func(a, b call) int { return a.seen.Compare(b.seen) })
	from, n := 0, 0
	for _, c := range calls {
		n += c.recipients
		for !calls[from].seen.After(c.seen.Add(-window)) {
			n -= calls[from].recipients
			from++
		}
		most = max(most, n)
	}
	return most
}

// TestPaceUsesTheRate checks that quick calls use at least nine tenths of the
// account's rate.
func TestPaceUsesTheRate(t *testing.T) {
	p := account(14)
	now := epoch
	var calls []call
	for now.Before(epoch.Add(10 * time.Second)) {
		wait, err := p.Take(now, 1, mail.Marketing, seats(&p, calls, now))
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			calls = append(calls, call{now, now.Add(5 * time.Millisecond), 1})
		}
		now = now.Add(max(wait, time.Millisecond))
	}
	if len(calls) < 126 {
		t.Errorf("%d mails in 10 seconds at 14 a second", len(calls))
	}
}

// TestPaceOrdersFirst proves EML-13: while a mail about an order waits,
// marketing gets no slot, and the order's mail gets the next one.
func TestPaceOrdersFirst(t *testing.T) {
	p := account(10)
	take := func(at time.Duration, s mail.Stream) time.Duration {
		t.Helper()
		wait, err := p.Take(epoch.Add(at), 1, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	take(0, mail.Marketing)
	take(0, mail.Marketing)
	if wait := take(10*time.Millisecond, mail.Transactional); wait <= 0 || wait > 100*time.Millisecond {
		t.Fatalf("waits %s", wait)
	}
	for at := 20 * time.Millisecond; at < 100*time.Millisecond; at += 10 * time.Millisecond {
		if take(at, mail.Marketing) == 0 {
			t.Fatalf("marketing got a slot before the order's mail, after %s", at)
		}
	}
	if wait := take(100*time.Millisecond, mail.Transactional); wait != 0 {
		t.Errorf("the order's mail waits another %s", wait)
	}
	if wait := take(300*time.Millisecond, mail.Marketing); wait != 0 {
		t.Errorf("marketing waits %s with an empty queue", wait)
	}
}

// TestPaceRefuses proves EML-6 and F40: without known limits no mail is sent,
// and the last tenth of the day's quota is reserved for orders.
func TestPaceRefuses(t *testing.T) {
	limits := func(l mail.Limits) mail.Pace { l.At = epoch; return mail.Pace{Limits: l} }
	spent := limits(mail.Limits{Rate: 5, PerDay: 100, Sent: 60})
	spent.Base, spent.Booked, spent.Held = 1000, 1030, 5 // 5 left
	for _, tt := range []struct {
		name       string
		p          mail.Pace
		recipients int
		stream     mail.Stream
		want       error
	}{
		{name: "limits unknown", p: mail.Pace{Limits: mail.Limits{Rate: 5, PerDay: 100}}, recipients: 1, stream: mail.Transactional, want: mail.ErrNoLimits},
		{name: "no rate", p: limits(mail.Limits{PerDay: 100}), recipients: 1, stream: mail.Transactional, want: mail.ErrQuota},
		{name: "the quota is spent", p: limits(mail.Limits{Rate: 5, PerDay: 100, Sent: 100}), recipients: 1, stream: mail.Transactional, want: mail.ErrQuota},
		{name: "mails sent since then count", p: spent, recipients: 6, stream: mail.Transactional, want: mail.ErrQuota},
		{name: "the rest is reserved for orders", p: spent, recipients: 1, stream: mail.Marketing, want: mail.ErrQuota},
		{name: "orders get the rest", p: spent, recipients: 5, stream: mail.Transactional},
		{name: "more recipients than the rate", p: limits(mail.Limits{Rate: 5, PerDay: mail.Unlimited}), recipients: 6, stream: mail.Transactional, want: mail.ErrTooMany},
	} {
		wait, err := tt.p.Take(epoch, tt.recipients, tt.stream, nil)
		if !errors.Is(err, tt.want) || wait != 0 {
			t.Errorf("%s: %s %v, want %v", tt.name, wait, err, tt.want)
		}
	}
}
