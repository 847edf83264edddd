package images

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	steps "purser/activities/images"
	"purser/activities/products"
	"purser/text"
	"purser/workflows"
)

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
	w, err := withdrawImage.Remote(ctx, 0, "Take it off its product "+p.SKU, nil, ref)
	if err != nil || w.Over {
		return err
	}
	if w.Shown {
		if err := unlist(ctx, w.SKU); err != nil {
			return err
		}
	}
	_, err = removeImage.Remote(ctx, 0, "Delete its files", nil, ref)
	return err
}

// ImagesWorkflowID returns the ID of the workflow that deletes all discarded images
// of a product.
func ImagesWorkflowID(sku string) string { return "images/" + text.Printable.Encode(sku) }

// imageRounds is after how many rounds, of a hundred images each, the workflow
// continues as new.
const imageRounds = 50

// DeleteImagesWorkflow deletes the images of a deleted product, a hundred at a time
// and in the order in which DeleteImageWorkflow does it. The record knows which
// are left, so it goes on after any crash.
func DeleteImagesWorkflow(ctx workflow.Context, of steps.Discarded) error {
	for range imageRounds {
		some, err := withdrawImages.Remote(ctx, 0, "Take images off "+of.SKU, nil, of)
		if err != nil || len(some.IDs) == 0 {
			return err
		}
		if some.Shown {
			if err := unlist(ctx, of.SKU); err != nil {
				return err
			}
		}
		summary := fmt.Sprintf("Delete the files of %d images", len(some.IDs))
		if _, err := removeImages.Remote(ctx, 0, summary, nil, some); err != nil {
			return err
		}
	}
	return workflow.NewContinueAsNewError(ctx, DeleteImagesWorkflow, of)
}

// unlist waits until the index has a product as the record has it now, but no
// longer than indexedWithin.
func unlist(ctx workflow.Context, sku string) error {
	_, err := indexProducts.Remote(ctx, indexedWithin, "Index "+sku, nil, products.IndexRequest{SKUs: []string{sku}})
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	workflow.GetLogger(ctx).Warn("an image's files are deleted, though the index may still link to them", "sku", sku, "error", err)
	return nil
}
