package cases_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	steps "purser/activities/cases"
	"purser/activities/fake"
	"purser/activities/mails"
	"purser/ledger"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/cases"
	"purser/workflows/workflowtest"
)

const (
	orderID = order.ID("ord_00000000000000000000000001")
	caseID  = "ord_00000000000000000000000001-abc"
)

// fixture is a case under test: the real workflow and activities, over a record in memory
// and an order that takes decisions as the test says.
type fixture struct {
	*testing.T
	record fake.Cases
	mailer fake.Mailer
	ledger fake.Ledger

	env    *testsuite.TestWorkflowEnvironment
	input  cases.Run
	cues   []*workflowtest.Cue
	result order.Case
	failed error

	mu       sync.Mutex
	open     bool // the order's record lists the case
	asked    []order.CaseRequest
	takes    func(order.CaseRequest) error // nil: the order takes every decision
	approval int64                         // above which amount the order wants a second person
	amount   int64                         // what a decision is about, as the order has it
	sent     int
}

func newFixture(t *testing.T, k order.CaseKind) *fixture {
	c := order.NewCase(caseID, k, workflowtest.Start)
	c.OrderID, c.Why, c.Record, c.Amount = orderID, "the amounts differ", "29.00 EUR", order.Money{Amount: 2900, Currency: "EUR"}
	return &fixture{T: t, open: true, approval: 1 << 40, amount: 2900, input: cases.Run{Case: c}}
}

func (f *fixture) at(d time.Duration, do func()) {
	f.cues = append(f.cues, &workflowtest.Cue{At: d, Do: do})
}

// run runs the case to its end, over as many runs of the workflow as it takes.
func (f *fixture) run() {
	f.Helper()
	f.attempt(0)
}

// attempt runs the case until a time after its opening; 0: to its end.
func (f *fixture) attempt(until time.Duration) {
	f.Helper()
	f.env = workflowtest.NewEnv(new(workflowtest.Observer))
	f.env.SetStartTime(workflowtest.Start)
	f.env.RegisterActivity(&steps.Activities{
		Record: &f.record, Orders: f, Matters: f, Workflows: f, ApproveAbove: order.Approval{"EUR": f.approval},
		ToShop: mail.Address{Email: "shop@shop.example"},
	})
	f.env.RegisterActivity(&mails.Activities{MailRouter: &f.mailer, Ledger: &f.ledger})
	for _, c := range f.cues {
		f.env.RegisterDelayedCallback(c.Do, c.At)
	}
	if until == 0 {
		until = 365 * 24 * time.Hour
	}
	f.env.SetWorkflowRunTimeout(until)
	f.env.ExecuteWorkflow(cases.CaseWorkflow, f.input)
	f.failed = f.env.GetWorkflowError()
	var again *workflow.ContinueAsNewError
	switch {
	case errors.As(f.failed, &again):
		f.input = cases.Run{}
		if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &f.input); err != nil {
			f.Fatal(err)
		}
	case f.failed == nil:
		if err := f.env.GetWorkflowResult(&f.result); err != nil {
			f.Fatal(err)
		}
	case !temporal.IsTimeoutError(f.failed):
		f.Fatalf("the case failed or hangs: %v", f.failed)
	}
}

// answer is the response to an update.
type answer struct {
	c    order.Case
	err  error
	done bool
}

func (a *answer) refusal() string {
	var app *temporal.ApplicationError
	if errors.As(a.err, &app) {
		return app.Type()
	}
	if a.err != nil {
		return a.err.Error()
	}
	if !a.done {
		return "no response"
	}
	return ""
}

func (f *fixture) update(name string, in any) *answer {
	a := new(answer)
	f.sent++
	f.env.UpdateWorkflow(name, fmt.Sprint("update-", f.sent), &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { a.err, a.done = err, true },
		OnComplete: func(v any, err error) {
			a.err, a.done = err, true
			a.c, _ = v.(order.Case)
		},
	}, in)
	return a
}

func by(who string) workflows.Sender {
	return workflows.Sender{Version: workflows.MessageVersion, Who: who, Why: "looked at it"}
}

// typed decides in the Temporal UI, where nobody checks who somebody is.
func (f *fixture) typed(who string, c order.Choice) *answer {
	return f.update(string(cases.DecideCase), cases.DecideRequest{Choice: c, Sender: workflows.Sender{Who: who, Why: "yes"}})
}

func (f *fixture) decide(who string, c order.Choice) *answer {
	return f.update(string(cases.DecideCase), cases.DecideRequest{Choice: c, Sender: by(who)})
}

// goesOn lets the order go on without a decision, and tells the case.
func (f *fixture) goesOn() {
	f.mu.Lock()
	f.open = false
	f.mu.Unlock()
	f.env.SignalWorkflow(string(cases.Reviewed), order.CaseEnd{ID: caseID, Outcome: "the order went on: it is paid"})
}

// recorded returns the case as the record has it.
func (f *fixture) recorded() order.Case {
	f.Helper()
	c, err := f.record.Case(context.Background(), f.input.Case.ID)
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// mailed checks the occasions of the mails that went out.
func (f *fixture) mailed(want ...steps.Occasion) {
	f.Helper()
	var got, wanted []string
	for _, m := range f.mailer.Sent() {
		got = append(got, m.ID)
	}
	for _, on := range want {
		wanted = append(wanted, fmt.Sprintf("case-%s-%s", f.input.Case.ID, on))
	}
	if strings.Join(got, " ") != strings.Join(wanted, " ") {
		f.Errorf("mails %v, want %v", got, wanted)
	}
}

// The ports of the activities.

func (f *fixture) Order(context.Context, order.ID) (order.Order, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := order.Order{ID: orderID, Status: order.OnHold}
	if f.open {
		o.Cases = []order.CaseRef{{ID: caseID, Kind: f.input.Case.Kind}}
	}
	return o, nil
}

func (f *fixture) Orders(context.Context, order.Filter) (order.Page, error) {
	return order.Page{}, nil
}

func (f *fixture) DifferencesAfter(context.Context, int64, int) ([]ledger.Difference, error) {
	return nil, nil
}

func (f *fixture) DifferenceOpen(context.Context, int64) (bool, error) { return f.isOpen(), nil }

func (f *fixture) UndeliveredAfter(context.Context, int64, int, int) ([]order.UndeliveredEvent, error) {
	return nil, nil
}

func (f *fixture) UndeliveredOpen(context.Context, int64) (bool, error) { return f.isOpen(), nil }

func (f *fixture) isOpen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// ResolveCase is the order: it takes a decision about a case that is open, and wants a
// second person for much money.
func (f *fixture) ResolveCase(_ context.Context, r order.CaseRequest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r)
	if f.takes != nil {
		if err := f.takes(r); err != nil {
			return err
		}
	}
	switch {
	case !f.open:
		return &order.Refusal{Kind: order.ErrIllegalMove, Text: "the case is over"}
	case !f.approves(r):
		return &order.ApprovalRefusal{Text: "a second person must approve", Amount: f.money()}
	}
	f.open = false
	return nil
}

func (f *fixture) money() order.Money { return order.Money{Amount: f.amount, Currency: "EUR"} }

// approves reports whether a decision has the people that it needs, as the order sees it.
func (f *fixture) approves(r order.CaseRequest) bool {
	d := r.Decision
	two := d.ApprovedBy != "" && d.ApprovedBy != d.Who && d.Who != workflows.ActorTemporalUI && d.ApprovedBy != workflows.ActorTemporalUI
	return two && r.Amount == f.money() || !order.Approval{"EUR": f.approval}.Needs(d.Choice, f.money())
}

func (f *fixture) StartCase(context.Context, order.Case) error { return nil }

func (f *fixture) AttendCase(context.Context, string) (bool, error) { return false, nil }
