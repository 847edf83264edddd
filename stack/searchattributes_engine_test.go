//go:build !lean

package stack

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"purser/engine"
	"purser/workflows/orders"
)

// TestSearchAttributesRegistered starts the roles at the same time against an
// engine without the search attributes: each start returns only when an order
// could be started with them.
func TestSearchAttributesRegistered(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	e, err := engine.Start(t.Context(), engine.Config{DataDir: t.TempDir(), UIPort: -1, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	c, err := client.Dial(client.Options{HostPort: e.Address(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	start := func(id string) error {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: id, TaskQueue: "nobody works here", TypedSearchAttributes: orders.StartAttributes(time.Now()),
		}, "OrderWorkflow")
		return err
	}
	if err := start("before"); err == nil || !strings.Contains(strings.ToLower(err.Error()), "search attribute") {
		t.Fatalf("the engine does not reject the unknown search attributes: %v", err)
	}
	var roles errgroup.Group
	for name, role := range map[string]Role{"api": APIOnly, "worker": WorkerOnly, "again": APIOnly} {
		cfg := settings(t, "--temporal-address="+e.Address(), "--drain=0s")
		roles.Go(func() error {
			s, err := Start(t.Context(), cfg, role)
			if err != nil {
				return err
			}
			t.Cleanup(s.Stop)
			return start(name)
		})
	}
	if err := roles.Wait(); err != nil {
		t.Fatal(err)
	}
}
