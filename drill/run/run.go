// Package run runs a drill: many orders through a hostile sandbox, while the process is
// killed and restarted, and then an audit.
package run

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"purser/drill/audit"
	"purser/drill/plant"
	"purser/drill/process"
	"purser/drill/shoppers"
	"purser/order"
	"purser/postgrestest"
)

// Plan says what a drill does.
type Plan struct {
	Program   string // the path of the program that has process.StackCommand, process.ServiceCommand and process.PurserCommand
	Dir       string // for the data and the logs
	Database  string // a directory for Postgres, which may run as a user who cannot read Dir
	Seed      uint64
	Orders    int
	AtOnce    int
	Rate      float64         // how many shoppers begin a second; 0: as many as AtOnce allows
	Kills     int             // of each process
	Engine    string          // sqlite, postgres or cluster
	Crashes   int             // of Postgres
	Events    time.Duration   // between two searches for events; 0: only at the end
	Hostility string          // none, mild or full
	Plants    []audit.Counter // broken one after the other, at the end
	Progress  func(ended, orders, kills int)
}

// Settings of the shop: what takes minutes and days in a real shop takes seconds. Only
// its pauses between two tries are real, up to workflows.LongestBackoff of five minutes:
// shoppers wait for three of the longest, and the end of the drill for two.
const (
	payWithin     = time.Minute
	askAfter      = time.Second
	receivedAfter = 3 * time.Second
	waitAtMost    = 20 * time.Minute
	quietWithin   = 15 * time.Minute
)

var shopSettings = []string{
	"--ask-after=" + askAfter.String(), "--track-after=2s", "--find-parcels-within=2s", "--sandbox-pace=1s", "--sandbox-mail-pace=1s",
	"--pay-within=" + payWithin.String(), "--prepay-within=" + payWithin.String(), "--received-after=" + receivedAfter.String(),
	"--parcel-pieces=5", "--sweep-cases=1m",
	"--payment-methods=" + shoppers.Methods, "--sandbox-debit-time=" + shoppers.DebitsTake(payWithin).String(),
}

// Run runs a drill. It fails only if the drill itself could not be run.
func Run(ctx context.Context, p Plan) (Result, error) {
	began := time.Now()
	d, err := p.prepare(ctx)
	if err != nil {
		return Result{}, err
	}
	defer d.stop()
	if err := d.up(ctx); err != nil {
		return Result{}, err
	}
	if d.stock, err = audit.ReadStock(ctx, d.record); err != nil {
		return Result{}, err
	}
	opened := time.Now()
	if err := d.shop(ctx); err != nil {
		return Result{}, err
	}
	faults, met := d.hostility.total()
	shopped := time.Now()
	if err := d.awaitQuiet(ctx); err != nil {
		return Result{}, err
	}
	quiet := time.Now()
	report, err := audit.Run(ctx, d.input())
	if err != nil {
		return Result{}, err
	}
	report, noticed, besides, err := d.plant(ctx, report)
	if err != nil {
		return Result{}, err
	}
	r := d.result(report, append(met, d.met()...))
	r.Noticed, r.Besides = noticed, besides
	r.Faults, r.Seconds, r.Rate = faults, time.Since(began).Seconds(), float64(p.Orders)/shopped.Sub(opened).Seconds()
	r.ToRest, r.Auditing, r.DataMB = quiet.Sub(shopped).Seconds(), time.Since(quiet).Seconds(), size(p.Dir, p.Database)>>20
	return r, d.checkLog(&r)
}

// drill is a drill under way.
type drill struct {
	Plan
	*chaos
	crowd   *shoppers.Crowd
	cluster *process.Cluster // nil: the shop is one process
	record  string
	stock   map[string]int64 // before the first order
}

func (p Plan) prepare(ctx context.Context) (*drill, error) {
	random := rand.New(rand.NewPCG(p.Seed, 0))
	d := &drill{Plan: p, chaos: &chaos{
		site: shoppers.NewSite(), hostility: newHostility(p.Hostility), random: random, orders: p.Orders, begun: make(chan int),
	}}
	if p.Engine != onSQLite {
		if err := d.startPostgres(ctx); err != nil {
			return nil, err
		}
	}
	if err := d.assemble(ctx); err != nil {
		d.stop()
		return nil, err
	}
	d.kills = moments(random, p.Kills*len(d.all()), p.Orders)
	if p.Hostility == levelFull {
		d.outages = moments(random, 2+p.Orders/100, p.Orders)
	}
	if d.postgres != nil {
		d.crashes = moments(random, p.Crashes, p.Orders)
	}
	d.crowd = &shoppers.Crowd{Site: d.site, Seed: p.Seed, Orders: p.Orders, AtOnce: p.AtOnce, Rate: p.Rate, PayWithin: payWithin, WaitAtMost: waitAtMost}
	return d, nil
}

// What the engine and the record are kept in, and the shape of the shop.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
	onCluster  = "cluster" // on Postgres; each part is a process of its own
)

// ofEach is how many APIs and workers a cluster has: one of them may be down.
const ofEach = 2

// startPostgres starts the database server, with an empty database for the record.
func (d *drill) startPostgres(ctx context.Context) (err error) {
	if d.postgres, err = postgrestest.Start(ctx, d.Database); err != nil {
		return err
	}
	d.record, err = d.postgres.Database("drill")
	return err
}

// assemble makes the processes, which are not started yet.
func (d *drill) assemble(ctx context.Context) error {
	dir, settings := filepath.Join(d.Dir, "data"), append(slices.Clone(shopSettings), "--events-every="+d.Events.String())
	switch d.Engine {
	case onSQLite:
		d.record = filepath.Join(dir, "record.db")
		d.fleet = ofStack(process.NewStack(d.Program, dir, settings...))
		return nil
	case onPostgres:
		d.fleet = ofStack(process.NewStack(d.Program, dir, append(settings, "--database-url="+d.record)...))
		return nil
	}
	c, err := process.NewCluster(d.Program, dir, d.record, ofEach, settings...)
	if err != nil {
		return err
	}
	d.cluster, d.fleet = c, ofCluster(c)
	return c.Prepare(ctx)
}

func (d *drill) stop() {
	switch {
	case d.cluster != nil:
		_ = d.cluster.Close() // nobody calls it any more
	case d.fleet != nil:
		d.fleet.stop()
	}
	if d.postgres != nil {
		_ = d.postgres.Stop()
	}
}

// shop lets the shoppers buy while everything fails, and wait until their orders have
// ended. The faults end a while after the last of them has come: the next tries after long
// pauses would meet new ones, without end.
func (d *drill) shop(ctx context.Context) error {
	shopping, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	calm, raged := make(chan struct{}), make(chan error, 1)
	d.crowd.OnProgress = func(begun, ended int) {
		select {
		case d.begun <- begun:
		case <-time.After(time.Millisecond): // chaos is busy, and will be told by the next
		}
		if d.Progress != nil {
			d.Progress(ended, d.Orders, int(d.killsDone.Load()))
		}
	}
	go func() {
		err := d.rage(shopping, calm)
		if err != nil {
			cancel(err)
		}
		raged <- err
	}()
	d.crowd.Shop(shopping)
	close(calm)
	return <-raged
}

// awaitQuiet waits until nothing is under way, for some looks in a row, because a webhook
// may still be on its way, and the events are found whose webhooks never came. What does
// not come to rest is counted by the audit.
func (d *drill) awaitQuiet(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for until, quiet := time.Now().Add(quietWithin), 0; quiet < 6 && time.Now().Before(until); quiet++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if busy, err := d.busy(ctx, quiet == 3); err != nil {
			return err
		} else if busy {
			quiet = -1
		}
	}
	return nil
}

// busy reports whether something is under way, or somebody must still decide. If search
// is set, it has missed events found.
func (d *drill) busy(ctx context.Context, search bool) (bool, error) {
	found, needs := 0, 0
	busy, err := audit.AtRest(ctx, d.input())
	if err == nil {
		needs, err = d.crowd.Operate(ctx)
	}
	if err == nil && search && len(busy)+needs == 0 {
		found, err = d.crowd.FindMissedEvents(ctx)
	}
	return len(busy)+needs+found > 0, err
}

// checkLog looks for what the race detector has found, if the program was built with
// it.
func (d *drill) checkLog(r *Result) error {
	races, err := d.races()
	r.Broken = append(r.Broken, races...)
	return err
}

// size returns how many bytes the files below some directories have.
func size(dirs ...string) (bytes int64) {
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error { // a file may have gone
			if err != nil || e.IsDir() {
				return nil
			}
			if info, err := e.Info(); err == nil {
				bytes += info.Size()
			}
			return nil
		})
	}
	return bytes
}

// plant breaks promises one after the other, and returns the report of the last audit,
// how much each made its counter rise, and the other counters that rose with it.
func (d *drill) plant(ctx context.Context, before audit.Report) (report audit.Report, noticed map[audit.Counter]int, besides map[audit.Counter][]audit.Counter, err error) {
	s := plant.Shop{At: d.at, StripeKey: shoppers.StripeKey, Carrier: carrierKey, Record: d.record}
	for id := range d.crowd.Placed() {
		s.Orders = append(s.Orders, id)
	}
	noticed, besides = map[audit.Counter]int{}, map[audit.Counter][]audit.Counter{}
	for _, name := range d.Plants {
		if err := s.Break(ctx, name); err != nil {
			return before, nil, nil, err
		}
		if err := d.comeToRest(ctx); err != nil {
			return before, nil, nil, err
		}
		after, err := audit.Run(ctx, d.input())
		if err != nil {
			return before, nil, nil, err
		}
		for _, c := range audit.Counters() {
			switch rose := after.Count(c) - before.Count(c); {
			case c == plant.Raises(name):
				noticed[name] = rose
			case rose != 0:
				besides[name] = append(besides[name], c)
			}
		}
		before = after
	}
	return before, noticed, besides, nil
}

// comesToRestWithin is how long a shop takes to deal with what was planted.
const comesToRestWithin = 10 * time.Second

// comeToRest waits until what a plant has set in motion is over: as much is under way at some
// looks in a row. What was planted may itself stay under way.
func (d *drill) comeToRest(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for until, same, last := time.Now().Add(comesToRestWithin), 0, -1; same < 5 && time.Now().Before(until); same++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		busy, err := audit.AtRest(ctx, d.input())
		if err != nil {
			return err
		}
		if len(busy) != last {
			last, same = len(busy), -1
		}
	}
	return nil
}

// carrierKey is the key that the sandbox's carrier takes.
const carrierKey = "carrier_sandbox"

func (d *drill) input() audit.Input {
	in := audit.Input{
		Sandbox: audit.Sandbox{URL: d.at.Sandbox, StripeKey: shoppers.StripeKey, CarrierKey: carrierKey},
		Record:  d.record, Stock: d.stock, Temporal: d.at.Temporal, Terms: audit.Terms{AskAfter: askAfter, ReceivedAfter: receivedAfter}, Kills: d.fell,
	}
	for id, ends := range d.crowd.Placed() {
		in.Placed = append(in.Placed, audit.Placed{Order: string(id), Ends: texts(ends)})
	}
	return in
}

// met returns the failures that the kills and the shoppers were.
func (d *drill) met() (all []string) {
	if int(d.killsDone.Load())+d.crashed > 0 {
		all = append(all, "F87")
	}
	if d.minute {
		all = append(all, "F13")
	}
	for id := range d.crowd.Met() {
		all = append(all, id)
	}
	return all
}

func texts(all []order.Status) (s []string) {
	for _, v := range all {
		s = append(s, string(v))
	}
	return s
}
