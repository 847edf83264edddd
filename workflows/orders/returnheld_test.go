package orders_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// attends checks at a time how many things about the order need attention, and the status
// of its return.
func (w *fixture) attends(at time.Duration, attention int, s order.ReturnStatus) {
	w.at(at, func() {
		if o := w.order(); len(o.Attention) != attention || len(o.Returns) < 1 || o.Returns[0].Status != s {
			w.Errorf("after %s attention %+v and returns %+v, want %d and one %s", at, o.Attention, o.Returns, attention, s)
		}
	})
}

// TestReturnAttention (REF-9, REC-7): a return that waits for a person has a case of its
// own kind. What is decided about one state of a return decides nothing about a later one.
func TestReturnAttention(t *testing.T) {
	back := also(delivered, comesBack...)
	asked := func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.arrive(0)
		w.steps(3*day, func() *updateResult { return w.requestReturn("rt1", 1) })
	}
	ofReturns := func(n int) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			all := slices.DeleteFunc(w.cases.inOrder(), func(c order.Case) bool { return c.Kind == order.CaseDispute })
			for _, c := range all {
				if c.Kind != order.CaseReturnUndecided && c.Kind != order.CaseReturnUnpaid {
					t.Errorf("a case of %s about %q", c.Kind, c.About)
				}
			}
			if len(all) != n {
				t.Errorf("%d cases, want %d", len(all), n)
			}
		}
	}
	runScenarios(t, []scenario{
		{name: "nobody decides, and it is released: it has its deadline again", script: func(w *fixture) {
			asked(w)
			w.attends(11*day, 1, order.ReturnRequested)
			w.at(11*day+time.Hour, func() { w.says("release", w.release(), "", "") })
			w.attends(18*day, 0, order.ReturnRequested)
			w.attends(19*day, 1, order.ReturnRequested)
			w.steps(20*day, func() *updateResult { return w.decideReturn("rt1", order.StepReject) })
		}, ends: order.Delivered, mails: also(delivered, order.MailReturnRequested, order.MailReturnRejected), check: both(hasReturns("rt1 rejected 0"), ofReturns(2), calm)},
		{name: "nobody decides, and it is kept; later it comes back while the payment is disputed: it waits for the bank", script: func(w *fixture) {
			asked(w)
			w.at(11*day, func() { w.says("keep", w.resolve(order.ChooseKeep), "", "") })
			w.steps(12*day, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) })
			w.at(12*day+time.Hour, func() { w.disputeIs(order.DisputeNeedsResponse) })
			w.steps(13*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
			w.attends(14*day, 1, order.ReturnReceived)
			w.at(20*day, func() { w.disputeIs(order.DisputeWon) })
		}, ends: order.Delivered, mails: also(back, order.MailDispute, refunded), check: both(hasReturns("rt1 closed 1450"), hasRefunds("return-rt1 succeeded 1450"), ofReturns(2), calm)},
		{name: "disputed, and released in vain: it has another case, and two people give its refund up", script: func(w *fixture) {
			w.placement.Terms.ApproveAbove = order.Approval{"EUR": 1000}
			w.approved("rt1", 1)
			w.at(4*day, func() { w.disputeIs(order.DisputeNeedsResponse) })
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
			var first order.CaseRef
			w.at(6*day, func() { first = w.caseOf(order.CaseReturnUnpaid); w.says("release", w.release(), "", "") })
			w.attends(7*day, 1, order.ReturnReceived)
			w.at(7*day, func() {
				if again := w.caseOf(order.CaseReturnUnpaid); again.ID == first.ID {
					w.Errorf("the case %s is open again", first.ID)
				}
				w.says("one person", w.resolve(order.ChooseKeep), workflows.RefusalApproval, "14.50 EUR")
			})
			w.at(8*day, func() {
				w.says("two people", w.decideAbout(w.caseOf(order.CaseReturnUnpaid).ID, order.ChooseKeep, "key:bob", 1450), "", "")
			})
		}, ends: order.Delivered, mails: also(back, order.MailDispute), check: both(hasReturns("rt1 closed 0"), hasRefunds(), ofReturns(2), calm)},
	})
}

// TestReturnHeldMoney (REF-9): the refund of a return takes no money that the order
// refunds by itself, or that a person has settled, and its end says what became of it.
func TestReturnHeldMoney(t *testing.T) {
	second := reference[:len(reference)-1] + "2"
	// Two parcels: a piece of the first comes back while the payment is disputed, the second
	// comes back as a whole, and a person has everything refunded.
	cancelling := func(w *fixture) {
		w.byOperator()
		w.adds(time.Hour, mugsIn("a", 1), "")
		w.adds(2*time.Hour, mugsIn("b", 1), "")
		w.arriveAs(reference, 3*time.Hour)
		w.steps(30*time.Hour, func() *updateResult { return w.requestReturn("rt1", 1) }, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) })
		w.at(33*time.Hour, func() { w.disputeIs(order.DisputeNeedsResponse) })
		w.steps(34*time.Hour, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		w.at(35*time.Hour, func() { w.add(&fault{op: "RefundIntent", kind: order.ErrState, until: 50 * time.Hour}) })
		w.at(36*time.Hour, func() {
			e, err := w.carrier.Scan(second, order.ParcelReturned)
			if err != nil {
				w.Fatalf("scan: %v", err)
			}
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.returned", Parcel: &e}))
		})
		w.at(37*time.Hour, func() { w.says("end it", w.resolve(order.ChooseRefund), "", "") })
		w.at(38*time.Hour, func() { w.says("the first is with the shopper", w.resolve(order.ChooseRefund), "", "") })
	}
	unplanned := func(w *fixture, at time.Duration) {
		w.at(at, func() {
			if o := w.order(); o.Status != order.OnHold || len(o.Refunds) > 0 {
				w.Errorf("the order is %s with refunds %+v", o.Status, o.Refunds)
			}
		})
	}
	shippedFirst := also(nil, order.MailConfirmation, order.MailShipped, order.MailDelivered)
	asked := also(shippedFirst, also(comesBack, order.MailDispute)...)
	runScenarios(t, []scenario{
		{name: "the order is cancelled when the dispute is won: everything is refunded once", script: func(w *fixture) {
			cancelling(w)
			w.at(51*time.Hour, func() { w.disputeIs(order.DisputeWon) })
			unplanned(w, 52*time.Hour)
			w.at(53*time.Hour, func() { w.says("again", w.release(), "", "") })
		}, ends: order.Returned, mails: also(asked, refunded), check: func(t *testing.T, w *fixture) {
			t.Helper()
			hasReturns("rt1 closed 0", "parcel-2 expected 0")(t, w)
			if sum := w.bank.Count(id); sum.Returned != 2900 || len(w.order().Refunds) != 1 {
				t.Errorf("%d were returned in %+v", sum.Returned, w.order().Refunds)
			}
		}},
		{name: "a person has settled the money: nothing more is refunded unasked", script: func(w *fixture) {
			cancelling(w)
			w.at(40*time.Hour, func() { w.says("settled", w.resolve(order.ChooseKeep), "", "") })
			w.at(51*time.Hour, func() { w.disputeIs(order.DisputeWon) })
			w.attends(52*time.Hour, 1, order.ReturnReceived)
			w.at(53*time.Hour, func() { w.says("close it", w.resolve(order.ChooseKeep), "", "") })
			w.refunds(54*time.Hour, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 7"}, "")
		}, ends: order.Returned, mails: also(asked, refunded), check: both(hasReturns("rt1 closed 0", "parcel-2 expected 0"), hasRefunds("r1 succeeded 2900"))},
		{name: "the provider refuses the refund for good", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.at(5*day-time.Hour, func() { w.fail("RefundIntent", 1, order.ErrRejected) })
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, order.MailRefundFailed)...), check: both(
			hasReturns("rt1 closed 2900"), hasRefunds("return-rt1 failed 2900"), hasEvent(order.ReturnWasClosed, "0.00 EUR refunded, 29.00 EUR could not be"))},
		{name: "goods that are to come back are for sale again once", script: func(w *fixture) {
			w.approved("rt1", 1)
			w.refunds(4*day, mugs("r1", 2, true), "1 of \"mug\" are to come back in a return")
			w.refunds(4*day+time.Hour, mugs("r2", 1, true), "")
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded, refunded)...), check: both(
			hasReturns("rt1 closed 1450"), hasRefunds("r2 succeeded 1450", "return-rt1 succeeded 1450"), hasStock(0, onHand))},
		{name: "a reason that the refund cannot have is refused at once", script: func(w *fixture) {
			w.approved("rt1", 1)
			w.at(5*day, func() {
				got := new(updateResult)
				typed := workflows.Sender{Who: "ada", Why: strings.Repeat("unpacked ", 30)}
				w.update(string(orders.ReceiveReturn), "", got, orders.ReceiveReturnRequest{ID: "rt1", ReturnReceipt: receipt(1, 0, 0, 0), Sender: typed})
				w.says("typed", got, workflows.RefusalInvalid, "why")
			})
			w.steps(6*day, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(delivered, also(comesBack, refunded)...), check: hasReturns("rt1 closed 1450")},
		{name: "a problem that the carrier reports after the delivery gives no more time", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(20*day, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.exception", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelException, Note: "the box is torn"}}))
			})
			w.at(35*day, func() { w.says("late", w.requestReturn("rt1", 1), workflows.RefusalReturnTooLate, "") })
		}, ends: order.Delivered, mails: delivered, check: hasReturns()},
	})
}
