package workers

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/timestamppb"

	"purser/activities/images"
	"purser/workflows"
)

// queues says which pollers the engine knows of each task queue.
type queues map[string][]*taskqueue.PollerInfo

func (q queues) DescribeTaskQueue(_ context.Context, queue string, kind enums.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	if (kind == forWorkflows) != (queue == workflows.OrdersQueue) {
		return nil, errors.New("the wrong kind of " + queue)
	}
	if queue == "lost" {
		return nil, errors.New("no engine")
	}
	return &workflowservice.DescribeTaskQueueResponse{Pollers: q[queue]}, nil
}

func poller(identity string, ago time.Duration) *taskqueue.PollerInfo {
	return &taskqueue.PollerInfo{Identity: identity, LastAccessTime: timestamppb.New(time.Now().Add(-ago))}
}

// TestPolling (HLTH-2): a worker polls if the engine has lately seen a poller of this
// very process on each of its task queues.
func TestPolling(t *testing.T) {
	mine := []*taskqueue.PollerInfo{poller("7@other", 0), poller("1@here", time.Minute)}
	for _, tt := range []struct {
		name string
		at   queues
		more string // a further task queue
		want string
	}{
		{name: "all", at: queues{workflows.OrdersQueue: mine, workflows.MailQueue: mine}},
		{name: "only another process", at: queues{workflows.OrdersQueue: mine, workflows.MailQueue: {poller("7@other", 0)}}, want: "task queue mail is not polled"},
		{name: "long ago", at: queues{workflows.OrdersQueue: {poller("1@here", 10*time.Minute)}, workflows.MailQueue: mine}, want: "task queue orders is not polled"},
		{name: "nobody", want: "task queue orders is not polled\ntask queue mail is not polled"},
		{name: "no engine", at: queues{workflows.OrdersQueue: mine, workflows.MailQueue: mine}, more: "lost", want: "task queue lost: no engine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := Set{polled: []polled{{workflows.OrdersQueue, forWorkflows}, {workflows.MailQueue, forActivities}}}
			if tt.more != "" {
				set.polled = append(set.polled, polled{tt.more, forActivities})
			}
			got := ""
			if err := set.Polling(t.Context(), tt.at, "1@here"); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPolledQueues: every worker's task queue is looked at.
func TestPolledQueues(t *testing.T) {
	c, err := client.NewLazyClient(client.Options{Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	set := New(c, Activities{Images: &images.Activities{}}, Limits{})
	if len(set.polled) != len(set.workers) {
		t.Errorf("%d workers poll, and %d queues are looked at", len(set.workers), len(set.polled))
	}
}
