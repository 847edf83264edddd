package starter

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	mailactivities "purser/activities/mails"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/mails"
)

// ResendMail sends the mail about a milestone again and returns the outcome. Requests
// with the same key are about the same mail; after a failure, a repeated request
// tries that mail again. It fails with order.ErrNotFound, order.ErrMailing, or
// context.DeadlineExceeded, in which case sending goes on.
func (c *Client) ResendMail(ctx context.Context, r order.Resend) (mail.Outcome, error) {
	run, err := c.startResend(ctx, r)
	var out mailactivities.MailOutcome
	if err == nil {
		err = run.Get(ctx, &out)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return mail.Outcome{}, translate("resend mail", r.OrderID, err)
	}
	return mail.Outcome{State: out.State, Why: out.Why, Receipt: mail.Receipt{Provider: out.Provider, ProviderID: out.MessageID}}, nil
}

// StartResend is ResendMail without the outcome: it returns when the request is
// durable. It does nothing if the request is being carried out or was.
func (c *Client) StartResend(ctx context.Context, r order.Resend) error {
	_, err := c.startResend(ctx, r)
	return translate("resend mail", r.OrderID, err)
}

func (c *Client) startResend(ctx context.Context, r order.Resend) (client.WorkflowRun, error) {
	return c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       mails.ResendWorkflowID(r),
		TaskQueue:                workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, // if it did not fail, the handle is that of the earlier run
		StaticSummary:            fmt.Sprintf("Mail %s again", r.Notification),
	}, mails.ResendWorkflow, r)
}
