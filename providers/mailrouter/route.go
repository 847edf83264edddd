package mailrouter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/guard"
)

// A provider may implement these interfaces in addition to Mailer.
type (
	// limited returns what its account may send.
	limited interface {
		Limits(ctx context.Context) (mail.Limits, error)
	}
	// verified returns whether the sender may send.
	verified interface {
		Verified(ctx context.Context) (status string, ok bool, err error)
	}
	// selective fails with mail.ErrUnreachable for a mail that the provider can
	// never send, without calling it.
	selective interface {
		CanSend(m mail.Message) error
	}
	// pinged checks whether the provider is up without sending anything.
	pinged interface {
		Ping(ctx context.Context) error
	}
)

// pingWithin is short, because the mail that waits could be sent by another
// provider.
const pingWithin = 2 * time.Second

// route is a provider and its current state.
type route struct {
	Route
	breaker        *guard.Breaker
	line           line
	served, passed atomic.Int64

	mu       sync.Mutex
	limits   mail.Limits
	sender   string // the status of our sender at the provider
	sendable bool
	asked    time.Time
	unasked  string // why the limits were last not available
	trouble  string // the last failure that counted
}

// breakerOpen returns the failure of a mail that the breaker does not let through.
func (r *route) breakerOpen() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	code := "left_alone"
	if r.trouble != "" {
		code += " after " + r.trouble
	}
	return &order.ProviderError{Provider: r.Name, Op: "send mail", Kind: order.ErrUnavailable, Code: code}
}

// judged records an outage of the provider for its status; other errors are
// about the mail.
func (r *route) judged(err error) {
	if !is(err, order.ErrUnavailable) && !is(err, order.ErrUnknownOutcome) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = reason(err)
}

// canSend fails if the provider is known to be unable to send the mail.
func (r *route) canSend(m mail.Message) error {
	if s, ok := r.Mailer.(selective); ok {
		return s.CanSend(m)
	}
	return nil
}

// ping checks whether a provider that was down is back, before a mail is risked
// on it.
func (r *route) ping(ctx context.Context) error {
	p, ok := r.Mailer.(pinged)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	err := p.Ping(ctx)
	if is(err, order.ErrUnavailable) || is(err, order.ErrUnknownOutcome) {
		return err
	}
	return nil // whatever it returned, it is up
}

// boundless reports whether the account may send more than this process ever
// could, so that no count is needed.
func (r *route) boundless() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.limits.Boundless()
}

// Status returns the state of the providers, in the order of preference.
func (o *Router) Status() []mail.ProviderStatus {
	all := make([]mail.ProviderStatus, len(o.routes))
	for i, r := range o.routes {
		r.mu.Lock()
		all[i] = mail.ProviderStatus{
			Name: r.Name, Breaker: r.breaker.State(), Trouble: r.trouble, Limits: r.limits, Sender: r.sender, Sendable: r.sendable,
			AskedAt: r.asked, AskFailed: r.unasked, Served: r.served.Load(), Passed: r.passed.Load(),
		}
		r.mu.Unlock()
	}
	return all
}

// Run refreshes the providers' limits periodically until the context ends.
func (o *Router) Run(ctx context.Context) {
	const soon = 5 * time.Second
	for {
		wait := o.conf.AskEvery
		if err := o.Ask(ctx); err != nil {
			o.conf.Log.Warn("cannot refresh the mail providers' limits", "error", err)
			wait = min(wait, soon)
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return
		}
	}
}

// Ask asks every provider once for its limits and the status of our sender. If
// a provider does not respond, its earlier values stay in use.
func (o *Router) Ask(ctx context.Context) error {
	errs := make([]error, len(o.routes))
	var all sync.WaitGroup
	for i, r := range o.routes {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, o.conf.CallWithin)
			defer cancel()
			if err := o.askRoute(ctx, r); err != nil {
				errs[i] = fmt.Errorf("%s: %w", r.Name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (o *Router) askRoute(ctx context.Context, r *route) error {
	l, err := o.askLimits(ctx, r)
	sender, sendable := "", true
	if v, ok := r.Mailer.(verified); ok && err == nil {
		sender, sendable, err = v.Verified(ctx)
		if err == nil && !sendable {
			o.conf.Log.Error("the mail provider does not let us send as our sender", "provider", r.Name, "status", sender)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.At.IsZero() || err != nil {
		r.unasked = "no answer"
		if err != nil {
			r.unasked = reason(err)
		}
	}
	if !l.At.IsZero() {
		r.limits = l
	}
	if err == nil {
		r.sender, r.sendable, r.asked, r.unasked = sender, sendable, time.Now(), ""
	}
	return err
}

func (o *Router) askLimits(ctx context.Context, r *route) (mail.Limits, error) {
	source, ok := r.Mailer.(limited)
	if !ok {
		return mail.Limits{}, errors.New("the provider cannot report its limits")
	}
	mark, err := o.conf.Pace.BeginLimits(ctx, r.Name)
	if err != nil {
		return mail.Limits{}, err
	}
	l, err := source.Limits(ctx)
	if err != nil {
		return mail.Limits{}, err
	}
	if l.At.IsZero() {
		l.At = mark.At
	}
	return l, o.conf.Pace.SetLimits(ctx, r.Name, l, mark)
}

// Waiting returns how many mails of this process wait for a slot at a provider.
func (o *Router) Waiting(name string) int {
	for _, r := range o.routes {
		if r.Name == name {
			return r.line.length()
		}
	}
	return 0
}
