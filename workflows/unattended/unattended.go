// Package unattended has the workflow that finds orders that need a workflow and that no
// workflow attends.
package unattended

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/unattended"
	"purser/workflows"
)

// WorkflowID is the ID of the workflow. At most one runs at a time.
const WorkflowID = "orders/unattended"

// grace is how long an order must not have changed: the workflow of a newer one may
// just be starting.
const grace = 10 * time.Minute

// attendWithin is how long a page of orders is tried. The next night looks at all again.
const attendWithin = 6 * time.Hour

// do names the activity; its method is called by the worker, never here.
var do *steps.Activities

var attendOrders = workflows.NewStep(workflows.RecordQueue, do.AttendOrders)

// Result says how many orders are open or have a refund to be made, and of how many the
// aftercare was started.
type Result struct {
	Open    int `json:"open"`
	Resumed int `json:"resumed"`
	Failed  int `json:"failed,omitempty"` // of which it is not known whether a workflow runs
}

// UnattendedOrdersWorkflow starts the aftercare of the open orders, and of those that
// have ended with a refund to be made, whose workflow was terminated, has failed, or is
// lost with the engine's data: no provider may ever send an event about them again.
func UnattendedOrdersWorkflow(ctx workflow.Context) (done Result, err error) {
	before := workflow.Now(ctx).Add(-grace)
	for page := (steps.Page{Before: before}); ; {
		looked, err := attendOrders.Remote(ctx, attendWithin, "Look at a page of orders", nil, page)
		if err != nil {
			return done, err
		}
		done.Failed += looked.Failed
		done.Open, done.Resumed, page.Cursor = done.Open+looked.Open, done.Resumed+len(looked.Resumed), looked.Next
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d orders are open or have a refund to be made, of which %d had no workflow. Of %d that is not known.", done.Open, done.Resumed, done.Failed))
		if page.Cursor == "" && page.Ended {
			return done, nil
		}
		page.Ended = page.Ended || page.Cursor == ""
	}
}
