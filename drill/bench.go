package drill

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"purser/order"
	"purser/shop"
)

// Target is a running stack to measure.
type Target struct {
	Engine    string // "sqlite" or "postgres"
	Shop      *shop.Client
	Shopper   *shop.Shopper
	Temporal  client.Client
	Namespace string
	// Final waits until the record says that an order has ended.
	Final func(ctx context.Context, id order.ID) (order.Order, error)
	// Webhooks hands out how long each webhook waited for its answer since
	// the last call.
	Webhooks func() []time.Duration
	// CPU is the processor time used so far by all parts of the stack.
	CPU func() (time.Duration, error)
	// Profile is a file for a CPU profile of the orders' part; "": none.
	Profile string
}

// Load says how much to measure.
type Load struct {
	Orders int // whole orders, from placed to delivered
	AtOnce int // on their way at the same time
	WarmUp int // orders before the clock starts
}

// Result is what was measured on one engine. Latencies are seen by the
// client; the figures per order include the load's own cost.
type Result struct {
	Engine               string  `json:"engine"`
	Orders               int     `json:"orders"`
	AtOnce               int     `json:"at_once"`
	OrdersPerSecond      float64 `json:"orders_per_second"`
	PlaceP50ms           float64 `json:"place_p50_ms"`
	PlaceP99ms           float64 `json:"place_p99_ms"`
	WebhookP50ms         float64 `json:"webhook_p50_ms"`
	WebhookP99ms         float64 `json:"webhook_p99_ms"`
	CPUSecondsPerOrder   float64 `json:"cpu_seconds_per_order"`
	WorkflowsPerOrder    float64 `json:"workflows_per_order"`
	HistoryEventsPer     float64 `json:"history_events_per_order"`
	HistoryBytesPer      float64 `json:"history_bytes_per_order"`
	ActionsPerOrder      float64 `json:"actions_per_order"`
	EngineLimitPerSecond float64 `json:"engine_limit_per_second"`
	EngineLimitCPU       float64 `json:"engine_limit_cpu_seconds"` // per empty workflow
	ShareOfEngineLimit   float64 `json:"share_of_engine_limit"`
}

// sampled is how many orders' histories are read for the cost of an order.
const sampled = 20

// Bench measures whole orders and, in turns with them, the engine's bare limit
// for workflows of the same shape on the same engine: what else the machine
// does meets both alike.
func Bench(ctx context.Context, t Target, l Load) (Result, error) {
	warm, err := ordersThrough(ctx, t, max(l.WarmUp, 1), l.AtOnce)
	if err != nil {
		return Result{}, fmt.Errorf("warm up: %w", err)
	}
	t.Webhooks()
	r := Result{Engine: t.Engine, Orders: l.Orders, AtOnce: l.AtOnce}
	shape, err := r.cost(ctx, t, warm.ids)
	if err != nil {
		return Result{}, err
	}
	limit, err := newBare(t.Temporal, shape)
	if err != nil {
		return Result{}, fmt.Errorf("bare engine: %w", err)
	}
	defer limit.stop()
	if err := limit.run(ctx, len(warm.ids), l.AtOnce); err != nil {
		return Result{}, fmt.Errorf("bare engine, warm up: %w", err)
	}
	stop, err := profile(t.Profile)
	if err != nil {
		return Result{}, err
	}
	defer stop()
	var done passed
	var orders, bare lap
	for _, n := range rounds(l) {
		err := orders.time(t, n, func() error {
			p, err := ordersThrough(ctx, t, n, l.AtOnce)
			done.ids, done.placing = append(done.ids, p.ids...), append(done.placing, p.placing...)
			return err
		})
		if err != nil {
			return Result{}, err
		}
		if err := bare.time(t, n, func() error { return limit.run(ctx, n, l.AtOnce) }); err != nil {
			return Result{}, fmt.Errorf("bare engine: %w", err)
		}
	}
	r.OrdersPerSecond, r.CPUSecondsPerOrder = orders.rate()
	r.EngineLimitPerSecond, r.EngineLimitCPU = bare.rate()
	r.ShareOfEngineLimit = r.OrdersPerSecond / r.EngineLimitPerSecond
	r.PlaceP50ms, r.PlaceP99ms = percentiles(done.placing)
	r.WebhookP50ms, r.WebhookP99ms = percentiles(t.Webhooks())
	_, err = r.cost(ctx, t, done.ids)
	return r, err
}

// rounds splits the orders into turns, each long enough that beginning and
// ending it does not matter.
func rounds(l Load) []int {
	turns := min(max(l.Orders/(4*l.AtOnce), 1), 8)
	n := make([]int, turns)
	for i := range n {
		n[i] = (l.Orders + i) / turns
	}
	return n
}

// lap adds up turns of one kind.
type lap struct {
	n         int
	took, cpu time.Duration
}

// time adds a turn of n.
func (l *lap) time(t Target, n int, turn func() error) error {
	before, err := t.CPU()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := turn(); err != nil {
		return err
	}
	l.took += time.Since(began)
	after, err := t.CPU()
	l.cpu += after - before
	l.n += n
	return err
}

// rate answers how many a second there were, and the processor time of each.
func (l *lap) rate() (perSecond, cpuSeconds float64) {
	return float64(l.n) / l.took.Seconds(), l.cpu.Seconds() / float64(l.n)
}

// profile writes a CPU profile until the answer is called.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			slog.Warn("cpu profile", "error", err)
		}
	}, nil
}

// passed is what became of a batch of orders.
type passed struct {
	ids     []order.ID
	placing []time.Duration
}

// ordersThrough takes n orders from placed to delivered.
func ordersThrough(ctx context.Context, t Target, n, atOnce int) (passed, error) {
	var mu sync.Mutex
	var p passed
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for range n {
		all.Go(func() error {
			began := time.Now()
			placed, err := t.Shop.PlaceSurely(ctx, Plain(), rand.Text())
			took := time.Since(began)
			if err != nil {
				return fmt.Errorf("place: %w", err)
			}
			if _, err := t.Shopper.Pay(ctx, placed.ClientSecret, "pm_card_visa"); err != nil {
				return fmt.Errorf("%s: %w", placed.ID, err)
			}
			o, err := t.Final(ctx, placed.ID)
			if err != nil {
				return fmt.Errorf("%s: %w", placed.ID, err)
			}
			if !o.Status.Complete() {
				return fmt.Errorf("%s ended %s: %s", o.ID, o.Status, o.Reason)
			}
			mu.Lock()
			defer mu.Unlock()
			p.ids, p.placing = append(p.ids, o.ID), append(p.placing, took)
			return nil
		})
	}
	return p, all.Wait()
}

// Plain is the plain order: two products, one parcel.
func Plain() order.Request {
	return order.Request{
		Customer: "cust_bench", Email: "bench@shop.example", Currency: "EUR",
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: "mug-blue", Quantity: 1}, {SKU: "tea-assam", Quantity: 2}},
	}
}

// cost fills in what an order costs the engine, from a sample of histories,
// and answers the shape of a typical one.
func (r *Result) cost(ctx context.Context, t Target, ids []order.ID) (Shape, error) {
	var costs []Cost
	var total Cost
	workflows := 0
	for i := 0; i < len(ids); i += max(len(ids)/sampled, 1) {
		c, err := CostOf(ctx, t.Temporal, ids[i].WorkflowID())
		if err != nil {
			return Shape{}, fmt.Errorf("%s: %w", ids[i], err)
		}
		n, err := countWorkflows(ctx, t, ids[i])
		if err != nil {
			return Shape{}, err
		}
		costs = append(costs, c)
		workflows += n
		total.Events, total.Bytes, total.Actions = total.Events+c.Events, total.Bytes+c.Bytes, total.Actions+c.Actions
	}
	n := float64(len(costs))
	r.WorkflowsPerOrder, r.ActionsPerOrder = float64(workflows)/n, float64(total.Actions)/n
	r.HistoryEventsPer, r.HistoryBytesPer = float64(total.Events)/n, float64(total.Bytes)/n
	slices.SortFunc(costs, func(a, b Cost) int { return a.Events - b.Events })
	return costs[len(costs)/2].Shape, nil
}

// countWorkflows counts the workflows of an order, open and closed.
func countWorkflows(ctx context.Context, t Target, id order.ID) (int, error) {
	resp, err := t.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: t.Namespace, Query: fmt.Sprintf("WorkflowId STARTS_WITH %q", id.WorkflowID()),
	})
	return int(resp.GetCount()), err
}

// percentiles answers the median and the 99th percentile in milliseconds.
func percentiles(d []time.Duration) (p50, p99 float64) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	at := func(share float64) float64 {
		return float64(d[min(int(share*float64(len(d))), len(d)-1)].Microseconds()) / 1000
	}
	return at(0.50), at(0.99)
}
