package orders_test

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"purser/activities/fake"
	"purser/activities/mails"
	steps "purser/activities/orders"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

// forever is longer than any order needs in these tests.
const forever = 365 * 24 * time.Hour

// script is what happens at which times after placing.
type script struct{ cues []*workflowtest.Cue }

// at adds an action to the script.
func (s *script) at(d time.Duration, do func()) {
	s.cues = append(s.cues, &workflowtest.Cue{At: d, Do: do})
}

// runner runs the order's workflows and follows the script.
type runner struct {
	*parties
	*faults
	*script
	placement       orders.Placement
	orderRecord     steps.Record    // where the activities write the order; nil: the record
	workflow        any             // nil: OrderWorkflow
	caseWorkflows   steps.Cases     // nil: the casebook
	exchanges       steps.Exchanges // nil: otherOrders
	labels          fake.Objects    // the files of labels
	prepare         func()          // is called with each new env; nil: nothing
	terminatedAfter time.Duration   // after this time an operator terminates the workflow; 0: never

	env      *testsuite.TestWorkflowEnvironment
	observer *workflowtest.Observer // of the current run
	began    time.Time              // when the current run began
	now      time.Time
	over     bool // the order's workflow has ended
	runs     int
	asked    int // requests for refunds
	// resetTo is the state from which the next AftercareWorkflow goes on, as after a reset;
	// nil: that of the record.
	resetTo *order.Snapshot
	// afterwards are the checks of responses that may come late.
	afterwards []func()
	placed     updateResult // of the first Place
	outcome    orders.Outcome
}

func (r *runner) clock() time.Time { return workflowtest.MaxTime(r.now, r.env.Now()) }

// follow places the order and follows the script, over as many runs of the
// workflow as it takes. The rest of the script runs after the workflow has ended.
func (r *runner) follow() {
	r.Helper()
	r.now = workflowtest.Start
	for p := &r.placement; p != nil; {
		p = r.runOnce(*p)
	}
	slices.SortStableFunc(r.cues, func(a, b *workflowtest.Cue) int { return cmp.Compare(a.At, b.At) })
	for _, c := range r.cues {
		if !c.Done {
			c.Done = true
			r.now = workflowtest.MaxTime(r.now, workflowtest.Start.Add(c.At))
			c.Do()
		}
	}
	if r.terminatedAfter > 0 && r.outcome.Status == "" {
		r.outcome.Status = r.order().Status
	}
	for _, check := range r.afterwards {
		check()
	}
}

// runOnce runs the workflow once and returns the placement of the next run.
func (r *runner) runOnce(p orders.Placement) (next *orders.Placement) {
	r.Helper()
	r.env, r.began = r.newEnv(), r.now
	if r.runs++; r.prepare != nil {
		r.prepare()
	}
	if p.Snapshot == nil {
		r.env.RegisterDelayedCallback(func() { r.place("place-1", p.Hash, &r.placed) }, 0)
	}
	r.schedule()
	// A timeout is as sudden and as silent as a termination. It also ends a workflow
	// that would go on for ever.
	r.env.SetWorkflowRunTimeout(cmp.Or(r.terminatedAfter, forever))
	r.env.ExecuteWorkflow(cmp.Or[any](r.workflow, orders.OrderWorkflow), p)
	r.now = r.env.Now()
	err := r.env.GetWorkflowError()
	if next = new(orders.Placement); r.continued(err, next) {
		return next
	}
	r.over = true
	if r.terminatedAfter > 0 && temporal.IsTimeoutError(err) {
		return nil
	}
	if !r.env.IsWorkflowCompleted() || err != nil {
		r.logTimeline()
		r.Fatalf("the workflow failed or hangs: %v", err)
	}
	if err := r.env.GetWorkflowResult(&r.outcome); err != nil {
		r.Fatalf("outcome: %v", err)
	}
	return nil
}

func (r *runner) newEnv() *testsuite.TestWorkflowEnvironment {
	r.observer = new(workflowtest.Observer)
	env := workflowtest.NewEnv(r.observer)
	env.SetStartTime(r.now)
	labels := &steps.Labels{Carrier: &r.carrier, Store: &r.labels}
	env.RegisterActivity(&steps.Activities{
		Record: cmp.Or[steps.Record](r.orderRecord, &r.record), Orders: &r.record, Intents: &r.bank, Captures: &r.bank,
		Carrier: &r.carrier, Labels: labels, Cases: cmp.Or[steps.Cases](r.caseWorkflows, &r.cases), CaseList: &r.cases, Catalogue: &r.record, Sealer: sealer{},
		Prices: &r.prices, Exchanges: cmp.Or[steps.Exchanges](r.exchanges, &otherOrders{runner: r}),
	})
	env.RegisterActivity(&mails.Activities{
		MailRouter: &r.mailer, Templates: fake.MailTemplates{}, Ledger: &r.ledger, Labels: labels, ToShop: mail.Address{Email: "disputes@shop.example"},
	})
	return env
}

type sealer struct{}

func (sealer) Seal(_ order.ID, secret string) (string, error) { return "sealed:" + secret, nil }

// sendEvents sends events to the order's workflow or, if that has ended, to
// AftercareWorkflow.
func (r *runner) sendEvents(events ...order.ProviderEvent) {
	r.toWorkflow(func() {
		r.env.SignalWorkflow(string(orders.Reported), orders.Report{Version: workflows.MessageVersion, Events: events})
	})
}

// toWorkflow sends a message to the order's workflow or, if that has ended, to
// AftercareWorkflow. The rest of the script goes on while that runs.
func (r *runner) toWorkflow(send func()) {
	if !r.over {
		send()
		return
	}
	r.pause(false)
	r.over = false
	for a := (orders.Aftercare{OrderID: r.id, Snapshot: r.resetTo}); ; {
		r.resetTo = nil
		r.env, r.began = r.newEnv(), r.now
		if send != nil {
			r.env.RegisterDelayedCallback(send, 0)
			send = nil
		}
		r.schedule()
		r.env.SetWorkflowRunTimeout(forever)
		r.env.ExecuteWorkflow(orders.AftercareWorkflow, a)
		r.now = r.env.Now()
		err := r.env.GetWorkflowError()
		if r.continued(err, &a) {
			continue
		}
		if err != nil || !r.env.IsWorkflowCompleted() {
			r.logTimeline()
			r.Fatalf("AftercareWorkflow failed or hangs: %v", err)
		}
		r.over, r.outcome.Status = true, r.order().Status
		return
	}
}

// continued reports whether a run has continued as new, and decodes the next run's
// input.
func (r *runner) continued(err error, input any) bool {
	var again *workflow.ContinueAsNewError
	if !errors.As(err, &again) {
		return false
	}
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, input); err != nil {
		r.Fatalf("the next run's input: %v", err)
	}
	return true
}

// schedule registers what has not happened yet.
func (r *runner) schedule() {
	for _, c := range r.cues {
		if !c.Done {
			r.register(c)
		}
	}
}

// register lets the current run take an action of the script.
func (r *runner) register(c *workflowtest.Cue) {
	r.env.RegisterDelayedCallback(func() {
		if !c.Done {
			c.Done = true
			c.Do()
		}
	}, max(workflowtest.Start.Add(c.At).Sub(workflowtest.MaxTime(r.began, r.env.Now())), 0))
}

// logTimeline logs the order's events and the activities' calls.
func (r *runner) logTimeline() {
	for _, e := range r.events() {
		r.Logf("%2d %s %-20s %s → %s %s: %s [%s]", e.Seq, e.At.Format(time.DateTime), e.Kind, e.From, e.To, e.Actor, e.Why, e.Ref)
	}
	r.Logf("calls: %v", r.calls)
}
