package workflows_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/workers"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

// TestReplay (TEST-8, F99) replays the histories recorded from released code,
// one generation per release: a change that would break a running order fails here.
// Package record makes them.
func TestReplay(t *testing.T) {
	for _, file := range histories(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			r := worker.NewWorkflowReplayer()
			workers.RegisterWorkflows(r, orders.Course{})
			if err := r.ReplayWorkflowHistoryFromJSONFile(workflowtest.Quiet(), file); err != nil {
				t.Error(err)
			}
		})
	}
}

// nondeterminism is the SDK's code for a nondeterministic workflow.
const nondeterminism = "TMPRL1100"

// TestReplayCanFail replays the histories against a workflow that takes other steps.
func TestReplayCanFail(t *testing.T) {
	for _, file := range histories(t) {
		r := worker.NewWorkflowReplayer()
		r.RegisterDynamicWorkflow(func(ctx workflow.Context, _ converter.EncodedValues) (orders.Outcome, error) {
			return orders.Outcome{}, workflow.Sleep(ctx, time.Second)
		}, workflow.DynamicRegisterOptions{})
		if err := r.ReplayWorkflowHistoryFromJSONFile(workflowtest.Quiet(), file); err == nil || !strings.Contains(err.Error(), nondeterminism) {
			t.Errorf("%s: %v, want it to be nondeterministic", file, err)
		}
	}
}

func histories(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "histories", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no histories to replay: %v", err)
	}
	return files
}
