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

// imageWithin is how long processing an image is retried while the store or the
// record cannot be reached.
const imageWithin = 3 * 24 * time.Hour

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
	for _, s := range []struct {
		summary string
		within  time.Duration
		step    workflows.Step[steps.ImageRef, steps.Verdict]
	}{
		{"Move the file of " + p.SKU, imageWithin, takeImage},
		{"Check, decode once, render all sizes", imageWithin, renderImage},
		{"Publish it in all sizes", 0, publishImage}, // it may be public already: retry without limit
	} {
		v, err := s.step.Remote(ctx, s.within, s.summary, nil, ref)
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
			return quarantine(ctx, p, v)
		}
	}
	_, err := attachImage.Remote(ctx, 0, "Attach it to "+p.SKU, nil, ref)
	return ImageOutcome{Ready: true}, err
}

func quarantine(ctx workflow.Context, p Image, v steps.Verdict) (ImageOutcome, error) {
	r := steps.ImageRefusal{ID: p.ID, Reason: v.Reason, Detail: v.Detail}
	_, err := refuseImage.Remote(ctx, 0, "Into quarantine: "+v.Reason, nil, r)
	return ImageOutcome{Reason: v.Reason, Detail: v.Detail}, err
}

// SweepImagesWorkflow removes what uploads left behind, and starts the workflows
// of images whose processing or deletion never started.
func SweepImagesWorkflow(ctx workflow.Context) (steps.Swept, error) {
	swept, err := sweepImages.Remote(ctx, time.Hour, "Remove what uploads left behind", nil, steps.Sweep{})
	if err != nil {
		return swept, err
	}
	for _, id := range swept.Stranded {
		if err := startChild(ctx, ImageWorkflowID(id), ImageWorkflow, Image{ID: id}); err != nil {
			return swept, err
		}
	}
	for _, id := range swept.Deleting {
		if err := startChild(ctx, ImageWorkflowID(id), DeleteImageWorkflow, Image{ID: id}); err != nil {
			return swept, err
		}
	}
	for _, sku := range swept.Products {
		if err := startChild(ctx, ImagesWorkflowID(sku), DeleteImagesWorkflow, steps.Discarded{SKU: sku}); err != nil {
			return swept, err
		}
	}
	return swept, nil
}

// startChild starts a workflow and does not wait for its end. If one with this ID
// is running, it does nothing.
func startChild[In any, Workflow func(workflow.Context, In) error | func(workflow.Context, In) (ImageOutcome, error)](ctx workflow.Context, id string, child Workflow, in In) error {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: id, TaskQueue: workflows.ImagesQueue,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	})
	err := workflow.ExecuteChildWorkflow(ctx, child, in).GetChildWorkflowExecution().Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	return err
}

// RegisterImages registers the images' workflows with a worker.
func RegisterImages(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(ImageWorkflow)
	r.RegisterWorkflow(DeleteImageWorkflow)
	r.RegisterWorkflow(DeleteImagesWorkflow)
	r.RegisterWorkflow(SweepImagesWorkflow)
}
