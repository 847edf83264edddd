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

// CheckLedger compares the ledger with all orders of the last month and with the
// payment provider, or joins a check that was requested before: the one that check
// names, or else the one that is running. It returns what names the check. It fails
// with context.DeadlineExceeded if that takes longer than ctx allows; the check goes
// on.
func (c *Client) CheckLedger(ctx context.Context, check string) (found ledger.CheckResult, _ string, err error) {
	const id = workflow.CheckWorkflowID + "/requested"
	var run client.WorkflowRun
	if check != "" {
		run = c.Temporal.GetWorkflow(ctx, id, check)
	} else if run, err = c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            ledgerSummary,
	}, workflow.LedgerCheckWorkflow, workflow.Check{Full: true, Lasting: workflow.Lasting}); err == nil {
		check = run.GetRunID()
	}
	if err == nil {
		err = run.Get(ctx, &found)
	}
	if ctx.Err() != nil {
		return found, check, fmt.Errorf("%s: %w", id, ctx.Err())
	}
	return found, check, translate("check the ledger", order.ID(id), err)
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
