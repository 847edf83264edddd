package workers

import (
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"purser/activities"
	"purser/workflows"
)

// Pictures makes the worker for pictures: workflows and steps on a queue of
// their own, so many steps at once; 0: two. Each may take as much memory as
// pictures.Limits give it.
func Pictures(c client.Client, a *activities.Pictures, atOnce int) Set {
	set := Set{running: newRunning()}
	w := worker.New(c, workflows.PicturesQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: 8,
		MaxConcurrentWorkflowTaskPollers:       2,
		MaxConcurrentActivityExecutionSize:     or(atOnce, 2),
		MaxConcurrentActivityTaskPollers:       2,
		WorkerStopTimeout:                      stopWithin,
		Interceptors:                           []interceptor.WorkerInterceptor{set.running, &interrupting{}},
	})
	workflows.RegisterPictures(w)
	w.RegisterActivity(a)
	set.workers = append(set.workers, w)
	return set
}
