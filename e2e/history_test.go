package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"

	"purser/order"
)

// engineView describes an order's workflow as the engine knows it: its latest
// events and what is pending. It is for the message of a test that fails.
func (s *stack) engineView(id order.ID) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c := s.temporal()
	var lines []string
	for it := c.GetWorkflowHistory(ctx, id.WorkflowID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			return err.Error()
		}
		lines = append(lines, fmt.Sprintf("%d %s %s %s%s", e.GetEventId(), e.GetEventTime().AsTime().Format("15:04:05.000"), e.GetEventType(),
			e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName(), e.GetMarkerRecordedEventAttributes().GetMarkerName()))
	}
	d, err := c.DescribeWorkflowExecution(ctx, id.WorkflowID(), "")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s\npending task: %v\npending activities: %v",
		strings.Join(lines[max(0, len(lines)-25):], "\n"), d.GetPendingWorkflowTask(), d.GetPendingActivities())
}
