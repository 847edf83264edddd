// Package mails has the workflow that sends a mail again because an operator
// asked for it.
package mails

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/mails"
	"purser/order"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

var (
	prepareResend = workflows.NewStep(workflows.RecordQueue, do.PrepareResend)
	sendMail      = workflows.NewStep(workflows.MailQueue, do.SendMail)
)

// ResendWorkflowID returns the ID of the workflow that sends a mail again. The same
// request has the same ID.
func ResendWorkflowID(r order.Resend) string {
	sum := sha256.Sum256([]byte(r.Key))
	return r.OrderID.WorkflowID() + "/mail/" + string(r.Notification) + "/" + hex.EncodeToString(sum[:8])
}

// ResendWorkflow sends the mail about a milestone again, under its next generation.
// It is a separate workflow because the order's may have ended long ago.
func ResendWorkflow(ctx workflow.Context, r order.Resend) (steps.MailOutcome, error) {
	m, err := prepareResend.Run(ctx, time.Hour, "Record the request", r, nil)
	if err != nil {
		return steps.MailOutcome{}, err
	}
	return sendMail.Run(ctx, workflows.MailWithin, "Mail: "+string(r.Notification)+", again", m, nil)
}
