package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"purser/order"
)

// open describes a workflow that is open.
func (s *stack) open() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	resp, err := s.temporal().ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: `ExecutionStatus = "Running"`})
	if err != nil || len(resp.GetExecutions()) == 0 {
		return fmt.Sprint("none found ", err)
	}
	id := resp.GetExecutions()[0].GetExecution().GetWorkflowId()
	return id + "\n" + s.engineView(order.ID(strings.TrimPrefix(id, "order/")))
}

// engineView is what the engine knows of an order's workflow: its latest
// events and what is pending. It is for the report of a test that failed.
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
	req, _ := http.NewRequest("GET", s.at.Sandbox+"/carrier/v1/labels?reference="+string(id)+"-1", nil)
	req.Header.Set("Authorization", "Bearer carrier_sandbox")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		b, _ := io.ReadAll(resp.Body)
		lines = append(lines, string(b))
	}
	return fmt.Sprintf("%s\npending task: %v\npending activities: %v",
		strings.Join(lines[max(0, len(lines)-25):], "\n"), d.GetPendingWorkflowTask(), d.GetPendingActivities())
}
