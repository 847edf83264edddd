package orders

import (
	"context"
	"errors"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"
)

// Cost is the cost of one workflow to the engine.
type Cost struct {
	Events  int // history events
	Bytes   int // their size on the wire
	Actions int // the actions that Temporal Cloud would bill
	Shape   Shape
}

// Shape is the skeleton of a workflow: enough to build an empty one that
// makes the engine do the same work.
type Shape struct {
	Locals     []int // local activities in each workflow task
	Activities int   // activities that are not local
	Signals    int
	Timers     int
}

// CostOf returns the cost of a workflow, from its history.
func CostOf(ctx context.Context, c client.Client, workflowID string) (Cost, error) {
	var cost Cost
	iter := c.GetWorkflowHistory(ctx, workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iter.HasNext() {
		e, err := iter.Next()
		if err != nil {
			return Cost{}, err
		}
		cost.add(e)
	}
	if cost.Events == 0 {
		return Cost{}, errors.New("the history is empty")
	}
	return cost, nil
}

// add counts one event. Billable actions follow
// https://docs.temporal.io/cloud/actions: a start, a timer, an activity, a
// signal, an update and a search attribute upsert are one each; all local
// activities of one workflow task are one together.
func (c *Cost) add(e *history.HistoryEvent) {
	c.Events++
	c.Bytes += proto.Size(e)
	switch e.GetEventType() {
	case enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		c.Shape.Locals = append(c.Shape.Locals, 0)
	case enums.EVENT_TYPE_MARKER_RECORDED:
		if e.GetMarkerRecordedEventAttributes().GetMarkerName() != "LocalActivity" {
			c.Actions++
			return
		}
		task := &c.Shape.Locals[len(c.Shape.Locals)-1]
		if *task == 0 {
			c.Actions++
		}
		*task++
	case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		c.Shape.Activities++
		c.Actions++
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		c.Shape.Signals++
		c.Actions++
	case enums.EVENT_TYPE_TIMER_STARTED:
		c.Shape.Timers++
		c.Actions++
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
		enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		c.Actions++
	}
}
