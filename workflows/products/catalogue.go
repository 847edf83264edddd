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

// The IDs of the workflows that maintain the whole catalogue. At most one of each runs
// at a time.
const (
	ReconcileWorkflowID = "catalogue/reconcile"
	ReindexWorkflowID   = "catalogue/reindex"
	CleanUpWorkflowID   = "catalogue/clean-up"
)

// Reconcile is the input of ReconcileWorkflow.
type Reconcile struct {
	Nightly bool `json:"nightly,omitempty"` // also compare the stock
}

// ReconcileWorkflow compares the index with the record, repairs what differs,
// and returns what it found.
func ReconcileWorkflow(ctx workflow.Context, r Reconcile) (catalog.Drift, error) {
	found, err := compareIndex.Remote(ctx, 0, "Compare the index with the record", nil, steps.CompareRequest{Stock: r.Nightly})
	if err != nil {
		return found, err
	}
	if r.Nightly && workflow.GetVersion(ctx, cleanUpApart, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		_, err = forgetImports.Remote(ctx, 0, "Delete old imports and changes", nil, steps.Tidying{})
	}
	return found, err
}

// CleanUpWorkflow deletes old imports, the authors of old changes of products, and
// the bodies of old webhooks. It is a workflow of its own because a comparison waits
// for the index for as long as it is down, and personal data must not be kept for
// that long.
func CleanUpWorkflow(ctx workflow.Context) error {
	_, err := forgetImports.Remote(ctx, 0, "Delete old imports, changes and webhooks", nil, steps.Tidying{})
	return err
}

// GetRebuild returns how far a rebuild of the index is.
const GetRebuild workflows.Query[catalog.Rebuilt] = "GetRebuild"

// clocksApart is the longest sum of the difference between two machines' clocks and
// the time from a change to its commit.
const clocksApart = 2 * time.Minute

// ReindexWorkflow fills a second index from the record while the first one is being
// searched, swaps the two atomically, and then indexes what changed in the
// meantime: shoppers never see an empty shop, and no change is lost.
func ReindexWorkflow(ctx workflow.Context) (catalog.Rebuilt, error) {
	var done catalog.Rebuilt
	if err := GetRebuild.Handle(ctx, "How many products the new index has.", func() (catalog.Rebuilt, error) { return done, nil }); err != nil {
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
		_, err = swapShadow.Remote(ctx, 0, "Put the new index in place", nil, shadow)
	}
	if err != nil {
		cleanup, _ := workflow.NewDisconnectedContext(ctx)
		_, _ = dropShadow.Remote(cleanup, 0, "Drop the new index", nil, shadow) // err is more important
		return done, err
	}
	// What was written before the swap and is missing after it is repaired from
	// here on. Deleted products come first: they must not be on sale again.
	if _, err := indexChanged.Remote(ctx, 0, "Index what changed in the meantime", nil, steps.ChangedRequest{Since: since}); err != nil {
		return done, err
	}
	done.Drift, err = compareIndex.Remote(ctx, 0, "Compare the new index with the record", nil, steps.CompareRequest{Swapped: true})
	return done, err
}

// fill writes the products to the shadow index, step by step, and adds their number
// to put.
func fill(ctx workflow.Context, next steps.ShadowRequest, put *int64) error {
	for {
		step, err := fillShadow.Remote(ctx, 0, fmt.Sprintf("Fill the new index after %q", next.After), nil, next)
		if err != nil {
			return err
		}
		*put += step.Put
		if next.After = step.After; step.Done {
			return nil
		}
	}
}
