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

// ImageWorkflowID is the id of the workflow that makes an image ready.
func ImageWorkflowID(id string) string { return "image/" + id }

// SweepImagesID names the schedule of the sweeps and their workflows.
const SweepImagesID = "sweep-images"

const (
	// imageWithin is how long an image is tried to be made ready while the
	// store or the record cannot be reached.
	imageWithin = 3 * 24 * time.Hour
	// renderTimeout is for one try; a try that says nothing for silentAfter
	// is taken for lost and made elsewhere.
	renderTimeout = 10 * time.Minute
	silentAfter   = 30 * time.Second
)

// do names the steps; its methods are called by the worker, never here.
var do *steps.Activities

// Image is the input of ImageWorkflow and DeleteImageWorkflow; the SKU may
// be missing.
type Image struct {
	ID  string `json:"id"`
	SKU string `json:"sku"`
}

// ImageOutcome is how it ended.
type ImageOutcome struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why it was refused
	Detail string `json:"detail,omitempty"`
}

// ImageWorkflow carries an image from the upload to its product: taken out
// of the browser's reach, looked at, decoded once, made in all its sizes,
// shown in all of them at once. One that is bad is put into quarantine with
// the reason: that is how its story ends, not a failure. One that was discarded
// meanwhile is deleted: only now, when no step of this one can write any more.
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
		{"Take the file of " + p.SKU, imageWithin, do.TakeImage},
		{"Look, decode once, make all sizes", imageWithin, do.RenderImage},
		{"Show it in all sizes", 0, do.PublishImage}, // it may be shown already: never give up
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
	err := workflow.ExecuteActivity(imageOptions(ctx, "Tell "+p.SKU, 0), do.AttachImage, ref).Get(ctx, nil)
	return ImageOutcome{Ready: true}, err
}

func refuseImage(ctx workflow.Context, p Image, v steps.Verdict) (ImageOutcome, error) {
	r := steps.ImageRefusal{ID: p.ID, Reason: v.Reason, Detail: v.Detail}
	err := workflow.ExecuteActivity(imageOptions(ctx, "Into quarantine: "+v.Reason, 0), do.RefuseImage, r).Get(ctx, nil)
	return ImageOutcome{Reason: v.Reason, Detail: v.Detail}, err
}

// imageOptions runs a step until it works or the horizon is reached; 0: none.
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

// SweepImagesWorkflow removes what uploads left behind, and takes up
// images whose workflow never started, be it to make or to delete them.
func SweepImagesWorkflow(ctx workflow.Context) (steps.Swept, error) {
	var swept steps.Swept
	err := workflow.ExecuteActivity(imageOptions(ctx, "Remove what is left over", time.Hour), do.SweepImages).Get(ctx, &swept)
	if err != nil {
		return swept, err
	}
	if err := takeUp(ctx, swept.Stranded, ImageWorkflow); err != nil {
		return swept, err
	}
	if err := takeUp(ctx, swept.Deleting, DeleteImageWorkflow); err != nil {
		return swept, err
	}
	return swept, takeUpProducts(ctx, swept.Products)
}

// takeUp starts a workflow for each of these images; it goes on by itself.
func takeUp(ctx workflow.Context, ids []string, child any) error {
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

// takeUpProducts starts a workflow for each product that has several images
// to be deleted.
func takeUpProducts(ctx workflow.Context, skus []string) error {
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

// RegisterImages gives the images' workflows to a worker.
func RegisterImages(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(ImageWorkflow)
	r.RegisterWorkflow(DeleteImageWorkflow)
	r.RegisterWorkflow(DeleteImagesWorkflow)
	r.RegisterWorkflow(SweepImagesWorkflow)
}
