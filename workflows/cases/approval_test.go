package cases_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/cases"
)

// TestProposedInTheUI (REC-7): a proposal that was typed in the Temporal UI is nobody's, as
// its sender can be anybody, also the one who approves it. It takes two keys all the same.
func TestProposedInTheUI(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.approval = 2899
	var typed, first, again, second *answer
	f.at(time.Hour, func() { typed = f.typed("ada", order.ChooseVoid) })
	f.at(2*time.Hour, func() { first = f.decide("key:ada", order.ChooseVoid) })
	f.at(3*time.Hour, func() {
		if r := f.recorded(); r.Status != order.CaseOpen || r.Proposal == nil || r.Proposal.Who != "key:ada" || !f.open {
			t.Errorf("after one key: %+v", r)
		}
		again = f.decide("key:ada", order.ChooseVoid)
	})
	f.at(4*time.Hour, func() { second = f.decide("key:bo", order.ChooseVoid) })
	f.run()
	if typed.refusal() != "" || first.refusal() != "" || again.refusal() != workflows.RefusalApproval || second.refusal() != "" {
		t.Errorf("%q, %q, %q, %q", typed.refusal(), first.refusal(), again.refusal(), second.refusal())
	}
	if d := f.recorded().Decision; d == nil || d.Who != "key:ada" || d.ApprovedBy != "key:bo" {
		t.Errorf("%+v", f.recorded())
	}
}

// TestAmountChanges (REC-7): an approval counts for the amount that the case has shown. If
// the decision is about another one by then, it is a proposal about that one.
func TestAmountChanges(t *testing.T) {
	f := newFixture(t, order.CaseOfHold(order.HoldPayment))
	f.approval = 2899
	var second, third *answer
	f.at(time.Hour, func() { f.decide("key:ada", order.ChooseVoid) })
	f.at(2*time.Hour, func() {
		f.amount = 290_000
		second = f.decide("key:bo", order.ChooseVoid)
	})
	f.at(3*time.Hour, func() {
		if r := f.recorded(); !f.open || r.Proposal == nil || r.Proposal.Who != "key:bo" || r.Proposal.ApprovedBy != "" || r.Amount.Amount != 290_000 {
			t.Errorf("%+v", r)
		}
		third = f.decide("key:ada", order.ChooseVoid)
	})
	f.run()
	if second.refusal() != "" || third.refusal() != "" {
		t.Errorf("%q, %q", second.refusal(), third.refusal())
	}
	if d := f.recorded().Decision; d == nil || d.Who != "key:bo" || d.ApprovedBy != "key:ada" {
		t.Errorf("%+v", f.recorded())
	}
}

// TestTypedTexts (REC-7): what is typed in the Temporal UI is as short as what the API takes,
// because the case carries it along.
func TestTypedTexts(t *testing.T) {
	f := newFixture(t, order.CaseParcelLost)
	long := strings.Repeat("x", 1001)
	var refused []*answer
	var fine *answer
	f.at(time.Hour, func() {
		for _, s := range []workflows.Sender{{Who: "ada", Why: long}, {Who: long, Why: "y"}, {Who: "ada", Why: "y\x00"}} {
			refused = append(refused, f.update(string(cases.NoteCase), cases.NoteRequest{Sender: s}),
				f.update(string(cases.TakeCase), cases.TakeRequest{Sender: s}),
				f.update(string(cases.DecideCase), cases.DecideRequest{Choice: order.ChooseRelease, Sender: s}))
		}
		refused = append(refused, f.update(string(cases.TakeCase), cases.TakeRequest{Assignee: long, Sender: by("key:ada")}))
		fine = f.update(string(cases.NoteCase), cases.NoteRequest{Sender: workflows.Sender{Who: "ada", Why: long[:1000]}})
	})
	f.at(2*time.Hour, f.goesOn)
	f.run()
	for i, a := range refused {
		if a.refusal() != workflows.RefusalInvalid {
			t.Errorf("%d: %q", i, a.refusal())
		}
	}
	if r := f.recorded(); fine.refusal() != "" || len(r.Notes) != 1 || r.Assignee != "" || r.Decision != nil {
		t.Errorf("%q, %+v", fine.refusal(), r)
	}
}

// TestDetailsNameTheUpdate (REC-7): the Temporal UI shows the Update that decides.
func TestDetailsNameTheUpdate(t *testing.T) {
	c := order.NewCase(caseID, order.CaseParcelLost, time.Now())
	if s := cases.Details(c); !strings.Contains(s, "the Update `DecideCase`: `release, rebook, refund`") {
		t.Error(s)
	}
}
