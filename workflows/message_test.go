package workflows_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

// TestDecodeRequest: a request that a person types is strict, and its actor is temporal-ui. A
// request of the API has a version and takes fields that this build does not know.
func TestDecodeRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		want       []string // parts of the error; nil: it succeeds
		actor      string
		reason     string
	}{
		{name: "an unknown field", body: `{"nope":1}`, want: []string{"want choice, who, why:", `unknown field "nope"`}},
		{name: "an unknown field beside the others", body: `{"choice":"keep","who":"Ada","why":"it arrived","nope":1}`, want: []string{`unknown field "nope"`}},
		{name: "no field", body: `{}`, want: []string{"want choice, who, why:", "who and why must not be empty"}},
		{name: "null", body: `null`, want: []string{"who and why must not be empty"}},
		{name: "no why", body: `{"choice":"keep","who":"Ada"}`, want: []string{"who and why must not be empty"}},
		{name: "no who", body: `{"choice":"keep","why":"it arrived"}`, want: []string{"who and why must not be empty"}},
		{name: "a blank who", body: `{"choice":"keep","who":" ","why":"it arrived"}`, want: []string{"who and why must not be empty"}},
		{name: "a who of another type", body: `{"choice":"keep","who":7,"why":"it arrived"}`, want: []string{"cannot unmarshal number"}},
		{name: "a text", body: `"keep"`, want: []string{"cannot unmarshal string"}},
		{name: "an unknown field, below the first version", body: `{"version":-1,"choice":"keep","who":"key:shop","why":"it arrived","nope":1}`, want: []string{`unknown field "nope"`}},
		{name: "typed by a person", body: `{"choice":"keep","who":"Ada","why":"it arrived"}`, actor: workflows.ActorTemporalUI, reason: "Ada: it arrived"},
		{name: "below the first version", body: `{"version":-1,"choice":"keep","who":"key:shop","why":"it arrived"}`, actor: workflows.ActorTemporalUI, reason: "key:shop: it arrived"},
		{name: "of the API", body: `{"version":1,"choice":"keep","who":"key:shop","why":"it arrived"}`, actor: "key:shop", reason: "it arrived"},
		{name: "of the API, without a reason", body: `{"version":1,"choice":"keep","who":"key:shop"}`, actor: "key:shop"},
		{name: "of a newer API", body: `{"version":9,"choice":"keep","who":"key:shop","why":"it arrived","nope":{"a":[1]}}`, actor: "key:shop", reason: "it arrived"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r orders.ResolveRequest
			err := json.Unmarshal([]byte(c.body), &r)
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%v, want %q", err, part)
				}
			}
			if c.want == nil && (err != nil || r.Choice != order.ChooseKeep || r.Actor() != c.actor || r.Reason() != c.reason) {
				t.Errorf("%+v by %q: %q, %v; want it by %q: %q", r, r.Actor(), r.Reason(), err, c.actor, c.reason)
			}
		})
	}
}

// TestRequestRoundTrip: a worker has of a request what the API has sent.
func TestRequestRoundTrip(t *testing.T) {
	t.Parallel()
	sent := orders.CancelRequest{Sender: workflows.Sender{Version: workflows.MessageVersion, Who: "key:shop", Why: "changed my mind", Correlation: "corr-1"}}
	b, err := json.Marshal(sent)
	var got orders.CancelRequest
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	if err != nil || !cmp.Equal(sent, got) {
		t.Errorf("%s became %+v, %v", b, got, err)
	}
}

// TestUpdateWithoutInput: a request without any input, which is not even decoded, is refused
// before the workflow's own check.
func TestUpdateWithoutInput(t *testing.T) {
	t.Parallel()
	const cancel workflows.Update[orders.CancelRequest, string] = "Cancel"
	for _, c := range []struct {
		name  string
		input []any
		want  string // the refusal
	}{
		{name: "nothing", want: "want who, why: who and why must not be empty"},
		{name: "null", input: []any{nil}, want: "want who, why: who and why must not be empty"},
		{name: "no who", input: []any{map[string]any{"why": "by mistake"}}, want: "who and why must not be empty"},
		{name: "all", input: []any{map[string]any{"who": "Ada", "why": "by mistake"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			checked, refused, completed := 0, error(nil), false
			env := workflowtest.NewEnv()
			env.RegisterDelayedCallback(func() {
				env.UpdateWorkflow(string(cancel), "update-1", &testsuite.TestUpdateCallback{
					OnAccept:   func() {},
					OnReject:   func(err error) { refused = err },
					OnComplete: func(_ any, err error) { completed = err == nil },
				}, c.input...)
			}, time.Second)
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				err := cancel.Handle(ctx, "", func(workflow.Context, orders.CancelRequest) error { checked++; return nil },
					func(workflow.Context, orders.CancelRequest) (string, error) { return "cancelled", nil })
				if err != nil {
					return err
				}
				return workflow.Sleep(ctx, time.Minute)
			})
			if err := env.GetWorkflowError(); err != nil {
				t.Fatal(err)
			}
			if c.want == "" && (refused != nil || !completed || checked != 1) {
				t.Errorf("refused with %v, completed %t, checked %d times", refused, completed, checked)
			}
			if c.want != "" && (refused == nil || !strings.Contains(refused.Error(), c.want) || completed || checked != 0) {
				t.Errorf("refused with %v, completed %t, checked %d times; want %q", refused, completed, checked, c.want)
			}
		})
	}
}

// TestDecodeNow: a signal that cannot be decoded is returned as an error, in its order, and the
// signals behind it are received.
func TestDecodeNow(t *testing.T) {
	t.Parallel()
	const counted workflows.Signal[int] = "Counted"
	var got []any
	env := workflowtest.NewEnv()
	env.RegisterDelayedCallback(func() {
		for _, input := range []any{1, "two", map[string]any{"three": 3}, []byte{4}, 5} {
			env.SignalWorkflow(string(counted), input)
		}
	}, time.Second)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		if n, ok, err := counted.DecodeNow(ctx); n != 0 || ok || err != nil {
			t.Errorf("before any signal: %d, %t, %v", n, ok, err)
		}
		for len(got) < 5 {
			if err := workflow.Await(ctx, func() bool { return counted.Waits(ctx) }); err != nil {
				return err
			}
			n, ok, err := counted.DecodeNow(ctx)
			switch {
			case !ok:
				t.Error("a signal that waits was not received")
			case err != nil:
				got = append(got, "undecodable")
			default:
				got = append(got, n)
			}
		}
		return nil
	})
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if want := []any{1, "undecodable", "undecodable", "undecodable", 5}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
