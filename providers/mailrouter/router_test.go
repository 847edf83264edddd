package mailrouter_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/mailrouter"
)

var _ mails.MailRouter = (*mailrouter.Router)(nil)

// provider is an in-memory provider that can be taken down.
type provider struct {
	fake.Mailer
	name   string
	called func(ctx context.Context) // by each SendMail

	mu     sync.Mutex
	down   error // of every call
	pings  int
	limits mail.Limits
	asked  error // of Limits
}

func (p *provider) SendMail(ctx context.Context, m mail.Message) (string, error) {
	if p.called != nil {
		p.called(ctx)
	}
	if err := p.state(); err != nil {
		return "", err
	}
	id, err := p.Mailer.SendMail(ctx, m)
	return p.name + "-" + id, err
}

func (p *provider) Ping(context.Context) error {
	p.mu.Lock()
	p.pings++
	p.mu.Unlock()
	return p.state()
}

func (p *provider) Limits(context.Context) (mail.Limits, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limits, p.asked
}

func (p *provider) state() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down == nil {
		return nil
	}
	return &order.ProviderError{Provider: p.name, Op: "send mail", Kind: p.down, Code: "test", RetryAfter: time.Minute}
}

func (p *provider) set(down error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// pace is the pace of an account in memory; the zero value holds no mail back.
type pace struct {
	mu       sync.Mutex
	take     func(account string, recipients int, s mail.Stream) (mail.SendGrant, error)
	released []bool // used or not
	set      map[string]mail.Limits
}

func (p *pace) TakeSlot(_ context.Context, account string, recipients int, s mail.Stream) (mail.SendGrant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.take == nil {
		return mail.SendGrant{Slot: "slot"}, nil
	}
	return p.take(account, recipients, s)
}

func (p *pace) ReleaseSlot(_ context.Context, _ string, _ mail.SendGrant, used bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.released = append(p.released, used)
	return nil
}

func (p *pace) BeginLimits(context.Context, string) (mail.Mark, error) {
	return mail.Mark{At: time.Now()}, nil
}

func (p *pace) SetLimits(_ context.Context, account string, l mail.Limits, _ mail.Mark) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil {
		p.set = make(map[string]mail.Limits)
	}
	p.set[account] = l
	return nil
}

type testRouter struct {
	*mailrouter.Router
	ses, smtp *provider
	pace      *pace
}

func open(t *testing.T, b guard.Config) testRouter {
	t.Helper()
	o := testRouter{ses: &provider{name: "ses"}, smtp: &provider{name: "smtp"}, pace: new(pace)}
	var err error
	o.Router, err = mailrouter.New(mailrouter.Config{
		Routes: []mailrouter.Route{{Name: "ses", Mailer: o.ses, Breaker: b}, {Name: "smtp", Mailer: o.smtp, Breaker: b}},
		Pace:   o.pace,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// provider returns the provider with a name.
func (o testRouter) provider(name string) *provider {
	if name == o.ses.name {
		return o.ses
	}
	return o.smtp
}

func newMessage() mail.Message { return porttest.MessageOf(order.NewID(), order.MailShipped) }

func always(context.Context, string) error { return nil }

// one adapts a router to the mailer suite.
type one struct{ testRouter }

func (o one) SendMail(ctx context.Context, m mail.Message) (string, error) {
	r, err := o.Send(ctx, m, time.Second, always)
	return r.ProviderID, err
}
