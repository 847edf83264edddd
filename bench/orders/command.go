// Package orders measures whole orders: how many complete in a second, how long a
// caller waits for each step, and what an order costs the engine, in comparison
// with the engine's bare limit.
package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"purser/bench/measure"
	"purser/config"
	"purser/order"
	"purser/postgrestest"
	"purser/records"
	"purser/shop"
	"purser/stack"
)

// Command measures a stack of its own in a temporary directory.
type Command struct {
	config.Config `embed:""`

	Engine []string `help:"The databases of the engine to measure." enum:"sqlite,postgres" default:"sqlite,postgres"`
	Orders int      `help:"The number of whole orders to measure." default:"400"`
	AtOnce int      `help:"The number of orders under way at the same time." default:"32"`
	WarmUp int      `help:"The number of orders before the measurement begins." default:"40"`

	EngineApart bool `help:"Run the engine in a process and on a core of its own, and everything else on the other cores, so that only the engine limits the rate, as on a cluster. Linux only."`

	JSON bool `name:"json" help:"Print one JSON object per engine."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the measurement to this file." type:"path"`
}

// Validate refuses numbers with which nothing would be measured.
func (c *Command) Validate() error {
	if c.Orders < 1 || c.AtOnce < 1 || c.WarmUp < 0 {
		return errors.New("--orders and --at-once must be 1 or more, --warm-up 0 or more")
	}
	return nil
}

// Run measures one engine after the other.
func (c *Command) Run(ctx context.Context, stdout io.Writer) error {
	var results []Result
	for _, engine := range c.Engine {
		r, err := c.measure(ctx, engine)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		results = append(results, r)
		if c.JSON {
			if err := json.NewEncoder(stdout).Encode(r); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		return nil
	}
	return printResults(stdout, results)
}

// measure starts an empty stack and completes orders with it.
func (c *Command) measure(ctx context.Context, engine string) (_ Result, err error) {
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := c.Apart(filepath.Join(dir, "data"))
	cfg.SandboxPace, cfg.SandboxMailPace = 20*time.Millisecond, 0
	if engine == "postgres" {
		server, err := postgrestest.Start(ctx, "")
		if err != nil {
			return Result{}, err
		}
		defer server.Stop()
		if cfg.DatabaseURL, err = server.Database("purser"); err != nil {
			return Result{}, err
		}
	}
	role, cpu := stack.Everything, func() (time.Duration, error) { return measure.ProcessorTime() }
	if c.EngineApart {
		apart, failed := startEngineApart(ctx, &cfg)
		if failed != nil {
			return Result{}, failed
		}
		defer func() { err = errors.Join(err, apart.stop()) }()
		role, cfg.TemporalAddress = stack.EngineElsewhere, apart.address
		cpu = func() (time.Duration, error) { return measure.ProcessorTime(apart.pid) }
	}
	s, err := stack.Start(ctx, &cfg, role)
	if err != nil {
		return Result{}, err
	}
	defer s.Stop()
	if err := s.LoadSample(ctx); err != nil {
		return Result{}, err
	}
	at := s.Running()
	webhooks := &measure.Latencies{}
	s.Sandbox.OnAcknowledged(func(_ string, took time.Duration) { webhooks.Add(took) })
	return Measure(ctx, Target{
		Profile: c.CPUProfile,
		Engine:  engine, Temporal: s.Temporal, Namespace: cfg.TemporalNamespace,
		Shop:     &shop.Client{URL: at.API, Key: at.Key, HTTP: shop.Pooled(c.AtOnce)},
		Shopper:  &shop.Shopper{StripeURL: at.Sandbox + "/stripe", PublishableKey: at.PublishableKey, HTTP: shop.Pooled(c.AtOnce)},
		Final:    func(ctx context.Context, id order.ID) (order.Order, error) { return final(ctx, s.Records, id) },
		Webhooks: webhooks,
		CPU:      cpu,
	}, Load{Orders: c.Orders, AtOnce: c.AtOnce, WarmUp: c.WarmUp})
}

// final waits until an order has ended according to the record, and returns it.
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

func printResults(stdout io.Writer, results []Result) error {
	t := tabwriter.NewWriter(stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, value func(Result) string) {
		fmt.Fprintf(t, "%s\t", name)
		for _, r := range results {
			fmt.Fprintf(t, "%s\t", value(r))
		}
		fmt.Fprintln(t)
	}
	number := func(format string, of func(Result) float64) func(Result) string {
		return func(r Result) string { return fmt.Sprintf(format, of(r)) }
	}
	row("engine", func(r Result) string { return r.Engine })
	row("orders", func(r Result) string { return fmt.Sprint(r.Orders) })
	row("at once", func(r Result) string { return fmt.Sprint(r.AtOnce) })
	row("orders/s", number("%.1f", func(r Result) float64 { return r.OrdersPerSecond }))
	row("bare engine/s", number("%.1f", func(r Result) float64 { return r.EngineLimitPerSecond }))
	row("share of the limit", number("%.2f", func(r Result) float64 { return r.ShareOfEngineLimit }))
	row("place p50 ms", number("%.0f", func(r Result) float64 { return r.PlaceP50ms }))
	row("place p99 ms", number("%.0f", func(r Result) float64 { return r.PlaceP99ms }))
	row("webhook p50 ms", number("%.1f", func(r Result) float64 { return r.WebhookP50ms }))
	row("webhook p99 ms", number("%.1f", func(r Result) float64 { return r.WebhookP99ms }))
	row("CPU s/order", number("%.4f", func(r Result) float64 { return r.CPUSecondsPerOrder }))
	row("bare CPU s/workflow", number("%.4f", func(r Result) float64 { return r.EngineLimitCPU }))
	row("workflows/order", number("%.2f", func(r Result) float64 { return r.WorkflowsPerOrder }))
	row("history events/order", number("%.1f", func(r Result) float64 { return r.HistoryEventsPer }))
	row("history bytes/order", number("%.0f", func(r Result) float64 { return r.HistoryBytesPer }))
	row("actions/order", number("%.1f", func(r Result) float64 { return r.ActionsPerOrder }))
	return t.Flush()
}
