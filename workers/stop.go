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
	// stopWithin is how long a worker that stops waits for its activities, first
	// the remote and then the local ones. It is longer than a local try, which has
	// 5 s: if a call is cut off half-way, the outcome of its mail is unknown.
	stopWithin = 10 * time.Second
	// leftWithin is how long Stop then waits for the activities for which their
	// worker no longer waits. It is longer than a call to a mail provider.
	leftWithin = 15 * time.Second
)

// Stop stops all workers at the same time and lets them finish their activities.
func (s Set) Stop() {
	var all sync.WaitGroup
	for _, w := range s.workers {
		all.Go(w.Stop)
	}
	all.Wait()
	s.running.wait(leftWithin)
}

// running counts the activities that run. A worker does not wait for a local
// activity that has timed out, and waits for the others only for stopWithin, even
// while one is sending a mail.
type running struct {
	interceptor.WorkerInterceptorBase
	all *semaphore.Weighted // each activity holds a weight of 1
}

func newRunning() *running { return &running{all: semaphore.NewWeighted(math.MaxInt64)} }

// wait returns when no activity runs any more or within has passed.
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

// interrupting cancels long activities (the ones that report heartbeats) as soon as
// their worker stops: their progress is kept, and another worker goes on from
// there. Without it, a stop would wait for them until its timeout.
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
