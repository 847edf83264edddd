//go:build lean

package engine

import "context"

// Engine cannot be started in this build.
type Engine struct{}

func start(context.Context, Config) (*Engine, error) { return nil, ErrLean }

func prepare(context.Context, Config) error { return ErrLean }

func startService(Config, string, map[string]ServicePorts) (func() error, error) {
	return nil, ErrLean
}

// Address returns "": there is no frontend in this build.
func (e *Engine) Address() string { return "" }

// UIURL returns "": there is no UI in this build.
func (e *Engine) UIURL() string { return "" }

// Stop does nothing.
func (e *Engine) Stop() {}
