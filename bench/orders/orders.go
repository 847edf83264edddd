package orders

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"purser/bench/measure"
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
	// Final waits until an order has ended according to the record, and returns it.
	Final func(ctx context.Context, id order.ID) (order.Order, error)
	// Webhooks collects the response time of each webhook.
	Webhooks *measure.Latencies
	// CPU returns the processor time that all parts of the stack have used so far.
	CPU func() (time.Duration, error)
	// Profile is the file for a CPU profile of the measurement; "" writes none.
	Profile string
}

// Load sets how much to measure.
type Load struct {
	Orders int // whole orders, from placed to delivered
	AtOnce int // orders under way at the same time
	WarmUp int // orders before the measurement begins
}

// Result holds what was measured on one engine. Latencies are as the client sees
// them; the figures per order include the cost of generating the load.
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

// sampled is the number of orders whose histories are read for the cost of an order.
const sampled = 20

// Measure measures whole orders and, in alternation with them, the engine's bare
// limit for workflows of the same shape, so that other load on the machine affects
// both alike.
func Measure(ctx context.Context, t Target, l Load) (Result, error) {
	warm, err := ordersThrough(ctx, t, max(l.WarmUp, 1), l.AtOnce, nil)
	if err != nil {
		return Result{}, fmt.Errorf("warm up: %w", err)
	}
	t.Webhooks.Reset()
	r := Result{Engine: t.Engine, Orders: l.Orders, AtOnce: l.AtOnce}
	shape, err := r.cost(ctx, t, warm)
	if err != nil {
		return Result{}, err
	}
	limit, err := newBare(t.Temporal, shape)
	if err != nil {
		return Result{}, fmt.Errorf("bare engine: %w", err)
	}
	defer limit.stop()
	if err := limit.run(ctx, len(warm), l.AtOnce); err != nil {
		return Result{}, fmt.Errorf("bare engine, warm up: %w", err)
	}
	var done []order.ID
	if err := measure.Profile(t.Profile, func() (err error) { done, err = r.alternate(ctx, t, l, limit); return err }); err != nil {
		return Result{}, err
	}
	_, err = r.cost(ctx, t, done)
	return r, err
}

// alternate measures orders and bare workflows in alternating rounds, and returns
// the orders.
func (r *Result) alternate(ctx context.Context, t Target, l Load, limit *bare) (done []order.ID, err error) {
	var placing measure.Latencies
	var orders, bare lap
	for _, n := range rounds(l) {
		err := orders.time(t, n, func() error {
			ids, err := ordersThrough(ctx, t, n, l.AtOnce, &placing)
			done = append(done, ids...)
			return err
		})
		if err != nil {
			return done, err
		}
		if err := bare.time(t, n, func() error { return limit.run(ctx, n, l.AtOnce) }); err != nil {
			return done, fmt.Errorf("bare engine: %w", err)
		}
	}
	r.OrdersPerSecond, r.CPUSecondsPerOrder = orders.rate()
	r.EngineLimitPerSecond, r.EngineLimitCPU = bare.rate()
	r.ShareOfEngineLimit = r.OrdersPerSecond / r.EngineLimitPerSecond
	r.PlaceP50ms, r.PlaceP99ms = placing.Percentile(50), placing.Percentile(99)
	r.WebhookP50ms, r.WebhookP99ms = t.Webhooks.Percentile(50), t.Webhooks.Percentile(99)
	return done, nil
}

// rounds splits the orders into rounds, each long enough that its beginning and its
// end do not matter.
func rounds(l Load) []int {
	rounds := min(max(l.Orders/(4*l.AtOnce), 1), 8)
	n := make([]int, rounds)
	for i := range n {
		n[i] = (l.Orders + i) / rounds
	}
	return n
}

// lap adds up rounds of one kind.
type lap struct {
	n         int
	took, cpu time.Duration
}

// time runs and adds a round of n.
func (l *lap) time(t Target, n int, round func() error) error {
	before, err := t.CPU()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := round(); err != nil {
		return err
	}
	l.took += time.Since(began)
	after, err := t.CPU()
	l.cpu += after - before
	l.n += n
	return err
}

// rate returns the number completed in a second, and the processor time of each.
func (l *lap) rate() (perSecond, cpuSeconds float64) {
	return float64(l.n) / l.took.Seconds(), l.cpu.Seconds() / float64(l.n)
}

// ordersThrough takes n orders from placed to delivered, and collects the time that
// placing each took.
func ordersThrough(ctx context.Context, t Target, n, atOnce int, placing *measure.Latencies) ([]order.ID, error) {
	var mu sync.Mutex
	var ids []order.ID
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for range n {
		all.Go(func() error {
			began := time.Now()
			placed, err := t.Shop.PlaceSurely(ctx, plainOrder(), rand.Text())
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
			if placing != nil {
				placing.Add(took)
			}
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, o.ID)
			return nil
		})
	}
	err := all.Wait()
	return ids, err
}

// plainOrder returns an order of two products that go into one parcel.
func plainOrder() order.Request {
	return order.Request{
		Customer: "cust_bench", Email: "bench@shop.example", Currency: "EUR",
		ShipTo: order.Address{Name: "Sam Shopper", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: "10115", Country: "DE"},
		Lines:  []order.RequestLine{{SKU: "mug-blue", Quantity: 1}, {SKU: "tea-assam", Quantity: 2}},
	}
}

// cost sets what an order costs the engine, from a sample of histories, and returns
// the shape of a typical order.
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
