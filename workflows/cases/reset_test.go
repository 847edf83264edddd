package cases_test

import (
	"testing"
	"time"

	steps "purser/activities/cases"
	"purser/order"
	"purser/workflows/cases"
)

// TestReset (REC-7, REC-10): a case that was decided, and whose workflow is reset to a time
// before that, neither opens again nor asks anybody for a decision.
func TestReset(t *testing.T) {
	for name, during := range map[string]func(*fixture){
		"nothing happens": func(*fixture) {},
		"a note is typed": func(f *fixture) { f.update(string(cases.NoteCase), cases.NoteRequest{Sender: by("key:bo")}) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, order.CaseOfHold(order.HoldPayment))
			f.at(time.Hour, func() { f.decide("key:ada", order.ChooseVoid) })
			f.run()
			decided := f.recorded()
			before := decided
			before.Status, before.Decision, before.Outcome, before.ClosedAt = order.CaseOpen, nil, "", time.Time{}
			f.input = cases.Run{State: &cases.State{Case: before, Mails: map[steps.Occasion]bool{steps.CaseOpened: true}}}
			f.cues = nil
			f.at(2*time.Hour, func() { during(f) })
			f.input.Case.ID = caseID
			f.run()
			if r := f.recorded(); r.Status != order.CaseDecided || r.Decision == nil || r.Overdue || f.result.Status != order.CaseDecided {
				t.Errorf("the record has %+v, and the result is %+v", r, f.result)
			}
			f.mailed(steps.CaseOpened)
		})
	}
}

// TestReplacedAtOnce (REC-7): a case that an attempt to write the order has opened, and that
// the next attempt has replaced, tells nobody.
func TestReplacedAtOnce(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.at(30*time.Second, func() { f.open = false })
	f.run()
	if r := f.recorded(); r.Status != order.CaseClosed {
		t.Errorf("%+v", r)
	}
	f.mailed()
}

// TestLostMessage (REC-7): an overdue case finds out by itself that its matter is over.
func TestLostMessage(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.at(10*24*time.Hour, func() { f.open = false })
	f.run()
	r := f.recorded()
	if r.Status != order.CaseClosed || !r.Overdue || r.ClosedAt.Sub(r.OpenedAt) > 11*24*time.Hour {
		t.Errorf("%+v", r)
	}
}
