package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	imageactivities "purser/activities/images"
	"purser/workflows"
	"purser/workflows/images"
)

// Images starts the images' workflows.
type Images struct{ Temporal client.Client }

// StartImage starts the workflow that processes an image. Starting it again changes
// nothing.
func (p *Images) StartImage(ctx context.Context, id, sku string) error {
	_, err := p.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: images.ImageWorkflowID(id), TaskQueue: workflows.ImagesQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "An image of " + sku,
	}, images.ImageWorkflow, images.Image{ID: id, SKU: sku})
	if err != nil {
		return fmt.Errorf("start image %s: %w", id, err)
	}
	return nil
}

// DeleteImage starts the deletion of an image that the record has as discarded. If
// the image is being processed, it is deleted after that. Asking again changes
// nothing.
func (p *Images) DeleteImage(ctx context.Context, id, sku string) error {
	image := images.Image{ID: id, SKU: sku}
	_, err := p.Temporal.SignalWithStartWorkflow(ctx, images.ImageWorkflowID(id), string(images.ImageDiscarded), image,
		client.StartWorkflowOptions{
			TaskQueue:             workflows.ImagesQueue,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary:         "Delete an image of " + sku,
		}, images.DeleteImageWorkflow, image)
	if err != nil {
		return fmt.Errorf("delete image %s: %w", id, err)
	}
	return nil
}

// DeleteImagesOf starts one workflow that deletes all images of a product that the
// record has as discarded. Asking again changes nothing.
func (p *Images) DeleteImagesOf(ctx context.Context, sku string) error {
	_, err := p.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: images.ImagesWorkflowID(sku), TaskQueue: workflows.ImagesQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Delete the images of " + sku,
	}, images.DeleteImagesWorkflow, imageactivities.Discarded{SKU: sku})
	if err != nil {
		return fmt.Errorf("delete the images of %s: %w", sku, err)
	}
	return nil
}

// InterruptImage signals the running workflow of an image that the image is to be
// deleted. It returns false if none runs.
func (p *Images) InterruptImage(ctx context.Context, id, sku string) (bool, error) {
	err := p.Temporal.SignalWorkflow(ctx, images.ImageWorkflowID(id), "", string(images.ImageDiscarded), images.Image{ID: id, SKU: sku})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("interrupt image %s: %w", id, err)
	}
	return true, nil
}

// SweepImages schedules the removal of what uploads left behind, once in each
// interval of every.
func (p *Images) SweepImages(ctx context.Context, every time.Duration) error {
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}}
	schedules := p.Temporal.ScheduleClient()
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: images.SweepImagesID, Spec: spec,
		Action: &client.ScheduleWorkflowAction{
			ID: images.SweepImagesID, Workflow: images.SweepImagesWorkflow, TaskQueue: workflows.ImagesQueue,
			StaticSummary: "Remove what uploads left behind",
		},
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = schedules.GetHandle(ctx, images.SweepImagesID).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				s := in.Description.Schedule
				s.Spec = &spec
				return &client.ScheduleUpdate{Schedule: &s}, nil
			},
		})
	}
	if err != nil {
		return fmt.Errorf("schedule the sweep of images: %w", err)
	}
	return nil
}
