package images

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	steps "purser/activities/images"
	"purser/activities/products"
	"purser/workflows"
)

// productSteps names the activities that index products; its methods are called
// by the worker, never here.
var productSteps *products.Activities

// ImageDiscarded says that an image is to be deleted; the record says so already.
// It starts DeleteImageWorkflow if no workflow of the image runs; a running
// ImageWorkflow continues as DeleteImageWorkflow.
const ImageDiscarded workflows.Signal[Image] = "ImageDiscarded"

// indexedWithin is how long the deletion of an image's files waits for the index to
// drop the image. An index that is down for longer shows nothing to anybody; when
// it is back, its documents lead to a placeholder until it has caught up. That is
// better than an image that cannot be deleted.
const indexedWithin = time.Hour

// DeleteImageWorkflow deletes an image so that nothing ever links to a missing
// file: it removes the image from its product, then from the index, and only then
// deletes the files. Each step can be repeated, so it goes on after any crash. It
// runs under the ID of ImageWorkflow, so that the two never run at the same time.
func DeleteImageWorkflow(ctx workflow.Context, p Image) error {
	ref := steps.ImageRef{ID: p.ID}
	var w steps.Withdrawal
	err := workflow.ExecuteActivity(imageOptions(ctx, "Take it off its product "+p.SKU, 0), do.WithdrawImage, ref).Get(ctx, &w)
	if err != nil || w.Over {
		return err
	}
	if w.Shown {
		if err := unlist(ctx, w.SKU); err != nil {
			return err
		}
	}
	return workflow.ExecuteActivity(imageOptions(ctx, "Delete its files", 0), do.RemoveImage, ref).Get(ctx, nil)
}

// ImagesWorkflowID returns the ID of the workflow that deletes all discarded images
// of a product.
func ImagesWorkflowID(sku string) string { return "images/" + sku }

// imageRounds is after how many rounds, of a hundred images each, the workflow
// continues as new.
const imageRounds = 50

// DeleteImagesWorkflow deletes the images of a deleted product, a hundred at a time
// and in the order in which DeleteImageWorkflow does it. The record knows which
// are left, so it goes on after any crash.
func DeleteImagesWorkflow(ctx workflow.Context, of steps.Discarded) error {
	for range imageRounds {
		var some steps.Discarded
		err := workflow.ExecuteActivity(imageOptions(ctx, "Take images off "+of.SKU, 0), do.WithdrawImages, of).Get(ctx, &some)
		if err != nil || len(some.IDs) == 0 {
			return err
		}
		if some.Shown {
			if err := unlist(ctx, of.SKU); err != nil {
				return err
			}
		}
		summary := fmt.Sprintf("Delete the files of %d images", len(some.IDs))
		if err := workflow.ExecuteActivity(imageOptions(ctx, summary, 0), do.RemoveImages, some).Get(ctx, nil); err != nil {
			return err
		}
	}
	return workflow.NewContinueAsNewError(ctx, DeleteImagesWorkflow, of)
}

// unlist waits until the index has a product as the record has it now, but no
// longer than indexedWithin.
func unlist(ctx workflow.Context, sku string) error {
	indexing := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              workflows.CatalogueQueue,
		StartToCloseTimeout:    workflows.CallTimeout,
		ScheduleToCloseTimeout: indexedWithin,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: workflows.FirstRetry, BackoffCoefficient: 2, MaximumInterval: workflows.LongestBackoff},
		Summary:                "Index " + sku,
	})
	err := workflow.ExecuteActivity(indexing, productSteps.IndexProducts, products.IndexRequest{SKUs: []string{sku}}).Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	workflow.GetLogger(ctx).Warn("an image's files are deleted, though the index may still link to them", "sku", sku, "error", err)
	return nil
}
