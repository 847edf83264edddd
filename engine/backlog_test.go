//go:build !lean

package engine_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/engine"
)

// TestBacklogAfterCrash (F88): the tasks that waited when the process was killed come
// before those that came later.
func TestBacklogAfterCrash(t *testing.T) {
	t.Parallel()
	const backlog, waiting = "backlog", 20
	add := func(e *running, name string) {
		for i := range waiting {
			if _, err := e.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: fmt.Sprint(name, i), TaskQueue: backlog}, "Note"); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir, killed := t.TempDir(), t.TempDir()
	first := start(t, engine.Config{DataDir: dir})
	add(first, "old")
	awaitTransferred(t, filepath.Join(dir, "temporal.db"))
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil { // as a process that is killed leaves it
		t.Fatal(err)
	}
	first.stop()

	second := start(t, engine.Config{DataDir: killed})
	defer second.stop()
	add(second, "new")
	done := make(chan string, 2*waiting)
	w := worker.New(second.client, backlog, worker.Options{MaxConcurrentWorkflowTaskExecutionSize: 2, MaxConcurrentWorkflowTaskPollers: 2})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		done <- workflow.GetInfo(ctx).WorkflowExecution.ID
		return nil
	}, workflow.RegisterOptions{Name: "Note"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	var all []string
	later := 0
	for i := range 2 * waiting {
		id := <-done
		if all = append(all, id); i < waiting && strings.HasPrefix(id, "new") {
			later++
		}
	}
	if later > 2 { // two tasks run at a time
		t.Errorf("%d of %d tasks that came after the crash were done before those that waited: %v", later, waiting, all)
	}
}

// awaitTransferred waits until the server knows for certain that all tasks wait on their
// queues. Before, it would put them there once more after a crash.
func awaitTransferred(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for left := 1; left > 0; time.Sleep(100 * time.Millisecond) {
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM transfer_tasks").Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
}
