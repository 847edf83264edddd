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
	"purser/workflows"
)

// CheckWorkflowID is the beginning of the IDs of the workflows that check the ledger.
// Checks of different IDs may run at the same time.
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
	importSettlements  = workflows.NewStep(workflows.PaymentsQueue, do.ImportSettlements).Long(fullImportWithin, 30*time.Second, workflows.LongestBackoff)
	recordFailure      = workflows.NewCommand(workflows.PaymentsQueue, do.RecordFailure)
	checkLedger        = workflows.NewStep(workflows.PaymentsQueue, do.CheckLedger).Long(compareWithin, 30*time.Second, workflows.LongestBackoff)
	confirmDifferences = workflows.NewStep(workflows.PaymentsQueue, do.ConfirmDifferences).Long(compareWithin, 30*time.Second, workflows.LongestBackoff)
	prepareReport      = workflows.NewStep(workflows.PaymentsQueue, do.PrepareReport)
	recordReport       = workflows.NewCommand(workflows.PaymentsQueue, do.RecordReport)
	sendMessage        = workflows.NewStep(workflows.MailQueue, doMail.SendMessage)
)

const (
	// importWithin is how long importing settlements is tried. The check does not wait
	// longer for a provider that, for example, refuses to list them; the next import
	// continues where this one was.
	importWithin = 30 * time.Minute
	// fullImportWithin is the same for an import that also compares the settlements of
	// the last month, a hundred with each request, and begins again if it breaks off.
	fullImportWithin = 6 * time.Hour
	// compareWithin is how long comparing the orders is tried. Then a person is asked
	// about what was found by then, and that the rest cannot be compared.
	compareWithin = 6 * time.Hour
	// reportWithin is how long a mail about differences is tried. The next check tries
	// again.
	reportWithin = time.Hour
	// mostReports is how many mails a check sends. There is more than one only if
	// checks before it could not send theirs.
	mostReports = 10
)

// LedgerCheckWorkflow imports the provider's settlements, compares the orders, and
// asks a person about differences that last, once about each.
func LedgerCheckWorkflow(ctx workflow.Context, c Check) (ledger.CheckResult, error) {
	var done ledger.CheckResult
	within := importWithin
	if c.Full {
		within = fullImportWithin
	}
	imported, err := importSettlements.Remote(ctx, within, "Import the provider's settlements", nil, steps.ImportRequest{Full: c.Full, Now: workflow.Now(ctx)})
	if ctx.Err() != nil {
		return done, err
	}
	done.Settlements, done.Unreadable = imported.Entries, imported.Unreadable
	if err != nil { // the orders are compared all the same
		if err := reportFailure(ctx, &done, ledger.Import(), err); err != nil {
			return done, err
		}
	}
	if err := compare(ctx, c, imported.At, &done); err != nil {
		if ctx.Err() != nil {
			return done, err
		}
		if err := reportFailure(ctx, &done, ledger.Comparison(), err); err != nil {
			return done, err
		}
	}
	return done, report(ctx)
}

// reportFailure records what does not work, so that a person is asked.
func reportFailure(ctx workflow.Context, done *ledger.CheckResult, about ledger.Doubt, cause error) error {
	done.Problem = workflows.Reason(cause)
	workflow.GetLogger(ctx).Error("a part of the check of the ledger fails", "part", about.Source, "error", cause)
	_, err := recordFailure.Remote(ctx, 0, "Record that a part of the check fails", nil, steps.StepFailure{About: about, Why: done.Problem})
	return err
}

// compare compares the orders, and looks again, after a while, at what is in doubt.
func compare(ctx workflow.Context, c Check, importedAt time.Time, done *ledger.CheckResult) error {
	checked, err := checkLedger.Remote(ctx, compareWithin, "Compare ledger, record and provider", nil, steps.CheckRequest{Full: c.Full, Now: workflow.Now(ctx)})
	done.Orders = checked.Orders
	if err != nil || !checked.InDoubt {
		return err
	}
	since := checked.At
	if importedAt.After(since) {
		since = importedAt
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Something differs, or differed before. It is compared again %s after the first time.", c.Lasting))
	if err := workflow.Sleep(ctx, c.Lasting); err != nil {
		return err
	}
	found, err := confirmDifferences.Remote(ctx, compareWithin, "Compare what is in doubt again", nil, steps.ConfirmRequest{Full: c.Full, Since: since})
	done.Differing, done.Differences = found.Orders, found.Differences
	return err
}

// report asks a person about the differences that nobody was asked about yet.
func report(ctx workflow.Context) error {
	for range mostReports {
		r, err := prepareReport.Remote(ctx, 0, "Write the mail about differences", nil, steps.ReportRequest{})
		if err != nil || r.ID == 0 {
			return err
		}
		if len(r.Message.To) > 0 {
			if _, err := sendMessage.Run(ctx, reportWithin, "Mail: differences", r.Message, nil); err != nil {
				workflow.GetLogger(ctx).Error("the mail about differences is not sent; the next check tries again", "error", err)
				return ctx.Err()
			}
		}
		if _, err = recordReport.Remote(ctx, 0, "Record that a person was asked", nil, steps.MarkReported{ID: r.ID}); err != nil {
			return err
		}
	}
	return nil
}
