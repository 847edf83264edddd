package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"purser/order"
)

// cost returns how many history events and bytes the workflows of an order have: its own,
// and those that attended it after its end.
func (s *stack) cost(t *testing.T, id order.ID) (events, bytes int64) {
	t.Helper()
	c := s.temporal()
	list, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: "default", Query: fmt.Sprintf("%s AND WorkflowId STARTS_WITH '%s'", ofOrders, id.WorkflowID()),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list.GetExecutions() {
		d, err := c.DescribeWorkflowExecution(t.Context(), w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId())
		if err != nil {
			t.Fatal(err)
		}
		info := d.GetWorkflowExecutionInfo()
		t.Logf("%s: %d events, %d bytes", w.GetExecution().GetWorkflowId(), info.GetHistoryLength(), info.GetHistorySizeBytes())
		events += info.GetHistoryLength()
		bytes += info.GetHistorySizeBytes()
	}
	return events, bytes
}

// TestCost (PERF-3): an order with three parcels, a return and an exchange costs at most 150
// history events, with everything after its end. How many depends on which events of the
// carrier come together, and on tasks that the engine repeats, so that an order that costs more
// is tried again.
func TestCost(t *testing.T) {
	t.Parallel()
	const most, tries = 150, 3
	s := newStack(t, []string{"PURSER_PARCEL_PIECES=1"})
	var all []int64
	for range tries {
		events, bytes := s.threeParcels(t)
		t.Logf("%d events, %d bytes", events, bytes)
		if events > 0 && events <= most {
			return
		}
		all = append(all, events)
	}
	t.Errorf("%v events, want at most %d", all, most)
}

// threeParcels returns what an order costs that goes out in three parcels, of which one piece
// is sent back and one is exchanged.
func (s *stack) threeParcels(t *testing.T) (events, bytes int64) {
	t.Helper()
	p := s.paid(t, wish("mug-blue", 3, "EUR"))
	s.follow(t, p.ID)
	s.sendBack(t, p.ID, "refunded")
	_, kettle := s.exchanged(t, p.ID, "exchanged")
	s.mailed(kettle, order.MailDifference)
	s.mailed(p.ID, order.MailRefunded)
	for deadline := time.Now().Add(testTimeout / 2); slices.Contains(s.running(s.temporal()), p.ID); pause(t, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the order still has work to do")
		}
	}
	if o := s.order(t, p.ID); len(o.Shipments) != 3 || o.Payment().Refunded != 2900 {
		t.Errorf("%d parcels, %d refunded", len(o.Shipments), o.Payment().Refunded)
	}
	return s.cost(t, p.ID)
}
