package mailrouter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/guard"
)

// healing ends the outage of all providers after one mail.
type healing struct {
	one
	heal func()
}

func (h healing) SendMail(ctx context.Context, m mail.Message) (string, error) {
	defer h.heal()
	return h.one.SendMail(ctx, m)
}

// TestFailover (EML-3, EML-4, F47, RES-1) checks that only a mail that was
// certainly not sent goes to the next provider, and that the receipt records
// which provider has it and why.
func TestFailover(t *testing.T) {
	for _, tt := range []struct {
		down    error
		by      string
		skipped int
	}{
		{by: "ses"},
		{down: order.ErrUnavailable, by: "smtp", skipped: 1},
		{down: order.ErrThrottled, by: "smtp", skipped: 1},
		{down: order.ErrDenied, by: "smtp", skipped: 1},
		{down: order.ErrRejected},
		{down: order.ErrUnknownOutcome},
	} {
		t.Run(fmt.Sprint(tt.down), func(t *testing.T) {
			o := open(t, guard.Config{})
			o.ses.set(tt.down)
			var ready []string
			m := newMessage()
			r, err := o.Send(t.Context(), m, time.Second, func(_ context.Context, provider string) error {
				if len(o.provider(provider).Sent()) != 0 {
					t.Errorf("%s has it already", provider)
				}
				ready = append(ready, provider)
				return nil
			})
			if want := []string{"ses", "smtp"}[:1+tt.skipped]; !slices.Equal(ready, want) || len(r.Skipped) != tt.skipped {
				t.Errorf("ready for %v, want %v; skipped %v", ready, want, r.Skipped)
			}
			if tt.by == "" {
				if !errors.Is(err, tt.down) || r.Provider != "ses" || len(o.smtp.Sent()) != 0 {
					t.Errorf("%+v %v", r, err)
				}
				return
			}
			if err != nil || r.Provider != tt.by || !strings.HasPrefix(r.ProviderID, tt.by+"-") {
				t.Errorf("%+v %v", r, err)
			}
			for _, s := range r.Skipped {
				if s.Provider != "ses" || s.Why != tt.down.Error()+": test" {
					t.Errorf("skipped %+v", s)
				}
			}
			for i, u := range o.pace.released {
				if !u {
					t.Errorf("slot %d counts as not used", i)
				}
			}
		})
	}
}

// TestAllDown (F48) checks that with all providers down the mail waits for the
// shortest of their waits.
func TestAllDown(t *testing.T) {
	for _, tt := range []struct{ ses, smtp, want error }{
		{ses: order.ErrUnavailable, smtp: order.ErrDenied, want: order.ErrUnavailable},
		{ses: order.ErrDenied, smtp: order.ErrThrottled, want: order.ErrThrottled},
		{ses: order.ErrThrottled, smtp: order.ErrThrottled, want: order.ErrThrottled},
		{ses: order.ErrDenied, smtp: order.ErrDenied, want: order.ErrDenied},
	} {
		o := open(t, guard.Config{})
		o.ses.set(tt.ses)
		o.smtp.set(tt.smtp)
		_, err := o.Send(t.Context(), newMessage(), time.Second, always)
		var p *order.ProviderError
		if !errors.As(err, &p) || p.Kind != tt.want || (p.RetryAfter == time.Minute) == (tt.want == order.ErrUnavailable) {
			t.Errorf("%v and %v: %v", tt.ses, tt.smtp, err)
		}
	}
}

// TestBreaker (EML-3, RES-6, RES-7) checks that a dead primary is skipped after
// a few mails, probed without a mail, and used again.
func TestBreaker(t *testing.T) {
	o := open(t, guard.Config{Consecutive: 3, OpenFor: time.Millisecond})
	send := func() string {
		t.Helper()
		r, err := o.Send(t.Context(), newMessage(), time.Second, always)
		if err != nil {
			t.Fatal(err)
		}
		return r.Provider
	}
	o.ses.set(order.ErrRejected) // this shows nothing about its health
	for range 5 {
		if _, err := o.Send(t.Context(), newMessage(), time.Second, always); !errors.Is(err, order.ErrRejected) {
			t.Fatal(err)
		}
	}
	if s := o.Status()[0]; s.Breaker != "closed" {
		t.Errorf("refusals opened the breaker: %+v", s)
	}
	o.ses.set(order.ErrUnavailable)
	for range 3 {
		if by := send(); by != "smtp" {
			t.Errorf("by %s", by)
		}
	}
	if s := o.Status()[0]; s.Breaker != "open" || s.Trouble == "" || s.Passed != 3 {
		t.Errorf("%+v", s)
	}
	for range 50 {
		send()
	}
	o.ses.set(nil)
	for n := 0; send() != "ses"; n++ {
		if n == 10_000 {
			t.Fatal("the primary is not used again")
		}
	}
	if s := o.Status()[0]; s.Breaker != "closed" || o.ses.pings == 0 {
		t.Errorf("%+v after %d pings", s, o.ses.pings)
	}
}

// TestReady checks that another process may take the mail until it is handed
// over, and that it goes to no further provider if that cannot be recorded.
func TestReady(t *testing.T) {
	for _, tt := range []struct {
		name     string
		refuses  string // the provider for which ready fails
		down     error  // of the first provider
		released []bool // whether each slot was used
	}{
		{name: "the first provider", refuses: "ses", released: []bool{false}},
		{name: "the next provider", refuses: "smtp", down: order.ErrUnavailable, released: []bool{true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := open(t, guard.Config{})
			o.ses.set(tt.down)
			refusal := errors.New("another process has it")
			_, err := o.Send(t.Context(), newMessage(), time.Second, func(_ context.Context, provider string) error {
				if provider == tt.refuses {
					return refusal
				}
				return nil
			})
			if err != refusal {
				t.Errorf("%v", err)
			}
			if len(o.ses.Sent())+len(o.smtp.Sent()) != 0 || !slices.Equal(o.pace.released, tt.released) {
				t.Errorf("sent in spite of it; slots %v", o.pace.released)
			}
		})
	}
}

// TestTooLittleTime checks that a call that would be cut off is not begun.
func TestTooLittleTime(t *testing.T) {
	o := open(t, guard.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := o.Send(ctx, newMessage(), time.Minute, always); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if len(o.ses.Sent())+len(o.smtp.Sent()) != 0 || !slices.Equal(o.pace.released, []bool{false}) {
		t.Errorf("sent in spite of it; slots %v", o.pace.released)
	}
}
