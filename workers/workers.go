// Package workers says which workflows and activities run on which task
// queue, how many at once and how fast.
package workers

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"purser/activities"
	"purser/workflows"
)

// Limits are the bulkheads: what each partner may take up in one worker and,
// for Rate, in the whole fleet. Zero means the default.
type Limits struct {
	Workflows int     // workflow tasks at once; default 64
	Record    int     // writes of the record at once; default 32
	Payments  int     // calls to the payment provider at once; default 32
	Parcels   int     // calls to the carrier at once; default 16
	Mail      int     // mails at once; default 16
	Bulk      int     // parts of campaigns at once; default 8
	Catalogue int     // products changed, imported and indexed at once; default 8
	MailRate  float64 // mails a second on the mail queue, over all workers; default unlimited
}

// Set is workers that start and stop together.
type Set struct {
	workers []worker.Worker
	running *running
}

// New makes the workers; Start runs them.
func New(c client.Client, a *activities.Activities, l Limits) Set {
	set := Set{running: newRunning()}
	orders := worker.New(c, workflows.TaskQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: or(l.Workflows, 64),
		MaxConcurrentWorkflowTaskPollers:       16,
		// Ordinary activities have queues of their own. Without this the
		// engine looks for one to hand over with every workflow task.
		LocalActivityWorkerOnly: true,
		// On a starved machine a second passes without any deadlock.
		DeadlockDetectionTimeout: 10 * time.Second,
		WorkerStopTimeout:        stopWithin,
		Interceptors:             []interceptor.WorkerInterceptor{set.running},
	})
	workflows.Register(orders)
	orders.RegisterActivity(a)
	catalogue := worker.New(c, workflows.CatalogueQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: or(l.Catalogue, 8),
		MaxConcurrentWorkflowTaskPollers:       2,
		MaxConcurrentActivityExecutionSize:     or(l.Catalogue, 8),
		MaxConcurrentActivityTaskPollers:       2,
		DeadlockDetectionTimeout:               10 * time.Second,
		WorkerStopTimeout:                      stopWithin,
		Interceptors:                           []interceptor.WorkerInterceptor{set.running, &interrupting{}},
	})
	workflows.Register(catalogue)
	catalogue.RegisterActivity(a)
	set.workers = append(set.workers, orders, catalogue)
	for _, q := range []struct {
		queue string
		most  int
		rate  float64
	}{
		{workflows.RecordQueue, or(l.Record, 32), 0},
		{workflows.PaymentsQueue, or(l.Payments, 32), 0},
		{workflows.ParcelsQueue, or(l.Parcels, 16), 0},
		{workflows.MailQueue, or(l.Mail, 16), l.MailRate},
		{workflows.BulkQueue, or(l.Bulk, 8), 0},
	} {
		w := worker.New(c, q.queue, worker.Options{
			MaxConcurrentActivityExecutionSize: q.most,
			MaxConcurrentActivityTaskPollers:   2,
			TaskQueueActivitiesPerSecond:       q.rate,
			DisableWorkflowWorker:              true,
			// A campaign that is paused learns of it with its next heartbeat.
			MaxHeartbeatThrottleInterval: 2 * time.Second,
			WorkerStopTimeout:            stopWithin,
			Interceptors:                 []interceptor.WorkerInterceptor{set.running},
		})
		w.RegisterActivity(a)
		set.workers = append(set.workers, w)
	}
	return set
}

// Start runs all workers, or none.
func (s Set) Start() error {
	for i, w := range s.workers {
		if err := w.Start(); err != nil {
			Set{s.workers[:i], s.running}.Stop()
			return fmt.Errorf("start worker: %w", err)
		}
	}
	return nil
}

func or(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}
