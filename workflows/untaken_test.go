package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
)

// TestUntaken: an update that was not accepted in time is reported as such; the error of
// a caller who has gone, and any other error, stays as it is.
func TestUntaken(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	late, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()
	untaken, refused := client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded), errors.New("refused")
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		busy bool
	}{
		{name: "the engine's own timeout", ctx: t.Context(), err: untaken, busy: true},
		{name: "the caller's deadline", ctx: late, err: untaken, busy: true},
		{name: "a caller who has gone", ctx: gone, err: untaken},
		{name: "another error", ctx: t.Context(), err: refused},
		{name: "another error at the deadline", ctx: late, err: refused},
		{name: "success", ctx: gone},
	} {
		got := workflows.Untaken(tt.ctx, tt.err)
		if errors.Is(got, order.ErrBusy) != tt.busy || !tt.busy && got != tt.err {
			t.Errorf("%s: %v, want busy: %t", tt.name, got, tt.busy)
		}
	}
}
