// Package ledger has the workflow that compares the shop's books with the record and
// with the payment provider.
package ledger

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/ledger"
	"purser/activities/mails"
	"purser/ledger"
	"purser/order"
	"purser/workflows"
)

// CheckWorkflowID is the ID of the workflow that checks the ledger. At most one runs
// at a time.
const CheckWorkflowID = "ledger/check"

// Lasting is how long a difference must last before a person is asked: a change that
// is under way reaches the provider, the record and the ledger one after another.
const Lasting = 10 * time.Minute

// Check is the input of LedgerCheckWorkflow.
type Check struct {
	Full bool `json:"full,omitempty"` // also orders that have no new entries
	// Lasting is how long a difference must last before a person is asked.
	Lasting time.Duration `json:"lasting"`
}

// do and doMail name the activities; their methods are called by the worker, never
// here.
var (
	do     *steps.Activities
	doMail *mails.Activities
)

var (
	importSettlements  = workflows.NewStep(workflows.PaymentsQueue, do.ImportSettlements).Long(time.Hour, 30*time.Second, workflows.LongestBackoff)
	checkLedger        = workflows.NewStep(workflows.PaymentsQueue, do.CheckLedger).Long(time.Hour, 30*time.Second, workflows.LongestBackoff)
	confirmDifferences = workflows.NewStep(workflows.PaymentsQueue, do.ConfirmDifferences).Long(time.Hour, 30*time.Second, workflows.LongestBackoff)
	prepareReport      = workflows.NewStep(workflows.PaymentsQueue, do.PrepareReport)
	recordReport       = workflows.NewCommand(workflows.PaymentsQueue, do.RecordReport)
	sendMessage        = workflows.NewStep(workflows.MailQueue, doMail.SendMessage)
)

// importWithin is how long importing settlements is tried. The check does not wait
// longer for a provider that, for example, refuses to list them.
const importWithin = 30 * time.Minute

// LedgerCheckWorkflow imports the provider's settlements, compares the orders, and
// asks a person about differences that last, once about each.
func LedgerCheckWorkflow(ctx workflow.Context, c Check) (ledger.CheckResult, error) {
	var done ledger.CheckResult
	imported, err := importSettlements.Remote(ctx, importWithin, "Import the provider's settlements", nil, steps.ImportRequest{Full: c.Full})
	if ctx.Err() != nil {
		return done, err
	}
	done.Settlements, done.Unreadable = imported.Entries, imported.Unreadable
	if err != nil { // the orders are compared all the same
		done.Problem = workflows.Reason(err)
		workflow.GetLogger(ctx).Error("the provider's settlements cannot be imported", "error", err)
	}
	checked, err := checkLedger.Remote(ctx, 0, "Compare ledger, record and provider", nil, steps.CheckRequest{Full: c.Full, Now: workflow.Now(ctx)})
	if err != nil {
		return done, err
	}
	done.Orders = checked.Orders
	if len(checked.InDoubt) > 0 {
		if done.Differing, err = confirm(ctx, checked.InDoubt, c.Lasting); err != nil {
			return done, err
		}
	}
	return done, report(ctx)
}

// confirm looks again at orders in doubt, after a while.
func confirm(ctx workflow.Context, ids []order.ID, lasting time.Duration) (differ int, err error) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d orders are in doubt. They are compared again %s after the first time.", len(ids), lasting))
	if err := workflow.Sleep(ctx, lasting); err != nil {
		return 0, err
	}
	found, err := confirmDifferences.Remote(ctx, 0, "Compare the orders in doubt again", nil, steps.ConfirmRequest{Orders: ids})
	return found.Orders, err
}

// report asks a person about the differences that nobody was asked about yet.
func report(ctx workflow.Context) error {
	r, err := prepareReport.Remote(ctx, 0, "Write the mail about differences", nil, steps.ReportRequest{})
	if err != nil || len(r.IDs) == 0 {
		return err
	}
	if len(r.Message.To) > 0 {
		if _, err := sendMessage.Run(ctx, workflows.MailWithin, "Mail: differences", r.Message, nil); err != nil {
			return err
		}
	}
	_, err = recordReport.Remote(ctx, 0, "Record that a person was asked", nil, steps.MarkReported{IDs: r.IDs})
	return err
}
