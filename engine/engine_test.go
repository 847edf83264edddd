//go:build !lean

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/engine"
	"purser/postgrestest"
)

const queue = "test"

var (
	color  = temporal.NewSearchAttributeKeyKeyword("Color")
	size   = temporal.NewSearchAttributeKeyInt64("Size")
	labels = temporal.NewSearchAttributeKeyKeywordList("Labels")
)

// Wait waits for a signal and returns its value.
func Wait(ctx workflow.Context) (string, error) {
	var answer string
	workflow.GetSignalChannel(ctx, "answer").Receive(ctx, &answer)
	return answer, nil
}

// stores are the two kinds of stores in which an engine can keep its state. Each
// call returns the configuration of a new one.
var stores = map[string]func(*testing.T) engine.Config{
	"sqlite": func(t *testing.T) engine.Config {
		return engine.Config{DataDir: t.TempDir()}
	},
	"postgres": func(t *testing.T) engine.Config {
		return engine.Config{PostgresURL: postgrestest.Database(t)}
	},
}

func TestEngine(t *testing.T) {
	t.Parallel()
	for name, fresh := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("open workflows survive a restart", func(t *testing.T) { t.Parallel(); testRestart(t, fresh(t)) })
			t.Run("search attributes are added later", func(t *testing.T) { t.Parallel(); testSearchAttributes(t, fresh(t)) })
			t.Run("retention follows the configuration", func(t *testing.T) { t.Parallel(); testRetention(t, fresh(t)) })
		})
	}
}

func testRestart(t *testing.T, c engine.Config) {
	first := start(t, c)
	run, err := first.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "one", TaskQueue: queue}, Wait)
	if err != nil {
		t.Fatal(err)
	}
	first.stop()

	second := start(t, c)
	if err := second.client.SignalWorkflow(t.Context(), "one", run.GetRunID(), "answer", "still here"); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := second.client.GetWorkflow(t.Context(), "one", run.GetRunID()).Get(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	if got != "still here" {
		t.Errorf("answer = %q", got)
	}
	second.stop()
	if first.logs.String() != "" || second.logs.String() != "" {
		t.Errorf("the engine is not quiet:\n%s%s", &first.logs, &second.logs)
	}
}

func testSearchAttributes(t *testing.T, c engine.Config) {
	c.SearchAttributes = map[string]enums.IndexedValueType{"Color": enums.INDEXED_VALUE_TYPE_KEYWORD}
	first := start(t, c)
	first.run(t, "red", color.ValueSet("red"))
	first.run(t, "blue", color.ValueSet("blue"))
	first.stop()

	c.SearchAttributes["Size"] = enums.INDEXED_VALUE_TYPE_INT
	c.SearchAttributes["Labels"] = enums.INDEXED_VALUE_TYPE_KEYWORD_LIST
	second := start(t, c)
	second.run(t, "big", color.ValueSet("red"), size.ValueSet(10), labels.ValueSet([]string{"old", "dear"}))
	second.run(t, "small", size.ValueSet(1))
	second.awaitList(t, "", "big", "blue", "red", "small")
	second.awaitList(t, "Color = 'red'", "big", "red")
	second.awaitList(t, "Color IS NULL", "small")
	second.awaitList(t, "Size > 5", "big")
	second.awaitList(t, "Labels = 'dear'", "big")
	second.awaitList(t, "ExecutionStatus = 'Completed' AND WorkflowType = 'Wait' AND Size <= 10", "big", "small")
	second.stop()
}

func testRetention(t *testing.T, c engine.Config) {
	for _, want := range []time.Duration{engine.DefaultRetention, 48 * time.Hour} {
		c.Retention = want
		e := start(t, c)
		got, err := e.client.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
		if err != nil {
			t.Fatal(err)
		}
		if ttl := got.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); ttl != want {
			t.Errorf("retention = %v, want %v", ttl, want)
		}
		e.stop()
	}
}

func TestUI(t *testing.T) {
	t.Parallel()
	c := engine.Config{DataDir: t.TempDir()}
	without := start(t, c)
	if got := without.UIURL(); got != "" {
		t.Errorf("URL without a UI = %q", got)
	}
	without.stop()

	e, err := engine.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	page := await(t, func() (string, error) {
		res, err := http.Get(e.UIURL() + "/api/v1/namespaces/default")
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return string(b), err
	})
	if !strings.Contains(page, `"NAMESPACE_STATE_REGISTERED"`) {
		t.Errorf("the UI shows no namespace: %s", page)
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for service, c := range map[string]engine.Config{
		"Temporal":    {FrontendPort: port, UIPort: -1},
		"Temporal UI": {UIPort: port},
	} {
		c.DataDir = t.TempDir()
		_, err := engine.Start(t.Context(), c)
		var taken *engine.PortError
		if !errors.As(err, &taken) {
			t.Fatalf("%s: error = %v", service, err)
		}
		if taken.Port != port || taken.Service != service {
			t.Errorf("error = %+v", taken)
		}
	}
}

func TestBadPostgresURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"mysql://root:hunter2@127.0.0.1/shop",
		"postgres://root:hunter2@127.0.0.1:5432",
		"postgres://root:hunter2@127.0.0.1:port/shop",
		"postgres://root:hunter2@127.0.0.1:1/shop",
	} {
		_, err := engine.Start(t.Context(), engine.Config{PostgresURL: url})
		if err == nil {
			t.Fatalf("started on %s", url)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

// running is an engine with a client and a worker.
type running struct {
	*engine.Engine
	client client.Client
	worker worker.Worker
	logs   safeBuffer
}

func start(t *testing.T, c engine.Config) *running {
	t.Helper()
	r := &running{}
	c.UIPort = -1
	c.Logger = slog.New(slog.NewTextHandler(&r.logs, nil))
	var err error
	if r.Engine, err = engine.Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	r.client, err = client.Dial(client.Options{HostPort: r.Address(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r.worker = worker.New(r.client, queue, worker.Options{})
	r.worker.RegisterWorkflow(Wait)
	if err := r.worker.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *running) stop() {
	r.worker.Stop()
	r.client.Close()
	r.Stop()
}

// run runs one workflow from start to end.
func (r *running) run(t *testing.T, id string, attributes ...temporal.SearchAttributeUpdate) {
	t.Helper()
	run, err := r.client.SignalWithStartWorkflow(t.Context(), id, "answer", "yes", client.StartWorkflowOptions{
		TaskQueue: queue, TypedSearchAttributes: temporal.NewSearchAttributes(attributes...),
	}, Wait)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// awaitList waits until the query finds exactly these workflows.
func (r *running) awaitList(t *testing.T, query string, want ...string) {
	t.Helper()
	await(t, func() (struct{}, error) {
		res, err := r.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		got := map[string]bool{}
		for _, e := range res.GetExecutions() {
			got[e.GetExecution().GetWorkflowId()] = true
		}
		for _, id := range want {
			if !got[id] {
				err = fmt.Errorf("%q does not find %s", query, id)
			}
		}
		if diff := cmp.Diff(len(want), len(got)); diff != "" && err == nil {
			err = fmt.Errorf("%q finds %v", query, got)
		}
		return struct{}{}, err
	})
}

// await repeats try until it succeeds. The server's background work sends no event
// that could be awaited instead.
func await[T any](t *testing.T, try func() (T, error)) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		v, err := try()
		if err == nil {
			return v
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
