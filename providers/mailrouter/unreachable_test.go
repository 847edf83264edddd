package mailrouter_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/mailrouter"
)

// picky is a provider that cannot send to addresses that are not ASCII. It knows
// that before a call, or finds out in one.
type picky struct {
	provider
}

func (p *picky) refuse(m mail.Message) error {
	if mail.NeedsUTF8(m.To[0].Email) {
		return &order.ProviderError{Provider: p.name, Op: "send mail", Kind: order.ErrRejected, Code: "address_not_ascii", Err: mail.ErrUnreachable}
	}
	return nil
}

func (p *picky) SendMail(ctx context.Context, m mail.Message) (string, error) {
	if p.called != nil {
		p.called(ctx)
	}
	if err := p.refuse(m); err != nil {
		return "", err
	}
	return p.provider.SendMail(ctx, m)
}

type foresighted struct{ picky }

func (p *foresighted) CanSend(m mail.Message) error { return p.refuse(m) }

// TestUnreachable (EML-4, EML-11) checks that a provider that cannot send to an
// address is passed over without harm to its breaker, and that the mail is
// rejected at once if no provider can.
func TestUnreachable(t *testing.T) {
	for _, tt := range []struct {
		name     string
		second   string // picky, foresighted, or "": can send
		down     error  // of the second
		want     error
		by       string
		calls    int // calls of the second
		reserved int // slots
	}{
		{name: "the other can", by: "smtp", calls: 1, reserved: 1},
		{name: "the other can and is down", down: order.ErrUnavailable, want: order.ErrUnavailable, calls: 1, reserved: 1},
		{name: "the other can and denies", down: order.ErrDenied, want: order.ErrDenied, calls: 1, reserved: 1},
		{name: "the other rejects it", down: order.ErrRejected, want: order.ErrRejected, calls: 1, reserved: 1},
		{name: "the other finds out in a call", second: "picky", want: order.ErrRejected, calls: 1, reserved: 1},
		{name: "neither can", second: "foresighted", want: order.ErrRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			first := &foresighted{picky{provider{name: "ses", called: func(context.Context) { t.Error("the first was called") }}}}
			second := &foresighted{picky{provider{name: "smtp", called: func(context.Context) { calls++ }}}}
			second.set(tt.down)
			var other mailrouter.Mailer = &second.provider
			switch tt.second {
			case "picky":
				other = &second.picky
			case "foresighted":
				other = second
			}
			p := new(pace)
			slots := 0
			p.take = func(string, int, mail.Stream) (mail.SendGrant, error) {
				slots++
				return mail.SendGrant{Slot: "slot"}, nil
			}
			once := guard.Config{Consecutive: 1}
			o, err := mailrouter.New(mailrouter.Config{Pace: p, Routes: []mailrouter.Route{{Name: "ses", Mailer: first, Breaker: once}, {Name: "smtp", Mailer: other, Breaker: once}}})
			if err != nil {
				t.Fatal(err)
			}
			m := newMessage()
			m.To[0].Email = "用户@xn--fsqu00a.example"
			r, err := o.Send(t.Context(), m, time.Second, always)
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil || tt.by != "" && r.Provider != tt.by {
				t.Errorf("%+v, %v, want %v by %q", r, err, tt.want, tt.by)
			}
			var failure *order.ProviderError
			if err != nil && (!errors.As(err, &failure) || failure.Kind != tt.want || strings.Contains(err.Error(), "@")) {
				t.Errorf("%v", err)
			}
			if calls != tt.calls || slots != tt.reserved {
				t.Errorf("%d calls and %d slots, want %d and %d", calls, slots, tt.calls, tt.reserved)
			}
			if len(r.Skipped) == 0 || r.Skipped[0] != (mail.PassedOver{Provider: "ses", Why: order.ErrRejected.Error() + ": address_not_ascii"}) {
				t.Errorf("skipped %+v", r.Skipped)
			}
			for i, s := range o.Status() {
				if harmed := s.Breaker != "closed" || s.Trouble != ""; harmed != (i == 1 && tt.down == order.ErrUnavailable) {
					t.Errorf("%s: the breaker is %s, %s", s.Name, s.Breaker, s.Trouble)
				}
			}
			for _, used := range p.released {
				if tt.second == "picky" && used {
					t.Error("a slot counts as used although nothing was sent")
				}
			}
		})
	}
}
