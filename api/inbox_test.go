package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"purser/api"
	"purser/inbox"
	"purser/records"
)

// TestAgain (REC-8, WHK-19): an operator is told why an event is not delivered
// once more.
func TestAgain(t *testing.T) {
	t.Parallel()
	var fails error
	s := setUp(t, func(c *api.Config) {
		c.Again = func(context.Context, int64, string) (records.Item, error) { return records.Item{ID: 7}, fails }
	})
	for _, tt := range []struct {
		err    error
		key    string
		status int
		code   string
	}{
		{nil, operatorKey, http.StatusOK, ""},
		{nil, shopKey, http.StatusForbidden, "forbidden"},
		{fmt.Errorf("item: %w", records.ErrNoItem), operatorKey, http.StatusNotFound, "not_found"},
		{fmt.Errorf("%w: version 3", inbox.ErrStillParked), operatorKey, http.StatusConflict, "wrong_state"},
		{inbox.ErrNoNews, operatorKey, http.StatusConflict, "wrong_state"},
		{fmt.Errorf("%w, since then", inbox.ErrPruned), operatorKey, http.StatusGone, "pruned"},
	} {
		fails = tt.err
		a := s.ask("POST", "/v1/inbox/7/again", tt.key, "")
		if a.status != tt.status || tt.code != "" && a.problem(t).Code != tt.code {
			t.Errorf("%v by %.4s: %d %s", tt.err, tt.key, a.status, a.body)
		}
	}
}
