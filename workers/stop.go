package workers

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/semaphore"
)

const (
	// stopWithin is how long a worker that stops lets its activities end, those
	// on a queue and then the local ones. It outlasts a local try, which has 5 s:
	// a mail cut off half-way is one whose outcome nobody knows.
	stopWithin = 10 * time.Second
	// leftWithin is how long an activity may then go on that its worker no
	// longer waits for. It outlasts a call to a mail provider.
	leftWithin = 15 * time.Second
)

// Stop lets the workers finish what they hold, all at the same time.
func (s Set) Stop() {
	var all sync.WaitGroup
	for _, w := range s.workers {
		all.Go(w.Stop)
	}
	all.Wait()
	s.running.wait(leftWithin)
}

// running knows which activities run. A worker forgets a local activity whose
// time is over, and leaves behind what it has waited for long enough, also
// while a mail is being handed over.
type running struct {
	interceptor.WorkerInterceptorBase
	all *semaphore.Weighted // each activity has one of it
}

func newRunning() *running { return &running{all: semaphore.NewWeighted(math.MaxInt64)} }

// wait returns when no activity runs any more, or its time is over.
func (r *running) wait(within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if r.all.Acquire(ctx, math.MaxInt64) == nil {
		r.all.Release(math.MaxInt64)
	}
}

// InterceptActivity is called by the SDK for each activity.
func (r *running) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &counted{interceptor.ActivityInboundInterceptorBase{Next: next}, r}
}

type counted struct {
	interceptor.ActivityInboundInterceptorBase
	in *running
}

// ExecuteActivity is called by the SDK.
func (c *counted) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if err := c.in.all.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.in.all.Release(1)
	return c.Next.ExecuteActivity(ctx, in)
}

// interrupting ends long activities, those that report heartbeats, as soon as
// their worker stops: what they have done is kept, and another worker goes on
// from there. A stop would otherwise wait for them in vain.
type interrupting struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity is called by the SDK for each activity.
func (*interrupting) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &interruptible{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type interruptible struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity is called by the SDK.
func (i *interruptible) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if activity.GetInfo(ctx).HeartbeatTimeout == 0 {
		return i.Next.ExecuteActivity(ctx, in)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(worker.ErrWorkerShutdown)
		case <-ctx.Done():
		}
	}()
	result, err := i.Next.ExecuteActivity(ctx, in)
	if err != nil && errors.Is(context.Cause(ctx), worker.ErrWorkerShutdown) {
		err = temporal.NewApplicationErrorWithOptions("the worker stopped; another one goes on", "WorkerStopped",
			temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
	}
	return result, err
}
