package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/api/httpkit"
	"purser/records"
)

// TestHealth proves HLTH-2: readiness depends on our own dependencies only, and
// the response names the one that fails.
func TestHealth(t *testing.T) {
	t.Parallel()
	var broken error
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Ready = []httpkit.Check{{Name: "record", Ask: store.Ping}, {Name: "engine", Ask: func(context.Context) error { return broken }}}
	})
	for _, path := range []string{"/livez", "/readyz"} {
		if a := s.Ask("GET", path, "", ""); a.Status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
	broken = errors.New("dial 10.0.0.7: refused")
	a := s.Ask("GET", "/readyz", "", "")
	if p := a.Problem(t); a.Status != 503 || p.Code != "not_ready" || !strings.Contains(p.Detail, "engine") || strings.Contains(p.Detail, "10.0.0.7") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/livez", "", ""); a.Status != http.StatusOK {
		t.Errorf("livez while not ready: got %d", a.Status)
	}
}
