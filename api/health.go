package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Check is one thing without which this process cannot serve. A partner is
// not: its outage must not take us out of service (HLTH-2).
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

// healthRoutes declares what a load balancer asks, without a key.
func (s *server) healthRoutes(a huma.API) {
	register(s, a, huma.Operation{OperationID: "livez", Method: http.MethodGet, Path: "/livez", Tags: []string{"health"}, Summary: "The process answers", Description: "Answers as long as the process does. If it does not answer, restart the process."}, nil, s.livez)
	register(s, a, huma.Operation{OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: []string{"health"}, Summary: "Database and engine answer", Description: "503 names what does not answer: the record or the engine; or it says that the process is stopping, which still serves for a moment. A partner that is down does not show here: orders wait for it."}, nil, s.readyz)
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
