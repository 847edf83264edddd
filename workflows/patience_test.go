package workflows_test

import (
	"math"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// patience makes activities retry for ever, as they do on a server: the test
// environment gives up after ten attempts where no number is set.
type patience struct {
	interceptor.WorkerInterceptorBase
}

func (*patience) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &patientIn{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

type patientIn struct {
	interceptor.WorkflowInboundInterceptorBase
}

func (i *patientIn) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&patientOut{interceptor.WorkflowOutboundInterceptorBase{Next: out}})
}

type patientOut struct {
	interceptor.WorkflowOutboundInterceptorBase
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
