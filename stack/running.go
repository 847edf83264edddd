package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"purser/catalog"
	"purser/engine"
)

// Running holds the addresses of a running stack.
type Running struct {
	API     string `json:"api"`
	Key     string `json:"key"` // an operator's
	Sandbox string `json:"sandbox,omitempty"`
	// PublishableKey and StripeKey are the keys of the sandbox's Stripe; empty if the
	// real one takes the payments.
	PublishableKey string `json:"publishableKey,omitempty"`
	StripeKey      string `json:"stripeKey,omitempty"`
	TemporalUI     string `json:"temporalUi,omitempty"`
	Temporal       string `json:"temporal,omitempty"`
}

// RunningFile is the name of the file with a running stack's addresses in its
// data directory, by which the commands find the stack.
const RunningFile = "running.json"

// Find returns the addresses of the stack that runs on a data directory. It
// returns an error if no stack runs there.
func Find(dir string) (at Running, err error) {
	// A stack that was killed leaves its addresses behind; another process may
	// have the port now and must not receive the key.
	pid, err := engine.Holder(dir)
	if err == nil {
		err = unix.Kill(pid, 0)
	}
	if err != nil {
		return at, fmt.Errorf("no running stack in %s: %w", dir, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, RunningFile))
	if err == nil {
		err = json.Unmarshal(b, &at)
	}
	return at, err
}

// Running returns the addresses of this stack.
func (s *Stack) Running() Running {
	at := Running{API: s.apiURL, Key: s.key, Sandbox: s.sandboxURL, TemporalUI: s.uiURL, Temporal: s.engine}
	if s.cfg.StripeKey == "" {
		at.PublishableKey, at.StripeKey = sandboxPublishableKey, sandboxStripeKey
	}
	return at
}

// SandboxAt returns the address and the keys of the sandbox of another process.
func SandboxAt(url string) Running {
	return Running{Sandbox: url, PublishableKey: sandboxPublishableKey, StripeKey: sandboxStripeKey}
}

// announce writes the addresses to the data directory, for the commands.
func (s *Stack) announce() error {
	b, err := json.MarshalIndent(s.Running(), "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.cfg.Data, RunningFile)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	s.onStop(func() { // the commands must not call a stack that has stopped
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.log.Warn("cannot remove the address file", "error", err)
		}
	})
	return nil
}

// LoadSample fills an empty catalogue with the sample products and sets the sample's
// settings of the search, so that there is something to order. It does nothing where the settings exclude them.
func (s *Stack) LoadSample(ctx context.Context) error {
	if !s.cfg.LoadsSample() {
		return nil
	}
	found, err := s.Records.Products(ctx, 1, "")
	if err != nil || len(found) > 0 {
		return err
	}
	if err := s.Records.PutProducts(ctx, catalog.Sample()); err != nil {
		return err
	}
	_, err = s.Records.PutSearchSettings(ctx, catalog.SampleSearch(), "purser", new(int64(0)))
	if errors.Is(err, catalog.ErrVersion) { // the shop has settings of its own
		return nil
	}
	return err
}

// Wait returns nil when the context ends, or the error of a part that has failed.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// longestPause bounds how long retryInBackground waits between two attempts.
const longestPause = time.Minute

// retryInBackground calls do in the background until it succeeds or the stack
// stops, for tasks that must neither delay nor fail the start. within bounds each
// attempt; 0 means no bound.
func (s *Stack) retryInBackground(what string, within time.Duration, do func(context.Context) error) {
	s.background(func(ctx context.Context) {
		for pause := time.Second; ; pause = min(2*pause, longestPause) {
			trying, done := ctx, func() {}
			if within > 0 {
				trying, done = context.WithTimeout(ctx, within)
			}
			err := do(trying)
			done()
			if err == nil || ctx.Err() != nil {
				return
			}
			s.log.Warn("attempt failed, will retry", "what", what, "error", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
	})
}

// background runs f until the stack stops.
func (s *Stack) background(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	s.onStop(func() {
		cancel()
		<-done
	})
}
