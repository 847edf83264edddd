package orders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	casesteps "purser/activities/cases"
	"purser/activities/fake"
	"purser/ledger"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/cases"
	"purser/workflows/orders"
)

// played is an order whose cases run as workflows beside it, in the same time. The order
// opens them and is told their decisions as it is on a server.
type played struct {
	*fixture
	casebook *fake.Cases
	course   orders.Course
	stepDown bool                       // the shop's own step fails
	started  map[string]workflow.Future // whose case workflows were begun, by their ids

	mu        sync.Mutex
	posted    []func(workflow.Context)
	decisions int
}

// wake lets the workflows do what was posted.
const wake workflows.Signal[int] = "Wake"

func newPlayed(t *testing.T) *played {
	p := &played{fixture: newFixture(t), casebook: &fake.Cases{}, started: map[string]workflow.Future{}}
	p.workflow, p.caseWorkflows = p.both, p
	p.prepare = func() {
		p.env.RegisterWorkflow(cases.CaseWorkflow)
		p.env.RegisterActivity(&casesteps.Activities{
			Record: p.casebook, Orders: p, Matters: noMatters{}, Workflows: p, ToShop: mail.Address{Email: "shop@shop.example"},
		})
	}
	return p
}

// both runs the order and its cases, until all have ended.
func (p *played) both(ctx workflow.Context, placement orders.Placement) (orders.Outcome, error) {
	running := 0
	workflow.Go(ctx, func(ctx workflow.Context) {
		for workflow.Await(ctx, func() bool { return wake.Waits(ctx) }) == nil {
			wake.ReceiveNow(ctx)
			p.mu.Lock()
			posted := p.posted
			p.posted = nil
			p.mu.Unlock()
			for _, do := range posted {
				running++
				workflow.Go(ctx, func(ctx workflow.Context) {
					defer func() { running-- }()
					do(ctx)
				})
			}
		}
	})
	out, err := p.course.OrderWorkflow(ctx, placement)
	if err == nil {
		err = workflow.Await(ctx, func() bool { return running == 0 && !wake.Waits(ctx) })
	}
	return out, err
}

// post has something done in the workflows' own goroutine.
func (p *played) post(do func(workflow.Context)) {
	p.mu.Lock()
	p.posted = append(p.posted, do)
	p.mu.Unlock()
	p.env.SignalWorkflow(string(wake), 1)
}

// The workflows of cases and of the order, as the activities reach them.

func (p *played) StartCase(ctx context.Context, c order.Case) error {
	p.post(func(ctx workflow.Context) {
		if len(p.cases.opened) != 0 && p.cases.opened[c.ID].ID != "" {
			return
		}
		_ = p.cases.StartCase(context.Background(), c)
		ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: order.CaseWorkflowID(c.ID)})
		run := workflow.ExecuteChildWorkflow(ctx, cases.CaseWorkflow, cases.Run{Case: c})
		p.started[c.ID] = run.GetChildWorkflowExecution()
		if err := run.Get(ctx, nil); err != nil {
			p.Errorf("case %s: %v", c.ID, err)
		}
	})
	return nil
}

func (p *played) ReviewCase(ctx context.Context, e order.CaseEnd) error {
	p.post(func(ctx workflow.Context) {
		_ = p.cases.ReviewCase(context.Background(), e)
		if started := p.started[e.ID]; started != nil {
			_ = started.Get(ctx, nil) // before, it takes no signal
		}
		_ = p.env.SignalWorkflowByID(order.CaseWorkflowID(e.ID), string(cases.Reviewed), e) // a case that is over has no workflow
	})
	return nil
}

func (p *played) AttendCase(context.Context, string) (bool, error) { return false, nil }

func (p *played) ResolveCase(ctx context.Context, r order.CaseRequest) error {
	done := make(chan error, 1)
	p.post(func(workflow.Context) {
		p.env.UpdateWorkflow(string(orders.Resolve), r.Request, &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { done <- err }, OnComplete: func(_ any, err error) { done <- err },
		}, orders.ResolveRequest{
			Choice: r.Decision.Choice, Case: r.Case, Request: r.Request, ApprovedBy: r.Decision.ApprovedBy, Amount: r.Amount, Sender: sentBy(r.Decision.Who, r.Decision.Why),
		})
	})
	select {
	case err := <-done:
		var refused *temporal.ApplicationError
		if errors.As(err, &refused) && refused.Type() == workflows.RefusalNotHeld {
			return &order.Refusal{Kind: order.ErrIllegalMove, Text: refused.Message()}
		}
		return err
	case <-ctx.Done():
		return order.ErrBusy
	}
}

// The record, as the activities of cases read it.

func (p *played) Order(ctx context.Context, id order.ID) (order.Order, error) {
	return p.record.Order(ctx, id)
}

func (p *played) Orders(context.Context, order.Filter) (order.Page, error) { return order.Page{}, nil }

// noMatters is a shop whose books agree and whose inbox is empty.
type noMatters struct{}

func (noMatters) DifferencesAfter(context.Context, int64, int) ([]ledger.Difference, error) {
	return nil, nil
}
func (noMatters) DifferenceOpen(context.Context, int64) (bool, error) { return false, nil }
func (noMatters) UndeliveredAfter(context.Context, int64, int, int) ([]order.UndeliveredEvent, error) {
	return nil, nil
}
func (noMatters) UndeliveredOpen(context.Context, int64) (bool, error) { return false, nil }

// decideCase sends a person's decision to a case's workflow.
func (p *played) decideCase(caseID string, c order.Choice) *updateResult {
	got := &updateResult{err: errors.New("no response")}
	p.decisions++
	err := p.env.UpdateWorkflowByID(order.CaseWorkflowID(caseID), string(cases.DecideCase), fmt.Sprint("decide-", p.decisions), &testsuite.TestUpdateCallback{
		OnAccept: func() {}, OnReject: func(err error) { got.err = err }, OnComplete: func(result any, err error) { got.result, got.err = result, err },
	}, cases.DecideRequest{Choice: c, Sender: sentBy("key:ada", "looked at it")})
	if err != nil {
		got.err = err
	}
	return got
}

// finish lets the carrier deliver and a person decide whatever is left, once a day from a
// time on: nothing keeps the order open then.
func (p *played) finish(from time.Duration) {
	p.at(from, func() { p.end(); p.stepDown = false })
	for d := range 60 {
		p.at(from+time.Duration(d)*day, func() {
			if p.over {
				return
			}
			for _, ref := range p.order().Cases {
				p.decideCase(ref.ID, ending(ref.Kind))
			}
			for _, s := range p.order().Shipments {
				if !s.Booked() || s.Replaced || slices.Contains([]order.ParcelStatus{order.ParcelDelivered, order.ParcelReturned, order.ParcelVoided}, s.Status) {
					continue
				}
				next := order.ParcelInTransit
				if s.Status.HandedOver() {
					next = order.ParcelDelivered
				}
				if e, err := p.carrier.Scan(s.Reference, next); err == nil {
					p.sendEvents(p.event(order.ProviderEvent{Type: "parcel." + string(next), Parcel: &e}))
				}
			}
		})
	}
}

// decidedAs checks what became of a case: a choice was carried out, or nobody decided.
func (p *played) decidedAs(ref order.CaseRef, rule order.CaseRule, c order.Choice) {
	p.Helper()
	r, err := p.casebook.Case(context.Background(), ref.ID)
	who := "key:ada"
	if c == "" {
		c, who = rule.Default, workflows.ActorPurser
	}
	switch {
	case err != nil:
		p.Errorf("%v", err)
	case c == "":
		if !r.Overdue || r.Status != order.CaseOpen {
			p.Errorf("nobody has decided: %+v", r)
		}
	case r.Status != order.CaseDecided || r.Decision == nil || r.Decision.Choice != c || r.Decision.Who != who:
		p.Errorf("decided %s by %s: %+v", c, who, r)
	case !slices.ContainsFunc(p.events(), func(e order.Event) bool { return e.Kind == order.OrderResolved && e.Actor == who }):
		p.Errorf("the timeline has no decision of %s: %v", who, p.kinds())
	}
}

// endsInOrder checks what holds at the end, whatever a person has decided: they may keep money
// and goods, so keptPromises asks for too much.
func (p *played) endsInOrder() {
	p.Helper()
	o := p.order()
	if !o.Status.Final() || len(o.Cases) > 0 {
		p.Errorf("the order ends %s, with the cases %+v", o.Status, o.Cases)
	}
	p.checkTimeline(o)
	p.keptCases()
	for _, opened := range p.cases.inOrder() {
		if r, err := p.casebook.Case(context.Background(), opened.ID); err != nil || !r.Status.Over() {
			p.Errorf("%s ends %+v, %v", opened.ID, r, err)
		}
	}
	for key, n := range p.mailer.Counts() {
		if n > 1 {
			p.Errorf("mail %s went out %d times", key, n)
		}
	}
	recorded := int64(0)
	for _, paid := range o.Payments {
		if !paid.Manual() {
			recorded += paid.Captured - paid.Refunded
		}
	}
	for _, r := range o.Refunds {
		if r.PaidOut {
			recorded += r.Amount.Amount // the bank does not know of it
		}
	}
	if sum := p.bank.Count(id); sum.Taken-sum.Returned != recorded {
		p.Errorf("the record has %d, and the bank %+v", recorded, sum)
	}
}
