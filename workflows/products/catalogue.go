package products

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/products"
	"purser/catalog"
	"purser/workflows"
)

// The IDs of the workflows that look after the whole index: one of each at a
// time.
const (
	ReconcileWorkflowID = "catalogue/reconcile"
	ReindexWorkflowID   = "catalogue/reindex"
)

// Reconcile is the input of ReconcileWorkflow.
type Reconcile struct {
	Nightly bool `json:"nightly,omitempty"` // also look at the stock, and tidy up
}

// ReconcileWorkflow compares the index with the record, repairs what differs,
// and returns what it found.
func ReconcileWorkflow(ctx workflow.Context, r Reconcile) (catalog.Drift, error) {
	var found catalog.Drift
	err := workflows.RunLong(ctx, "Compare the index with the record", do.CompareIndex, steps.CompareRequest{Stock: r.Nightly}, &found)
	if err != nil {
		return found, err
	}
	if r.Nightly {
		err = workflows.RunLong(ctx, "Forget old imports and changes", do.ForgetImports, steps.Tidying{}, nil)
	}
	return found, err
}

// GetRebuild returns how far a rebuild is.
const GetRebuild workflows.Query[catalog.Rebuilt] = "GetRebuild"

// clocksApart is how much the clocks of two machines, and the time between a
// change and its commit, may add up to.
const clocksApart = 2 * time.Minute

// ReindexWorkflow fills a second index from the record while the first one is
// searched, puts it in its place in one moment, and then brings it what
// changed meanwhile: shoppers never see an empty shop, and no change is lost.
func ReindexWorkflow(ctx workflow.Context) (catalog.Rebuilt, error) {
	var done catalog.Rebuilt
	if err := GetRebuild.Handle(ctx, func() (catalog.Rebuilt, error) { return done, nil }); err != nil {
		return done, err
	}
	name := strings.ReplaceAll(workflow.GetInfo(ctx).OriginalRunID, "-", "")
	since := workflow.Now(ctx).Add(-clocksApart)
	shadow := steps.ShadowRef{Name: name}
	err := fill(ctx, steps.ShadowRequest{Name: name}, &done.Put)
	if err == nil {
		err = fill(ctx, steps.ShadowRequest{Name: name, Since: since}, &done.CaughtUp)
	}
	if err == nil {
		err = workflows.RunLong(ctx, "Put the new index in place", do.SwapShadow, shadow, nil)
	}
	if err != nil {
		apart, _ := workflow.NewDisconnectedContext(ctx)
		_ = workflows.RunLong(apart, "Drop the new index", do.DropShadow, shadow, nil) // told below
		return done, err
	}
	// From here on what was written before the swap and is missing after it
	// is put right, the deleted first: they must not be on sale again.
	if err := workflows.RunLong(ctx, "Index what changed meanwhile", do.IndexChanged, steps.ChangedRequest{Since: since}, nil); err != nil {
		return done, err
	}
	return done, workflows.RunLong(ctx, "Compare the new index with the record", do.CompareIndex, steps.CompareRequest{Swapped: true}, &done.Drift)
}

// fill gives the shadow its products, step by step.
func fill(ctx workflow.Context, next steps.ShadowRequest, put *int64) error {
	for {
		var step steps.ShadowStep
		if err := workflows.RunLong(ctx, fmt.Sprintf("Fill the new index after %q", next.After), do.FillShadow, next, &step); err != nil {
			return err
		}
		*put += step.Put
		if next.After = step.After; step.Done {
			return nil
		}
	}
}
