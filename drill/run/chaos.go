package run

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"purser/drill/process"
	"purser/drill/shoppers"
	"purser/postgrestest"
	"purser/stack"
)

// chaos kills and restarts the processes, crashes their database, and lets providers
// fail, while the shoppers buy.
type chaos struct {
	*fleet
	postgres  *postgrestest.Server // nil on SQLite
	site      *shoppers.Site
	hostility *hostility
	random    *rand.Rand
	at        stack.Running

	orders    int
	kills     []int // after how many orders that have begun; the processes are killed in turn
	crashes   []int // of the database
	outages   []int // of a provider
	begun     chan int
	fell      []time.Time     // when a process, or the database, was ended
	down      []time.Duration // from each kill or crash until all was ready again
	killsDone atomic.Int64
	crashed   int
	minute    bool
}

// moments returns n random moments of a run of that many orders, in their order.
func moments(random *rand.Rand, n, orders int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = 1 + random.IntN(orders)
	}
	slices.Sort(all)
	return all
}

// up starts the processes, and lets everybody at them.
func (c *chaos) up(ctx context.Context) error {
	if err := c.startAll(ctx); err != nil {
		return err
	}
	return c.open(ctx)
}

// open applies the faults and lets everybody in.
func (c *chaos) open(ctx context.Context) error {
	c.at = c.fleet.at()
	if err := c.hostility.apply(ctx, c.at.Sandbox); err != nil {
		return err
	}
	c.site.Up(c.at)
	return nil
}

// restart kills a process, unless it has ended, starts it again, and measures how long
// that took. If it is the whole shop, everybody waits for it.
func (c *chaos) restart(ctx context.Context, p *process.Process) error {
	if p == c.sandbox {
		c.hostility.count(ctx, c.at.Sandbox)
	}
	began := time.Now()
	c.fell = append(c.fell, began)
	if c.alone() {
		c.site.Down()
	}
	err := p.Kill()
	if err == nil {
		err = c.start(ctx, p)
	}
	switch {
	case err == nil && c.alone():
		err = c.open(ctx)
	case err == nil && p == c.sandbox:
		err = c.hostility.apply(ctx, c.at.Sandbox)
	}
	if err != nil {
		if c.alone() {
			c.site.Up(c.at) // nobody waits for a shop that stays down
		}
		return err
	}
	c.down = append(c.down, time.Since(began))
	return nil
}

// restartEnded starts the processes again that have ended by themselves.
func (c *chaos) restartEnded(ctx context.Context) error {
	for _, p := range c.all() {
		if !p.HasEnded() {
			continue
		}
		c.restarts++
		if err := c.restart(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// killNext kills the process whose turn it is, and starts it again.
func (c *chaos) killNext(ctx context.Context) error {
	all := c.all()
	p := all[int(c.killsDone.Load())%len(all)]
	if err := c.restart(ctx, p); err != nil {
		return err
	}
	c.killed[p.Name]++
	c.killsDone.Add(1)
	return nil
}

// faultsLast is how long the faults last after the last shopper has come.
const faultsLast = 2 * time.Minute

// rage does everything that is due, until calm is closed and all of it was done.
func (c *chaos) rage(ctx context.Context, calm <-chan struct{}) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last <-chan time.Time
	for begun, over := 0, false; ; {
		if err := c.strike(ctx, begun); err != nil {
			return err
		}
		if over {
			return c.hostility.calm(ctx, c.at.Sandbox)
		}
		if begun >= c.orders && last == nil {
			last = time.After(faultsLast)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-calm:
			calm, over, begun = nil, true, math.MaxInt
		case begun = <-c.begun:
		case <-last:
			last = make(chan time.Time)
			_ = c.hostility.calm(ctx, c.at.Sandbox) // a process that has just ended starts again without faults
		case <-tick.C:
			c.hostility.count(ctx, c.at.Sandbox)
		case <-c.ends: // by a kill, or by itself
			if err := c.restartEnded(ctx); err != nil {
				return err
			}
		}
	}
}

// strike does what is due when so many orders have begun.
func (c *chaos) strike(ctx context.Context, begun int) error {
	due := func(all *[]int) bool {
		if len(*all) == 0 || (*all)[0] > begun {
			return false
		}
		*all = (*all)[1:]
		return true
	}
	for due(&c.kills) {
		if err := c.pause(ctx, 1500*time.Millisecond); err != nil {
			return err
		}
		if err := c.killNext(ctx); err != nil {
			return err
		}
	}
	for due(&c.crashes) {
		if err := c.pause(ctx, 1500*time.Millisecond); err != nil {
			return err
		}
		if err := c.crash(ctx); err != nil {
			return err
		}
	}
	for due(&c.outages) {
		if err := c.fail(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pause waits at random, which decides at which steps an order is hit.
func (c *chaos) pause(ctx context.Context, most time.Duration) error {
	select {
	case <-time.After(time.Duration(c.random.Int64N(int64(most)))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crash crashes the database and starts it again. A process that does not survive this
// is started again, as a service manager does.
func (c *chaos) crash(ctx context.Context) error {
	began := time.Now()
	c.fell = append(c.fell, began)
	if err := errors.Join(c.postgres.Crash(), c.postgres.Restart(ctx)); err != nil {
		return err
	}
	c.crashed++
	c.down = append(c.down, time.Since(began))
	return nil
}

// outage is how long a provider is down.
const outage = 4 * time.Second

// fail takes a provider down for a while. Stripe's outage crosses the boundary of a
// minute if that is near.
func (c *chaos) fail(ctx context.Context) error {
	if c.random.IntN(2) == 0 {
		return c.failFor(ctx, "carrier", outage, "F68")
	}
	began := time.Now()
	boundary := began.Truncate(time.Minute).Add(time.Minute)
	long := outage
	if near := boundary.Sub(began); near < 10*time.Second {
		long = near + outage/2
	}
	if err := c.failFor(ctx, "stripe", long, "F6", "F8"); err != nil {
		return err
	}
	c.minute = c.minute || began.Before(boundary) && time.Now().After(boundary) && c.hostility.times("outage of stripe") > 1
	return nil
}

func (c *chaos) failFor(ctx context.Context, provider string, d time.Duration, meets ...string) error {
	if err := c.hostility.begin(ctx, c.at.Sandbox, provider, meets...); err != nil {
		return nil // the process has just ended, and is started again
	}
	select {
	case <-time.After(d):
	case <-c.sandbox.Ended():
	case <-ctx.Done():
		return ctx.Err()
	}
	_ = c.hostility.end(ctx, c.at.Sandbox) // a process that starts again has no outage
	return nil
}
