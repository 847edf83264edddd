//go:build !lean

package starter_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	temporalserver "purser/engine"
	"purser/order"
	"purser/starter"
	"purser/workflows"
	"purser/workflows/orders"
)

// TestUntaken cancels and resolves an order while no worker runs. The engine keeps such an
// update in memory only: the API must not respond that it is in progress (202), because it
// may never be carried out.
func TestUntaken(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	e, err := temporalserver.Start(t.Context(), temporalserver.Config{DataDir: t.TempDir(), UIPort: -1, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	c, err := client.Dial(client.Options{HostPort: e.Address(), Logger: sdklog.NewStructuredLogger(quiet)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := &starter.Client{Temporal: c, Record: recorded(order.AwaitingPayment, ""), Vault: vault{}}
	start := client.StartWorkflowOptions{ID: id.WorkflowID(), TaskQueue: workflows.OrdersQueue}
	if _, err := c.ExecuteWorkflow(t.Context(), start, orders.OrderWorkflow, orders.Placement{ID: id}); err != nil {
		t.Fatal(err)
	}
	for name, send := range map[string]func(context.Context) (order.Order, error){
		"cancel": func(ctx context.Context) (order.Order, error) {
			return s.Cancel(ctx, id, "key:shop", "changed my mind", "corr-1")
		},
		"resolve": func(ctx context.Context) (order.Order, error) {
			return s.Resolve(ctx, id, order.ChooseRelease, "key:ops", "looked at it", "corr-1")
		},
	} {
		ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, err := send(ctx)
		stop()
		if !errors.Is(err, order.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want %v", name, err, order.ErrBusy)
		}
	}
}
