//go:build !lean

package starter_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.temporal.io/sdk/client"

	caseactivities "purser/activities/cases"
	"purser/ledger"
	"purser/order"
	"purser/workflows"
	"purser/workflows/cases"
)

// caseOrders are the orders of a fixture, all of which wait for a person.
type caseOrders struct{ *orderFixture }

func (c caseOrders) Order(ctx context.Context, id order.ID) (order.Order, error) {
	return c.record.Order(ctx, id)
}

func (c caseOrders) Orders(ctx context.Context, _ order.Filter) (p order.Page, err error) {
	for _, id := range c.placed {
		o, err := c.record.Order(ctx, id)
		if err != nil {
			return p, err
		}
		o.UpdatedAt = o.UpdatedAt.AddDate(0, 0, -1)
		p.Orders = append(p.Orders, o)
	}
	return p, nil
}

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

// holdLabel takes an order to a hold, and returns its case when it is recorded.
func (b *buttons) holdLabel() order.Case {
	b.Helper()
	b.place(b.id)
	b.pay()
	b.scan(order.ParcelVoided)
	b.await("the hold", b.is(order.OnHold))
	return b.openCase()
}

// openCase returns the order's only open case.
func (b *buttons) openCase() (c order.Case) {
	b.Helper()
	b.await("the case", func() bool {
		page, err := b.cases.Cases(b.Context(), order.CaseFilter{OrderID: b.id, Status: []order.CaseStatus{order.CaseOpen}})
		if err != nil || len(page.Cases) > 1 {
			b.Fatalf("%+v, %v", page.Cases, err)
		}
		if len(page.Cases) == 1 {
			c = page.Cases[0]
		}
		return c.ID != ""
	})
	return c
}

func (b *buttons) caseIs(id string, s order.CaseStatus) func() bool {
	return func() bool {
		c, err := b.cases.Case(b.Context(), id)
		return err == nil && c.Status == s
	}
}

func (b *buttons) endCase(id string) {
	b.Helper()
	if err := b.temporal.TerminateWorkflow(b.Context(), order.CaseWorkflowID(id), "", "by hand"); err != nil {
		b.Fatal(err)
	}
}

func (b *buttons) sweep() (done caseactivities.Swept) {
	b.Helper()
	run, err := b.temporal.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{ID: cases.SweepWorkflowID, TaskQueue: workflows.OrdersQueue}, cases.CaseSweepWorkflow)
	if err == nil {
		err = run.Get(b.Context(), &done)
	}
	if err != nil {
		b.Fatal(err)
	}
	return done
}

// TestCases (REC-7, REC-10): on a real engine, a hold opens a case. It is decided once, by one
// of two people at once, also after its workflow or the order's was terminated; the sweep
// finds a case that has lost its workflow, and one whose matter is over.
func TestCases(t *testing.T) {
	d, parent := newOrderFixture(t), t
	ctx := t.Context()
	run := func(name string, test func(b *buttons)) {
		t.Run(name, func(t *testing.T) {
			d.T = t
			defer func() { d.T = parent }()
			test(&buttons{orderFixture: d, id: order.IDForKey("cases", name)})
		})
	}
	run("two people decide at once", func(b *buttons) {
		c := b.holdLabel()
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, who := range []string{"key:ada", "key:bo"} {
			all.Go(func() { _, errs[i] = d.starter.DecideCase(ctx, c.ID, order.ChooseRefund, who, "looked at it", "") })
		}
		all.Wait()
		refused := 0
		for _, err := range errs {
			if errors.Is(err, order.ErrIllegalMove) {
				refused++
			} else if err != nil {
				b.Error(err)
			}
		}
		b.await("the refund", b.is(order.Cancelled))
		if sum := b.bank.Count(b.id); refused != 1 || sum.Returned != 2900 {
			b.Errorf("%v; %+v", errs, sum)
		}
		b.await("the end of the case", b.caseIs(c.ID, order.CaseDecided))
		if _, err := d.starter.NoteCase(ctx, c.ID, "too late", "key:ada", ""); !errors.Is(err, order.ErrIllegalMove) {
			b.Errorf("a note on a case that is over: %v", err)
		}
	})
	run("resolved at the order", func(b *buttons) {
		c := b.holdLabel()
		if _, err := d.starter.Resolve(ctx, b.id, order.ChooseRefund, "key:bo", "by hand", ""); err != nil {
			b.Fatal(err)
		}
		b.await("the end of the case", b.caseIs(c.ID, order.CaseDecided))
		if c, err := b.cases.Case(ctx, c.ID); err != nil || c.Decision == nil || c.Decision.Who != "key:bo" {
			b.Errorf("%+v, %v", c, err)
		}
	})
	run("the order's workflow was terminated", func(b *buttons) {
		c := b.holdLabel()
		d.end(b.id)
		if _, err := d.starter.DecideCase(ctx, c.ID, order.ChooseRefund, "key:ada", "looked at it", ""); err != nil {
			b.Fatal(err)
		}
		b.await("the refund", b.is(order.Cancelled))
		b.await("the end of the case", b.caseIs(c.ID, order.CaseDecided))
	})
	run("the case's workflow was terminated", func(b *buttons) {
		c := b.holdLabel()
		if _, err := d.starter.NoteCase(ctx, c.ID, "called", "key:ada", ""); err != nil {
			b.Fatal(err)
		}
		b.endCase(c.ID)
		if done := b.sweep(); done.Resumed != 1 || done.Failed != 0 {
			b.Errorf("%+v", done)
		}
		b.endCase(c.ID)
		got, err := d.starter.DecideCase(ctx, c.ID, order.ChooseRefund, "key:ada", "looked at it", "")
		if err != nil || got.Status != order.CaseDecided || len(got.Notes) != 1 {
			b.Errorf("%+v, %v", got, err)
		}
		b.await("the refund", b.is(order.Cancelled))
	})
	run("the message about the end was lost", func(b *buttons) {
		c := b.holdLabel()
		b.endCase(c.ID)
		if _, err := d.starter.Cancel(ctx, b.id, "key:shop", "the shopper called", ""); err != nil {
			b.Fatal(err)
		}
		b.sweep()
		b.await("the end of the case", b.caseIs(c.ID, order.CaseClosed))
	})
	run("much money", func(b *buttons) {
		d.starter.Terms.ApproveAbove = order.Approval{"EUR": 2899}
		defer func() { d.starter.Terms.ApproveAbove = nil }()
		c := b.holdLabel()
		if _, err := d.starter.Resolve(ctx, b.id, order.ChooseRefund, "key:ada", "by hand", ""); !errors.Is(err, order.ErrNeedsApproval) {
			b.Errorf("at the order: %v", err)
		}
		if got, err := d.starter.DecideCase(ctx, c.ID, order.ChooseRefund, "key:ada", "damaged", ""); err != nil || got.Proposal == nil || !b.is(order.OnHold)() {
			b.Errorf("proposed: %+v, %v", got, err)
		}
		if _, err := d.starter.DecideCase(ctx, c.ID, order.ChooseRefund, "key:ada", "damaged", ""); !errors.Is(err, order.ErrNeedsApproval) {
			b.Errorf("approved by the same: %v", err)
		}
		got, err := d.starter.DecideCase(ctx, c.ID, order.ChooseRefund, "key:bo", "seen", "")
		if err != nil || got.Status != order.CaseDecided || got.Decision.ApprovedBy != "key:bo" {
			b.Errorf("approved: %+v, %v", got, err)
		}
		b.await("the refund", b.is(order.Cancelled))
	})
}
