package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
)

// healthService serves the health checks.
type healthService struct {
	ready        []httpkit.Check
	installation string
	server       *httpkit.Server
}

// register declares the operations for load balancers, which need no key.
func (s *healthService) register(server *httpkit.Server) {
	s.server = server
	httpkit.Register(server, huma.Operation{OperationID: "livez", Method: http.MethodGet, Path: "/livez", Tags: []string{"health"}, Summary: "Check that the process is alive", Description: "Responds as long as the process runs. If it does not respond, restart the process."}, nil, s.livez)
	httpkit.Register(server, huma.Operation{OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: []string{"health"}, Summary: "Check that the process can serve", Description: "503 names the dependency that does not respond (the database or the engine), or says that the process is shutting down; requests are still served for a moment then. A partner's outage is not reported here: orders wait for the partner."}, nil, s.readyz)
}

type health struct {
	Status string `json:"status" enum:"ok"`
}

type healthOutput struct{ Body health }

type aliveOutput struct {
	Body struct {
		Status       string `json:"status" enum:"ok"`
		Installation string `json:"installation,omitempty" doc:"Identifies the processes that share a vault key. By it purser check --live recognises that the public address leads to them"`
	}
}

// livez responds as long as the process runs.
func (s *healthService) livez(context.Context, *struct{}) (*aliveOutput, error) {
	out := &aliveOutput{}
	out.Body.Status, out.Body.Installation = "ok", s.installation
	return out, nil
}

// readyz runs all checks and fails if one of them does.
func (s *healthService) readyz(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	if p := httpkit.Unready(ctx, s.ready, s.server.Log); p != nil {
		return nil, p
	}
	return &healthOutput{health{"ok"}}, nil
}
