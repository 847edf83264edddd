package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
)

// Check asks one part without which this process cannot serve. A partner is no such
// part: its outage must not take us out of service.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

// healthService serves the health checks.
type healthService struct {
	ready  []Check
	server *httpkit.Server
}

// register declares what a load balancer asks, without a key.
func (s *healthService) register(server *httpkit.Server) {
	s.server = server
	httpkit.Register(server, huma.Operation{OperationID: "livez", Method: http.MethodGet, Path: "/livez", Tags: []string{"health"}, Summary: "The process answers", Description: "Answers as long as the process does. If it does not answer, restart the process."}, nil, s.livez)
	httpkit.Register(server, huma.Operation{OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: []string{"health"}, Summary: "Database and engine answer", Description: "503 names what does not answer: the record or the engine; or it says that the process is stopping, which still serves for a moment. A partner that is down does not show here: orders wait for it."}, nil, s.readyz)
}

type health struct {
	Status string `json:"status" enum:"ok"`
}

type healthOutput struct{ Body health }

// livez returns as long as the process does.
func (s *healthService) livez(context.Context, *struct{}) (*healthOutput, error) {
	return &healthOutput{health{"ok"}}, nil
}

// readyz asks our own database and engine, all at once.
func (s *healthService) readyz(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	failed := make([]string, len(s.ready))
	var wg sync.WaitGroup
	for i, c := range s.ready {
		wg.Go(func() {
			if err := c.Ask(ctx); err != nil {
				failed[i] = c.Name + " "
				s.server.Log.WarnContext(ctx, "not ready", "check", c.Name, "error", err)
			}
		})
	}
	wg.Wait()
	if names := strings.TrimSpace(strings.Join(failed, "")); names != "" {
		return nil, httpkit.NewProblem(http.StatusServiceUnavailable, "not_ready", "not ready: "+names).RetryAfter(time.Second)
	}
	return &healthOutput{health{"ok"}}, nil
}
