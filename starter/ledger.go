package starter

import (
	"context"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"purser/ledger"
	"purser/order"
	"purser/workflows"
	workflow "purser/workflows/ledger"
)

const ledgerSummary = "Check of the ledger"

// requestLasting is how long a difference must last that a person asks about.
const requestLasting = 5 * time.Second

// CheckLedger compares the ledger with all orders of the last month and with the
// payment provider, or joins a check that was requested before. It fails with
// context.DeadlineExceeded if that takes longer than ctx allows; the check goes on.
func (c *Client) CheckLedger(ctx context.Context) (found ledger.CheckResult, err error) {
	const id = workflow.CheckWorkflowID + "/requested"
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            ledgerSummary,
	}, workflow.LedgerCheckWorkflow, workflow.Check{Full: true, Lasting: requestLasting})
	if err == nil {
		err = run.Get(ctx, &found)
	}
	if ctx.Err() != nil {
		return found, fmt.Errorf("%s: %w", id, ctx.Err())
	}
	return found, translate("check the ledger", order.ID(id), err)
}

// KeepCheckingLedger schedules checks of the ledger: one in each interval of every,
// of the orders that changed, and one a night of all orders of the last month. 0
// pauses both. It updates schedules that exist already.
func (c *Client) KeepCheckingLedger(ctx context.Context, every time.Duration) error {
	for _, s := range []struct {
		id   string
		spec client.ScheduleSpec
		full bool
	}{
		{workflow.CheckWorkflowID, client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: max(every, time.Minute)}}}, false},
		{workflow.CheckWorkflowID + "/nightly", nightly(47), true},
	} {
		action := &client.ScheduleWorkflowAction{
			ID: s.id, TaskQueue: workflows.OrdersQueue, Workflow: workflow.LedgerCheckWorkflow,
			Args: []any{workflow.Check{Full: s.full, Lasting: workflow.Lasting}}, StaticSummary: ledgerSummary,
		}
		if err := c.keep(ctx, s.spec, action, every <= 0); err != nil {
			return fmt.Errorf("schedule %s: %w", s.id, err)
		}
	}
	return nil
}
