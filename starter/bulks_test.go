package starter_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/grpc"

	"purser/order"
	"purser/starter"
)

// engineCalled is an engine in which every workflow runs already and refuses every update.
// It keeps what it was asked for.
type engineCalled struct {
	workflowservice.UnimplementedWorkflowServiceServer
	mu      sync.Mutex
	starts  []*workflowservice.StartWorkflowExecutionRequest
	updates []string // their IDs
}

func (*engineCalled) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (e *engineCalled) StartWorkflowExecution(_ context.Context, r *workflowservice.StartWorkflowExecutionRequest) (*workflowservice.StartWorkflowExecutionResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.starts = append(e.starts, r)
	return nil, serviceerror.ToStatus(serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "request", "run")).Err()
}

func (e *engineCalled) UpdateWorkflowExecution(_ context.Context, r *workflowservice.UpdateWorkflowExecutionRequest) (*workflowservice.UpdateWorkflowExecutionResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.updates = append(e.updates, r.GetRequest().GetMeta().GetUpdateId())
	return nil, serviceerror.ToStatus(serviceerror.NewInvalidArgument("refused")).Err()
}

// startEngine serves the engine and returns a client of it.
func startEngine(t *testing.T) (*engineCalled, *starter.Client) {
	t.Helper()
	e := &engineCalled{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c, err := client.NewLazyClient(client.Options{HostPort: listener.Addr().String(), Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return e, &starter.Client{Temporal: c}
}

// TestStartBulk (RES-15): a bulk has one workflow. A repeated request starts one that has
// failed or was terminated again; a process that starts up leaves such a one to a person.
func TestStartBulk(t *testing.T) {
	e, s := startEngine(t)
	b := order.Bulk{ID: "bulk_1", BulkRequest: order.BulkRequest{Action: order.BulkCancel}}
	for _, start := range []func(context.Context, order.Bulk) error{s.StartBulk, s.StartBulkOnce} {
		if err := start(t.Context(), b); err != nil {
			t.Errorf("its workflow runs: %v", err)
		}
	}
	want := []enums.WorkflowIdReusePolicy{enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE}
	for i, r := range e.starts {
		if r.GetWorkflowId() != "bulk/bulk_1" || r.GetWorkflowIdReusePolicy() != want[i] || r.GetWorkflowIdConflictPolicy() != enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING {
			t.Errorf("start %d: %v", i, r)
		}
	}
	if len(e.starts) != 2 {
		t.Errorf("%d starts", len(e.starts))
	}
}

// TestResolveOnce (RES-15): the key of a decision is its update's ID, so that a workflow
// takes it once; a decision without a key has an ID of its own.
func TestResolveOnce(t *testing.T) {
	e, s := startEngine(t)
	o := order.NewID()
	for range 2 {
		if _, err := s.ResolveOnce(t.Context(), "bulk-key", o, order.ChooseRelease, "key:ops", "they paid", ""); err == nil {
			t.Error("a refused update is taken")
		}
		if _, err := s.Resolve(t.Context(), o, order.ChooseRelease, "key:ops", "they paid", ""); err == nil {
			t.Error("a refused update is taken")
		}
	}
	if len(e.updates) != 4 || e.updates[0] != "bulk-key" || e.updates[2] != "bulk-key" || e.updates[1] == e.updates[3] || e.updates[1] == "" {
		t.Errorf("updates %q", e.updates)
	}
}
