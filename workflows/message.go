// Package workflows holds what the workflows of every subject share: typed
// messages, steps, task queues and search attributes. What happens to an order,
// a product, an import, an image, a mail or a campaign, in the order in which
// it happens, is in the folder of that subject. Whatever touches the world is
// an activity.
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

// Query is a question a workflow answers at once, with a T. Its text is its
// name on the wire.
type Query[T any] string

// Handle returns the query in a workflow.
func (q Query[T]) Handle(ctx workflow.Context, answer func() (T, error)) error {
	return workflow.SetQueryHandler(ctx, string(q), answer)
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

// Update is a request a workflow answers when it has done what was asked.
type Update[In, Out any] string

// Handle carries out the update in a workflow. check refuses a request
// before anything about it enters the history.
func (u Update[In, Out]) Handle(ctx workflow.Context, check func(workflow.Context, In) error, do func(workflow.Context, In) (Out, error)) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(u), do, workflow.UpdateHandlerOptions{Validator: check})
}

// Call sends the update and waits for its answer. The same id is carried out
// once. Until the workflow has taken it the engine keeps it in memory only: if
// the wait ends before that, the update may never be carried out, which is
// order.ErrBusy. After that, it is carried out whoever waits.
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

// Untaken makes order.ErrBusy of the end of a wait for an update to be
// accepted, unless the caller has gone.
func Untaken(ctx context.Context, err error) error {
	var untaken *client.WorkflowUpdateServiceTimeoutOrCanceledError
	if errors.As(err, &untaken) && !errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: not taken in time: %v", order.ErrBusy, err)
	}
	return err
}

// Signal is news for a workflow; nobody waits for an answer.
type Signal[T any] string

// ReceiveNow returns the next one that is already here.
func (s Signal[T]) ReceiveNow(ctx workflow.Context) (t T, ok bool) {
	ok = workflow.GetSignalChannel(ctx, string(s)).ReceiveAsync(&t)
	return t, ok
}

// Send delivers one to the workflow's current run.
func (s Signal[T]) Send(ctx context.Context, c client.Client, workflowID string, t T) error {
	return c.SignalWorkflow(ctx, workflowID, "", string(s), t)
}

// The types of the refusals a caller may get.
const (
	RefusalOtherRequest = "OtherRequest"
	RefusalInFlight     = "InFlight"
	// RefusalAnswered is no refusal to the caller: its request was carried
	// out before, and the details hold the answer it got.
	RefusalAnswered  = "Answered"
	RefusalTooLate   = "TooLate"
	RefusalNotHeld   = "NotHeld"
	RefusalCancelled = "Undone"
)

func Refuse(kind, message string, details ...any) error {
	return temporal.NewNonRetryableApplicationError(message, kind, nil, details...)
}

// AwaitAccepted returns when the request is in the history for certain. Only then
// may anything be done about it: a workflow task that fails (for a report that
// came in just as it ended the workflow) or is lost with its process takes an
// update that came with it along, and what was done in it by then would be
// the deed of nobody.
func AwaitAccepted(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.Sleep(ctx, time.Millisecond)
}
