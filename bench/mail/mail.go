// Package mail measures how mail is sent: how well a rate limit is kept, how long
// an order's mail waits behind a campaign, and what effect an outage of the first
// provider has.
package mail

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"purser/bench/measure"
	"purser/mail"
	"purser/providers/guard"
	"purser/records"
	"purser/sandbox/faults"
	standinses "purser/sandbox/ses"
)

// Load sets how much mail is sent, and how.
type Load struct {
	Workers int           // processes of the fleet
	Rate    int           // the account's limit, in recipients a second
	For     time.Duration // how long a campaign sends at that limit
	Flaps   int           // how often the primary goes down and comes back
}

// Result holds what was measured. The providers' own counts are authoritative.
type Result struct {
	Engine  string `json:"engine"`
	Workers int    `json:"workers"`

	Rate          int     `json:"rate"`
	Recipients    int     `json:"max_recipients_in_any_second"`
	Throttled     int     `json:"throttled_by_provider"`
	Throughput    float64 `json:"recipients_per_second"`
	OrderMails    int     `json:"transactional_mails"`
	OrderMailP50  float64 `json:"transactional_p50_ms"`
	OrderMailP99  float64 `json:"transactional_p99_ms"`
	CampaignMails int     `json:"marketing_mails"`

	Failover float64 `json:"failover_seconds"`   // the longest time that a mail took while the primary was down
	Return   float64 `json:"to_primary_seconds"` // from the primary's return to its first mail

	Flaps       int `json:"flaps"`
	FlapMails   int `json:"flap_mails"`
	ByBackup    int `json:"by_backup"`
	Lost        int `json:"lost"`             // no provider accepted it, but the ledger does not say so
	Doubled     int `json:"doubled"`          // accepted more than once
	Unknown     int `json:"unknown"`          // unknown according to the ledger
	UnknownSent int `json:"unknown_but_sent"` // of these, the mails that a provider accepted
}

// Measure measures sending at the rate limit, a failover of the primary, and many
// short outages.
func Measure(ctx context.Context, engine string, stores []*records.Store, l Load) (Result, error) {
	r := Result{Engine: engine, Workers: l.Workers, Rate: l.Rate, Flaps: l.Flaps}
	if err := pressMail(ctx, stores, l, &r); err != nil {
		return r, fmt.Errorf("rate: %w", err)
	}
	if err := killPrimary(ctx, stores, l, &r); err != nil {
		return r, fmt.Errorf("failover: %w", err)
	}
	if err := flapPrimary(ctx, stores, l, &r); err != nil {
		return r, fmt.Errorf("flaps: %w", err)
	}
	return r, nil
}

// pressMail sends a campaign at the rate limit while order mails are sent, too.
func pressMail(ctx context.Context, stores []*records.Store, l Load, r *Result) error {
	const sendersEach, ordersEvery = 6, 400 * time.Millisecond
	f, err := newFleet(ctx, stores, l.Workers, l.Rate, guard.Config{})
	if err != nil {
		return err
	}
	pressing, stop := context.WithTimeout(ctx, l.For)
	defer stop()
	var all sync.WaitGroup
	var numbers atomic.Int64
	var failed collected
	for _, a := range f.workers {
		for range sendersEach {
			all.Go(func() {
				for pressing.Err() == nil {
					_, err := send(pressing, a, message("rate", int(numbers.Add(1)), mail.Marketing))
					failed.add(pressing, err)
				}
			})
		}
	}
	var waits measure.Latencies
	for n := 0; measure.Wait(pressing, ordersEvery); n++ {
		all.Go(func() {
			began := time.Now()
			_, err := send(ctx, f.workers[n%len(f.workers)], message("order", n, mail.Transactional))
			failed.add(ctx, err)
			waits.Add(time.Since(began))
		})
	}
	all.Wait()
	arrivals := f.ses.Accepted()
	r.Recipients, r.Throttled = busiestSecond(arrivals), f.ses.Figures().Throttled
	r.Throughput = math.Round(float64(len(arrivals))/l.For.Seconds()*100) / 100
	r.OrderMails, r.OrderMailP50, r.OrderMailP99 = waits.Count(), waits.Percentile(50), waits.Percentile(99)
	r.CampaignMails = len(arrivals) - r.OrderMails
	return errors.Join(failed.err(), f.close())
}

// busiestSecond returns the most recipients in any one second.
func busiestSecond(arrivals []standinses.AcceptedMail) (most int) {
	slices.SortFunc(arrivals, func(a, b standinses.AcceptedMail) int { return a.At.Compare(b.At) })
	from, n := 0, 0
	for _, a := range arrivals {
		n += a.Recipients
		for a.At.Sub(arrivals[from].At) >= time.Second {
			n -= arrivals[from].Recipients
			from++
		}
		most = max(most, n)
	}
	return most
}

// plenty is a rate, in recipients a second, that no sender reaches.
const plenty = 500

// killPrimary takes the primary down and up again, with the default settings of the
// circuit breaker.
func killPrimary(ctx context.Context, stores []*records.Store, l Load, r *Result) error {
	f, err := newFleet(ctx, stores, l.Workers, plenty, guard.Config{OpenFor: 2 * time.Second})
	if err != nil {
		return err
	}
	n := 0
	one := func() (time.Duration, error) {
		n++
		began := time.Now()
		state, err := send(ctx, f.workers[n%len(f.workers)], message("kill", n, mail.Transactional))
		if err == nil && state != mail.StateSent {
			err = fmt.Errorf("mail %d is %s", n, state)
		}
		return time.Since(began), err
	}
	for range 20 {
		if _, err := one(); err != nil {
			return err
		}
	}
	f.endpoint.down()
	for range 100 {
		took, err := one()
		if err != nil {
			return err
		}
		r.Failover = max(r.Failover, took.Seconds())
	}
	if err := f.endpoint.up(); err != nil {
		return err
	}
	healed, before := time.Now(), len(f.ses.Accepted())
	for len(f.ses.Accepted()) == before {
		if _, err := one(); err != nil {
			return err
		}
		if !measure.Wait(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
	r.Return = time.Since(healed).Seconds()
	return f.close()
}

// flapPrimary takes the primary down and up again repeatedly, in several ways,
// while the fleet sends.
func flapPrimary(ctx context.Context, stores []*records.Store, l Load, r *Result) error {
	const sendersEach, up, down = 2, 120 * time.Millisecond, 80 * time.Millisecond
	f, err := newFleet(ctx, stores, l.Workers, plenty, guard.Config{OpenFor: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	flapping, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	var failed collected
	var mu sync.Mutex
	states := make(map[string]mail.State)
	var numbers atomic.Int64
	for _, a := range f.workers {
		for range sendersEach {
			all.Go(func() {
				for flapping.Err() == nil {
					m := message("flap", int(numbers.Add(1)), mail.Transactional)
					state, err := send(ctx, a, m) // until its outcome is decided, even if the outages end before
					failed.add(ctx, err)
					mu.Lock()
					states[m.ID] = state
					mu.Unlock()
					measure.Wait(flapping, 5*time.Millisecond)
				}
			})
		}
	}
	for n := range l.Flaps {
		if !measure.Wait(ctx, up) {
			break
		}
		failed.add(ctx, f.flap(ctx, n, down))
	}
	stop()
	all.Wait()
	f.count(states, r)
	return errors.Join(failed.err(), f.close())
}

// flap takes the primary down in one of four ways, and up again.
func (f *fleet) flap(ctx context.Context, n int, down time.Duration) error {
	const send = "POST /v2/email/outbound-emails"
	switch n % 4 {
	case 0, 1: // no connection
		f.endpoint.down()
		measure.Wait(ctx, down)
		return f.endpoint.up()
	case 2: // throttled, then denied
		for _, status := range []int{429, 403} {
			if err := f.faults.Add(faults.Fault{ID: "flap", Provider: "ses", Match: send, Do: faults.Status, Status: status}); err != nil {
				return err
			}
			measure.Wait(ctx, down/2)
			f.faults.Remove("flap")
		}
		return nil
	default: // the response to an accepted mail is lost
		return f.faults.Add(faults.Fault{Provider: "ses", Match: send, Do: faults.Reset, When: faults.After, Times: 1})
	}
}

// count compares the outcomes in the senders and the ledger with the mails that the
// providers accepted.
func (f *fleet) count(states map[string]mail.State, r *Result) {
	accepted := f.accepted()
	r.FlapMails = len(states)
	for id, state := range states {
		n := accepted[id]
		switch {
		case state == mail.StateUnknown:
			r.Unknown++
			r.UnknownSent += min(n, 1)
		case n == 0:
			r.Lost++
		}
	}
	for _, n := range accepted {
		if n > 1 {
			r.Doubled++
		}
	}
	r.ByBackup = len(f.relay.Mails())
}

// collected gathers the errors of goroutines.
type collected struct {
	mu   sync.Mutex
	errs []error
}

// add adds an error, unless the context had ended, which explains the error.
func (c *collected) add(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

func (c *collected) err() error { return errors.Join(c.errs...) }
