package workflows

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// ActorPurser is the actor, in events, of what a workflow does by itself.
const ActorPurser = "purser"

const (
	localTimeout   = 5 * time.Second  // for the local try
	callTimeout    = 30 * time.Second // for each try on a queue
	FirstRetry     = time.Second
	LongestBackoff = 5 * time.Minute
	lowestPriority = 5 // the default is 3
	// MailWithin is how long sending a mail is tried.
	MailWithin = 3 * 24 * time.Hour
)

// Step is an activity as a workflow runs it: its input and output types, its queue
// and its timeouts, declared once.
//
// A step is first tried in the worker itself (as a local activity, which costs a
// tenth of an ordinary one). If that fails for a transient reason, the step goes
// to its queue: there the rate limit holds, an operator sees it pending, and it is
// retried for as long as it takes. Both tries carry the same idempotency key, so
// the provider does the work once. See docs/decisions/002-local-first.md.
type Step[In, Out any] struct {
	Queue   string
	local   func(workflow.Context, In) workflow.Future
	remote  func(workflow.Context, In) workflow.Future
	timeout time.Duration
	silence time.Duration // how soon a lost worker is noticed by its heartbeats; 0: by the timeout
	longest time.Duration // between two tries
	bulk    bool
	queued  bool // there is no local try
}

// None is the output of a step that returns only an error.
type None struct{}

// NewStep declares a step. Its activity is a method of a nil *Activities, of which
// only the name counts.
func NewStep[In, Out any](queue string, activity func(context.Context, In) (Out, error)) Step[In, Out] {
	return Step[In, Out]{
		Queue: queue, timeout: callTimeout, longest: LongestBackoff,
		local: func(ctx workflow.Context, in In) workflow.Future {
			return workflow.ExecuteLocalActivity(ctx, activity, in)
		},
		remote: func(ctx workflow.Context, in In) workflow.Future { return workflow.ExecuteActivity(ctx, activity, in) },
	}
}

// NewCommand declares a step whose activity returns only an error.
func NewCommand[In any](queue string, activity func(context.Context, In) error) Step[In, None] {
	return Step[In, None]{
		Queue: queue, timeout: callTimeout, longest: LongestBackoff,
		local: func(ctx workflow.Context, in In) workflow.Future {
			return workflow.ExecuteLocalActivity(ctx, activity, in)
		},
		remote: func(ctx workflow.Context, in In) workflow.Future { return workflow.ExecuteActivity(ctx, activity, in) },
	}
}

// Long returns the step with a longer timeout for each try. Its activity reports
// heartbeats, at least one within silence.
func (s Step[In, Out]) Long(timeout, silence, longest time.Duration) Step[In, Out] {
	s.timeout, s.silence, s.longest = timeout, silence, longest
	return s
}

// Bulk returns the step with the lowest priority. If it is cancelled, Remote waits
// until its activity has stopped.
func (s Step[In, Out]) Bulk() Step[In, Out] {
	s.bulk = true
	return s
}

// Queued returns the step without the local try: its activity waits for another workflow,
// which must not hold up the worker's own.
func (s Step[In, Out]) Queued() Step[In, Out] {
	s.queued = true
	return s
}

// Local tries the step once in this worker, as a local activity.
func (s Step[In, Out]) Local(ctx workflow.Context, summary string, in In) (out Out, err error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: localTimeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	})
	err = s.local(ctx, in).Get(ctx, &out)
	return out, err
}

// Remote runs the step on its queue until it succeeds, fails for good or within
// has passed (0: no limit). before is the error of the local try, if there was
// one; if it asks for a delay, Remote waits that long first.
func (s Step[In, Out]) Remote(ctx workflow.Context, within time.Duration, summary string, before error, in In) (out Out, err error) {
	var app *temporal.ApplicationError
	if errors.As(before, &app) && app.NextRetryDelay() > 0 {
		wait := app.NextRetryDelay()
		if within > 0 {
			wait = min(wait, within)
			within = max(within-wait, FirstRetry)
		}
		if err := workflow.Sleep(ctx, wait); err != nil {
			return out, err
		}
	}
	options := workflow.ActivityOptions{
		TaskQueue:              s.Queue,
		StartToCloseTimeout:    s.timeout,
		HeartbeatTimeout:       s.silence,
		ScheduleToCloseTimeout: within,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: jitter(ctx, summary, FirstRetry), BackoffCoefficient: 2, MaximumInterval: jitter(ctx, summary, s.longest),
		},
		WaitForCancellation: s.bulk,
		Summary:             summary,
	}
	if s.bulk {
		options.Priority.PriorityKey = lowestPriority
	}
	ctx = workflow.WithActivityOptions(ctx, options)
	err = s.remote(ctx, in).Get(ctx, &out)
	return out, err
}

// Run runs the step locally and, if that fails for a transient reason, remotely.
// delayed, if it is not nil, is called in between with the error of the local try.
func (s Step[In, Out]) Run(ctx workflow.Context, within time.Duration, summary string, in In, delayed func(error) error) (Out, error) {
	if s.queued {
		return s.Remote(ctx, within, summary, nil, in)
	}
	out, err := s.Local(ctx, summary, in)
	if err == nil || !IsTransient(err) || ctx.Err() != nil {
		return out, err
	}
	if delayed != nil {
		if err := delayed(err); err != nil {
			return out, err
		}
	}
	return s.Remote(ctx, within, summary, err, in)
}

// jitter returns between three quarters and five quarters of an interval. It
// differs between workflows and steps, so that those that a provider's outage has
// stopped do not all try again at the same moments; a replay gets the same.
func jitter(ctx workflow.Context, summary string, d time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(workflow.GetInfo(ctx).WorkflowExecution.ID + "\n" + summary))
	return d*3/4 + time.Duration(float64(d)/2*float64(binary.BigEndian.Uint32(sum[:]))/(1<<32))
}

// IsTransient reports whether trying again may help.
func IsTransient(err error) bool {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return !app.NonRetryable()
	}
	return true // a timeout, or a worker that stopped or was lost
}

// IsFailure reports whether an activity failed for good with this reason, one of
// the activities.Failure constants.
func IsFailure(err error, reason string) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == reason
}

// Reason returns an error's text for the timeline: the innermost message, which
// the adapters keep free of secrets and personal data.
func Reason(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Message()
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return "no response in time"
	}
	return err.Error()
}
