// Package workflowtest runs workflows in the SDK's test environment the way a
// server runs them.
package workflowtest

import (
	"log/slog"
	"math"
	"time"

	sdklog "go.temporal.io/sdk/log"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/workflows"
)

// Observer makes activities retry for ever, as they do on a server: without it, the
// test environment stops after ten attempts if no maximum is set. It also records
// the options of the activities and the values of the search attributes.
type Observer struct {
	interceptor.WorkerInterceptorBase
	WaitingOn  string                     // empty: nothing (yet)
	Deadline   time.Time                  // zero: none
	Activities []workflow.ActivityOptions // of all activities that went to a queue
	shown      temporal.SearchAttributes
}

func (o *Observer) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &inbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, o}
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase
	*Observer
}

func (i *inbound) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&outbound{interceptor.WorkflowOutboundInterceptorBase{Next: out}, i.Observer})
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	*Observer
}

func (o *outbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	o.shown = temporal.NewSearchAttributes(append([]temporal.SearchAttributeUpdate{o.shown.Copy()}, updates...)...) // one that is not mentioned stays
	o.WaitingOn, _ = o.shown.GetKeyword(workflows.AttrWaiting)
	o.Deadline, _ = o.shown.GetTime(workflows.AttrDeadline)
	return o.Next.UpsertTypedSearchAttributes(ctx, updates...)
}

func (o *outbound) ExecuteActivity(ctx workflow.Context, activity string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	o.Activities = append(o.Activities, options)
	retry := temporal.RetryPolicy{}
	if options.RetryPolicy != nil {
		retry = *options.RetryPolicy
	}
	if retry.MaximumAttempts == 0 {
		retry.MaximumAttempts = math.MaxInt32
	}
	return o.Next.ExecuteActivity(workflow.WithRetryPolicy(ctx, retry), activity, args...)
}

// NewEnv returns the SDK's test environment with longer timeouts, for a busy
// machine: by default a workflow task that takes longer than a second counts as
// deadlocked, and a test that stands still for three seconds as hanging. Here both
// limits are a minute.
func NewEnv(interceptors ...interceptor.WorkerInterceptor) *testsuite.TestWorkflowEnvironment {
	var s testsuite.WorkflowTestSuite
	s.SetLogger(Quiet())
	env := s.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: interceptors, DeadlockDetectionTimeout: time.Minute})
	env.SetTestTimeout(time.Minute)
	return env
}

// Quiet returns a logger that discards everything.
func Quiet() sdklog.Logger { return sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// Start is when the orders of these tests are placed.
var Start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// TB has the methods that tests need of both *testing.T and *rapid.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Cue is a scripted action: Do is called at At after Start.
type Cue struct {
	At   time.Duration
	Do   func()
	Done bool
}

// MaxTime returns the later of two times.
func MaxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
