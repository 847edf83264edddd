package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"text/tabwriter"
	"time"

	"purser/config"
	"purser/drill"
	"purser/order"
	"purser/postgrestest"
	"purser/records"
	"purser/shop"
	"purser/stack"
)

// benchCmds are what can be measured; "purser bench" alone measures orders.
type benchCmds struct {
	Orders   benchCmd         `cmd:"" default:"withargs" help:"Orders a second, latencies and what an order costs."`
	Search   searchBenchCmd   `cmd:"" help:"How long indexing and searching take in the stand-in of the search engine."`
	Import   importBenchCmd   `cmd:"" help:"Rows a second of an import, against the least that could be done."`
	Mail     benchMailCmd     `cmd:"" help:"How well the mail rate is held, how long mail waits, what an outage of the primary does."`
	Campaign benchCampaignCmd `cmd:"" help:"A large campaign through kills: who got it, and how long orders' mail waits behind it."`
	Images   imagesBenchCmd   `cmd:"" help:"A picture of 12 megapixels to four sizes, against libvips."`
	Engine   engineBenchCmd   `cmd:"" hidden:"" help:"The engine in a process of its own."`
	Render   renderFilesCmd   `cmd:"" hidden:"" help:"One side of it, in a process of its own."`
}

// benchCmd measures a stack of its own in a temporary directory.
type benchCmd struct {
	config.Config `embed:""`

	Engine []string `help:"Which engines." enum:"sqlite,postgres" default:"sqlite,postgres"`
	Orders int      `help:"Whole orders to measure." default:"400"`
	AtOnce int      `help:"Orders on their way at the same time." default:"32"`
	WarmUp int      `help:"Orders before the clock starts." default:"40"`

	EngineApart bool `help:"Give the engine a process and a core of its own, and the others to everything else: as on a cluster, the engine's limit is then what is left. Linux only."`

	JSON bool `name:"json" help:"Print one JSON object per engine."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the orders' part to this file." type:"path"`
}

// Run measures one engine after the other.
func (b *benchCmd) Run(e *env) error {
	if b.Orders < 1 || b.AtOnce < 1 || b.WarmUp < 0 {
		return usageError{errors.New("bench: --orders and --at-once want 1 or more, --warm-up 0 or more")}
	}
	var results []drill.Result
	for _, engine := range b.Engine {
		r, err := b.measure(e, engine)
		if err != nil {
			return fmt.Errorf("bench %s: %w", engine, err)
		}
		results = append(results, r)
		if b.JSON {
			if err := json.NewEncoder(e.stdout).Encode(r); err != nil {
				return err
			}
		}
	}
	if b.JSON {
		return nil
	}
	return printResults(e, results)
}

// measure brings up a fresh stack and sends orders through it.
func (b *benchCmd) measure(e *env, engine string) (_ drill.Result, err error) {
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return drill.Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := b.Apart(filepath.Join(dir, "data"))
	cfg.SandboxPace, cfg.SandboxMailPace = 20*time.Millisecond, 0
	if engine == "postgres" {
		server, err := postgrestest.Start(e.ctx, "")
		if err != nil {
			return drill.Result{}, err
		}
		defer server.Stop()
		if cfg.DatabaseURL, err = server.Database("purser"); err != nil {
			return drill.Result{}, err
		}
	}
	role, cpu := stack.Everything, func() (time.Duration, error) { return drill.ProcessorTime() }
	if b.EngineApart {
		apart, failed := startEngineApart(e.ctx, &cfg)
		if failed != nil {
			return drill.Result{}, failed
		}
		defer func() { err = errors.Join(err, apart.stop()) }()
		role, cfg.TemporalAddress = stack.EngineElsewhere, apart.address
		cpu = func() (time.Duration, error) { return drill.ProcessorTime(apart.pid) }
	}
	s, err := stack.Start(e.ctx, &cfg, role)
	if err != nil {
		return drill.Result{}, err
	}
	defer s.Stop()
	if err := s.LoadSample(e.ctx); err != nil {
		return drill.Result{}, err
	}
	at := s.Running()
	var watch stopwatch
	s.Sandbox.OnAcknowledged(watch.add)
	return drill.Bench(e.ctx, drill.Target{
		Profile: b.CPUProfile,
		Engine:  engine, Temporal: s.Temporal, Namespace: cfg.TemporalNamespace,
		Shop:     &shop.Client{URL: at.API, Key: at.Key, HTTP: shop.Pooled(b.AtOnce)},
		Shopper:  &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey, HTTP: shop.Pooled(b.AtOnce)},
		Final:    func(ctx context.Context, id order.ID) (order.Order, error) { return final(ctx, s.Records, id) },
		Webhooks: watch.take,
		CPU:      cpu,
	}, drill.Load{Orders: b.Orders, AtOnce: b.AtOnce, WarmUp: b.WarmUp})
}

// final waits until the record says that an order has ended.
func final(ctx context.Context, r *records.Store, id order.ID) (order.Order, error) {
	changed, stop := r.Watch(id)
	defer stop()
	for {
		o, err := r.Order(ctx, id)
		if err != nil || o.Status.Final() {
			return o, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
}

// stopwatch collects how long webhooks waited for their answer.
type stopwatch struct {
	mu   sync.Mutex
	laps []time.Duration
}

func (w *stopwatch) add(_ string, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.laps = append(w.laps, d)
}

func (w *stopwatch) take() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	laps := w.laps
	w.laps = nil
	return laps
}

func printResults(e *env, results []drill.Result) error {
	t := tabwriter.NewWriter(e.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, value func(drill.Result) string) {
		fmt.Fprintf(t, "%s\t", name)
		for _, r := range results {
			fmt.Fprintf(t, "%s\t", value(r))
		}
		fmt.Fprintln(t)
	}
	number := func(format string, of func(drill.Result) float64) func(drill.Result) string {
		return func(r drill.Result) string { return fmt.Sprintf(format, of(r)) }
	}
	row("engine", func(r drill.Result) string { return r.Engine })
	row("orders", func(r drill.Result) string { return fmt.Sprint(r.Orders) })
	row("at once", func(r drill.Result) string { return fmt.Sprint(r.AtOnce) })
	row("orders/s", number("%.1f", func(r drill.Result) float64 { return r.OrdersPerSecond }))
	row("bare engine/s", number("%.1f", func(r drill.Result) float64 { return r.EngineLimitPerSecond }))
	row("share of the limit", number("%.2f", func(r drill.Result) float64 { return r.ShareOfEngineLimit }))
	row("place p50 ms", number("%.0f", func(r drill.Result) float64 { return r.PlaceP50ms }))
	row("place p99 ms", number("%.0f", func(r drill.Result) float64 { return r.PlaceP99ms }))
	row("webhook p50 ms", number("%.1f", func(r drill.Result) float64 { return r.WebhookP50ms }))
	row("webhook p99 ms", number("%.1f", func(r drill.Result) float64 { return r.WebhookP99ms }))
	row("CPU s/order", number("%.4f", func(r drill.Result) float64 { return r.CPUSecondsPerOrder }))
	row("bare CPU s/workflow", number("%.4f", func(r drill.Result) float64 { return r.EngineLimitCPU }))
	row("workflows/order", number("%.2f", func(r drill.Result) float64 { return r.WorkflowsPerOrder }))
	row("history events/order", number("%.1f", func(r drill.Result) float64 { return r.HistoryEventsPer }))
	row("history bytes/order", number("%.0f", func(r drill.Result) float64 { return r.HistoryBytesPer }))
	row("actions/order", number("%.1f", func(r drill.Result) float64 { return r.ActionsPerOrder }))
	return t.Flush()
}
