package cases_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/activities/cases"
	"purser/activities/fake"
	"purser/ledger"
	"purser/order"
)

// engine stands in for the workflows of cases.
type engine struct {
	record   *fake.Cases
	lost     map[string]bool // cases whose workflow was lost
	attended []string
	started  []string
}

func (e *engine) ResolveCase(context.Context, order.CaseRequest) error { return nil }

func (e *engine) StartCase(ctx context.Context, c order.Case) error {
	e.started = append(e.started, c.ID)
	_, err := e.record.OpenCase(ctx, c)
	return err
}

func (e *engine) AttendCase(_ context.Context, id string) (bool, error) {
	e.attended = append(e.attended, id)
	if id == "down" {
		return false, order.ErrBusy
	}
	return e.lost[id], nil
}

// shop has the orders that wait for a person, and what belongs to no order.
type shop struct {
	orders      []order.Order
	differences []ledger.Difference
	events      []order.UndeliveredEvent
}

func (s *shop) Order(context.Context, order.ID) (order.Order, error) { return order.Order{}, nil }

func (s *shop) Orders(_ context.Context, f order.Filter) (order.Page, error) {
	if f.WaitsFor != order.WaitOperator {
		return order.Page{}, errors.New("the sweep looks at orders that wait for nobody")
	}
	return order.Page{Orders: s.orders}, nil
}

func (s *shop) DifferencesAfter(_ context.Context, id int64, limit int) (some []ledger.Difference, _ error) {
	for _, d := range s.differences {
		if d.ID > id && len(some) < limit {
			some = append(some, d)
		}
	}
	return some, nil
}

func (s *shop) DifferenceOpen(context.Context, int64) (bool, error) { return true, nil }

func (s *shop) UndeliveredAfter(_ context.Context, id int64, attempts, _ int) (some []order.UndeliveredEvent, _ error) {
	for _, e := range s.events {
		if e.ID > id && e.Attempts >= attempts {
			some = append(some, e)
		}
	}
	return some, nil
}

func (s *shop) UndeliveredOpen(context.Context, int64) (bool, error) { return true, nil }

// TestSweep (REC-7, WHK-14): open cases are attended, also if one cannot be; a case that an
// order names and that was never opened is opened; so is one for each difference and for
// each event that many attempts have not delivered, once.
func TestSweep(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	record := &fake.Cases{}
	e := &engine{record: record, lost: map[string]bool{"b": true}}
	for _, id := range []string{"a", "b", "down", "over"} {
		c := order.NewCase(id, order.CaseParcelLost, now)
		if id == "over" {
			c.Status = order.CaseDecided
		}
		if _, err := record.OpenCase(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	hold := order.CaseOfHold(order.HoldLabel)
	s := &shop{
		orders: []order.Order{
			{ID: "ord_1", UpdatedAt: now.Add(-time.Hour), Hold: &order.Hold{Kind: order.HoldLabel, Why: "the label is void", Choices: order.HoldLabel.Choices()}, Cases: []order.CaseRef{{ID: "ord_1-x", Kind: hold}, {ID: "a", Kind: order.CaseParcelLost}}},
			{ID: "ord_4", UpdatedAt: now.Add(-time.Hour), Disputes: []order.Dispute{{ID: "dp_1", Amount: order.Money{Amount: 2900, Currency: "EUR"}, AnswerBy: now.Add(24 * time.Hour)}}, Cases: []order.CaseRef{{ID: "ord_4-z", Kind: order.CaseDispute, About: "dp_1"}}},
			{ID: "ord_2", UpdatedAt: now, Cases: []order.CaseRef{{ID: "ord_2-y", Kind: hold}}}, // its write is about to open it
		},
		events: []order.UndeliveredEvent{{ID: 7, Attempts: 29}, {ID: 8, Attempts: 30, Type: "payment_intent.succeeded", Provider: "stripe", EventID: "evt_8"}},
	}
	for i := range 120 {
		s.differences = append(s.differences, ledger.Difference{ID: int64(i + 1), OrderID: "ord_3", Why: "differs", Currency: "EUR", Record: 100, Ledger: 40})
	}
	a := &cases.Activities{Record: record, Orders: s, Matters: s, Workflows: e}
	done, err := a.SweepCases(t.Context(), cases.SweepRequest{Now: now})
	if err != nil || done.Open != 3 || done.Resumed != 1 || done.Failed != 1 || done.Opened != 2+50+1 {
		t.Errorf("%+v, %v", done, err)
	}
	if slices.Sort(e.attended); !slices.Equal(e.attended, []string{"a", "b", "down"}) {
		t.Errorf("attended %v", e.attended)
	}
	if c, err := record.Case(t.Context(), "ord_1-x"); err != nil || c.Why != "the label is void" || c.OrderID != "ord_1" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := record.Case(t.Context(), "ord_4-z"); err != nil || c.Amount.Amount != 2900 || !c.DueAt.Equal(now.Add(24*time.Hour)) {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := record.Case(t.Context(), "difference-1"); err != nil || c.Amount.Amount != 60 || !strings.Contains(c.Record, "1.00 EUR") {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := record.Case(t.Context(), "event-8"); err != nil || c.About != "evt_8" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, want := range []int{50, 20, 0} { // what one sweep leaves the next ones open
		if done, err := a.SweepCases(t.Context(), cases.SweepRequest{Now: now}); err != nil || done.Opened != want {
			t.Errorf("%+v, %v; want %d opened", done, err, want)
		}
	}
	if slices.Sort(e.started); len(slices.Compact(slices.Clone(e.started))) != len(e.started) {
		t.Errorf("started twice: %v", e.started)
	}
}
