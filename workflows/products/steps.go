package products

import (
	"time"

	steps "purser/activities/products"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

var (
	changeProduct = workflows.NewStep(workflows.CatalogueQueue, do.ChangeProduct)
	indexProducts = workflows.NewStep(workflows.CatalogueQueue, do.IndexProducts)
)

// The steps that maintain the whole index take long. They run only on their queue,
// are retried until they succeed, and keep their progress as they go.
var (
	compareIndex  = workflows.NewStep(workflows.CatalogueQueue, do.CompareIndex).Long(time.Hour, 30*time.Second, time.Minute)
	forgetImports = workflows.NewCommand(workflows.CatalogueQueue, do.ForgetImports).Long(time.Hour, 30*time.Second, time.Minute)
	fillShadow    = workflows.NewStep(workflows.CatalogueQueue, do.FillShadow).Long(time.Hour, 30*time.Second, time.Minute)
	swapShadow    = workflows.NewCommand(workflows.CatalogueQueue, do.SwapShadow).Long(time.Hour, 30*time.Second, time.Minute)
	dropShadow    = workflows.NewCommand(workflows.CatalogueQueue, do.DropShadow).Long(time.Hour, 30*time.Second, time.Minute)
	indexChanged  = workflows.NewStep(workflows.CatalogueQueue, do.IndexChanged).Long(time.Hour, 30*time.Second, time.Minute)
)
