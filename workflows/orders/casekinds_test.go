package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/workflowtest"
)

// answerBy is when the bank wants the evidence about the dispute of these tests.
const answerBy = 9 * day

// disputeWants reports a dispute in a state of the bank.
func (w *fixture) disputeWants(s order.DisputeStatus) {
	w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute." + string(s), Dispute: &order.Dispute{
		ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: s, AnswerBy: workflowtest.Start.Add(answerBy),
	}}))
}

// TestCaseOfDispute (REC-7, REF-6): a dispute has a case until the bank has the evidence,
// which is due when the bank wants it. It is not decided with other things, and a dispute
// that wants something else after a decision has another case.
func TestCaseOfDispute(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.arrive(0)
	var inquiry, dispute order.CaseRef
	var release, bare, keep *updateResult
	w.at(3*day, func() { w.disputeWants(order.DisputeInquiry) })
	w.at(4*day, func() {
		inquiry = w.only()
		if on := w.order().WaitsFor(); on != order.WaitOperator { // the sweep looks at these
			w.Errorf("it waits for %q", on)
		}
		release = w.decide(inquiry.ID, order.ChooseRelease, "")
		bare = w.resolve(order.ChooseKeep)
	})
	w.at(4*day+time.Hour, func() { keep = w.decide(inquiry.ID, order.ChooseKeep, "") })
	w.at(4*day+2*time.Hour, func() {
		if open := w.order().Cases; len(open) != 0 {
			w.Errorf("after the decision: %+v", open)
		}
		w.disputeWants(order.DisputeNeedsResponse)
	})
	w.at(5*day, func() {
		dispute = w.only()
		w.disputeWants(order.DisputeUnderReview)
	})
	w.run().ended(order.Delivered)
	if release.refusal() != workflows.RefusalNotHeld || bare.refusal() != workflows.RefusalNotHeld || keep.refusal() != "" {
		t.Errorf("%q, %q, %q", release.refusal(), bare.refusal(), keep.refusal())
	}
	if len(w.cases.opened) != 2 || inquiry.ID == dispute.ID {
		t.Errorf("cases %+v", w.cases.inOrder())
	}
	for _, c := range w.cases.inOrder() {
		if c.Kind != order.CaseDispute || c.About != "dp_1" || c.Amount.Amount != 2900 || !c.DueAt.Equal(workflowtest.Start.Add(answerBy)) {
			t.Errorf("%+v", c)
		}
	}
	if e := w.cases.ended[inquiry.ID]; e.Decision == nil || e.Decision.Choice != order.ChooseKeep {
		t.Errorf("the inquiry ended with %+v", e)
	}
	if e := w.cases.ended[dispute.ID]; e.Decision != nil || e.Outcome == "" {
		t.Errorf("the dispute ended with %+v", e)
	}
	if n := w.count(order.OrderResolved); n != 1 {
		t.Errorf("%d decisions in the timeline", n)
	}
}

// TestCaseOfReturn (REC-7): a return about which nobody has decided has a case of its own
// kind, which a decision about the return ends; it takes no other attempt.
func TestCaseOfReturn(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.steps(3*day, func() *updateResult { return w.requestReturn("rt1", 1) })
	var ref order.CaseRef
	var void, bare *updateResult
	w.at(11*day, func() {
		ref = w.only()
		void, bare = w.decide(ref.ID, order.ChooseVoid, ""), w.resolve(order.ChooseVoid)
	})
	w.steps(12*day, func() *updateResult { return w.decideReturn("rt1", order.StepReject) })
	w.run().ended(order.Delivered)
	if void.refusal() != workflows.RefusalNotHeld || bare.refusal() != workflows.RefusalNotHeld || ref.Kind != order.CaseReturnUndecided {
		t.Errorf("%q, %q of %+v", void.refusal(), bare.refusal(), ref)
	}
	if e, ok := w.cases.ended[ref.ID]; !ok || e.Decision != nil {
		t.Errorf("ended %+v", w.cases.ended)
	}
}

// TestCaseOfUnpaidReturn (REC-7, REF-9): goods that came back, and whose money cannot be
// refunded, have a case about that money: to keep it needs a second person if it is much.
func TestCaseOfUnpaidReturn(t *testing.T) {
	w := newFixture(t)
	w.placement.Terms.ApproveAbove = order.Approval{"EUR": 1000}
	w.approved("rt1", 2)
	w.at(4*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
	w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
	var alone, both *updateResult
	w.at(6*day, func() { alone = w.decide(w.caseOf(order.CaseReturnUnpaid).ID, order.ChooseKeep, "") })
	w.at(7*day, func() { both = w.decide(w.caseOf(order.CaseReturnUnpaid).ID, order.ChooseKeep, "key:bo") })
	w.run().ended(order.Delivered)
	if alone.refusal() != workflows.RefusalApproval || both.refusal() != "" {
		t.Errorf("%q, %q", alone.refusal(), both.refusal())
	}
	for _, c := range w.cases.inOrder() {
		if c.Kind == order.CaseReturnUnpaid && c.Amount != (order.Money{Amount: 2900, Currency: "EUR"}) {
			t.Errorf("%+v", c)
		}
	}
}

// caseOf returns the open case of a kind.
func (w *fixture) caseOf(k order.CaseKind) order.CaseRef {
	w.Helper()
	for _, c := range w.order().Cases {
		if c.Kind == k {
			return c
		}
	}
	w.Fatalf("no case of %s in %+v", k, w.order().Cases)
	return order.CaseRef{}
}
