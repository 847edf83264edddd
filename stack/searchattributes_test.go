package stack

import (
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"purser/config"
	"purser/engine"
	"purser/postgrestest"
	"purser/workflows"
)

// settings returns the configuration of a role that runs against an engine
// elsewhere.
func settings(t *testing.T, flags ...string) *config.Config {
	t.Helper()
	return parsed(t, append([]string{
		"--data=" + t.TempDir(), "--listen=127.0.0.1:0", "--vault-key=" + strings.Repeat("0", 64), "--log-level=error",
		"--api-keys=web:shop:0123456789abcdef", "--sandbox-url=http://127.0.0.1:1", "--database-url=" + postgrestest.Database(t),
	}, flags...)...)
}

// frontend is the frontend of a cluster that does not permit adding search
// attributes.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	operatorservice.UnimplementedOperatorServiceServer

	has        map[string]enums.IndexedValueType
	namespaces []string // nil: it knows every namespace
}

func (f frontend) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: f.has}, nil
}

func (frontend) AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest) (*operatorservice.AddSearchAttributesResponse, error) {
	return nil, status.Error(codes.PermissionDenied, "Request unauthorized.")
}

func (frontend) ListWorkflowExecutions(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

// serve starts the frontend, which reports itself healthy, and returns its
// address.
func (f frontend) serve(t *testing.T, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, doctor := grpc.NewServer(options...), health.NewServer()
	doctor.SetServingStatus(workflowservice.WorkflowService_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	workflowservice.RegisterWorkflowServiceServer(server, f)
	operatorservice.RegisterOperatorServiceServer(server, f)
	healthpb.RegisterHealthServer(server, doctor)
	go func() { _ = server.Serve(l) }() // it ends with the test
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// TestSearchAttributesRefused: a role that may not register the search
// attributes does not start, and names all of them, each with its type.
func TestSearchAttributesRefused(t *testing.T) {
	t.Parallel()
	address := frontend{}.serve(t)
	for name, role := range map[string]Role{"api": APIOnly, "worker": WorkerOnly} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Start(t.Context(), settings(t, "--temporal-address="+address), role)
			if err == nil {
				s.Stop()
			}
			var lacks *engine.SearchAttributesError
			if !errors.As(err, &lacks) || !maps.Equal(lacks.Missing, workflows.SearchAttributes()) {
				t.Fatalf("got %v", err)
			}
			for _, words := range []string{"OrderStatus (Keyword)", "WaitingOn (Keyword)", "Deadline (Datetime)", "Request unauthorized."} {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q does not name %s", err, words)
				}
			}
		})
	}
}
