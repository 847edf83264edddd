package images

import (
	"context"
	"time"

	steps "purser/activities/images"
	"purser/activities/products"
	"purser/workflows"
)

// do and productSteps name the activities; their methods are called by the worker,
// never here.
var (
	do           *steps.Activities
	productSteps *products.Activities
)

var (
	takeImage      = imageStep(do.TakeImage)
	renderImage    = imageStep(do.RenderImage)
	publishImage   = imageStep(do.PublishImage)
	attachImage    = imageCommand(do.AttachImage)
	refuseImage    = imageCommand(do.RefuseImage)
	withdrawImage  = imageStep(do.WithdrawImage)
	removeImage    = imageStep(do.RemoveImage)
	withdrawImages = imageStep(do.WithdrawImages)
	removeImages   = imageStep(do.RemoveImages)
	sweepImages    = imageStep(do.SweepImages)

	indexProducts = workflows.NewStep(workflows.CatalogueQueue, productSteps.IndexProducts)
)

const (
	// renderTimeout is for one try; a try without a heartbeat for silentAfter
	// counts as lost and is repeated by another worker.
	renderTimeout = 10 * time.Minute
	silentAfter   = 30 * time.Second
)

// imageStep declares a step on the images' queue, where it has the time that
// rendering takes.
func imageStep[In, Out any](activity func(context.Context, In) (Out, error)) workflows.Step[In, Out] {
	return workflows.NewStep(workflows.ImagesQueue, activity).Long(renderTimeout, silentAfter, workflows.LongestBackoff)
}

// imageCommand is imageStep for an activity that returns only an error.
func imageCommand[In any](activity func(context.Context, In) error) workflows.Step[In, workflows.None] {
	return workflows.NewCommand(workflows.ImagesQueue, activity).Long(renderTimeout, silentAfter, workflows.LongestBackoff)
}
