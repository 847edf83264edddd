//go:build !lean

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/engine"
	"purser/postgrestest"
)

// BenchmarkEngine measures the engine's own limit: it runs workflows of an
// order's shape whose steps do nothing. Besides the time it reports workflows per
// second, the process's CPU time per workflow (engine, worker and client
// together) and how long the placing Update took.
//
//	go test -run '^$' -bench Engine -benchtime 500x ./engine
func BenchmarkEngine(b *testing.B) {
	for _, store := range []string{"sqlite", "postgres"} {
		for _, inFlight := range []int{8, 16, 32} {
			b.Run(fmt.Sprintf("%s/in-flight=%d", store, inFlight), func(b *testing.B) {
				c := engine.Config{DataDir: b.TempDir()}
				if store == "postgres" {
					c = engine.Config{PostgresURL: durablePostgres(b)}
				}
				benchmark(b, c, inFlight)
			})
		}
	}
}

// durablePostgres returns the URL of a server that syncs, as in production.
func durablePostgres(b *testing.B) string {
	s, err := postgrestest.Start(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Stop(); err != nil {
			b.Error(err)
		}
	})
	url, err := s.Database("bench")
	if err != nil {
		b.Fatal(err)
	}
	return url
}

func benchmark(b *testing.B, c engine.Config, inFlight int) {
	c.UIPort = -1
	e, err := engine.Start(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Stop()
	options := client.Options{HostPort: e.Address(), Logger: slog.New(slog.DiscardHandler)}
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	cl, err := client.Dial(options)
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	steps := &Steps{}
	w := worker.New(cl, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 16, LocalActivityWorkerOnly: true})
	w.RegisterWorkflow(OrderShaped)
	w.RegisterActivity(steps)
	if err := w.Start(); err != nil {
		b.Fatal(err)
	}
	defer w.Stop()

	shop := &shop{client: cl, steps: steps, name: b.Name()}
	shop.sell(b, 2*inFlight, inFlight) // warm up
	before := cpuTime(b)
	b.ResetTimer()
	placed := shop.sell(b, b.N, inFlight)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "workflows/s")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1e3/float64(b.N), "cpu-ms/workflow")
	slices.Sort(placed)
	b.ReportMetric(float64(placed[len(placed)/2].Milliseconds()), "place-p50-ms")
	b.ReportMetric(float64(placed[len(placed)*99/100].Milliseconds()), "place-p99-ms")
}

// cpuTime returns the CPU time that this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Steps are activities that do nothing except for a signal at the end of each
// stage, after which the provider acts.
type Steps struct{ signals sync.Map }

// Step returns a result of a realistic size.
func (s *Steps) Step(_ context.Context, id string, last bool) (string, error) {
	if signal, ok := s.signals.Load(id); ok && last {
		signal.(chan struct{}) <- struct{}{}
	}
	return "pi_3NabcdefghijklmnopqrstuV", nil
}

// OrderShaped has the shape of an order: an Update places it, and four signals
// move it on; it runs ten local activities in four workflow tasks, cancels one
// timer and leaves another at the end.
func OrderShaped(ctx workflow.Context, _ string) (string, error) {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 10 * time.Second})
	placed := false
	err := workflow.SetUpdateHandler(ctx, "place", func(ctx workflow.Context, _ string) (string, error) {
		return "pi_secret", workflow.Await(ctx, func() bool { return placed })
	})
	if err != nil {
		return "", err
	}
	var steps *Steps
	stage := func(n int) {
		for i := range n {
			var answer string
			err = errors.Join(err, workflow.ExecuteLocalActivity(ctx, steps.Step, id, i == n-1).Get(ctx, &answer))
		}
	}
	event := workflow.GetSignalChannel(ctx, "event")

	stage(3)
	placed = true
	unpaid, paid := workflow.WithCancel(ctx)
	workflow.NewTimer(unpaid, time.Hour)
	event.Receive(ctx, nil)
	paid()
	stage(3)
	event.Receive(ctx, nil)
	workflow.NewTimer(ctx, 24*time.Hour)
	stage(2)
	event.Receive(ctx, nil)
	stage(2)
	event.Receive(ctx, nil)
	return "delivered", err
}

// shop places orders and simulates the providers that move them on.
type shop struct {
	client client.Client
	steps  *Steps
	name   string
	sold   atomic.Int64
}

// sell runs n workflows from start to end, inFlight at a time, and returns how
// long it took to place each.
func (s *shop) sell(b *testing.B, n, inFlight int) []time.Duration {
	placed := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range inFlight {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				var err error
				if placed[i], err = s.sellOne(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return placed
}

func (s *shop) sellOne(ctx context.Context) (placed time.Duration, err error) {
	id := fmt.Sprintf("order/%s/%d", strings.ReplaceAll(s.name, "/", "-"), s.sold.Add(1))
	signal := make(chan struct{}, 4)
	s.steps.signals.Store(id, signal)
	defer s.steps.signals.Delete(id)

	begin := time.Now()
	start := s.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: queue, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, OrderShaped, "an order of a few lines")
	update, err := s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: "place", Args: []any{"x"}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return 0, err
	}
	if err := update.Get(ctx, nil); err != nil {
		return 0, err
	}
	placed = time.Since(begin)
	for range 4 {
		<-signal
		time.Sleep(10 * time.Millisecond) // a provider responds after the stage has ended
		if err := s.client.SignalWorkflow(ctx, id, "", "event", "evt_123"); err != nil {
			return 0, err
		}
	}
	run, err := start.Get(ctx)
	if err != nil {
		return 0, err
	}
	return placed, run.Get(ctx, nil)
}
