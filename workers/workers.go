// Package workers runs the workers: it says which workflows and activities run on
// which task queue, how many at once and how fast.
package workers

import (
	"fmt"
	"reflect"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"purser/activities/bulks"
	"purser/activities/campaigns"
	"purser/activities/cases"
	"purser/activities/images"
	"purser/activities/imports"
	"purser/activities/inbox"
	"purser/activities/ledger"
	"purser/activities/mails"
	"purser/activities/orders"
	"purser/activities/products"
	"purser/activities/unattended"
	"purser/workflows"
	imageworkflows "purser/workflows/images"
	orderworkflows "purser/workflows/orders"
)

// Limits are the bulkheads: how many tasks of each kind run at once in one process
// and, for MailRate, how many mails per second all workers send together. Zero means
// the default.
type Limits struct {
	Workflows int     // workflow tasks at once; default 64
	Record    int     // writes of the record at once; default 32
	Payments  int     // calls to the payment provider at once; default 32
	Parcels   int     // calls to the carrier at once; default 16
	Mail      int     // mails at once; default 16
	Bulk      int     // parts of campaigns, and of actions on many orders, at once; default 8
	Own       int     // steps of the shop's own at once; default 16
	Catalogue int     // products changed, imported and indexed at once; default 8
	Images    int     // images decoded at once, each of which may use the memory that images.Limits allows; default 2
	MailRate  float64 // mails a second on the mail queue, over all workers; default unlimited
}

// Set is a group of workers that start and stop together.
type Set struct {
	workers []worker.Worker
	polled  []polled
	running *running
}

// Activities are the activities of each subject. A subject that is nil has none in
// this process; without Images there is no worker for images.
type Activities struct {
	Orders    *orders.Activities
	Mails     *mails.Activities
	Campaigns *campaigns.Activities
	Cases     *cases.Activities
	Products  *products.Activities
	Imports   *imports.Activities
	Bulks     *bulks.Activities
	Images    *images.Activities
	Ledger    *ledger.Activities
	Inbox     *inbox.Activities
	// Unattended finds the orders that no workflow attends.
	Unattended *unattended.Activities
	// Own are the steps of the shop's own; usually none.
	Own []Own
}

// Own are steps of the shop's own in the course of an order, and their activities.
type Own struct {
	Steps []orderworkflows.Extension
	// Activities is a pointer to a struct whose methods are the activities. They run on
	// workflows.OwnQueue.
	Activities any
}

// CourseOf returns the orders' workflows with the steps of the shop's own.
func CourseOf(own []Own) (c orderworkflows.Course) {
	for _, o := range own {
		c.Extensions = append(c.Extensions, o.Steps...)
	}
	return c
}

// New returns the workers; Start runs them.
func New(c client.Client, a Activities, l Limits) Set {
	set := Set{running: newRunning()}
	orders := worker.New(c, workflows.OrdersQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: or(l.Workflows, 64),
		MaxConcurrentWorkflowTaskPollers:       16,
		// Ordinary activities have their own queues. Without this the engine
		// looks for an activity task to deliver with every workflow task.
		LocalActivityWorkerOnly: true,
		// On a busy machine a workflow task may take longer than a second
		// without any deadlock.
		DeadlockDetectionTimeout: 10 * time.Second,
		WorkerStopTimeout:        stopWithin,
		Interceptors:             []interceptor.WorkerInterceptor{set.running},
	})
	course := CourseOf(a.Own)
	RegisterWorkflows(orders, course)
	own := a.ownActivities()
	register(orders, append([]any{a.Orders, a.Mails, a.Campaigns, a.Cases, a.Bulks}, own...)...)
	catalogue := worker.New(c, workflows.CatalogueQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: or(l.Catalogue, 8),
		MaxConcurrentWorkflowTaskPollers:       2,
		MaxConcurrentActivityExecutionSize:     or(l.Catalogue, 8),
		MaxConcurrentActivityTaskPollers:       2,
		DeadlockDetectionTimeout:               10 * time.Second,
		WorkerStopTimeout:                      stopWithin,
		Interceptors:                           []interceptor.WorkerInterceptor{set.running, &interrupting{}},
	})
	RegisterWorkflows(catalogue, course)
	register(catalogue, a.Products, a.Imports)
	set.workers = append(set.workers, orders, catalogue)
	set.polled = append(set.polled, polled{workflows.OrdersQueue, forWorkflows}, polled{workflows.CatalogueQueue, forWorkflows})
	queues := []queue{
		{workflows.RecordQueue, or(l.Record, 32), 0, []any{a.Orders, a.Mails, a.Campaigns, a.Cases, a.Unattended, a.Bulks}},
		{workflows.PaymentsQueue, or(l.Payments, 32), 0, []any{a.Orders, a.Ledger, a.Inbox}},
		{workflows.ParcelsQueue, or(l.Parcels, 16), 0, []any{a.Orders}},
		{workflows.MailQueue, or(l.Mail, 16), l.MailRate, []any{a.Mails}},
		{workflows.BulkQueue, or(l.Bulk, 8), 0, []any{a.Campaigns, a.Bulks}},
	}
	if len(own) > 0 {
		queues = append(queues, queue{workflows.OwnQueue, or(l.Own, 16), 0, own})
	}
	for _, q := range queues {
		w := worker.New(c, q.name, worker.Options{
			MaxConcurrentActivityExecutionSize: q.most,
			MaxConcurrentActivityTaskPollers:   2,
			TaskQueueActivitiesPerSecond:       q.rate,
			DisableWorkflowWorker:              true,
			// A campaign that is paused learns of it with its next heartbeat.
			MaxHeartbeatThrottleInterval: 2 * time.Second,
			WorkerStopTimeout:            stopWithin,
			Interceptors:                 []interceptor.WorkerInterceptor{set.running},
		})
		register(w, q.steps...)
		set.workers, set.polled = append(set.workers, w), append(set.polled, polled{q.name, forActivities})
	}
	if a.Images != nil {
		set.workers, set.polled = append(set.workers, imageWorker(c, a.Images, l, set.running)), append(set.polled, polled{workflows.ImagesQueue, forWorkflows})
	}
	return set
}

// queue is a task queue for activities.
type queue struct {
	name  string
	most  int     // at once
	rate  float64 // a second, over all workers; 0: unlimited
	steps []any
}

// ownActivities returns the activities of the shop's own steps.
func (a Activities) ownActivities() (all []any) {
	for _, o := range a.Own {
		all = append(all, o.Activities)
	}
	return all
}

// imageWorker returns the worker for the workflows and activities of images. They
// have a separate queue because decoding an image takes memory.
func imageWorker(c client.Client, a *images.Activities, l Limits, r *running) worker.Worker {
	w := worker.New(c, workflows.ImagesQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: 8,
		MaxConcurrentWorkflowTaskPollers:       2,
		MaxConcurrentActivityExecutionSize:     or(l.Images, 2),
		MaxConcurrentActivityTaskPollers:       2,
		WorkerStopTimeout:                      stopWithin,
		Interceptors:                           []interceptor.WorkerInterceptor{r, &interrupting{}},
	})
	imageworkflows.RegisterImages(w)
	register(w, a)
	return w
}

// register registers the activities of each subject that is not nil.
func register(w worker.Worker, subjects ...any) {
	for _, a := range subjects {
		if !reflect.ValueOf(a).IsNil() {
			w.RegisterActivity(a)
		}
	}
}

// Start starts all workers, or none if one fails.
func (s Set) Start() error {
	for i, w := range s.workers {
		if err := w.Start(); err != nil {
			Set{workers: s.workers[:i], running: s.running}.Stop()
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
