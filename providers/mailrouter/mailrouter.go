// Package mailrouter combines several mailers into one: it hands each mail to
// the first available provider, in the order of preference and at the pace of
// its account.
package mailrouter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/guard"
)

// Mailer hands a mail to one provider. Every error is a *order.ProviderError.
type Mailer interface {
	SendMail(ctx context.Context, m mail.Message) (providerID string, err error)
}

// Pace keeps the accounts' limits for the whole fleet. See mail.Pace.
type Pace interface {
	TakeSlot(ctx context.Context, account string, recipients int, s mail.Stream) (mail.SendGrant, error)
	ReleaseSlot(ctx context.Context, account string, t mail.SendGrant, used bool) error
	BeginLimits(ctx context.Context, account string) (mail.Mark, error)
	SetLimits(ctx context.Context, account string, l mail.Limits, m mail.Mark) error
}

// Route is one provider.
type Route struct {
	// Name is the name of the provider and its account in the ledger.
	Name   string
	Mailer Mailer
	// Breaker configures when the provider is skipped, and for how long. Default:
	// after 3 consecutive failures, or half of 20 within 30 s; for 10 s.
	Breaker guard.Config
}

// Config configures a router.
type Config struct {
	// Routes are the providers in the order of preference. Required.
	Routes []Route
	// Pace is shared with every process that sends. Required.
	Pace Pace
	// CallWithin limits a provider's call; default 10 s. It must be less than
	// mail.LongestCall.
	CallWithin time.Duration
	// AskEvery is how often the providers are asked for their limits; default
	// 5 minutes. After a failure they are asked sooner.
	AskEvery time.Duration
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Router is a mailer over several providers. It is safe for concurrent use.
type Router struct {
	conf   Config
	routes []*route
}

// New returns a router. It makes no calls.
func New(c Config) (*Router, error) {
	c.CallWithin = cmp.Or(c.CallWithin, 10*time.Second)
	c.AskEvery = cmp.Or(c.AskEvery, 5*time.Minute)
	c.Log = cmp.Or(c.Log, slog.Default())
	switch {
	case len(c.Routes) == 0:
		return nil, errors.New("mail router: no provider")
	case c.Pace == nil:
		return nil, errors.New("mail router: no pace")
	case c.CallWithin > mail.LongestCall-5*time.Second:
		return nil, fmt.Errorf("mail router: a call of %s is longer than its slot lasts", c.CallWithin)
	}
	o := &Router{conf: c}
	for _, r := range c.Routes {
		if slices.ContainsFunc(o.routes, func(other *route) bool { return other.Name == r.Name }) {
			return nil, fmt.Errorf("mail router: two providers are named %q", r.Name)
		}
		r.Breaker.Name, r.Breaker.Log = r.Name, c.Log
		r.Breaker.Consecutive = cmp.Or(r.Breaker.Consecutive, 3)
		o.routes = append(o.routes, &route{Route: r, breaker: guard.NewBreaker(r.Breaker)})
	}
	return o, nil
}

// Send hands the mail over once. It tries the providers in order until one
// accepts the mail, rejects it for good, or may have accepted it. It calls
// ready right before the mail is handed to a provider; if ready fails, the mail
// goes to no further provider and Send returns ready's error.
func (o *Router) Send(ctx context.Context, m mail.Message, maxWait time.Duration, ready func(ctx context.Context, provider string) error) (mail.Receipt, error) {
	if err := m.Check(); err != nil {
		return mail.Receipt{}, failure(order.ErrRejected, "cannot_be_written", 0, err)
	}
	j := &job{Message: m, until: time.Now().Add(maxWait), ready: ready}
	var receipt mail.Receipt
	var failures []error
	for _, r := range o.routes {
		id, err := "", r.canSend(m)
		if err == nil {
			id, err = o.try(ctx, r, j)
		}
		receipt.Provider, receipt.ProviderID = r.Name, id
		if err == nil {
			r.served.Add(1)
			return receipt, nil
		}
		if j.refusal != nil {
			return mail.Receipt{}, j.refusal
		}
		if !goesOn(err) || ctx.Err() != nil {
			return receipt, err
		}
		r.passed.Add(1)
		failures = append(failures, err)
		receipt.Skipped = append(receipt.Skipped, mail.PassedOver{Provider: r.Name, Why: reason(err)})
	}
	return receipt, together(failures)
}

// job is a mail on its way through the router.
type job struct {
	mail.Message
	until   time.Time
	ready   func(ctx context.Context, provider string) error
	refusal error // the error of ready
}

// try sends a mail through one provider, once its breaker and its pace permit.
func (o *Router) try(ctx context.Context, r *route, j *job) (id string, err error) {
	judge, probe, ok := r.breaker.Enter()
	if !ok {
		return "", r.breakerOpen()
	}
	if probe {
		if err := r.ping(ctx); err != nil {
			judge(verdict(ctx, err))
			return "", failure(order.ErrUnavailable, "still_down", 0, err)
		}
	}
	grant, err := o.waitForSlot(ctx, r, j)
	taken := time.Now()
	if err != nil {
		judge(guard.NoWord)
		return "", err
	}
	if d, ok := ctx.Deadline(); ok && time.Until(d) < leastTime {
		judge(guard.NoWord)
		o.release(ctx, r, grant, false)
		return "", failure(order.ErrUnavailable, "no_time_left", 0, errOurs)
	}
	if j.refusal = j.ready(ctx, r.Name); j.refusal != nil {
		judge(guard.NoWord)
		o.release(ctx, r, grant, false)
		return "", j.refusal
	}
	if time.Since(taken) > mail.LongestCall-o.conf.CallWithin {
		// The mail has waited too long: another mail may have its slot by now.
		judge(guard.NoWord)
		o.release(ctx, r, grant, false)
		return "", failure(order.ErrUnavailable, "turn_missed", 0, errOurs)
	}
	// The call is not bound by the step's own deadline, because a call that is cut
	// off has an unknown outcome.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.conf.CallWithin)
	defer cancel()
	id, err = r.Mailer.SendMail(call, j.Message)
	o.release(ctx, r, grant, !unreachable(err))
	r.judged(err)
	judge(verdict(ctx, err))
	return id, err
}

// leastTime is the least time that a call gets. A call that is cut off has an
// unknown outcome, and its mail would never be sent.
const leastTime = time.Second

// verdict counts only failures of the provider itself. A provider that refuses,
// throttles or denies a mail is up.
func verdict(ctx context.Context, err error) guard.Verdict {
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, guard.ErrFull):
		return guard.NoWord
	case errors.Is(err, order.ErrUnavailable), errors.Is(err, order.ErrUnknownOutcome):
		return guard.Failing
	}
	return guard.Healthy
}
