package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"purser/activities"
	"purser/order"
)

const (
	// sweepPage is how many cases or orders one query of a sweep lists.
	sweepPage = 100
	// mostOpened is how many cases one sweep opens about what belongs to no order. The
	// next one opens more.
	mostOpened = 50
	// manyAttempts is after how many attempts an undelivered event needs a person. They
	// take about half an hour.
	manyAttempts = 30
	// unchangedFor is how long an order must not have changed before the sweep opens a case for
	// it: the write that has just named the case is about to open it itself.
	unchangedFor = 10 * time.Minute
)

// SweepRequest is the input of SweepCases.
type SweepRequest struct {
	Now time.Time `json:"now"`
}

// Swept says what a sweep has done.
type Swept struct {
	Open    int `json:"open"`             // open cases that were looked at
	Resumed int `json:"resumed"`          // of which no workflow ran
	Opened  int `json:"opened"`           // cases that were missing
	Failed  int `json:"failed,omitempty"` // of which it is not known; the next sweep looks again
}

// SweepCases lets each open case look whether its matter is over, starts the workflow of
// each that has lost it, and opens the cases that are missing: those of orders whose
// workflow ended before it could open them, and those about what belongs to no order.
func (a *Activities) SweepCases(ctx context.Context, r SweepRequest) (done Swept, err error) {
	defer activities.Beat(ctx)()
	var failed error
	for _, part := range []func(context.Context, SweepRequest, *Swept) error{a.attendOpen, a.openOfOrders, a.openDifferences, a.openUndelivered} {
		if err := part(ctx, r, &done); err != nil { // the other parts are done all the same
			failed = errors.Join(failed, err)
		}
	}
	return done, activities.Failure(failed)
}

func (a *Activities) attendOpen(ctx context.Context, _ SweepRequest, done *Swept) error {
	for cursor := ""; ; {
		page, err := a.Record.Cases(ctx, order.CaseFilter{Status: []order.CaseStatus{order.CaseOpen}, Limit: sweepPage, Cursor: cursor})
		if err != nil {
			return err
		}
		for _, c := range page.Cases {
			done.Open++
			switch started, err := a.Workflows.AttendCase(ctx, c.ID); {
			case err != nil:
				done.Failed++
			case started:
				done.Resumed++
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// openOfOrders opens the cases that an order names and the record does not have.
func (a *Activities) openOfOrders(ctx context.Context, r SweepRequest, done *Swept) error {
	for cursor := ""; ; {
		page, err := a.Orders.Orders(ctx, order.Filter{WaitsFor: order.WaitOperator, Limit: sweepPage, Cursor: cursor})
		if err != nil {
			return err
		}
		for _, o := range page.Orders {
			if r.Now.Sub(o.UpdatedAt) < unchangedFor {
				continue
			}
			for _, ref := range o.Cases {
				if err := a.openMissing(ctx, caseOf(o, ref, r.Now), done); err != nil {
					return err
				}
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// caseOf returns the case that an order names, as far as the order tells.
func caseOf(o order.Order, ref order.CaseRef, now time.Time) order.Case {
	c := order.NewCase(ref.ID, ref.Kind, now)
	c.OrderID, c.About, c.Why = o.ID, ref.About, cmp.Or(o.Reason, words(ref.Kind))
	i := slices.IndexFunc(o.Attention, func(a order.Attention) bool { return a.About == ref.About })
	d := slices.IndexFunc(o.Disputes, func(d order.Dispute) bool { return d.ID == ref.About })
	switch {
	case ref.Kind.IsHold() && o.Hold != nil:
		c.Why, c.Choices = o.Hold.Why, o.Hold.Choices
	case i >= 0:
		c.Why = o.Attention[i].Why
	case d >= 0:
		c.Amount = o.Disputes[d].Amount
		if by := o.Disputes[d].AnswerBy; by.After(now) {
			c.DueAt = by
		}
	}
	c.Record = fmt.Sprintf("the order is %s over %s", o.Status, o.Total)
	return c
}

// openMissing starts a case that the record does not have.
func (a *Activities) openMissing(ctx context.Context, c order.Case, done *Swept) error {
	_, err := a.Record.Case(ctx, c.ID)
	if err == nil || !errors.Is(err, order.ErrNoCase) {
		return err
	}
	if err := a.Workflows.StartCase(ctx, c); err != nil {
		return err
	}
	done.Opened++
	return nil
}

func (a *Activities) openDifferences(ctx context.Context, r SweepRequest, done *Swept) error {
	opened := done.Opened
	for after := int64(0); ; {
		found, err := a.Matters.DifferencesAfter(ctx, after, sweepPage)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, d := range found {
			after = d.ID
			c := order.NewCase(fmt.Sprintf("difference-%d", d.ID), order.CaseDifference, r.Now)
			c.OrderID, c.About, c.Why = d.OrderID, d.Ref, d.Why
			amount := func(n int64) string { return order.Money{Amount: n, Currency: d.Currency}.String() }
			c.Record = fmt.Sprintf("%s: the record has %s, and the ledger %s", d.Account, amount(d.Record), amount(d.Ledger))
			c.Amount = order.Money{Amount: max(d.Record-d.Ledger, d.Ledger-d.Record), Currency: d.Currency}
			if d.Provider != nil {
				c.Provider = "the provider has " + amount(*d.Provider)
				c.Amount.Amount = max(c.Amount.Amount, *d.Provider-d.Record, d.Record-*d.Provider)
			}
			if err := a.openMissing(ctx, c, done); err != nil || done.Opened-opened >= mostOpened {
				return err
			}
		}
	}
}

func (a *Activities) openUndelivered(ctx context.Context, r SweepRequest, done *Swept) error {
	opened := done.Opened
	for after := int64(0); ; {
		found, err := a.Matters.UndeliveredAfter(ctx, after, manyAttempts, sweepPage)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, e := range found {
			after = e.ID
			c := order.NewCase(fmt.Sprintf("event-%d", e.ID), order.CaseUndelivered, r.Now)
			c.OrderID, c.About = e.OrderID, e.EventID
			c.Why = fmt.Sprintf("%d attempts have not delivered the event %s of %s", e.Attempts, e.Type, e.Provider)
			c.Record = fmt.Sprintf("number %d in the inbox, received at %s", e.ID, at(e.ReceivedAt))
			if err := a.openMissing(ctx, c, done); err != nil || done.Opened-opened >= mostOpened {
				return err
			}
		}
	}
}
