package workers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"
)

const (
	forWorkflows  = enums.TASK_QUEUE_TYPE_WORKFLOW
	forActivities = enums.TASK_QUEUE_TYPE_ACTIVITY
)

// polled is a task queue that a worker of the set polls.
type polled struct {
	queue string
	kind  enums.TaskQueueType
}

// pollsEvery is longer than one poll lasts: a poller that the engine has not seen for
// so long is gone.
const pollsEvery = 3 * time.Minute

// describer is the part of the client that Polling uses.
type describer interface {
	DescribeTaskQueue(ctx context.Context, queue string, kind enums.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
}

// Polling returns an error that names the task queues which, as the engine sees it,
// no worker with this identity polls.
func (s Set) Polling(ctx context.Context, c describer, identity string) error {
	var all errgroup.Group
	missing := make([]error, len(s.polled))
	for i, p := range s.polled {
		all.Go(func() error {
			q, err := c.DescribeTaskQueue(ctx, p.queue, p.kind)
			if err != nil {
				return fmt.Errorf("task queue %s: %w", p.queue, err)
			}
			if !slices.ContainsFunc(q.GetPollers(), func(p *taskqueue.PollerInfo) bool {
				return p.GetIdentity() == identity && time.Since(p.GetLastAccessTime().AsTime()) < pollsEvery
			}) {
				missing[i] = fmt.Errorf("task queue %s is not polled", p.queue)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	return errors.Join(missing...)
}
