// Package workflows holds what the workflows of every subject share: typed
// messages, steps, task queues and search attributes. The workflows of orders,
// products, imports, images, mails and campaigns are in a package each.
// Everything that reaches outside the process is an activity.
package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/order"
)

// Query asks a workflow for a T, which it returns at once. Its text is its name
// on the wire.
type Query[T any] string

// Handle registers the query's handler in a workflow.
func (q Query[T]) Handle(ctx workflow.Context, handler func() (T, error)) error {
	return workflow.SetQueryHandler(ctx, string(q), handler)
}

// Ask sends the query to the workflow's current run.
func (q Query[T]) Ask(ctx context.Context, c client.Client, workflowID string) (T, error) {
	var t T
	v, err := c.QueryWorkflow(ctx, workflowID, "", string(q))
	if err != nil {
		return t, err
	}
	return t, v.Get(&t)
}

// Update is a request to which a workflow responds when it has carried it out.
type Update[In, Out any] string

// Handle registers the update's handler in a workflow. check refuses a request
// before anything about it enters the history.
func (u Update[In, Out]) Handle(ctx workflow.Context, check func(workflow.Context, In) error, do func(workflow.Context, In) (Out, error)) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(u), do, workflow.UpdateHandlerOptions{Validator: check})
}

// Call sends the update and waits for its result. An update with the same id is
// carried out once. The engine keeps an update in memory only until the workflow
// has accepted it: if the wait ends before that, Call fails with order.ErrBusy,
// because the update may never be carried out. An accepted update is carried out
// even if nobody waits for it.
func (u Update[In, Out]) Call(ctx context.Context, c client.Client, workflowID, id string, in In) (Out, error) {
	var out Out
	h, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: string(u), Args: []any{in},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return out, Untaken(ctx, err)
	}
	return out, h.Get(ctx, &out)
}

// Untaken returns order.ErrBusy if err says that an update was not accepted in
// time, unless the caller has cancelled ctx; otherwise it returns err.
func Untaken(ctx context.Context, err error) error {
	var untaken *client.WorkflowUpdateServiceTimeoutOrCanceledError
	if errors.As(err, &untaken) && !errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: not accepted in time: %v", order.ErrBusy, err)
	}
	return err
}

// Signal is a message to a workflow; the sender does not wait for a result.
type Signal[T any] string

// ReceiveNow returns the next signal that has already arrived.
func (s Signal[T]) ReceiveNow(ctx workflow.Context) (t T, ok bool) {
	ok = workflow.GetSignalChannel(ctx, string(s)).ReceiveAsync(&t)
	return t, ok
}

// Send delivers a signal to the workflow's current run.
func (s Signal[T]) Send(ctx context.Context, c client.Client, workflowID string, t T) error {
	return c.SignalWorkflow(ctx, workflowID, "", string(s), t)
}

// The types of the errors with which a workflow refuses a request.
const (
	RefusalOtherRequest = "OtherRequest"
	RefusalInFlight     = "InFlight"
	// RefusalAnswered is not a refusal to the caller: the same request was
	// carried out before, and the details hold its result.
	RefusalAnswered  = "Answered"
	RefusalTooLate   = "TooLate"
	RefusalNotHeld   = "NotHeld"
	RefusalCancelled = "Undone"
)

// Refuse returns the error with which a workflow refuses a request.
func Refuse(kind, message string, details ...any) error {
	return temporal.NewNonRetryableApplicationError(message, kind, nil, details...)
}

// AwaitAccepted returns when the request is certainly in the history. A handler
// must not act before that: if the workflow task fails (because an event arrived
// just as it ended the workflow) or is lost with its process, the update that
// came with it is lost too, and its effects would have no request behind them.
func AwaitAccepted(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.Sleep(ctx, time.Millisecond)
}
