package mailrouter_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/guard"
)

// TestSlotMissed (EML-5) checks that a sender that paused between getting its
// slot and the call does not call, because another mail may have the slot by
// now. The mail is tried again later, and by no other sender before that.
func TestSlotMissed(t *testing.T) {
	for name, c := range map[string]struct {
		stands time.Duration
		sent   bool
	}{
		"just in time": {mail.LongestCall - 10*time.Second, true}, // a call takes 10 s at most
		"too late":     {mail.LongestCall - 10*time.Second + time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := open(t, guard.Config{})
				m := newMessage()
				receipt, err := o.Send(t.Context(), m, time.Second, func(context.Context, string) error {
					time.Sleep(c.stands)
					return nil
				})
				if c.sent {
					if err != nil || receipt.Provider != "ses" {
						t.Errorf("%+v %v", receipt, err)
					}
					return
				}
				var p *order.ProviderError
				if !errors.As(err, &p) || p.Kind != order.ErrUnavailable || p.Code != "turn_missed" {
					t.Errorf("got %+v, %v", receipt, err)
				}
				if n := len(o.ses.Sent()) + len(o.smtp.Sent()); n != 0 {
					t.Errorf("%d mails went out", n)
				}
				if len(o.pace.released) != 1 || o.pace.released[0] {
					t.Errorf("the seats were released as used: %v", o.pace.released)
				}
			})
		})
	}
}

// TestCallIsFinished (EML-1, F50) checks that a mail that has been handed over
// is cut off neither by its step's deadline nor by a process that stops,
// because its outcome would be unknown needlessly.
func TestCallIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, guard.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		var cut, bounded bool
		o.ses.called = func(call context.Context) {
			cancel()
			synctest.Wait() // so that a cancellation would arrive
			cut = call.Err() != nil
			d, ok := call.Deadline()
			bounded = ok && time.Until(d) == 10*time.Second
		}
		receipt, err := o.Send(ctx, newMessage(), time.Second, always)
		if err != nil || receipt.Provider != "ses" || cut {
			t.Errorf("%+v %v; the call was cut short: %t", receipt, err, cut)
		}
		if !bounded {
			t.Error("RES-5: the call has no time-out of its own")
		}
		if len(o.pace.released) != 1 || !o.pace.released[0] {
			t.Errorf("the seats: %v", o.pace.released)
		}
	})
}
