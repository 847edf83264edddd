package workers

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// activityFunc is an activity, behind the interceptors.
type activityFunc struct {
	interceptor.ActivityInboundInterceptorBase
	run func(context.Context) error
}

func (a activityFunc) ExecuteActivity(ctx context.Context, _ *interceptor.ExecuteActivityInput) (any, error) {
	return nil, a.run(ctx)
}

// TestStopWaitsForActivities: workers that have stopped wait for the activities that still
// run, but no longer than leftWithin.
func TestStopWaitsForActivities(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes []time.Duration
		want  time.Duration
	}{
		{name: "nothing runs"},
		{name: "some run", takes: []time.Duration{time.Second, 11 * time.Second, 4 * time.Second}, want: 11 * time.Second},
		{name: "one hangs", takes: []time.Duration{time.Second, time.Hour}, want: leftWithin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set := Set{running: newRunning()}
				for _, d := range tt.takes {
					i := set.running.InterceptActivity(t.Context(), &activityFunc{run: func(context.Context) error { time.Sleep(d); return nil }})
					go func() { _, _ = i.ExecuteActivity(context.Background(), nil) }()
				}
				synctest.Wait()
				began := time.Now()
				set.Stop()
				if took := time.Since(began); took != tt.want {
					t.Errorf("stopping took %s, want %s", took, tt.want)
				}
				time.Sleep(2 * time.Hour) // by the test's own clock: the activity that hangs ends before the test
			})
		})
	}
}

// TestStopInterrupts: an activity that reports heartbeats is cancelled as soon as its
// worker stops, and fails so that another worker goes on. Other activities are not
// cancelled, and no failure is replaced while the worker runs.
func TestStopInterrupts(t *testing.T) {
	broken := temporal.NewApplicationError("disk on fire", "Broken")
	for _, tt := range []struct {
		name      string
		heartbeat time.Duration
		stops     bool
		run       func(context.Context) error
		want      string // the failure's type; "": none
	}{
		{name: "long", heartbeat: time.Minute, stops: true, run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, want: "WorkerStopped"},
		{name: "long, and done all the same", heartbeat: time.Minute, stops: true, run: func(ctx context.Context) error { <-ctx.Done(); return nil }},
		{name: "short", stops: true, run: func(ctx context.Context) error { return ctx.Err() }},
		{name: "fails", heartbeat: time.Minute, run: func(context.Context) error { return broken }, want: "Broken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			suite.SetLogger(slog.New(slog.DiscardHandler))
			env := suite.NewTestWorkflowEnvironment()
			stop := make(chan struct{})
			if tt.stops {
				close(stop)
			}
			env.SetWorkerStopChannel(stop)
			env.SetWorkerOptions(worker.Options{
				Interceptors:             []interceptor.WorkerInterceptor{&interrupting{}},
				DeadlockDetectionTimeout: time.Minute, // on a busy machine a second passes without any deadlock
			})
			env.RegisterActivityWithOptions(tt.run, activity.RegisterOptions{Name: "run"})
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
					StartToCloseTimeout: time.Minute, HeartbeatTimeout: tt.heartbeat,
					RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
				})
				return workflow.ExecuteActivity(ctx, "run").Get(ctx, nil)
			})
			err := env.GetWorkflowError()
			var failure *temporal.ApplicationError
			for e := err; e != nil; e = errors.Unwrap(e) { // the innermost is the activity's own
				errors.As(e, &failure)
			}
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("it failed: %v", err)
			case tt.want != "" && (failure == nil || failure.Type() != tt.want || failure.NonRetryable()):
				t.Errorf("got %v, want a failure %s that is tried again", err, tt.want)
			}
		})
	}
}
