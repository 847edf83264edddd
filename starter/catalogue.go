package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"purser/catalog"
	"purser/order"
	"purser/workflows"
	"purser/workflows/imports"
	"purser/workflows/products"
)

// StartImport starts the workflow of an import whose file has been received.
// Starting it again changes nothing, unless its workflow has failed: then the import
// goes on.
func (c *Client) StartImport(ctx context.Context, i catalog.Import) error {
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: imports.ImportWorkflowID(i.ID), TaskQueue: workflows.CatalogueQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		StaticSummary:            "Import of " + string(i.Kind),
	}, imports.ImportWorkflow, imports.ImportStart{ID: i.ID})
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return nil
	}
	return translate("start import", order.ID(i.ID), err)
}

// Reconcile compares the index with the record, or joins a running comparison, and
// returns what differed. It fails with context.DeadlineExceeded if that takes longer
// than ctx allows; the comparison goes on.
func (c *Client) Reconcile(ctx context.Context, nightly bool) (found catalog.Drift, err error) {
	return found, c.runMaintenance(ctx, products.ReconcileWorkflowID, "Comparison of index and record", &found,
		products.ReconcileWorkflow, products.Reconcile{Nightly: nightly})
}

// Reindex rebuilds the index, or joins a running rebuild. It fails with
// context.DeadlineExceeded if that takes longer than ctx allows; the rebuild goes on.
func (c *Client) Reindex(ctx context.Context) (done catalog.Rebuilt, err error) {
	return done, c.runMaintenance(ctx, products.ReindexWorkflowID, "Rebuild of the index", &done, products.ReindexWorkflow)
}

func (c *Client) runMaintenance(ctx context.Context, id, summary string, out, workflow any, args ...any) error {
	run, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.CatalogueQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            summary,
	}, workflow, args...)
	if err == nil {
		err = run.Get(ctx, out)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", id, ctx.Err())
	}
	return translate("maintain index", order.ID(id), err)
}

// KeepCatalogue schedules comparisons of the index with the record, one in each
// interval of every and one a night that includes the stock, and a nightly deletion of
// old data. 0 pauses the comparisons. It updates schedules that exist already.
func (c *Client) KeepCatalogue(ctx context.Context, every time.Duration) error {
	compare := func(id string, r products.Reconcile) *client.ScheduleWorkflowAction {
		return &client.ScheduleWorkflowAction{ID: id, Workflow: products.ReconcileWorkflow, Args: []any{r}, StaticSummary: "Comparison of index and record"}
	}
	for _, s := range []struct {
		spec   client.ScheduleSpec
		action *client.ScheduleWorkflowAction
		off    bool
	}{
		{
			spec:   client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: max(every, time.Minute)}}},
			action: compare(products.ReconcileWorkflowID, products.Reconcile{}), off: every <= 0,
		},
		{spec: nightly(17), action: compare(products.ReconcileWorkflowID+"/nightly", products.Reconcile{Nightly: true}), off: every <= 0},
		{spec: nightly(37), action: &client.ScheduleWorkflowAction{ID: products.CleanUpWorkflowID, Workflow: products.CleanUpWorkflow, StaticSummary: "Deletion of old data"}},
	} {
		if err := c.keep(ctx, s.spec, s.action, s.off); err != nil {
			return fmt.Errorf("schedule %s: %w", s.action.ID, err)
		}
	}
	return nil
}

// nightly returns a time of each night: three o'clock and some minutes, in UTC.
func nightly(minute int) client.ScheduleSpec {
	return client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 3}}, Minute: []client.ScheduleRange{{Start: minute}}}}}
}

func (c *Client) keep(ctx context.Context, spec client.ScheduleSpec, action *client.ScheduleWorkflowAction, off bool) error {
	if action.TaskQueue == "" {
		action.TaskQueue = workflows.CatalogueQueue
	}
	schedules := c.Temporal.ScheduleClient()
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: action.ID, Spec: spec, Action: action, Paused: off, Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return schedules.GetHandle(ctx, action.ID).Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		return &client.ScheduleUpdate{Schedule: &client.Schedule{
			Spec: &spec, Action: action, State: &client.ScheduleState{Paused: off}, Policy: &client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP},
		}}, nil
	}})
}
