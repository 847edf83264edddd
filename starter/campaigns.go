package starter

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/campaigns"
)

// StartCampaign starts the workflow of a campaign; m is its status in the record.
// Starting it again changes nothing while it runs and after it has ended; a campaign
// whose workflow failed, or was terminated, goes on where it was.
func (c *Client) StartCampaign(ctx context.Context, m mail.CampaignStatus) error {
	if m.State.Final() {
		return nil
	}
	_, err := c.Temporal.ExecuteWorkflow(ctx, campaignOptions(m), campaigns.CampaignWorkflow, campaigns.CampaignRunOf(m))
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return nil
	}
	return campaignError("start", m.ID, err)
}

// campaignOptions returns start options that allow one workflow of a campaign at a
// time, and none after one that completed.
func campaignOptions(m mail.CampaignStatus) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       m.WorkflowID(),
		TaskQueue:                workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		StaticSummary:            "Campaign " + m.ID,
	}
}

// PauseCampaign pauses a campaign and returns when nothing more goes out.
func (c *Client) PauseCampaign(ctx context.Context, id, actor, why string) error {
	return c.steerCampaign(ctx, campaigns.PauseCampaign, "pause", id, actor, why)
}

// ResumeCampaign lets a paused campaign go on.
func (c *Client) ResumeCampaign(ctx context.Context, id, actor, why string) error {
	return c.steerCampaign(ctx, campaigns.ResumeCampaign, "resume", id, actor, why)
}

// RetryCampaign begins the next round of a campaign that is done, and returns when it
// has begun; m is the campaign's status in the record. A round that has begun is not
// begun again. It fails with mail.ErrCampaignNotDone, mail.ErrOtherRound or
// mail.ErrNoneUnknown.
func (c *Client) RetryCampaign(ctx context.Context, m mail.CampaignStatus, r mail.Retry) error {
	switch {
	case m.Round == r.Round+1:
		return nil
	case m.Round != r.Round:
		return fmt.Errorf("%w: it is in round %d", mail.ErrOtherRound, m.Round)
	case m.State != mail.CampaignDone:
		return fmt.Errorf("%w: it is %s", mail.ErrCampaignNotDone, m.State)
	case m.Counts.Unknown == 0:
		return mail.ErrNoneUnknown
	}
	o := campaignOptions(m)
	o.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	err := c.startWithUpdate(ctx, o, campaigns.CampaignRetryOf(m, r), campaigns.RetryCampaign, campaigns.SteerRequest{Actor: r.Actor, Reason: r.Reason})
	var app *temporal.ApplicationError
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &exists):
		return fmt.Errorf("%w: it is about to end, or another request retries it", mail.ErrCampaignNotDone)
	case errors.As(err, &app) && app.Type() == activities.FailureNoneUnknown:
		return mail.ErrNoneUnknown
	case errors.As(err, &app) && app.Type() == activities.FailureState:
		return mail.ErrOtherRound
	}
	return campaignError("retry", m.ID, err)
}

// startWithUpdate starts a campaign's workflow together with an update, and returns
// when the update has completed.
func (c *Client) startWithUpdate(ctx context.Context, o client.StartWorkflowOptions, run campaigns.CampaignRun, u workflows.Update[campaigns.SteerRequest, campaigns.CampaignProgress], r campaigns.SteerRequest) error {
	h, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.Temporal.NewWithStartWorkflowOperation(o, campaigns.CampaignWorkflow, run),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: string(u), Args: []any{r},
			WaitForStage: client.WorkflowUpdateStageAccepted,
		},
	})
	if err != nil {
		return workflows.Untaken(ctx, err)
	}
	return h.Get(ctx, nil)
}

// CancelCampaign ends a campaign where it is; m is its status in the record. If no
// workflow runs (for a draft or after a failure), one is started for that, because
// only the workflow writes the campaign's status.
func (c *Client) CancelCampaign(ctx context.Context, m mail.CampaignStatus, actor, why string) error {
	switch m.State {
	case mail.CampaignCancelled:
		return nil
	case mail.CampaignDone:
		return mail.ErrCampaignOver
	}
	r, run := campaigns.SteerRequest{Actor: actor, Reason: why}, campaigns.CampaignRunOf(m)
	run.Cancelled = &r
	err := c.startWithUpdate(ctx, campaignOptions(m), run, campaigns.CancelCampaign, r)
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return mail.ErrCampaignOver
	}
	return campaignError("cancel", m.ID, err)
}

func (c *Client) steerCampaign(ctx context.Context, u workflows.Update[campaigns.SteerRequest, campaigns.CampaignProgress], op, id, actor, why string) error {
	_, err := u.Call(ctx, c.Temporal, mail.CampaignWorkflowID(id), "", campaigns.SteerRequest{Actor: actor, Reason: why})
	return campaignError(op, id, err)
}

// campaignError translates Temporal's errors into mail's. A campaign without a
// workflow has not begun or has ended; the record knows which.
func campaignError(op, id string, err error) error {
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == campaigns.RefusalEnded {
		return mail.ErrCampaignOver
	}
	err = translate(op+" campaign", order.ID(id), err)
	if errors.Is(err, order.ErrNotFound) {
		return fmt.Errorf("%w: %s campaign %s", mail.ErrCampaignIdle, op, id)
	}
	return err
}
