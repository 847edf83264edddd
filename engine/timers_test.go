//go:build !lean

package engine_test

import (
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Naps waits for twenty timers of a millisecond, one after the other.
func Naps(ctx workflow.Context) error {
	for range 20 {
		if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// TestShortTimers: a timer of a millisecond fires within milliseconds. By default
// the server fires it up to a second late, unless the queue of timers has been idle.
// A busy machine delays timers too, so that only the fastest quarter counts.
func TestShortTimers(t *testing.T) {
	t.Parallel()
	for name, fresh := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, fresh(t))
			defer e.stop()
			w := worker.New(e.client, "naps", worker.Options{})
			w.RegisterWorkflow(Naps)
			if err := w.Start(); err != nil {
				t.Fatal(err)
			}
			defer w.Stop()
			run, err := e.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "naps"}, Naps)
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Get(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			took := e.timers(t, run.GetID())
			slices.Sort(took)
			if took[len(took)/4] > 200*time.Millisecond {
				t.Errorf("timers of a millisecond took %v", took)
			}
		})
	}
}

// timers returns how long each timer of a workflow took.
func (r *running) timers(t *testing.T, id string) (took []time.Duration) {
	t.Helper()
	began := map[int64]time.Time{}
	for events := r.client.GetWorkflowHistory(t.Context(), id, "", false, 0); events.HasNext(); {
		e, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e.GetTimerStartedEventAttributes() != nil {
			began[e.GetEventId()] = e.GetEventTime().AsTime()
		}
		if fired := e.GetTimerFiredEventAttributes(); fired != nil {
			took = append(took, e.GetEventTime().AsTime().Sub(began[fired.GetStartedEventId()]))
		}
	}
	return took
}
