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

// Running says where a running stack is.
type Running struct {
	API            string `json:"api"`
	Key            string `json:"key"` // an operator's
	Sandbox        string `json:"sandbox,omitempty"`
	PublishableKey string `json:"publishableKey,omitempty"`
	TemporalUI     string `json:"temporalUi,omitempty"`
	Temporal       string `json:"temporal,omitempty"`
}

// RunningFile is what a running stack leaves in its data directory, so that
// the commands find it.
const RunningFile = "running.json"

// Find returns where the stack is that runs in a data directory.
func Find(dir string) (at Running, err error) {
	// A stack that was killed leaves its address behind; whoever has the port
	// now must not be shown the key.
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

// Running says where this stack is.
func (s *Stack) Running() Running {
	return Running{
		API: s.apiURL, Key: s.key, Sandbox: s.sandboxURL, PublishableKey: sandboxPublishableKey, TemporalUI: s.uiURL, Temporal: s.engine,
	}
}

// announce leaves the addresses in the data directory for the commands.
func (s *Stack) announce() error {
	b, err := json.MarshalIndent(s.Running(), "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.cfg.Data, RunningFile)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	s.onStop(func() { // a stack that is gone must not be called
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.log.Warn("stale address file", "error", err)
		}
	})
	return nil
}

// LoadSample fills an empty catalogue, so that there is something to order. It
// does nothing where the settings rule the sample products out.
func (s *Stack) LoadSample(ctx context.Context) error {
	if !s.cfg.LoadsSample() {
		return nil
	}
	found, err := s.Records.Products(ctx, 1, "")
	if err != nil || len(found) > 0 {
		return err
	}
	return s.Records.PutProducts(ctx, catalog.Sample())
}

// Wait holds until the context ends or a part fails.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// longestPause bounds how long insist rests between two tries.
const longestPause = time.Minute

// retryInBackground does, in the background, what the start neither waits for nor fails
// over: it is tried until it has worked or the stack stops. within bounds each
// try; 0: nothing does.
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
			s.log.Warn("not done yet, tried again soon", "what", what, "error", err)
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
