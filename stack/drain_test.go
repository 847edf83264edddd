package stack

import (
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"purser/workflows"
)

// TestDrain (HLTH-2): an API that stops reports at /readyz that it is not ready
// while it still serves, and closes after that.
func TestDrain(t *testing.T) {
	t.Parallel()
	cluster := frontend{has: workflows.SearchAttributes()}.serve(t)
	const drain = 3 * time.Second
	s, err := Start(t.Context(), settings(t, "--temporal-address="+cluster, "--drain="+drain.String()), APIOnly)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) (int, error) {
		resp, err := http.Get(s.Running().API + path)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if status, err := ask("/readyz"); status != http.StatusOK {
		t.Errorf("before: %d, %v", status, err)
	}
	began, stopped := time.Now(), make(chan struct{})
	go func() { s.Stop(); close(stopped) }()
	for {
		status, err := ask("/readyz")
		if err != nil {
			t.Fatalf("it closed before it reported that it is not ready: %v", err)
		}
		if status == http.StatusServiceUnavailable {
			break
		}
	}
	if status, err := ask("/livez"); status != http.StatusOK {
		t.Errorf("while it drains: %d, %v", status, err)
	}
	<-stopped
	if took := time.Since(began); took < drain {
		t.Errorf("it stopped after %s", took)
	}
	if status, err := ask("/livez"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after: %d, %v", status, err)
	}
}
