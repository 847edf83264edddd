package e2e_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"
)

// sameVersion compares the version that the program prints with its stamp and with
// the version that its API reports.
func (s *stack) sameVersion(t *testing.T) {
	t.Helper()
	var doc struct{ Info struct{ Version string } }
	send(t, http.MethodGet, s.at.API+"/openapi.json", "", nil).decode(t, &doc)
	code, stdout, _ := run(t, nil, "--version")
	if want := fmt.Sprintf("purser %s (commit %s, %s)\n", doc.Info.Version, commit, runtime.Version()); code != 0 || stdout != want {
		t.Errorf("exit code %d, %q, want %q", code, stdout, want)
	}
}
