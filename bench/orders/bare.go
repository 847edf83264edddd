package orders

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"
)

const bareQueue = "bench-bare"

// bare measures the engine's limit with workflows of an order's shape whose steps
// do nothing.
type bare struct {
	client  client.Client
	worker  worker.Worker
	shape   Shape
	signals sync.Map // workflow ID → chan struct{}: a step is done, send the next signal
}

// newBare starts a worker for empty workflows of the shape, with the settings of the
// orders' own worker.
func newBare(c client.Client, shape Shape) (*bare, error) {
	b := &bare{client: c, shape: shape}
	b.worker = worker.New(c, bareQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: 64, MaxConcurrentWorkflowTaskPollers: 16,
		LocalActivityWorkerOnly: shape.Activities == 0,
	})
	b.worker.RegisterWorkflowWithOptions(b.workflow, workflow.RegisterOptions{Name: "BareWorkflow"})
	b.worker.RegisterActivity(b.nothing)
	b.worker.RegisterActivity(b.signal)
	return b, b.worker.Start()
}

func (b *bare) stop() { b.worker.Stop() }

// run takes n workflows from start to end, with at most atOnce at a time.
func (b *bare) run(ctx context.Context, n, atOnce int) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for range n {
		all.Go(func() error { return b.drive(ctx, "bare/"+rand.Text()) })
	}
	return all.Wait()
}

// drive starts one workflow with an update, as an order is placed, and sends its
// signals, each after the step before it.
func (b *bare) drive(ctx context.Context, id string) error {
	round := make(chan struct{}, len(b.shape.Locals))
	b.signals.Store(id, round)
	defer b.signals.Delete(id)
	start := b.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: bareQueue, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
	}, "BareWorkflow")
	h, err := b.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions:          client.UpdateWorkflowOptions{UpdateName: "place", WaitForStage: client.WorkflowUpdateStageCompleted},
	})
	if err != nil {
		return err
	}
	if err := h.Get(ctx, nil); err != nil {
		return err
	}
	for range b.shape.Signals {
		select {
		case <-round:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := b.client.SignalWorkflow(ctx, id, "", "news", nil); err != nil {
			return err
		}
	}
	return b.client.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

// workflow runs the shape's steps: the first completes the update, each other step
// follows a signal. All timers but the last are cancelled.
func (b *bare) workflow(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
	placed := false
	err := workflow.SetUpdateHandler(ctx, "place", func(ctx workflow.Context) error {
		return workflow.Await(ctx, func() bool { return placed })
	})
	if err != nil {
		return err
	}
	events := workflow.GetSignalChannel(ctx, "news")
	ordinary := b.shape.Activities
	cancel := func() {}
	for i := range max(b.shape.Signals+1, 1) {
		if i > 0 {
			events.Receive(ctx, nil)
			cancel()
			cancel = func() {}
		}
		if err := b.step(ctx, i); err != nil {
			return err
		}
		for ; ordinary > 0; ordinary-- {
			if err := workflow.ExecuteActivity(ctx, b.nothing).Get(ctx, nil); err != nil {
				return err
			}
		}
		if i < b.shape.Timers {
			timer, stop := workflow.WithCancel(ctx)
			workflow.NewTimer(timer, time.Hour)
			if i < b.shape.Timers-1 {
				cancel = stop
			}
		}
		placed = true
	}
	return nil
}

// step runs the local activities of one workflow task; the last one tells drive to
// send the next signal.
func (b *bare) step(ctx workflow.Context, i int) error {
	n := 1
	if i < len(b.shape.Locals) {
		n = max(b.shape.Locals[i], 1)
	}
	for j := range n {
		activity := any(b.nothing)
		if j == n-1 {
			activity = b.signal
		}
		if err := workflow.ExecuteLocalActivity(ctx, activity, workflow.GetInfo(ctx).WorkflowExecution.ID).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *bare) nothing(context.Context, string) error { return nil }

func (b *bare) signal(_ context.Context, id string) error {
	if round, ok := b.signals.Load(id); ok {
		select {
		case round.(chan struct{}) <- struct{}{}:
		default:
		}
	}
	return nil
}
