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

// ImageDiscarded says that an image is to be deleted, as the record has it
// already. It starts DeleteImageWorkflow if nothing is at work on the
// image; an ImageWorkflow that is becomes one.
const ImageDiscarded workflows.Signal[Image] = "ImageDiscarded"

// indexedWithin is how long the files of an image wait for the index to have
// let go of it. A search that is down for longer shows nobody anything; what
// it says when it is back leads to a placeholder, for the moment until it has
// caught up. That is better than an image that cannot be got rid of.
const indexedWithin = time.Hour

// DeleteImageWorkflow deletes an image so that nothing ever leads to a file
// that is gone: its product shows it no more, then the index, and only then
// the files go. Each step can be done again, so it goes on after any crash. It
// runs under the ID of ImageWorkflow: the two never work at the same time.
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

// ImagesWorkflowID is the ID of the workflow that deletes all images of a
// product that are to be deleted.
func ImagesWorkflowID(sku string) string { return "images/" + sku }

// imageRounds is after how many steps of a hundred images the history
// is begun again.
const imageRounds = 50

// DeleteImagesWorkflow deletes the images of a product that was deleted,
// however many it has had, one hundred after the other and each as
// DeleteImageWorkflow does. What is left is in the record, so it goes on
// after any crash.
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

// unlist waits until the index shows a product as the record has it now, but
// no longer than indexedWithin.
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
	workflow.GetLogger(ctx).Warn("an image's files go though the index may still lead there", "sku", sku, "error", err)
	return nil
}
