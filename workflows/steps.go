package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// ActorPurser is the actor, in events, of what a workflow does by itself.
const ActorPurser = "purser"

// Every step is first tried in the worker itself (as a local activity, which
// costs a tenth of an ordinary one). If that fails for a transient reason, the
// step goes to its provider's queue: there the rate limit holds, an operator
// sees it pending, and it is retried for as long as it takes. Both tries carry
// the same idempotency key, so the provider does the work once.
// See docs/decisions/002-local-first.md.
const (
	localTimeout   = 5 * time.Second  // for the local try
	CallTimeout    = 30 * time.Second // for each try on a queue
	FirstRetry     = time.Second
	LongestBackoff = 5 * time.Minute
	// MailWithin is how long sending a mail is tried.
	MailWithin = 3 * 24 * time.Hour
)

// RunLocal tries an activity once in this worker, as a local activity.
func RunLocal(ctx workflow.Context, summary string, activity, in, out any) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: localTimeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	})
	return workflow.ExecuteLocalActivity(ctx, activity, in).Get(ctx, out)
}

// RunRemote runs an activity on its queue until it succeeds, fails for good or
// within has passed (0: no limit). before is the error of the local try; if it
// asks for a delay, RunRemote waits that long first.
func RunRemote(ctx workflow.Context, queue string, within time.Duration, summary string, before error, activity, in, out any) error {
	var app *temporal.ApplicationError
	if errors.As(before, &app) && app.NextRetryDelay() > 0 {
		wait := app.NextRetryDelay()
		if within > 0 {
			wait = min(wait, within)
			within = max(within-wait, FirstRetry)
		}
		if err := workflow.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    CallTimeout,
		ScheduleToCloseTimeout: within,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: FirstRetry, BackoffCoefficient: 2, MaximumInterval: LongestBackoff},
		Summary:                summary,
	})
	return workflow.ExecuteActivity(ctx, activity, in).Get(ctx, out)
}

// RunLocalFirst runs an activity locally and, if that fails for a transient
// reason, remotely. It writes nothing to an order's timeline.
func RunLocalFirst(ctx workflow.Context, queue string, within time.Duration, summary string, activity, in, out any) error {
	err := RunLocal(ctx, summary, activity, in, out)
	if err == nil || !IsTransient(err) || ctx.Err() != nil {
		return err
	}
	return RunRemote(ctx, queue, within, summary, err, activity, in, out)
}

const (
	// longTimeout is for a step that takes long and reports heartbeats.
	longTimeout = time.Hour
	// aliveWithin is how soon the death of such a step's worker is noticed.
	aliveWithin = 30 * time.Second
)

// RunLong runs a long step on the catalogue's queue, without a local try, and
// retries it until it succeeds. The step keeps its progress as it goes.
func RunLong(ctx workflow.Context, summary string, activity, in, out any) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           CatalogueQueue,
		StartToCloseTimeout: longTimeout,
		HeartbeatTimeout:    aliveWithin,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: FirstRetry, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:             summary,
	})
	return workflow.ExecuteActivity(ctx, activity, in).Get(ctx, out)
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
		return "no answer in time"
	}
	return err.Error()
}
