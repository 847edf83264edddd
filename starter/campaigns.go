package starter

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"purser/mail"
	"purser/order"
	"purser/workflows"
)

// StartCampaign starts a campaign's workflow. Starting it again changes
// nothing, even when it has ended.
func (c *Client) StartCampaign(ctx context.Context, m mail.Campaign) error {
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       m.WorkflowID(),
		TaskQueue:                workflows.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		StaticSummary:            "Campaign " + m.ID,
	}, workflows.CampaignWorkflow, workflows.CampaignRun{ID: m.ID, StartAt: m.StartAt})
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return nil
	}
	return campaignError("start", m.ID, err)
}

// PauseCampaign returns when nothing more goes out.
func (c *Client) PauseCampaign(ctx context.Context, id, actor, why string) error {
	return c.steerCampaign(ctx, workflows.PauseCampaign, "pause", id, actor, why)
}

// ResumeCampaign lets a paused campaign go on.
func (c *Client) ResumeCampaign(ctx context.Context, id, actor, why string) error {
	return c.steerCampaign(ctx, workflows.ResumeCampaign, "resume", id, actor, why)
}

// CancelCampaign ends a campaign where it is.
func (c *Client) CancelCampaign(ctx context.Context, id, actor, why string) error {
	return c.steerCampaign(ctx, workflows.CancelCampaign, "cancel", id, actor, why)
}

func (c *Client) steerCampaign(ctx context.Context, u workflows.Update[workflows.SteerRequest, workflows.CampaignProgress], op, id, actor, why string) error {
	_, err := u.Call(ctx, c.Temporal, mail.CampaignWorkflowID(id), "", workflows.SteerRequest{Actor: actor, Reason: why})
	return campaignError(op, id, err)
}

// campaignError turns what Temporal says into mail's errors: one that is not
// running has not begun or has ended, and the record knows which.
func campaignError(op, id string, err error) error {
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == workflows.RefusalEnded {
		return mail.ErrCampaignOver
	}
	err = translate(op+" campaign", order.ID(id), err)
	if errors.Is(err, order.ErrNotFound) {
		return fmt.Errorf("%w: %s campaign %s", mail.ErrCampaignIdle, op, id)
	}
	return err
}
