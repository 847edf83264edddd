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

// Pictures starts the pictures' workflows.
type Pictures struct{ Temporal client.Client }

// StartPicture starts the workflow that makes a picture ready. Starting it
// again changes nothing.
func (p *Pictures) StartPicture(ctx context.Context, id, sku string) error {
	_, err := p.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: images.PictureWorkflowID(id), TaskQueue: workflows.PicturesQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "A picture of " + sku,
	}, images.ImageWorkflow, images.Picture{ID: id, SKU: sku})
	if err != nil {
		return fmt.Errorf("start picture %s: %w", id, err)
	}
	return nil
}

// DeletePicture has a picture deleted that the record says is to be, as soon as
// nothing else is at work on it. Asking again changes nothing.
func (p *Pictures) DeletePicture(ctx context.Context, id, sku string) error {
	picture := images.Picture{ID: id, SKU: sku}
	_, err := p.Temporal.SignalWithStartWorkflow(ctx, images.PictureWorkflowID(id), string(images.PictureDiscarded), picture,
		client.StartWorkflowOptions{
			TaskQueue:             workflows.PicturesQueue,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary:         "Delete a picture of " + sku,
		}, images.DeletePictureWorkflow, picture)
	if err != nil {
		return fmt.Errorf("delete picture %s: %w", id, err)
	}
	return nil
}

// DeletePicturesOf has all pictures of a product deleted of which the record
// says that they are to be, by one workflow. Asking again changes nothing.
func (p *Pictures) DeletePicturesOf(ctx context.Context, sku string) error {
	_, err := p.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: images.PicturesWorkflowID(sku), TaskQueue: workflows.PicturesQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Delete the pictures of " + sku,
	}, images.DeletePicturesWorkflow, imageactivities.Discarded{SKU: sku})
	if err != nil {
		return fmt.Errorf("delete the pictures of %s: %w", sku, err)
	}
	return nil
}

// InterruptPicture tells whatever is at work on a picture that it is to be
// deleted. It answers false if nothing is.
func (p *Pictures) InterruptPicture(ctx context.Context, id, sku string) (bool, error) {
	err := p.Temporal.SignalWorkflow(ctx, images.PictureWorkflowID(id), "", string(images.PictureDiscarded), images.Picture{ID: id, SKU: sku})
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("interrupt picture %s: %w", id, err)
	}
	return true, nil
}

// SweepPictures has what uploads left behind removed every so often.
func (p *Pictures) SweepPictures(ctx context.Context, every time.Duration) error {
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}}
	schedules := p.Temporal.ScheduleClient()
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: images.SweepPicturesID, Spec: spec,
		Action: &client.ScheduleWorkflowAction{
			ID: images.SweepPicturesID, Workflow: images.SweepPicturesWorkflow, TaskQueue: workflows.PicturesQueue,
			StaticSummary: "Remove what uploads left behind",
		},
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = schedules.GetHandle(ctx, images.SweepPicturesID).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				s := in.Description.Schedule
				s.Spec = &spec
				return &client.ScheduleUpdate{Schedule: &s}, nil
			},
		})
	}
	if err != nil {
		return fmt.Errorf("schedule the sweep of pictures: %w", err)
	}
	return nil
}
