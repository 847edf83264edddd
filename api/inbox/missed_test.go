package inbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// searches is a client of the workflows that returns what a test sets.
type searches struct {
	found order.MissedEvents
	err   error
}

func (s *searches) FindMissedEvents(context.Context) (order.MissedEvents, error) {
	return s.found, s.err
}

// TestMissed (WHK-20): an operator has missed events searched for, and nobody else.
func TestMissed(t *testing.T) {
	t.Parallel()
	w := &searches{found: order.MissedEvents{Since: time.Unix(1790000000, 0).UTC(), Listed: 7, Found: 2}}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.Inbox.Workflows = w })
	for _, tt := range []struct {
		name   string
		key    string
		fails  error
		status int
		says   string
	}{
		{name: "found", key: apitest.OperatorKey, status: http.StatusOK, says: `"found":2`},
		{name: "done", key: apitest.OperatorKey, status: http.StatusOK, says: `"done":true`},
		{name: "a shop's key", key: apitest.ShopKey, status: http.StatusForbidden, says: "forbidden"},
		{name: "a viewer's key", key: apitest.ViewerKey, status: http.StatusForbidden, says: "forbidden"},
		{name: "it takes longer", key: apitest.OperatorKey, fails: context.DeadlineExceeded, status: http.StatusAccepted, says: `"done":false`},
		{name: "it fails", key: apitest.OperatorKey, fails: errors.New("the key may not list events"), status: http.StatusInternalServerError},
	} {
		w.err = tt.fails
		if a := s.Ask("POST", "/v1/inbox/missed", tt.key, ""); a.Status != tt.status || !strings.Contains(string(a.Body), tt.says) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.Status, a.Body, tt.status, tt.says)
		}
	}
}
