package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"

	"purser/order"
	"purser/postgrestest"
	"purser/shop"
)

// TestRoles runs the API and the workers as processes of their own against
// another process's engine and sandbox.
func TestRoles(t *testing.T) {
	t.Parallel()
	db := "DATABASE_URL=" + postgrestest.Database(t)
	s := newStack(t, []string{db}, "--ask-after=5s")
	vault := filepath.Join(s.dir, "vault.key") // SEC-1: a secret may be named by its file
	const key = "shop-secret-0123456789"
	env := []string{
		db, "TEMPORAL_ADDRESS=" + s.at.Temporal, "PURSER_SANDBOX_URL=" + s.at.Sandbox, "PURSER_DATA=" + t.TempDir(),
		"PURSER_VAULT_KEY=file:" + vault, "PURSER_API_KEYS=web:shop:" + key,
	}
	worker := launch(t, env, "worker", "--listen=127.0.0.1:0")
	worker.says("PURSER_PUBLIC_URL") // EML-13: without it, it sends no marketing
	api := launch(t, env, "api", "--listen=127.0.0.1:0")
	_, at, _ := strings.Cut(api.says("API at "), "API at ")
	me := fmt.Sprintf("%d@", worker.cmd.Process.Pid)
	s.polled(t, me)

	// The engine chooses a worker for each order; after some, it is this one.
	web := &stack{t: t, at: s.at, shop: &shop.Client{URL: at, Key: key}, shopper: s.shopper}
	worked := false
	for i := 0; i < 20 && !worked; i++ {
		o, err := web.buy(within(t), wish("mug-blue", 1, "EUR"), "")
		if err != nil || o.Status != order.Delivered {
			t.Fatalf("%s: %v", o.Status, err)
		}
		worked = slices.ContainsFunc(s.workersOf(t, o.ID), func(id string) bool { return strings.HasPrefix(id, me) })
	}
	if !worked {
		t.Error("the separate worker did none of 20 orders")
	}
	for name, p := range map[string]*process{"worker": worker, "api": api} {
		if code := p.interrupt(); code != 0 {
			t.Errorf("stopping the %s: exit code %d", name, code)
		}
	}
	if o, err := s.buy(within(t), wish("mug-blue", 1, "EUR"), ""); err != nil || o.Status != order.Delivered {
		t.Errorf("after the roles stopped: %s, %v", o.Status, err)
	}
}

// polled waits until a worker with this identity polls for tasks.
func (s *stack) polled(t *testing.T, identity string) {
	t.Helper()
	c, ctx := s.temporal(), within(t)
	for {
		q, err := c.DescribeTaskQueue(ctx, "orders", enums.TASK_QUEUE_TYPE_WORKFLOW)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range q.GetPollers() {
			if strings.HasPrefix(p.GetIdentity(), identity) {
				return
			}
		}
		pause(t, 100*time.Millisecond)
	}
}

// workersOf returns the identities of the workers that completed tasks of an order.
func (s *stack) workersOf(t *testing.T, id order.ID) (ids []string) {
	t.Helper()
	for it := s.temporal().GetWorkflowHistory(context.WithoutCancel(t.Context()), id.WorkflowID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		if a := e.GetWorkflowTaskStartedEventAttributes(); a != nil {
			ids = append(ids, a.GetIdentity())
		}
	}
	return ids
}

// TestRolesAlone: a role that lacks a setting or the engine does not start, and
// names what is missing.
func TestRolesAlone(t *testing.T) {
	t.Parallel()
	vault := "PURSER_VAULT_KEY=" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name string
		env  []string
		says string
	}{
		{name: "no vault key", says: "PURSER_VAULT_KEY"},
		{name: "no database", env: []string{vault}, says: "DATABASE_URL"},
		{name: "no engine at the address", env: []string{vault, "DATABASE_URL=" + postgrestest.Database(t), "TEMPORAL_ADDRESS=127.0.0.1:1", "PURSER_SANDBOX_URL=http://127.0.0.1:1"}, says: "127.0.0.1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := run(t, append(c.env, "PURSER_DATA="+t.TempDir()), "worker", "--listen=127.0.0.1:0")
			if lines := complaints(stderr + "\n"); code == 0 || len(lines) != 1 || !strings.Contains(stderr, c.says) {
				t.Errorf("exit code %d:\n%s", code, stderr)
			}
		})
	}
}
