package mailrouter_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/guard"
)

// TestOwnPaceIsNoOutage (EML-5, EML-6, F40, F41) checks that our own pace does
// not count as an outage. A campaign does not overflow into the backup; an
// order's mail does when the day's quota is spent.
func TestOwnPaceIsNoOutage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer error // of the primary's pace; nil: not before an hour
		stream mail.Stream
		by     string
		want   error
		code   string
	}{
		{name: "the rate", stream: mail.Transactional, want: order.ErrThrottled, code: "own_rate"},
		{name: "the rate, marketing", stream: mail.Marketing, want: order.ErrThrottled, code: "own_rate"},
		{name: "the quota", answer: mail.ErrQuota, stream: mail.Transactional, by: "smtp"},
		{name: "the quota, marketing", answer: mail.ErrQuota, stream: mail.Marketing, want: order.ErrThrottled, code: "quota_spent"},
		{name: "limits unknown", answer: mail.ErrNoLimits, stream: mail.Transactional, by: "smtp"},
		{name: "more recipients than the rate", answer: mail.ErrTooMany, stream: mail.Transactional, want: order.ErrRejected, code: "more_recipients_than_the_rate"},
		{name: "no record", answer: errors.New("no record"), stream: mail.Transactional, want: order.ErrUnavailable, code: "pace_unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := open(t, guard.Config{})
			o.pace.take = func(account string, _ int, _ mail.Stream) (mail.SendGrant, error) {
				switch {
				case account == "smtp":
					return mail.SendGrant{Slot: "s"}, nil
				case tt.answer == nil:
					return mail.SendGrant{Wait: time.Hour}, nil
				}
				return mail.SendGrant{}, tt.answer
			}
			m := newMessage()
			if m.Stream = tt.stream; m.Stream == mail.Marketing {
				m.Unsubscribe = "https://shop.example/u"
			}
			r, err := o.Send(t.Context(), m, time.Second, always)
			if tt.want == nil {
				if err != nil || r.Provider != tt.by {
					t.Errorf("%+v %v", r, err)
				}
				return
			}
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.want || p.Code != tt.code {
				t.Errorf("%v", err)
			}
			if p.Kind == order.ErrThrottled && p.RetryAfter <= 0 {
				t.Error("throttled without a time")
			}
			if len(o.smtp.Sent()) != 0 {
				t.Error("the backup got it")
			}
		})
	}
}

// TestOrdersFirst (EML-13) checks that of the mails that wait in a process,
// those about orders go first.
func TestOrdersFirst(t *testing.T) {
	o := open(t, guard.Config{})
	asked := make(chan mail.Stream)
	grant := make(chan mail.SendGrant)
	o.pace.take = func(_ string, _ int, s mail.Stream) (mail.SendGrant, error) {
		asked <- s
		return <-grant, nil
	}
	var all sync.WaitGroup
	send := func(s mail.Stream) {
		m := newMessage()
		if m.Stream = s; s == mail.Marketing {
			m.Unsubscribe = "https://shop.example/u"
		}
		all.Go(func() {
			if _, err := o.Send(t.Context(), m, time.Minute, always); err != nil {
				t.Error(err)
			}
		})
	}
	send(mail.Marketing)
	first := <-asked // holds the line
	for range 3 {
		send(mail.Marketing)
		send(mail.Transactional)
	}
	o.waitFor(t, 6)
	grant <- mail.SendGrant{Wait: time.Millisecond} // the campaign's mail must queue again, behind the orders' mails
	order := []mail.Stream{first}
	for range 7 {
		order = append(order, <-asked)
		grant <- mail.SendGrant{Slot: "s"}
	}
	all.Wait()
	m, x := mail.Marketing, mail.Transactional
	if !slices.Equal(order, []mail.Stream{m, x, x, x, m, m, m, m}) {
		t.Errorf("%v", order)
	}
}

// waitFor waits until the given number of mails stand in line.
func (o testRouter) waitFor(t *testing.T, n int) {
	t.Helper()
	for o.Waiting("ses") < n {
		select {
		case <-t.Context().Done():
			t.Fatal("no mail joined the line")
		case <-time.After(time.Millisecond):
		}
	}
}

// TestCancelledWait checks that a mail that stops waiting leaves the line to
// the others.
func TestCancelledWait(t *testing.T) {
	o := open(t, guard.Config{})
	asked := make(chan struct{})
	grant := make(chan struct{})
	o.pace.take = func(string, int, mail.Stream) (mail.SendGrant, error) {
		asked <- struct{}{}
		<-grant
		return mail.SendGrant{Slot: "s"}, nil
	}
	done := make(chan error)
	send := func(ctx context.Context, maxWait time.Duration) {
		go func() { _, err := o.Send(ctx, newMessage(), maxWait, always); done <- err }()
	}
	send(t.Context(), time.Minute)
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	send(ctx, time.Minute)
	o.waitFor(t, 1)
	cancel()
	for range 2 {
		send(t.Context(), 10*time.Millisecond)
	}
	for range 3 {
		if err := <-done; !errors.Is(err, order.ErrThrottled) {
			t.Errorf("%v", err)
		}
	}
	grant <- struct{}{}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := o.Waiting("ses"); n != 0 {
		t.Errorf("%d in line", n)
	}
}
