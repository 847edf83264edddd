//go:build !lean

package engine

import (
	"context"
	"fmt"
	"io"

	uiserver "github.com/temporalio/ui-server/v2/server"
	"go.temporal.io/server/temporal"
)

// Engine is a running Temporal server with its UI.
type Engine struct {
	address string
	uiURL   string
	log     serverLog
	server  temporal.Server
	ui      *uiserver.Server // nil: no UI
	store   store

	reserved []io.Closer // ports
}

func start(ctx context.Context, c Config) (*Engine, error) {
	st, err := openStore(c)
	if err != nil {
		return nil, err
	}
	p, err := choosePorts(c)
	if err != nil {
		return nil, err
	}
	e := &Engine{address: hostPort(c.Host, p.frontend), log: newServerLog(c.Logger), store: st, reserved: p.reserved}
	if err := e.run(ctx, c, p); err != nil {
		e.Stop()
		return nil, err
	}
	e.log.enter(started)
	if p.ui != 0 {
		e.startUI(c, p)
	}
	return e, nil
}

// run starts the store and the server, and creates or updates the namespace.
func (e *Engine) run(ctx context.Context, c Config, p ports) error {
	if err := e.store.prepare(ctx); err != nil {
		return err
	}
	persistence := e.store.persistence()
	if err := createNamespace(persistence, c); err != nil {
		return fmt.Errorf("create namespace %s: %w", c.Namespace, err)
	}
	server, err := newServer(c, p, persistence, e.log)
	if err != nil {
		return fmt.Errorf("build Temporal server: %w", err)
	}
	e.server = server
	if err := server.Start(); err != nil {
		return fmt.Errorf("start Temporal server: %w", err)
	}
	return updateNamespace(ctx, e.address, c)
}

// Address returns the frontend's host:port, for workers and clients.
func (e *Engine) Address() string { return e.address }

// UIURL returns the URL of the Web UI, or "" if there is no UI.
func (e *Engine) UIURL() string { return e.uiURL }

// Stop stops the engine. Nothing is lost: every acknowledged write is on disk,
// and open workflows continue when the engine is started again.
func (e *Engine) Stop() {
	e.log.enter(stopping)
	if e.ui != nil {
		e.ui.Stop()
	}
	// These errors report work that was cut short; nobody is left to act on them.
	if e.server != nil {
		_ = e.server.Stop()
	}
	_ = e.store.close()
	for _, r := range e.reserved {
		_ = r.Close()
	}
}
