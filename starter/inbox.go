package starter

import (
	"context"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	workflow "purser/workflows/inbox"
)

const missedSummary = "Search for events whose webhooks did not come"

// FindMissedEvents searches the payment provider's list for events whose webhooks did
// not come, or joins a search that was requested before. It fails with
// context.DeadlineExceeded if that takes longer than ctx allows; the search goes on.
func (c *Client) FindMissedEvents(ctx context.Context) (found order.MissedEvents, err error) {
	const id = workflow.MissedWorkflowID + "/requested"
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            missedSummary,
	}, workflow.MissedEventsWorkflow, workflow.Search{Overlap: workflow.Overlap})
	if err == nil {
		err = run.Get(ctx, &found)
	}
	if ctx.Err() != nil {
		return found, fmt.Errorf("%s: %w", id, ctx.Err())
	}
	return found, translate("find missed events", order.ID(id), err)
}

// KeepFindingMissedEvents schedules searches for events whose webhooks did not come:
// one in each interval of every, which overlap by an hour or, if that is less, by six
// intervals, and one a night that looks further back. 0 pauses both. It updates
// schedules that exist already.
func (c *Client) KeepFindingMissedEvents(ctx context.Context, every time.Duration) error {
	for _, s := range []struct {
		id      string
		spec    client.ScheduleSpec
		overlap time.Duration
	}{
		{workflow.MissedWorkflowID, client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: max(every, time.Second)}}}, min(workflow.Overlap, 6*max(every, time.Second))},
		{workflow.MissedWorkflowID + "/nightly", nightly(7), workflow.NightlyOverlap},
	} {
		action := &client.ScheduleWorkflowAction{
			ID: s.id, TaskQueue: workflows.OrdersQueue, Workflow: workflow.MissedEventsWorkflow,
			Args: []any{workflow.Search{Overlap: s.overlap}}, StaticSummary: missedSummary,
		}
		if err := c.keep(ctx, s.spec, action, every <= 0); err != nil {
			return fmt.Errorf("schedule %s: %w", s.id, err)
		}
	}
	return nil
}
