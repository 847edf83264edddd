package commands_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestLedgerCheckWaits: the command waits for the result of the check that it has
// started, and says how to ask again if that takes too long.
func TestLedgerCheckWaits(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var never atomic.Bool
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch n := asked.Add(1); {
		case r.URL.Path == "/v1/ledger/differences":
			fmt.Fprint(w, `{"differences":[]}`)
		case never.Load() && n > 1:
			<-r.Context().Done()
		case n == 1 && r.URL.Query().Get("check") == "", n == 2 && r.URL.Query().Get("check") == "run-1":
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `{"done":false,"check":"run-1"}`)
		case r.URL.Query().Get("check") == "run-1":
			fmt.Fprint(w, `{"done":true,"check":"run-1","orders":7,"settlements":3}`)
		default:
			t.Errorf("request %d asks for the check %q", n, r.URL.Query().Get("check"))
		}
	}))
	t.Cleanup(api.Close)
	code, out, stderr := typed(t.Context(), "ledger", "check", "--api-url="+api.URL)
	if code != 0 || !strings.Contains(out, "7 orders compared, 0 differ") || !strings.Contains(stderr, "the check is running") {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	asked.Store(0)
	never.Store(true)
	code, out, stderr = typed(t.Context(), "ledger", "check", "--wait=50ms", "--api-url="+api.URL)
	if code != 1 || out != "" || !strings.Contains(stderr, "no result after 50ms and goes on: run purser ledger check again to join it") {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
}
