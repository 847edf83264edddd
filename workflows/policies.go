package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
)

// The task queues. A provider has its own, so that a slow one starves nobody
// else and its rate limit holds for the whole fleet.
const (
	TaskQueue     = "orders" // the workflows themselves
	RecordQueue   = "record"
	PaymentsQueue = "payments"
	ParcelsQueue  = "parcels"
	MailQueue     = "mail"
	BulkQueue     = "bulk" // campaigns' mails
	// CatalogueQueue is where products change and are indexed: behind orders,
	// however many products change at once.
	CatalogueQueue = "catalogue"
)

// do names the activities; its methods are called by the worker, never here.
var do *activities.Activities

// Every step is first tried right here in the worker (a local activity: a
// tenth of the cost of an ordinary one). If that fails for a reason that
// passes, the step goes to its provider's queue, where the rate limit holds,
// an operator sees it pending, and it is retried for as long as it takes.
// Both tries carry the same key, so the provider does the work once.
// See docs/decisions/002-local-first.md.
const (
	hereTimeout    = 5 * time.Second  // for the try in the worker
	callTimeout    = 30 * time.Second // for each try on the queue
	firstRetry     = time.Second
	longestBackoff = 5 * time.Minute
)

// here tries an activity once in this worker.
func here(ctx workflow.Context, summary string, activity, in, out any) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: hereTimeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                summary,
	})
	return workflow.ExecuteLocalActivity(ctx, activity, in).Get(ctx, out)
}

// onQueue runs an activity on its queue until it works, fails for good or the
// horizon is reached. before is how the try in the worker failed: it may have
// been asked to wait.
func onQueue(ctx workflow.Context, queue string, within time.Duration, summary string, before error, activity, in, out any) error {
	var app *temporal.ApplicationError
	if errors.As(before, &app) && app.NextRetryDelay() > 0 {
		wait := app.NextRetryDelay()
		if within > 0 {
			wait = min(wait, within)
			within = max(within-wait, firstRetry)
		}
		if err := workflow.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		StartToCloseTimeout:    callTimeout,
		ScheduleToCloseTimeout: within,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: firstRetry, BackoffCoefficient: 2, MaximumInterval: longestBackoff},
		Summary:                summary,
	})
	return workflow.ExecuteActivity(ctx, activity, in).Get(ctx, out)
}

// passes reports whether trying again may help.
func passes(err error) bool {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return !app.NonRetryable()
	}
	return true // a time-out, a worker that stopped or was lost
}

// failed reports whether an activity failed for good for this reason, one of
// the activities.Failure constants.
func failed(err error, reason string) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == reason
}
