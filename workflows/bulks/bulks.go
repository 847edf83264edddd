// Package bulks has the workflow that carries out one action on many orders.
package bulks

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/bulks"
	"purser/order"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

var (
	// advanceBulk takes long and keeps its progress as it goes.
	advanceBulk = workflows.NewStep(workflows.BulkQueue, do.AdvanceBulk).Long(10*time.Minute, 30*time.Second, time.Minute).Bulk()
	stopBulk    = workflows.NewStep(workflows.RecordQueue, do.StopBulk)
)

// GetBulk returns how far a bulk is, as of its last finished step.
const GetBulk workflows.Query[order.Bulk] = "GetBulk"

// BulkWorkflowID returns the ID of the workflow that carries out a bulk.
func BulkWorkflowID(id string) string { return "bulk/" + id }

// BulkStart is the input of BulkWorkflow.
type BulkStart struct {
	ID string `json:"id"`
}

// BulkWorkflow carries out an action on the orders that were selected for it, a minute
// of work at a time. The record knows which orders have an outcome, so a crash neither
// forgets an order nor asks it twice. What an order refuses, or does not respond to, is
// an outcome of that order, and not a failure. A cancellation in the Temporal UI stops
// the bulk as an operator does.
func BulkWorkflow(ctx workflow.Context, s BulkStart) (order.Bulk, error) {
	b := order.Bulk{ID: s.ID}
	if err := GetBulk.Handle(ctx, "How far the bulk is.", func() (order.Bulk, error) { return b, nil }); err != nil {
		return b, err
	}
	asked := ctx
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	stopped := false // in the record, which ends the activity that is under way
	workflow.Go(ctx, func(ctx workflow.Context) {
		asked.Done().Receive(ctx, nil)
		// If it cannot be written down, the bulk only goes on.
		_, _ = stopBulk.Run(ctx, 0, "Stop the bulk", steps.BulkStop{ID: s.ID, Why: workflows.ActorTemporalUI + ": cancelled in the Temporal UI"}, nil)
		stopped = true
	})
	for !b.State.Final() {
		if err := workflow.Await(ctx, func() bool { return asked.Err() == nil || stopped }); err != nil {
			return b, err
		}
		advanced, err := advanceBulk.Remote(ctx, 0, fmt.Sprintf("Go on after %d of %d orders", b.Counts.Resolved(), b.Counts.Total), nil, steps.BulkRef{ID: s.ID})
		if err != nil {
			return b, err
		}
		b = advanced
		workflow.SetCurrentDetails(ctx, details(b))
		if !b.State.Final() && (asked.Err() == nil || stopped) && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return b, workflow.NewContinueAsNewError(ctx, BulkWorkflow, s)
		}
	}
	return b, nil
}

// details returns the text that the Temporal UI shows.
func details(b order.Bulk) string {
	c := b.Counts
	return fmt.Sprintf("**%s** %s\n\n%d of %d orders have an outcome: %d done, %d accepted, %d possible, %d refused, %d failed.\n\n%s",
		b.State, b.Action, c.Resolved(), c.Total, c.Done, c.Accepted, c.Possible, c.Refused, c.Failed, b.Why)
}
