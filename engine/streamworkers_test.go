//go:build !lean

package engine

import (
	"bytes"
	"log/slog"
	"runtime"
	"testing"
)

// TestStreamWorkers checks that the server's gRPC servers keep goroutines for their
// calls: a release of Temporal that ignored the options would cost a fifth more work
// and say nothing.
func TestStreamWorkers(t *testing.T) {
	before := streamWorkersRunning()
	e, err := Start(t.Context(), Config{DataDir: t.TempDir(), UIPort: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	const servers = 3 // frontend, history and matching
	if n := streamWorkersRunning() - before; n < servers*streamWorkers {
		t.Errorf("%d goroutines wait for calls, want at least %d", n, servers*streamWorkers)
	}
}

func streamWorkersRunning() int {
	stacks := make([]byte, 16<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Count(stacks, []byte("grpc.(*Server).serverWorker("))
}
