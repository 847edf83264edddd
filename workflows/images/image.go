// Package images has the workflows that make and delete the images of products.
package images

import (
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	steps "purser/activities/images"
	"purser/workflows"
)

// ImageWorkflowID returns the ID of the workflow that processes an image.
func ImageWorkflowID(id string) string { return "image/" + id }

// SweepImagesID is the ID of the schedule of the sweeps and of their workflows.
const SweepImagesID = "sweep-images"

const (
	// imageWithin is how long processing an image is retried while the store or
	// the record cannot be reached.
	imageWithin = 3 * 24 * time.Hour
	// renderTimeout is for one try; a try without a heartbeat for silentAfter
	// counts as lost and is repeated by another worker.
	renderTimeout = 10 * time.Minute
	silentAfter   = 30 * time.Second
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

// Image is the input of ImageWorkflow and DeleteImageWorkflow; the SKU may be
// empty.
type Image struct {
	ID  string `json:"id"`
	SKU string `json:"sku"`
}

// ImageOutcome says how the processing of an image ended.
type ImageOutcome struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why it was refused
	Detail string `json:"detail,omitempty"`
}

// ImageWorkflow carries an image from the upload to its product: it moves the file
// out of the browser's reach, checks it, decodes it once, renders all sizes and
// publishes them at once. A bad image goes into quarantine with the reason, which
// is an outcome and not a failure. An image that was discarded in the meantime is
// deleted at the end, when no step can write its files any more.
func ImageWorkflow(ctx workflow.Context, p Image) (ImageOutcome, error) {
	outcome, err := makeReady(ctx, p)
	if discarded, ok := ImageDiscarded.ReceiveNow(ctx); ok && !temporal.IsCanceledError(err) {
		return outcome, workflow.NewContinueAsNewError(ctx, DeleteImageWorkflow, discarded)
	}
	return outcome, err
}

func makeReady(ctx workflow.Context, p Image) (ImageOutcome, error) {
	ref := steps.ImageRef{ID: p.ID}
	for _, step := range []struct {
		summary  string
		within   time.Duration
		activity any
	}{
		{"Move the file of " + p.SKU, imageWithin, do.TakeImage},
		{"Check, decode once, render all sizes", imageWithin, do.RenderImage},
		{"Publish it in all sizes", 0, do.PublishImage}, // it may be public already: retry without limit
	} {
		var v steps.Verdict
		err := workflow.ExecuteActivity(imageOptions(ctx, step.summary, step.within), step.activity, ref).Get(ctx, &v)
		switch {
		case temporal.IsCanceledError(err):
			return ImageOutcome{}, err
		case err != nil:
			v = steps.Verdict{Reason: "given_up", Detail: workflows.Reason(err)}
		}
		if v.Over {
			return ImageOutcome{}, nil
		}
		if v.Reason != "" {
			return refuseImage(ctx, p, v)
		}
	}
	err := workflow.ExecuteActivity(imageOptions(ctx, "Attach it to "+p.SKU, 0), do.AttachImage, ref).Get(ctx, nil)
	return ImageOutcome{Ready: true}, err
}

func refuseImage(ctx workflow.Context, p Image, v steps.Verdict) (ImageOutcome, error) {
	r := steps.ImageRefusal{ID: p.ID, Reason: v.Reason, Detail: v.Detail}
	err := workflow.ExecuteActivity(imageOptions(ctx, "Into quarantine: "+v.Reason, 0), do.RefuseImage, r).Get(ctx, nil)
	return ImageOutcome{Reason: v.Reason, Detail: v.Detail}, err
}

// imageOptions returns the options of a step that is retried until it succeeds or
// within has passed (0: no limit).
func imageOptions(ctx workflow.Context, summary string, within time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              workflows.ImagesQueue,
		StartToCloseTimeout:    renderTimeout,
		ScheduleToCloseTimeout: within,
		HeartbeatTimeout:       silentAfter,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: workflows.FirstRetry, BackoffCoefficient: 2, MaximumInterval: workflows.LongestBackoff},
		Summary:                summary,
	})
}

// SweepImagesWorkflow removes what uploads left behind, and starts the workflows
// of images whose processing or deletion never started.
func SweepImagesWorkflow(ctx workflow.Context) (steps.Swept, error) {
	var swept steps.Swept
	err := workflow.ExecuteActivity(imageOptions(ctx, "Remove what uploads left behind", time.Hour), do.SweepImages).Get(ctx, &swept)
	if err != nil {
		return swept, err
	}
	if err := startImages(ctx, swept.Stranded, ImageWorkflow); err != nil {
		return swept, err
	}
	if err := startImages(ctx, swept.Deleting, DeleteImageWorkflow); err != nil {
		return swept, err
	}
	return swept, deleteImagesOf(ctx, swept.Products)
}

// startImages starts a workflow for each of these images and does not wait for its
// end.
func startImages(ctx workflow.Context, ids []string, child any) error {
	for _, id := range ids {
		ctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: ImageWorkflowID(id), TaskQueue: workflows.ImagesQueue,
			ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		})
		err := workflow.ExecuteChildWorkflow(ctx, child, Image{ID: id}).GetChildWorkflowExecution().Get(ctx, nil)
		if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) { // it is under way
			return err
		}
	}
	return nil
}

// deleteImagesOf starts a workflow for each of these products, all of whose
// discarded images are to be deleted.
func deleteImagesOf(ctx workflow.Context, skus []string) error {
	for _, sku := range skus {
		ctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: ImagesWorkflowID(sku), TaskQueue: workflows.ImagesQueue,
			ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		})
		err := workflow.ExecuteChildWorkflow(ctx, DeleteImagesWorkflow, steps.Discarded{SKU: sku}).GetChildWorkflowExecution().Get(ctx, nil)
		if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) { // it is under way
			return err
		}
	}
	return nil
}

// RegisterImages registers the images' workflows with a worker.
func RegisterImages(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(ImageWorkflow)
	r.RegisterWorkflow(DeleteImageWorkflow)
	r.RegisterWorkflow(DeleteImagesWorkflow)
	r.RegisterWorkflow(SweepImagesWorkflow)
}
