package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Check is one thing without which this process cannot serve. A partner is
// not: its outage must not take us out of service (HLTH-2).
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

type health struct {
	Status string `json:"status" enum:"ok"`
}

type healthOutput struct{ Body health }

// livez says that the process answers.
func (s *server) livez(context.Context, *struct{}) (*healthOutput, error) {
	return &healthOutput{health{"ok"}}, nil
}

// readyz asks our own database and engine, all at once.
func (s *server) readyz(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	failed := make([]string, len(s.Ready))
	var wg sync.WaitGroup
	for i, c := range s.Ready {
		wg.Go(func() {
			if err := c.Ask(ctx); err != nil {
				failed[i] = c.Name + " "
				s.Log.WarnContext(ctx, "not ready", "check", c.Name, "error", err)
			}
		})
	}
	wg.Wait()
	if names := strings.TrimSpace(strings.Join(failed, "")); names != "" {
		return nil, problem(http.StatusServiceUnavailable, "not_ready", "not ready: "+names).retry(time.Second)
	}
	return &healthOutput{health{"ok"}}, nil
}
