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

// PictureWorkflowID is the id of the workflow that makes a picture ready.
func PictureWorkflowID(id string) string { return "picture/" + id }

// SweepPicturesID names the schedule of the sweeps and their workflows.
const SweepPicturesID = "sweep-pictures"

const (
	// pictureWithin is how long a picture is tried to be made ready while the
	// store or the record cannot be reached.
	pictureWithin = 3 * 24 * time.Hour
	// renderTimeout is for one try; a try that says nothing for silentAfter
	// is taken for lost and made elsewhere.
	renderTimeout = 10 * time.Minute
	silentAfter   = 30 * time.Second
)

// do names the steps; its methods are called by the worker, never here.
var do *steps.Activities

// Picture is the input of ImageWorkflow and DeletePictureWorkflow; the SKU may
// be missing.
type Picture struct {
	ID  string `json:"id"`
	SKU string `json:"sku"`
}

// PictureOutcome is how it ended.
type PictureOutcome struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why it was refused
	Detail string `json:"detail,omitempty"`
}

// ImageWorkflow carries a picture from the upload to its product: taken out
// of the browser's reach, looked at, decoded once, made in all its sizes,
// shown in all of them at once. One that is bad is put into quarantine with
// the reason: that is how its story ends, not a failure. One that was discarded
// meanwhile is deleted: only now, when no step of this one can write any more.
func ImageWorkflow(ctx workflow.Context, p Picture) (PictureOutcome, error) {
	outcome, err := makeReady(ctx, p)
	if discarded, ok := PictureDiscarded.ReceiveNow(ctx); ok && !temporal.IsCanceledError(err) {
		return outcome, workflow.NewContinueAsNewError(ctx, DeletePictureWorkflow, discarded)
	}
	return outcome, err
}

func makeReady(ctx workflow.Context, p Picture) (PictureOutcome, error) {
	ref := steps.PictureRef{ID: p.ID}
	for _, step := range []struct {
		summary  string
		within   time.Duration
		activity any
	}{
		{"Take the file of " + p.SKU, pictureWithin, do.TakePicture},
		{"Look, decode once, make all sizes", pictureWithin, do.RenderPicture},
		{"Show it in all sizes", 0, do.PublishPicture}, // it may be shown already: never give up
	} {
		var v steps.Verdict
		err := workflow.ExecuteActivity(onPictures(ctx, step.summary, step.within), step.activity, ref).Get(ctx, &v)
		switch {
		case temporal.IsCanceledError(err):
			return PictureOutcome{}, err
		case err != nil:
			v = steps.Verdict{Reason: "given_up", Detail: workflows.Reason(err)}
		}
		if v.Over {
			return PictureOutcome{}, nil
		}
		if v.Reason != "" {
			return refusePicture(ctx, p, v)
		}
	}
	err := workflow.ExecuteActivity(onPictures(ctx, "Tell "+p.SKU, 0), do.TellPicture, ref).Get(ctx, nil)
	return PictureOutcome{Ready: true}, err
}

func refusePicture(ctx workflow.Context, p Picture, v steps.Verdict) (PictureOutcome, error) {
	r := steps.PictureRefusal{ID: p.ID, Reason: v.Reason, Detail: v.Detail}
	err := workflow.ExecuteActivity(onPictures(ctx, "Into quarantine: "+v.Reason, 0), do.RefusePicture, r).Get(ctx, nil)
	return PictureOutcome{Reason: v.Reason, Detail: v.Detail}, err
}

// onPictures runs a step until it works or the horizon is reached; 0: none.
func onPictures(ctx workflow.Context, summary string, within time.Duration) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              workflows.PicturesQueue,
		StartToCloseTimeout:    renderTimeout,
		ScheduleToCloseTimeout: within,
		HeartbeatTimeout:       silentAfter,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: workflows.FirstRetry, BackoffCoefficient: 2, MaximumInterval: workflows.LongestBackoff},
		Summary:                summary,
	})
}

// SweepPicturesWorkflow removes what uploads left behind, and takes up
// pictures whose workflow never started, be it to make or to delete them.
func SweepPicturesWorkflow(ctx workflow.Context) (steps.Swept, error) {
	var swept steps.Swept
	err := workflow.ExecuteActivity(onPictures(ctx, "Remove what is left over", time.Hour), do.SweepPictures).Get(ctx, &swept)
	if err != nil {
		return swept, err
	}
	if err := takeUp(ctx, swept.Stranded, ImageWorkflow); err != nil {
		return swept, err
	}
	if err := takeUp(ctx, swept.Deleting, DeletePictureWorkflow); err != nil {
		return swept, err
	}
	return swept, takeUpProducts(ctx, swept.Products)
}

// takeUp starts a workflow for each of these pictures; it goes on by itself.
func takeUp(ctx workflow.Context, ids []string, child any) error {
	for _, id := range ids {
		ctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: PictureWorkflowID(id), TaskQueue: workflows.PicturesQueue,
			ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		})
		err := workflow.ExecuteChildWorkflow(ctx, child, Picture{ID: id}).GetChildWorkflowExecution().Get(ctx, nil)
		if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) { // it is under way
			return err
		}
	}
	return nil
}

// takeUpProducts starts a workflow for each product that has several pictures
// to be deleted.
func takeUpProducts(ctx workflow.Context, skus []string) error {
	for _, sku := range skus {
		ctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: PicturesWorkflowID(sku), TaskQueue: workflows.PicturesQueue,
			ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		})
		err := workflow.ExecuteChildWorkflow(ctx, DeletePicturesWorkflow, steps.Discarded{SKU: sku}).GetChildWorkflowExecution().Get(ctx, nil)
		if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) { // it is under way
			return err
		}
	}
	return nil
}

// RegisterPictures gives the pictures' workflows to a worker.
func RegisterPictures(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(ImageWorkflow)
	r.RegisterWorkflow(DeletePictureWorkflow)
	r.RegisterWorkflow(DeletePicturesWorkflow)
	r.RegisterWorkflow(SweepPicturesWorkflow)
}
