package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/inbox"
	"purser/records"
	inboxrecords "purser/records/inbox"
)

// TestRedeliver proves REC-8 and WHK-19: an operator gets the reason why an
// event is not delivered again.
func TestRedeliver(t *testing.T) {
	t.Parallel()
	var fails error
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Inbox.Redeliver = func(context.Context, int64, string) (inboxrecords.Item, error) {
			return inboxrecords.Item{ID: 7}, fails
		}
	})
	for _, tt := range []struct {
		err    error
		key    string
		status int
		code   string
	}{
		{key: apitest.OperatorKey, status: http.StatusOK},
		{key: apitest.ShopKey, status: http.StatusForbidden, code: "forbidden"},
		{err: fmt.Errorf("item: %w", inboxrecords.ErrNoItem), key: apitest.OperatorKey, status: http.StatusNotFound, code: "not_found"},
		{err: fmt.Errorf("%w: version 3", inbox.ErrStillParked), key: apitest.OperatorKey, status: http.StatusConflict, code: "wrong_state"},
		{err: inbox.ErrNotNeeded, key: apitest.OperatorKey, status: http.StatusConflict, code: "wrong_state"},
		{err: fmt.Errorf("%w, since then", inbox.ErrPruned), key: apitest.OperatorKey, status: http.StatusGone, code: "pruned"},
	} {
		fails = tt.err
		a := s.Ask("POST", "/v1/inbox/7/again", tt.key, "")
		if a.Status != tt.status || tt.code != "" && a.Problem(t).Code != tt.code {
			t.Errorf("%v by %.4s: %d %s", tt.err, tt.key, a.Status, a.Body)
		}
	}
}

// TestDismiss proves WHK-19: an operator can dismiss an event, with a reason, and gets
// the cause why another event is not dismissed.
func TestDismiss(t *testing.T) {
	t.Parallel()
	var fails error
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Inbox.Dismiss = func(_ context.Context, id int64, by, reason string) (inboxrecords.Item, error) {
			return inboxrecords.Item{ID: id, State: inboxrecords.Dismissed, Note: by + ": " + reason}, fails
		}
	})
	for name, tt := range map[string]struct {
		err    error
		key    string
		body   string
		status int
		says   string
	}{
		"dismissed":          {key: apitest.OperatorKey, body: `{"reason":"another shop's"}`, status: http.StatusOK, says: "another shop's"},
		"no reason":          {key: apitest.OperatorKey, body: `{"reason":""}`, status: http.StatusUnprocessableEntity, says: "reason"},
		"by a shop":          {key: apitest.ShopKey, body: `{"reason":"why"}`, status: http.StatusForbidden, says: "forbidden"},
		"no such event":      {key: apitest.OperatorKey, body: `{"reason":"why"}`, err: inboxrecords.ErrNoItem, status: http.StatusNotFound, says: "not_found"},
		"one that is needed": {key: apitest.OperatorKey, body: `{"reason":"why"}`, err: fmt.Errorf("%w: this one is delivered", inboxrecords.ErrNotDismissible), status: http.StatusConflict, says: "this one is delivered"},
	} {
		fails = tt.err
		if a := s.Ask("POST", "/v1/inbox/7/dismiss", tt.key, tt.body); a.Status != tt.status || !strings.Contains(string(a.Body), tt.says) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// TestInbox proves WHK-19: operators can list the stored events, without their
// bytes.
func TestInbox(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, st := range []inboxrecords.State{inboxrecords.Parked, inboxrecords.Received} {
		it := inboxrecords.Item{Provider: "stripe", EventID: string(st), Type: "t", State: st, Body: []byte("jane@example.com"), Headers: []byte("{}"), Note: "api_version"}
		if _, err := s.Store.Receive(t.Context(), &it); err != nil {
			t.Fatal(err)
		}
	}
	a := s.Ask("GET", "/v1/inbox?state=parked", apitest.OperatorKey, "")
	var p struct {
		Items []struct{ EventID, State, Note string }
	}
	a.Into(t, &p)
	if len(p.Items) != 1 || p.Items[0].EventID != "parked" || p.Items[0].Note != "api_version" || strings.Contains(string(a.Body), "jane") {
		t.Errorf("got %s", a.Body)
	}
}

// TestInboxCounts proves WHK-19: operators can read how many events are stored,
// and the counts of this process.
func TestInboxCounts(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		c.Inbox.Counted = func() (inbox.Counts, inbox.RelayCounts) {
			return inbox.Counts{Fresh: 7, Forged: 3}, inbox.RelayCounts{Delivered: 5}
		}
	})
	it := inboxrecords.Item{Provider: "stripe", EventID: "e", Type: "t", State: inboxrecords.Parked, Body: []byte("{}"), Headers: []byte("{}")}
	if _, err := s.Store.Receive(t.Context(), &it); err != nil {
		t.Fatal(err)
	}
	var got struct {
		States            map[string]int64
		Received, Relayed map[string]int64
	}
	a := s.Ask("GET", "/v1/inbox/counts", apitest.OperatorKey, "")
	a.Into(t, &got)
	if got.States["parked"] != 1 || got.Received["fresh"] != 7 || got.Received["forged"] != 3 || got.Relayed["delivered"] != 5 {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/v1/inbox/counts", apitest.ShopKey, ""); a.Status != http.StatusForbidden {
		t.Errorf("a shop's key: got %d", a.Status)
	}
}
