package post_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/post"
)

var _ activities.Post = (*post.Office)(nil)

// provider is one in memory that can be taken down.
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

// pace is an account's in memory; the zero value holds nobody back.
type pace struct {
	mu    sync.Mutex
	take  func(account string, recipients int, s mail.Stream) (mail.Turn, error)
	given []bool // used or not
	set   map[string]mail.Limits
}

func (p *pace) TakeSlot(_ context.Context, account string, recipients int, s mail.Stream) (mail.Turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.take == nil {
		return mail.Turn{Slot: "slot"}, nil
	}
	return p.take(account, recipients, s)
}

func (p *pace) GiveSlot(_ context.Context, _ string, _ mail.Turn, used bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.given = append(p.given, used)
	return nil
}

func (p *pace) MarkLimits(context.Context, string) (mail.Mark, error) {
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

type office struct {
	*post.Office
	ses, smtp *provider
	pace      *pace
}

func open(t *testing.T, b guard.Config) office {
	t.Helper()
	o := office{ses: &provider{name: "ses"}, smtp: &provider{name: "smtp"}, pace: new(pace)}
	var err error
	o.Office, err = post.New(post.Config{
		Routes: []post.Route{{Name: "ses", Mailer: o.ses, Breaker: b}, {Name: "smtp", Mailer: o.smtp, Breaker: b}},
		Pace:   o.pace,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func letter() mail.Message { return porttest.MessageOf(order.NewID(), order.MailShipped) }

func always(context.Context) error { return nil }

// one is an office as a mailer, for the suite.
type one struct{ office }

func (o one) SendMail(ctx context.Context, m mail.Message) (string, error) {
	r, err := o.Send(ctx, m, time.Second, always)
	return r.ProviderID, err
}

func TestConformance(t *testing.T) {
	porttest.Mailer(t, func(t *testing.T) porttest.MailBench {
		o := open(t, guard.Config{})
		var mu sync.Mutex
		var before, after error
		fire := func(err *error) func(mail.Message) error {
			return func(mail.Message) error {
				mu.Lock()
				defer mu.Unlock()
				if *err == nil {
					return nil
				}
				e := &order.ProviderError{Provider: "ses", Op: "send mail", Kind: *err}
				if errors.Is(*err, order.ErrRejected) || errors.Is(*err, order.ErrUnknownOutcome) {
					*err = nil // ends the search at once
				}
				return e
			}
		}
		heal := func() {
			mu.Lock()
			defer mu.Unlock()
			before, after = nil, nil
		}
		for _, p := range []*provider{o.ses, o.smtp} {
			p.Before, p.After = fire(&before), fire(&after)
		}
		return porttest.MailBench{
			Mailer: healing{one{o}, heal},
			Counts: func() map[string]int {
				counts := o.ses.Counts()
				for id, n := range o.smtp.Counts() {
					counts[id] += n
				}
				return counts
			},
			FailNext: func(_ *testing.T, kind error) { // at every provider
				mu.Lock()
				defer mu.Unlock()
				if kind == order.ErrUnknownOutcome {
					after = kind
					return
				}
				before = kind
			},
		}
	})
}

// healing ends the outage of all providers after one mail.
type healing struct {
	one
	heal func()
}

func (h healing) SendMail(ctx context.Context, m mail.Message) (string, error) {
	defer h.heal()
	return h.one.SendMail(ctx, m)
}

// TestFailover (EML-3, EML-4, F47, RES-1): only what certainly did not go out
// goes to the next provider; and it is written down who has the mail and why.
func TestFailover(t *testing.T) {
	for _, tt := range []struct {
		down    error
		by      string
		skipped int
	}{
		{nil, "ses", 0},
		{order.ErrUnavailable, "smtp", 1},
		{order.ErrThrottled, "smtp", 1},
		{order.ErrDenied, "smtp", 1},
		{order.ErrRejected, "", 0},
		{order.ErrUnknownOutcome, "", 0},
	} {
		t.Run(fmt.Sprint(tt.down), func(t *testing.T) {
			o := open(t, guard.Config{})
			o.ses.set(tt.down)
			ready := 0
			m := letter()
			r, err := o.Send(t.Context(), m, time.Second, func(context.Context) error { ready++; return nil })
			if ready != 1 || len(r.Skipped) != tt.skipped {
				t.Errorf("ready %d times, skipped %v", ready, r.Skipped)
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
			for i, u := range o.pace.given {
				if !u {
					t.Errorf("turn %d counts as not used", i)
				}
			}
		})
	}
}

// TestAllDown (F48): with nobody up, the mail waits, and asks for the least of
// the waits.
func TestAllDown(t *testing.T) {
	for _, tt := range []struct{ ses, smtp, want error }{
		{order.ErrUnavailable, order.ErrDenied, order.ErrUnavailable},
		{order.ErrDenied, order.ErrThrottled, order.ErrThrottled},
		{order.ErrThrottled, order.ErrThrottled, order.ErrThrottled},
		{order.ErrDenied, order.ErrDenied, order.ErrDenied},
	} {
		o := open(t, guard.Config{})
		o.ses.set(tt.ses)
		o.smtp.set(tt.smtp)
		_, err := o.Send(t.Context(), letter(), time.Second, always)
		var p *order.ProviderError
		if !errors.As(err, &p) || p.Kind != tt.want || (p.RetryAfter == time.Minute) == (tt.want == order.ErrUnavailable) {
			t.Errorf("%v and %v: %v", tt.ses, tt.smtp, err)
		}
	}
}

// TestBreaker (EML-3, RES-6, RES-7): a dead primary is left alone after a few
// mails, asked singly and without a mail whether it is back, and used again.
func TestBreaker(t *testing.T) {
	o := open(t, guard.Config{Consecutive: 3, OpenFor: time.Millisecond})
	send := func() string {
		t.Helper()
		r, err := o.Send(t.Context(), letter(), time.Second, always)
		if err != nil {
			t.Fatal(err)
		}
		return r.Provider
	}
	o.ses.set(order.ErrRejected) // says nothing about its health
	for range 5 {
		if _, err := o.Send(t.Context(), letter(), time.Second, always); !errors.Is(err, order.ErrRejected) {
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

// TestReady: until the mail is handed over, somebody else may have it.
func TestReady(t *testing.T) {
	o := open(t, guard.Config{})
	taken := errors.New("somebody else has it")
	if _, err := o.Send(t.Context(), letter(), time.Second, func(context.Context) error { return taken }); err != taken {
		t.Errorf("%v", err)
	}
	if len(o.ses.Sent())+len(o.smtp.Sent()) != 0 || !slices.Equal(o.pace.given, []bool{false}) {
		t.Errorf("sent all the same; turns %v", o.pace.given)
	}
}

// TestNoTimeLeft: a call that would be cut off is not begun.
func TestNoTimeLeft(t *testing.T) {
	o := open(t, guard.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := o.Send(ctx, letter(), time.Minute, always); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if len(o.ses.Sent())+len(o.smtp.Sent()) != 0 || !slices.Equal(o.pace.given, []bool{false}) {
		t.Errorf("sent all the same; turns %v", o.pace.given)
	}
}

// TestHeldBack (EML-5, EML-6, F40, F41): our own pace is no outage. A campaign
// does not overflow into the backup; an order's mail does when the day's quota
// is spent.
func TestHeldBack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer error // of the primary's pace; nil: not before an hour
		stream mail.Stream
		by     string
		want   error
		code   string
	}{
		{"the rate", nil, mail.Transactional, "", order.ErrThrottled, "own_rate"},
		{"the rate, marketing", nil, mail.Marketing, "", order.ErrThrottled, "own_rate"},
		{"the quota", mail.ErrQuota, mail.Transactional, "smtp", nil, ""},
		{"the quota, marketing", mail.ErrQuota, mail.Marketing, "", order.ErrThrottled, "quota_spent"},
		{"limits unknown", mail.ErrNoLimits, mail.Transactional, "smtp", nil, ""},
		{"more than a second's", mail.ErrTooMany, mail.Transactional, "", order.ErrRejected, "more_recipients_than_the_rate"},
		{"no record", errors.New("no record"), mail.Transactional, "", order.ErrUnavailable, "pace_unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := open(t, guard.Config{})
			o.pace.take = func(account string, _ int, _ mail.Stream) (mail.Turn, error) {
				switch {
				case account == "smtp":
					return mail.Turn{Slot: "s"}, nil
				case tt.answer == nil:
					return mail.Turn{Wait: time.Hour}, nil
				}
				return mail.Turn{}, tt.answer
			}
			m := letter()
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

// TestOrdersFirst (EML-13): of the mails that wait in a process, those about
// orders go first.
func TestOrdersFirst(t *testing.T) {
	o := open(t, guard.Config{})
	asked := make(chan mail.Stream)
	grant := make(chan mail.Turn)
	o.pace.take = func(_ string, _ int, s mail.Stream) (mail.Turn, error) {
		asked <- s
		return <-grant, nil
	}
	var all sync.WaitGroup
	send := func(s mail.Stream) {
		m := letter()
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
	grant <- mail.Turn{Wait: time.Millisecond} // the campaign's mail must ask again: behind the orders'
	order := []mail.Stream{first}
	for range 7 {
		order = append(order, <-asked)
		grant <- mail.Turn{Slot: "s"}
	}
	all.Wait()
	m, x := mail.Marketing, mail.Transactional
	if !slices.Equal(order, []mail.Stream{m, x, x, x, m, m, m, m}) {
		t.Errorf("%v", order)
	}
}

// waitFor waits until so many mails stand in line.
func (o office) waitFor(t *testing.T, n int) {
	t.Helper()
	for o.Waiting("ses") < n {
		select {
		case <-t.Context().Done():
			t.Fatal("nobody came")
		case <-time.After(time.Millisecond):
		}
	}
}

// TestGivesUpWaiting: whoever runs out of patience leaves the line to others.
func TestGivesUpWaiting(t *testing.T) {
	o := open(t, guard.Config{})
	asked := make(chan struct{})
	grant := make(chan struct{})
	o.pace.take = func(string, int, mail.Stream) (mail.Turn, error) {
		asked <- struct{}{}
		<-grant
		return mail.Turn{Slot: "s"}, nil
	}
	done := make(chan error)
	send := func(ctx context.Context, patience time.Duration) {
		go func() { _, err := o.Send(ctx, letter(), patience, always); done <- err }()
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

// TestAsk (EML-6): what was known stays when there is no answer.
func TestAsk(t *testing.T) {
	o := open(t, guard.Config{})
	now := time.Now()
	o.ses.limits = mail.Limits{Rate: 14, PerDay: 50_000, Sent: 7, Enabled: true, At: now}
	o.smtp.limits = mail.Limits{Rate: 1_000_000, PerDay: mail.Unlimited, Enabled: true, At: now}
	if err := o.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.ses.limits, o.ses.asked = mail.Limits{}, &order.ProviderError{Provider: "ses", Kind: order.ErrUnavailable, Code: "test"}
	if err := o.Ask(t.Context()); err == nil {
		t.Error("no answer is none")
	}
	if l := o.pace.set["ses"]; l.Rate != 14 || l.Sent != 7 {
		t.Errorf("the record says %+v", l)
	}
	if s := o.Status(); s[0].Limits.Rate != 14 || s[0].AskFailed == "" || s[1].AskFailed != "" {
		t.Errorf("%+v", s)
	}
	// The backup's account is boundless: nobody need ask the record.
	o.ses.set(order.ErrUnavailable)
	o.pace.take = func(account string, _ int, _ mail.Stream) (mail.Turn, error) {
		if account == "smtp" {
			t.Error("asked for a turn at a boundless account")
		}
		return mail.Turn{Slot: "s"}, nil
	}
	if r, err := o.Send(t.Context(), letter(), time.Second, always); err != nil || r.Provider != "smtp" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestNewRefuses(t *testing.T) {
	two := []post.Route{{Name: "ses"}, {Name: "ses"}}
	for name, c := range map[string]post.Config{
		"nobody":         {Pace: new(pace)},
		"no pace":        {Routes: two[:1]},
		"two of a name":  {Routes: two, Pace: new(pace)},
		"calls for ever": {Routes: two[:1], Pace: new(pace), CallWithin: time.Hour},
	} {
		if _, err := post.New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
