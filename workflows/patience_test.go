package workflows_test

import (
	"math"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/workflows"
)

// patience makes activities retry for ever, as they do on a server: the test
// environment gives up after ten attempts where no number is set. It also sees what the search
// attributes show: what is waited for, and until when; empty: nothing (yet).
type patience struct {
	interceptor.WorkerInterceptorBase
	on       string
	deadline time.Time
}

func (p *patience) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &patientIn{interceptor.WorkflowInboundInterceptorBase{Next: next}, p}
}

type patientIn struct {
	interceptor.WorkflowInboundInterceptorBase
	*patience
}

func (i *patientIn) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&patientOut{interceptor.WorkflowOutboundInterceptorBase{Next: out}, i.patience})
}

type patientOut struct {
	interceptor.WorkflowOutboundInterceptorBase
	*patience
}

func (o *patientOut) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	said := temporal.NewSearchAttributes(updates...)
	if _, ours := said.GetKeyword(workflows.AttrStatus); ours {
		o.on, _ = said.GetKeyword(workflows.AttrWaiting)
		o.deadline, _ = said.GetTime(workflows.AttrDeadline)
	}
	return o.Next.UpsertTypedSearchAttributes(ctx, updates...)
}

func (o *patientOut) ExecuteActivity(ctx workflow.Context, activity string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	retry := temporal.RetryPolicy{}
	if options.RetryPolicy != nil {
		retry = *options.RetryPolicy
	}
	if retry.MaximumAttempts == 0 {
		retry.MaximumAttempts = math.MaxInt32
	}
	return o.Next.ExecuteActivity(workflow.WithRetryPolicy(ctx, retry), activity, args...)
}

// newEnv is the SDK's test environment, for a machine that has other things to
// do: it waits a minute, where by default a workflow whose turn takes longer
// than a second counts as deadlocked, and a test that stands still for three
// as hanging.
func newEnv(interceptors ...interceptor.WorkerInterceptor) *testsuite.TestWorkflowEnvironment {
	var s testsuite.WorkflowTestSuite
	s.SetLogger(quiet())
	env := s.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: interceptors, DeadlockDetectionTimeout: time.Minute})
	env.SetTestTimeout(time.Minute)
	return env
}
