package cases_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	steps "purser/activities/cases"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/cases"
	"purser/workflows/workflowtest"
)

// TestEveryKind (REC-7): a case of every kind takes each of its choices and no other, and
// is decided by it; at its deadline it does what the table says, once.
func TestEveryKind(t *testing.T) {
	for _, rule := range order.CaseRules() {
		for _, c := range order.Choices() {
			t.Run(string(rule.Kind)+" "+string(c), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, rule.Kind)
				var got *answer
				f.at(time.Hour, func() { got = f.decide("key:ada", c) })
				f.at(2*time.Hour, f.goesOn)
				f.run()
				allowed := slices.Contains(rule.Choices, c)
				if allowed != (got.refusal() == "") || !allowed && got.refusal() != workflows.RefusalNotHeld {
					t.Errorf("%q", got.refusal())
				}
				want, decided := order.CaseClosed, ""
				if allowed {
					want, decided = order.CaseDecided, string(c)+" by key:ada: looked at it"
				}
				if r := f.recorded(); r.Status != want || allowed && (r.Outcome != decided || r.Decision == nil || r.ClosedAt.IsZero()) || f.result.Status != want {
					t.Errorf("recorded %+v", r)
				}
				if asked := len(f.asked); asked != map[bool]int{true: 1}[allowed && rule.Kind.OfOrder()] {
					t.Errorf("the order was asked %d times", asked)
				}
			})
		}
		t.Run(string(rule.Kind)+" at the deadline", func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, rule.Kind)
			if !rule.Kind.OfOrder() {
				f.at(rule.Within+time.Hour, f.goesOn)
			}
			f.at(rule.Within+48*time.Hour, f.goesOn)
			f.run()
			r, mails := f.recorded(), []steps.Occasion{steps.CaseOpened, steps.CaseDueSoon}
			if rule.Kind == order.CaseDifference { // the ledger's own mail has told about it
				mails = mails[1:]
			}
			if rule.Default == "" {
				mails = append(mails, steps.CaseOverdue)
				if !r.Overdue || r.Status != order.CaseClosed || len(f.asked) > 0 {
					t.Errorf("recorded %+v, asked %+v", r, f.asked)
				}
			} else if r.Overdue || r.Status != order.CaseDecided || r.Decision.Who != workflows.ActorPurser || r.Decision.Choice != rule.Default || len(f.asked) != 1 {
				t.Errorf("recorded %+v, asked %+v", r, f.asked)
			}
			f.mailed(mails...)
		})
	}
}

// TestDefaultChoices: only a choice that moves no money is ever decided without a person.
func TestDefaultChoices(t *testing.T) {
	for _, r := range order.CaseRules() {
		if r.Default != "" && (r.Default.MovesMoney() || !slices.Contains(r.Choices, r.Default)) {
			t.Errorf("%s decides %s by itself", r.Kind, r.Default)
		}
	}
}

// TestMail (REC-7): the mail about a case has both sides, the amount, and a command for
// each choice.
func TestMail(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.at(time.Hour, f.goesOn)
	f.run()
	f.mailed(steps.CaseOpened)
	m := f.mailer.Sent()[0]
	for _, part := range []string{"the amounts differ.", "29.00 EUR", string(orderID), "purser case decide " + caseID + " release --reason", "purser case decide " + caseID + " void", "2026-03-03 10:00 UTC"} {
		if !strings.Contains(m.Content.Text, part) {
			t.Errorf("%q is not in %s", part, m.Content.Text)
		}
	}
	if m.To[0].Email != "shop@shop.example" || !strings.Contains(m.Content.Subject, "hold payment") {
		t.Errorf("%+v", m)
	}
}

// TestMailProviderDown (REC-7, EML-1): a case is decided while its mail cannot be sent. Then
// the mail is not sent any more; otherwise it is sent once, when it can be.
func TestMailProviderDown(t *testing.T) {
	for name, until := range map[string]time.Duration{"until after the decision": 48 * time.Hour, "for an hour": time.Hour} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, order.CaseOfHold(order.HoldFunds))
			f.mailer.Before = func(mail.Message) error {
				if f.env.Now().Sub(workflowtest.Start) < until {
					return &order.ProviderError{Provider: "fake", Op: "send", Kind: order.ErrUnavailable}
				}
				return nil
			}
			var got *answer
			f.at(2*time.Hour, func() { got = f.decide("key:ada", order.ChooseVoid) })
			f.run()
			if got.refusal() != "" || f.recorded().Status != order.CaseDecided {
				t.Errorf("%q, %+v", got.refusal(), f.recorded())
			}
			if until == time.Hour {
				f.mailed(steps.CaseOpened)
			} else {
				f.mailed()
				if got := f.ledger.States()["case-"+caseID+"-opened"]; got != mail.StateSkipped {
					t.Errorf("the mail that was not sent is %q in the ledger", got)
				}
			}
		})
	}
}

// TestTwoDecideAtOnce (REC-7): of two people who decide at once, one decides, and the other
// is refused; the order is asked once.
func TestTwoDecideAtOnce(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	var first, second *answer
	f.at(time.Hour, func() {
		first = f.decide("key:ada", order.ChooseVoid)
		second = f.decide("key:bo", order.ChooseRelease)
	})
	f.run()
	if first.refusal() != "" || second.refusal() != workflows.RefusalNotHeld || len(f.asked) != 1 {
		t.Errorf("%q and %q, asked %+v", first.refusal(), second.refusal(), f.asked)
	}
}

// TestOrderGoesOn (REC-7): an order that goes on by itself while a decision is under
// way refuses it. The decision is refused, too, with how the case ended.
func TestOrderGoesOn(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.takes = func(order.CaseRequest) error {
		f.open = false
		f.env.SignalWorkflow(string(cases.Reviewed), order.CaseEnd{ID: caseID, Outcome: "the order went on: it is paid"})
		return nil
	}
	var got *answer
	f.at(time.Hour, func() { got = f.decide("key:ada", order.ChooseVoid) })
	f.run()
	if r := f.recorded(); r.Status != order.CaseClosed || got.refusal() != workflows.RefusalNotHeld || !strings.Contains(got.err.Error(), "it is paid") {
		t.Errorf("%v, %+v", got.err, r)
	}
}

// TestDecisionWhoseResponseIsLost (REC-7): the order takes a decision, and its response is
// lost with the process that waits for it. The decision counts, once.
func TestDecisionWhoseResponseIsLost(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.takes = func(r order.CaseRequest) error {
		if !f.open {
			return nil // it is refused
		}
		f.open = false
		f.env.SignalWorkflow(string(cases.Reviewed), order.CaseEnd{ID: caseID, Decision: &r.Decision, Request: r.Request})
		return order.ErrBusy
	}
	var got *answer
	f.at(time.Hour, func() { got = f.decide("key:ada", order.ChooseVoid) })
	f.run()
	if r := f.recorded(); r.Status != order.CaseDecided || got.refusal() != "" || len(f.asked) != 2 || f.asked[0].Request != f.asked[1].Request {
		t.Errorf("%q, %+v, asked %+v", got.refusal(), r, f.asked)
	}
}

// TestDecidedElsewhere (REC-7): a decision that a person sent to the order itself ends the
// case with it. A message that the record does not confirm changes nothing.
func TestDecidedElsewhere(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	end := order.CaseEnd{ID: caseID, Decision: &order.CaseDecision{Choice: order.ChooseVoid, Who: "key:bo", Why: "by hand"}}
	f.at(time.Hour, func() { f.env.SignalWorkflow(string(cases.Reviewed), end) })
	f.at(2*time.Hour, func() {
		if r := f.recorded(); r.Status != order.CaseOpen {
			t.Errorf("after a message of a lost attempt: %+v", r)
		}
		f.open = false
		f.env.SignalWorkflow(string(cases.Reviewed), end)
	})
	f.run()
	if r := f.recorded(); r.Status != order.CaseDecided || r.Outcome != "void by key:bo: by hand" {
		t.Errorf("%+v", r)
	}
}

// TestRefusedByTheOrder (REC-7): what the order refuses leaves the case open.
func TestRefusedByTheOrder(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldReturned))
	refuse := true
	f.takes = func(order.CaseRequest) error {
		if refuse {
			return &order.Refusal{Kind: order.ErrIllegalMove, Text: "nothing is left to send"}
		}
		return nil
	}
	var first, second *answer
	f.at(time.Hour, func() { first = f.decide("key:ada", order.ChooseRebook) })
	f.at(2*time.Hour, func() {
		refuse = false
		second = f.decide("key:ada", order.ChooseRefund)
	})
	f.run()
	if first.refusal() != workflows.RefusalNotHeld || !strings.Contains(first.err.Error(), "nothing is left to send") || second.refusal() != "" {
		t.Errorf("%v, then %q", first.err, second.refusal())
	}
	if r := f.recorded(); r.Decision == nil || r.Decision.Choice != order.ChooseRefund {
		t.Errorf("%+v", r)
	}
}

// TestApproval (REC-7): a decision about much money is kept as proposed until another
// principal decides the same. Neither the one who proposed it nor the Temporal UI approves.
func TestApproval(t *testing.T) {
	for _, kind := range []order.CaseKind{order.CaseOfHold(order.HoldPayment), order.CaseUndelivered} {
		t.Run(string(kind), func(t *testing.T) {
			c := order.ChooseVoid
			if !kind.OfOrder() {
				c = order.ChooseKeep
			}
			f := newFixture(t, kind)
			f.approval = 2899
			var proposed, again, typed, approved *answer
			f.at(time.Hour, func() { proposed = f.decide("key:ada", c) })
			f.at(2*time.Hour, func() {
				again = f.decide("key:ada", c)
				typed = f.update(string(cases.DecideCase), cases.DecideRequest{Choice: c, Sender: workflows.Sender{Who: "key:bo", Why: "yes"}})
			})
			f.at(3*time.Hour, func() {
				if r := f.recorded(); r.Status != order.CaseOpen || r.Proposal == nil || r.Proposal.Who != "key:ada" {
					t.Errorf("%+v", r)
				}
				approved = f.decide("key:bo", c)
			})
			f.run()
			if proposed.refusal() != "" || again.refusal() != workflows.RefusalApproval || typed.refusal() != workflows.RefusalApproval || approved.refusal() != "" {
				t.Errorf("%q, %q, %q, %q", proposed.refusal(), again.refusal(), typed.refusal(), approved.refusal())
			}
			if r := f.recorded(); r.Decision == nil || r.Decision.Who != "key:ada" || r.Decision.ApprovedBy != "key:bo" || r.Proposal != nil {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestTakeAndNote (REC-7): who looks after a case, and what people note, is recorded; a case
// that is over takes neither.
func TestTakeAndNote(t *testing.T) {
	f := newFixture(t, order.CaseParcelLost)
	var late *answer
	f.at(time.Hour, func() { f.update(string(cases.TakeCase), cases.TakeRequest{Sender: by("key:ada")}) })
	f.at(2*time.Hour, func() {
		if r := f.recorded(); r.Assignee != "key:ada" {
			t.Errorf("assignee %q", r.Assignee)
		}
		f.update(string(cases.TakeCase), cases.TakeRequest{Assignee: "bo", Sender: by("key:ada")})
		f.update(string(cases.NoteCase), cases.NoteRequest{Sender: workflows.Sender{Who: "bo", Why: "the carrier looks for it"}})
	})
	f.at(3*time.Hour, func() {
		f.decide("key:ada", order.ChooseRebook)
		late = f.update(string(cases.NoteCase), cases.NoteRequest{Sender: by("key:ada")})
	})
	f.run()
	r := f.recorded()
	if r.Assignee != "bo" || len(r.Notes) < 1 || r.Notes[0].Who != workflows.ActorTemporalUI || r.Notes[0].Text != "bo: the carrier looks for it" {
		t.Errorf("%+v", r)
	}
	if late.refusal() != "" && late.refusal() != workflows.RefusalNotHeld {
		t.Errorf("%v", late.err)
	}
}

// TestTerminated (REC-7, REC-10): a case whose workflow was terminated goes on from the
// record, with its notes; each mail goes out once.
func TestTerminated(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldUnderpaid))
	f.at(time.Hour, func() { f.update(string(cases.NoteCase), cases.NoteRequest{Sender: by("key:ada")}) })
	f.attempt(6 * 24 * time.Hour)
	if f.failed == nil {
		t.Fatal("it was not terminated")
	}
	f.input, f.cues = cases.Run{Case: order.Case{ID: caseID}}, nil
	f.at(8*24*time.Hour, func() { f.decide("key:bo", order.ChooseKeep) })
	f.run()
	if r := f.recorded(); r.Status != order.CaseDecided || len(r.Notes) != 1 || r.Kind != order.CaseOfHold(order.HoldUnderpaid) || !r.Overdue {
		t.Errorf("%+v", r)
	}
	f.mailed(steps.CaseOpened, steps.CaseDueSoon, steps.CaseOverdue)
}

// TestUnknownCase: a workflow that is started for a case that nobody knows ends.
func TestUnknownCase(t *testing.T) {
	f := newFixture(t, order.CaseParcelLost)
	f.input = cases.Run{Case: order.Case{ID: "nope"}}
	f.run()
	if _, err := f.record.Case(context.Background(), "nope"); !errors.Is(err, order.ErrNoCase) || f.result.Status != order.CaseClosed {
		t.Errorf("%v, %+v", err, f.result)
	}
	f.mailed()
}

// TestOverBeforeItOpens: a matter that is over before its case is opened has a case that is
// closed at once, about which nobody is told.
func TestOverBeforeItOpens(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldLabel))
	f.open = false
	f.run()
	if r := f.recorded(); r.Status != order.CaseClosed {
		t.Errorf("%+v", r)
	}
	f.mailed()
}
