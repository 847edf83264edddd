package e2e_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// benchBinary builds the bench program once and returns its path.
var benchBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "bench")
	return path, buildProgram(path, "purser/bench")
})

// bench runs the bench program and returns its exit code and what it printed.
func bench(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	path, err := benchBinary()
	if err != nil {
		t.Fatal(err)
	}
	p := launchProgram(t, path, "", nil, args...)
	code = p.wait()
	return code, p.stdout.String(), p.log.String()
}

// TestBenchOrders: the cost of an order is counted from real histories, with the
// engine in the same process and in one of its own (PERF-2, PERF-3).
func TestBenchOrders(t *testing.T) {
	for _, flags := range [][]string{nil, {"--engine-apart"}} {
		args := append([]string{"orders", "--engine=sqlite", "--orders=3", "--at-once=2", "--warm-up=2", "--json"}, flags...)
		code, stdout, stderr := bench(t, args...)
		if code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, stderr)
		}
		var r struct {
			Engine    string  `json:"engine"`
			PerSecond float64 `json:"orders_per_second"`
			Share     float64 `json:"share_of_engine_limit"`
			CPU       float64 `json:"cpu_seconds_per_order"`
			Workflows float64 `json:"workflows_per_order"`
			Events    float64 `json:"history_events_per_order"`
			Bytes     float64 `json:"history_bytes_per_order"`
		}
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatalf("%v: %v in %s", args, err, stdout)
		}
		if r.Engine != "sqlite" || r.PerSecond <= 0 || r.Share <= 0 || r.CPU <= 0 || r.Workflows != 1 {
			t.Errorf("%v: got %+v", args, r)
		}
		if r.Events > 45 || r.Bytes > 15_000 {
			t.Errorf("%v: an order costs %.0f events, %.0f bytes; it may cost 45 and 15,000", args, r.Events, r.Bytes)
		}
	}
}

// TestBenchUsage: wrong usage is reported in one line, with exit code 2.
func TestBenchUsage(t *testing.T) {
	for _, args := range [][]string{{"fly"}, {"orders", "--orders=0"}, {"search", "--products=1"}, {"mail", "--for=1ms"}, {"campaign", "--kills=-1"}, {"images", "--rounds=0"}, {"import", "--rows=0"}} {
		code, stdout, stderr := bench(t, args...)
		if code != 2 || stdout != "" || strings.Contains(stderr, "\n") || !strings.HasPrefix(stderr, "bench: ") {
			t.Errorf("%v: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
}
