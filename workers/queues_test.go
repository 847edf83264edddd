//go:build !lean

package workers_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	imageactivities "purser/activities/images"
	"purser/engine"
	"purser/workers"
)

// want is a task queue and the kind of tasks for which it must be polled.
type want struct {
	queue string
	kind  enums.TaskQueueType
}

// own are the steps of a shop's own.
type own struct{}

func (*own) WrapOrder(context.Context) error { return nil }

// TestEveryQueueIsPolled: each queue that the workflows use has a worker that polls it for
// that kind of tasks. Without one, a step on the queue would wait for ever, and nothing
// would fail.
func TestEveryQueueIsPolled(t *testing.T) {
	subjects, err := filepath.Glob("../workflows/*")
	if err != nil || len(subjects) < 6 {
		t.Fatalf("workflows by subject: %v %v", subjects, err)
	}
	wanted := queuesOf(t, append(subjects, "../workflows", "../starter", "../examples/giftshop")...)
	if len(wanted) < 8 || !wanted[want{"bulk", enums.TASK_QUEUE_TYPE_ACTIVITY}] || !wanted[want{"orders", enums.TASK_QUEUE_TYPE_WORKFLOW}] {
		t.Fatalf("the queues were not found in the source: %v", wanted)
	}
	quiet := slog.New(slog.DiscardHandler)
	e, err := engine.Start(t.Context(), engine.Config{DataDir: t.TempDir(), UIPort: -1, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	c, err := client.Dial(client.Options{HostPort: e.Address(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	set := workers.New(c, workers.Activities{Images: &imageactivities.Activities{}, Own: []workers.Own{{Activities: new(own)}}}, workers.Limits{})
	if err := set.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for _, w := range slices.SortedFunc(maps.Keys(wanted), func(a, b want) int { return strings.Compare(a.queue, b.queue) }) {
		if !polled(ctx, t, c, w) {
			t.Errorf("no worker polls the queue %q for %s", w.queue, w.kind)
		}
	}
}

// polled waits until a worker polls a queue, some seconds at most.
func polled(ctx context.Context, t *testing.T, c client.Client, w want) bool {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if q, err := c.DescribeTaskQueue(ctx, w.queue, w.kind); err == nil && len(q.GetPollers()) > 0 {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

// queuesOf reads from the source which queues are used, and for which kind of tasks: a
// queue in the options of an activity, or passed to a function, is for activities; a
// queue in other options is for workflows.
func queuesOf(t *testing.T, dirs ...string) map[want]bool {
	t.Helper()
	names, used := map[string]string{}, map[string][]enums.TaskQueueType{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					declared(n, names)
				case *ast.CallExpr:
					for _, arg := range n.Args {
						if queue := queueName(arg); queue != "" {
							used[queue] = append(used[queue], enums.TASK_QUEUE_TYPE_ACTIVITY)
						}
					}
				case *ast.CompositeLit:
					inOptions(n, used)
				}
				return true
			})
		}
	}
	wanted := map[want]bool{}
	for queue, kinds := range used {
		for _, kind := range kinds {
			if names[queue] == "" {
				t.Errorf("%s is used, but not declared as a string", queue)
			}
			wanted[want{names[queue], kind}] = true
		}
	}
	for queue := range names {
		if used[queue] == nil {
			t.Errorf("nothing uses %s", queue)
		}
	}
	return wanted
}

// declared collects the constants that are queues.
func declared(spec *ast.ValueSpec, names map[string]string) {
	for i, name := range spec.Names {
		if !strings.HasSuffix(name.Name, "Queue") || i >= len(spec.Values) {
			continue
		}
		if lit, ok := spec.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			names[name.Name], _ = strconv.Unquote(lit.Value)
		}
	}
}

// inOptions collects the queue in options.
func inOptions(lit *ast.CompositeLit, used map[string][]enums.TaskQueueType) {
	kind := enums.TASK_QUEUE_TYPE_WORKFLOW
	if typ, ok := lit.Type.(*ast.SelectorExpr); ok && typ.Sel.Name == "ActivityOptions" {
		kind = enums.TASK_QUEUE_TYPE_ACTIVITY
	}
	for _, e := range lit.Elts {
		field, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if queue := queueName(field.Value); queue != "" {
			used[queue] = append(used[queue], kind)
		}
	}
}

// queueName returns the name of a queue's constant, in this or another package, or "". A
// field Queue holds one of them.
func queueName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if e.IsExported() && e.Name != "Queue" && strings.HasSuffix(e.Name, "Queue") {
			return e.Name
		}
	case *ast.SelectorExpr:
		return queueName(e.Sel)
	}
	return ""
}
