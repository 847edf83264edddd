// Package mail measures how mail is sent: how well a rate is held, how long an
// order's mail waits behind a campaign, and what an outage of the first
// provider does.
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

// Load says how much mail.
type Load struct {
	Workers int           // processes of the fleet
	Rate    int           // recipients a second that the account may reach
	For     time.Duration // how long a campaign presses against that rate
	Flaps   int           // how often the primary goes down and comes back
}

// Result is what was measured. The providers' own counts are the truth.
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

	Failover float64 `json:"failover_seconds"`   // the longest that a mail took whose primary was dead
	Return   float64 `json:"to_primary_seconds"` // from its coming back to its first mail

	Flaps       int `json:"flaps"`
	FlapMails   int `json:"flap_mails"`
	ByBackup    int `json:"by_backup"`
	Lost        int `json:"lost"`             // no provider took it, and the ledger does not say so
	Doubled     int `json:"doubled"`          // taken more than once
	Unknown     int `json:"unknown"`          // the ledger does not know …
	UnknownSent int `json:"unknown_but_sent"` // … and a provider took it
}

// Measure measures a rate held, an outage of the primary, and many short
// outages.
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

// pressMail lets a campaign press against the rate while orders go on.
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
	arrivals := f.ses.Arrivals()
	r.Recipients, r.Throttled = busiestSecond(arrivals), f.ses.Figures().Throttled
	r.Throughput = math.Round(float64(len(arrivals))/l.For.Seconds()*100) / 100
	r.OrderMails, r.OrderMailP50, r.OrderMailP99 = waits.Count(), waits.Percentile(50), waits.Percentile(99)
	r.CampaignMails = len(arrivals) - r.OrderMails
	return errors.Join(failed.err(), f.close())
}

// busiestSecond counts the recipients in the fullest second.
func busiestSecond(arrivals []standinses.Arrival) (most int) {
	slices.SortFunc(arrivals, func(a, b standinses.Arrival) int { return a.At.Compare(b.At) })
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

// plenty is a rate that no sender reaches.
const plenty = 500

// killPrimary lets the primary die and come back, with the breaker as it is
// when nothing is configured.
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
	healed, before := time.Now(), len(f.ses.Arrivals())
	for len(f.ses.Arrivals()) == before {
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

// flapPrimary lets the primary go down and come back, again and again and in
// several ways, while the fleet sends.
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
					state, err := send(ctx, a, m) // to its end, though the flapping may stop
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

// flap takes the primary down in one of four ways, and lets it come back.
func (f *fleet) flap(ctx context.Context, n int, down time.Duration) error {
	const send = "POST /v2/email/outbound-emails"
	switch n % 4 {
	case 0, 1: // dead
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
	default: // it takes a mail, and its answer is lost
		return f.faults.Add(faults.Fault{Provider: "ses", Match: send, Do: faults.Reset, When: faults.After, Times: 1})
	}
}

// count holds what the senders and the ledger believe against what the
// providers took.
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

// collected is what went wrong in goroutines.
type collected struct {
	mu   sync.Mutex
	errs []error
}

// add leaves out what went wrong because the context had ended.
func (c *collected) add(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

func (c *collected) err() error { return errors.Join(c.errs...) }
