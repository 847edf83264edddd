package cases

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/cases"
)

// SweepWorkflowID is the ID of the workflow that sweeps. At most one runs at a time.
const SweepWorkflowID = "cases/sweep"

// sweepWithin is how long a sweep is tried. The next one looks at everything again.
const sweepWithin = time.Hour

// CaseSweepWorkflow finds cases that have lost their workflow, cases whose matter is over,
// and matters that have no case.
func CaseSweepWorkflow(ctx workflow.Context) (steps.Swept, error) {
	done, err := sweepCases.Remote(ctx, sweepWithin, "Look at all open cases", nil, steps.SweepRequest{Now: workflow.Now(ctx)})
	if err == nil {
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d cases are open, of which %d had no workflow. %d were missing and are opened. Of %d it is not known.", done.Open, done.Resumed, done.Opened, done.Failed))
	}
	return done, err
}
