package workflows_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"purser/order"
	"purser/workflows"
)

// TestWaits: operators can list orders by everything that the orders of the saved
// histories waited for, and by every queue on which a step of an order may be delayed.
func TestWaits(t *testing.T) {
	type attributes struct {
		SearchAttributes struct {
			IndexedFields map[string]struct{ Data []byte }
		}
	}
	seen := map[string]bool{}
	for _, file := range histories(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var history struct {
			Events []struct {
				Started *struct {
					attributes
					WorkflowType struct{ Name string }
				} `json:"workflowExecutionStartedEventAttributes"`
				Upserted *attributes `json:"upsertWorkflowSearchAttributesEventAttributes"`
			}
		}
		if err := json.Unmarshal(text, &history); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if kind := history.Events[0].Started.WorkflowType.Name; kind != "OrderWorkflow" && kind != "AftercareWorkflow" {
			continue
		}
		for _, e := range history.Events {
			if e.Started != nil {
				e.Upserted = &e.Started.attributes
			}
			if e.Upserted == nil {
				continue
			}
			var on string
			if data := e.Upserted.SearchAttributes.IndexedFields[workflows.AttrWaiting.GetName()].Data; len(data) > 0 {
				if err := json.Unmarshal(data, &on); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			}
			if on != "" && !slices.Contains(order.Waits(), on) {
				t.Errorf("%s: it waits for %q, by which nobody can list orders", file, on)
			}
			seen[on] = true
		}
	}
	if !seen[order.WaitPayment] || !seen[order.WaitCarrier] || !seen[order.WaitOperator] {
		t.Fatalf("the histories wait for %v", seen)
	}
	for _, queue := range []string{workflows.PaymentsQueue, workflows.ParcelsQueue, workflows.MailQueue} {
		if !slices.Contains(order.Waits(), queue) {
			t.Errorf("nobody can list the orders that wait for %q", queue)
		}
	}
}
