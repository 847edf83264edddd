// Package inbox has the workflow that finds the events whose webhooks did not come.
package inbox

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/inbox"
	"purser/order"
	"purser/workflows"
)

// MissedWorkflowID is the ID of the workflow that searches for missed events.
const MissedWorkflowID = "inbox/missed"

// These are how far before the end of the last search the next one begins.
const (
	Overlap        = time.Hour          // of each search
	NightlyOverlap = 3 * 24 * time.Hour // of one search a night
)

// spanAtMost is how much of the list one step reads. The end of each is remembered.
const spanAtMost = 24 * time.Hour

// takeWithin is how long reading a span is tried. A search that fails is visible as a
// failed workflow; the next one begins where this one has stopped.
const takeWithin = 6 * time.Hour

// Search is the input of MissedEventsWorkflow.
type Search struct {
	Overlap time.Duration `json:"overlap"`
}

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

var (
	planSearch = workflows.NewStep(workflows.PaymentsQueue, do.PlanSearch)
	takeMissed = workflows.NewStep(workflows.PaymentsQueue, do.TakeMissed).Long(time.Hour, 30*time.Second, workflows.LongestBackoff)
)

// MissedEventsWorkflow reads the payment provider's list of events and puts those into
// the inbox whose webhooks did not come, the oldest day first. From there they take the
// way of every webhook.
func MissedEventsWorkflow(ctx workflow.Context, s Search) (order.MissedEvents, error) {
	done, err := planSearch.Remote(ctx, takeWithin, "Find out since when events may be missing", nil,
		steps.PlanRequest{Now: workflow.Now(ctx).UTC(), Overlap: s.Overlap})
	if err != nil || done.Since.IsZero() {
		return done, err
	}
	for since := done.Since; since.Before(done.Until); {
		until := since.Add(spanAtMost)
		if until.After(done.Until) {
			until = done.Until
		}
		found, err := takeMissed.Remote(ctx, takeWithin, "Read the events since "+since.Format(time.RFC3339), nil, steps.Span{Since: since, Until: until})
		if err != nil {
			return done, fmt.Errorf("events since %s: %w", since.Format(time.RFC3339), err)
		}
		done.Listed, done.Found, done.Unreadable = done.Listed+found.Listed, done.Found+found.Found, done.Unreadable+found.Unreadable
		since = until
	}
	return done, nil
}
