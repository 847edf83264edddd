package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/order"
)

// doMails names the activities; its methods are called by the worker, never here.
var doMails *activities.MailActivities

// ResendWorkflowID is the ID of the workflow that carries out one decision to
// send a mail anew: the same decision is the same workflow.
func ResendWorkflowID(r order.Resend) string {
	sum := sha256.Sum256([]byte(r.Key))
	return r.OrderID.WorkflowID() + "/mail/" + string(r.Milestone) + "/" + hex.EncodeToString(sum[:8])
}

// ResendWorkflow sends a milestone's mail anew, under its next generation. It
// is a workflow of its own because the order's may have ended long ago.
func ResendWorkflow(ctx workflow.Context, r order.Resend) (activities.MailOutcome, error) {
	var m order.Mail
	var out activities.MailOutcome
	if err := hereThenOnQueue(ctx, RecordQueue, time.Hour, "Write down who asked", doMails.PrepareResend, r, &m); err != nil {
		return out, err
	}
	err := hereThenOnQueue(ctx, MailQueue, mailWithin, "Mail: "+string(r.Milestone)+", again", doMails.SendMail, m, &out)
	return out, err
}
