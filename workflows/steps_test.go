package workflows_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"purser/workflows"
	"purser/workflows/workflowtest"
)

// Tasks are activities that fail as a test says.
type Tasks struct {
	fails []error // of the first tries
	tries []string
	begin func() // is called at the beginning of each try, if it is not nil
}

// Double returns twice its input.
func (a *Tasks) Double(ctx context.Context, n int) (int, error) { return 2 * n, a.run(ctx) }

// Note returns only an error.
func (a *Tasks) Note(ctx context.Context, _ string) error { return a.run(ctx) }

func (a *Tasks) run(ctx context.Context) (err error) {
	if a.begin != nil {
		a.begin()
	}
	if n := len(a.tries); n < len(a.fails) {
		err = a.fails[n]
	}
	where := "remote"
	if activity.GetInfo(ctx).IsLocalActivity {
		where = "local"
	}
	a.tries = append(a.tries, where)
	return err
}

var (
	tasks  *Tasks
	double = workflows.NewStep("numbers", tasks.Double)
	note   = workflows.NewCommand("notes", tasks.Note)
)

// runSteps runs a workflow of these steps and returns the options of the activities
// that went to a queue, and its error.
func runSteps(id string, a *Tasks, steps func(workflow.Context) error, prepare ...func(*testsuite.TestWorkflowEnvironment)) ([]workflow.ActivityOptions, error) {
	var seen workflowtest.Observer
	env := workflowtest.NewEnv(&seen)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id})
	env.RegisterActivity(a)
	for _, p := range prepare {
		p(env)
	}
	env.ExecuteWorkflow(steps)
	return seen.Activities, env.GetWorkflowError()
}

func TestStepRun(t *testing.T) {
	t.Parallel()
	transient := temporal.NewApplicationError("down", "Down")
	final := temporal.NewNonRetryableApplicationError("refused", "Refused", nil)
	later := temporal.NewApplicationErrorWithOptions("busy", "Busy", temporal.ApplicationErrorOptions{NextRetryDelay: 10 * time.Second})
	refusal := temporal.NewNonRetryableApplicationError("not now", "NotNow", nil)
	for _, c := range []struct {
		name       string
		fails      []error
		within     time.Duration
		refusal    error // of the function that is called before the step goes to its queue
		wantTries  string
		wantDelays string // the errors with which that function was called
		wantErr    string // its type
		wantWait   time.Duration
		wantWithin time.Duration // on the queue
	}{
		{name: "the local try succeeds", wantTries: "local"},
		{name: "the local try fails for good", fails: []error{final}, wantTries: "local", wantErr: "Refused"},
		{
			name: "the queue takes over", fails: []error{transient}, within: time.Hour,
			wantTries: "local remote", wantDelays: "down", wantWithin: time.Hour,
		},
		{
			name: "the queue repeats without limit", fails: slices.Repeat([]error{transient}, 30),
			wantTries: "local" + strings.Repeat(" remote", 30), wantDelays: "down", wantWait: time.Hour,
		},
		{
			name: "the queue fails for good", fails: []error{transient, final},
			wantTries: "local remote", wantDelays: "down", wantErr: "Refused",
		},
		{
			name: "the workflow refuses the queue", fails: []error{transient}, refusal: refusal,
			wantTries: "local", wantDelays: "down", wantErr: "NotNow",
		},
		{
			name: "the local try asks for a delay", fails: []error{later},
			wantTries: "local remote", wantDelays: "busy", wantWait: 10 * time.Second,
		},
		{
			name: "the delay counts", fails: []error{later}, within: time.Minute,
			wantTries: "local remote", wantDelays: "busy", wantWait: 10 * time.Second, wantWithin: 50 * time.Second,
		},
		{
			name: "the delay is longer than there is time", fails: []error{later}, within: 4 * time.Second,
			wantTries: "local remote", wantDelays: "busy", wantWait: 4 * time.Second, wantWithin: workflows.FirstRetry,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := &Tasks{fails: c.fails}
			var delays []string
			var got int
			var took time.Duration
			queued, err := runSteps("one", a, func(ctx workflow.Context) (err error) {
				began := workflow.Now(ctx)
				got, err = double.Run(ctx, c.within, "Double it", 21, func(err error) error {
					delays = append(delays, workflows.Reason(err))
					return c.refusal
				})
				took = workflow.Now(ctx).Sub(began)
				return err
			})
			if tries := strings.Join(a.tries, " "); tries != c.wantTries {
				t.Errorf("tries: %s, want %s", tries, c.wantTries)
			}
			if d := strings.Join(delays, " "); d != c.wantDelays {
				t.Errorf("delays: %s, want %s", d, c.wantDelays)
			}
			if c.wantErr != "" != (err != nil) || c.wantErr != "" && !workflows.IsFailure(err, c.wantErr) {
				t.Errorf("error: %v, want %q", err, c.wantErr)
			}
			if err == nil && got != 42 {
				t.Errorf("output: %d, want 42", got)
			}
			if took < c.wantWait || c.wantWait < time.Minute && took > c.wantWait+time.Second {
				t.Errorf("took %v, want %v", took, c.wantWait)
			}
			if len(queued) > 0 && queued[0].ScheduleToCloseTimeout != c.wantWithin {
				t.Errorf("time on the queue: %v, want %v", queued[0].ScheduleToCloseTimeout, c.wantWithin)
			}
		})
	}
}

// TestStepCancelled: a step whose workflow is cancelled during the local try does
// not go to its queue.
func TestStepCancelled(t *testing.T) {
	t.Parallel()
	a := &Tasks{fails: []error{errors.New("down")}}
	queued, err := runSteps("one", a, func(ctx workflow.Context) error {
		_, err := note.Run(ctx, 0, "Note it", "x", func(error) error {
			t.Error("the step is delayed")
			return nil
		})
		return err
	}, func(env *testsuite.TestWorkflowEnvironment) { a.begin = env.CancelWorkflow })
	if err == nil || len(queued) > 0 {
		t.Errorf("error: %v; %d activities on the queue", err, len(queued))
	}
}

func TestStepOptions(t *testing.T) {
	t.Parallel()
	a := &Tasks{}
	got, err := runSteps("one", a, func(ctx workflow.Context) error {
		_, err := note.Remote(ctx, time.Hour, "Note it", nil, "x")
		_, err2 := note.Long(time.Hour, 30*time.Second, time.Minute).Remote(ctx, 0, "Note it slowly", nil, "x")
		_, err3 := double.Bulk().Remote(ctx, 0, "Double it", nil, 1)
		return errors.Join(err, err2, err3)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []workflow.ActivityOptions{
		{TaskQueue: "notes", StartToCloseTimeout: 30 * time.Second, ScheduleToCloseTimeout: time.Hour, Summary: "Note it"},
		{TaskQueue: "notes", StartToCloseTimeout: time.Hour, HeartbeatTimeout: 30 * time.Second, Summary: "Note it slowly"},
		{
			TaskQueue: "numbers", StartToCloseTimeout: 30 * time.Second, Summary: "Double it",
			WaitForCancellation: true, Priority: temporal.Priority{PriorityKey: 5},
		},
	}
	for i, longest := range []time.Duration{workflows.LongestBackoff, time.Minute, workflows.LongestBackoff} {
		p := got[i].RetryPolicy
		got[i].RetryPolicy = nil
		if !around(p.InitialInterval, workflows.FirstRetry) || p.BackoffCoefficient != 2 || !around(p.MaximumInterval, longest) || p.MaximumAttempts != 0 {
			t.Errorf("%s: retries: %+v", want[i].Summary, p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// around reports whether got is between three quarters and five quarters of want.
func around(got, want time.Duration) bool { return got >= want*3/4 && got < want*5/4 }

// TestStepJitter (RES-3, F83): the retries of different workflows and steps are spread,
// and the same step of the same workflow has the same intervals in each replay.
func TestStepJitter(t *testing.T) {
	t.Parallel()
	const steps = 50
	intervals := func(id string) (first, longest []time.Duration) {
		queued, err := runSteps(id, &Tasks{}, func(ctx workflow.Context) error {
			for i := range steps {
				if _, err := note.Remote(ctx, 0, "Step "+strconv.Itoa(i), nil, "x"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(queued) != steps {
			t.Fatalf("%d activities: %v", len(queued), err)
		}
		for _, o := range queued {
			first, longest = append(first, o.RetryPolicy.InitialInterval), append(longest, o.RetryPolicy.MaximumInterval)
		}
		return first, longest
	}
	one, longest := intervals("order/1")
	again, longestAgain := intervals("order/1")
	if !slices.Equal(one, again) || !slices.Equal(longest, longestAgain) {
		t.Errorf("a replay has other intervals: %v %v, then %v %v", one, longest, again, longestAgain)
	}
	two, longestTwo := intervals("order/2")
	for _, c := range []struct {
		name string
		all  []time.Duration
		want time.Duration
	}{
		{name: "the steps of a workflow", all: one, want: workflows.FirstRetry},
		{name: "the steps of another workflow", all: two, want: workflows.FirstRetry},
		{name: "the longest intervals", all: longest, want: workflows.LongestBackoff},
		{name: "the longest intervals of another workflow", all: longestTwo, want: workflows.LongestBackoff},
	} {
		spread := 0 // quarters of the range that have an interval
		for quarter := range time.Duration(4) {
			low := c.want*3/4 + c.want/8*quarter
			if slices.ContainsFunc(c.all, func(d time.Duration) bool { return d >= low && d < low+c.want/8 }) {
				spread++
			}
		}
		if spread < 4 || !around(slices.Min(c.all), c.want) || !around(slices.Max(c.all), c.want) {
			t.Errorf("%s are not spread around %v: %v", c.name, c.want, c.all)
		}
	}
	for i := range one {
		if one[i] == two[i] {
			t.Errorf("step %d has the same interval in both workflows: %v", i, one[i])
		}
	}
}
