package orders_test

import (
	"slices"
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
)

// comeBack scripts that the order is paid, and that its parcel comes back after two days.
func (w *fixture) comeBack() {
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
	w.at(48*time.Hour, func() { w.scan(order.ParcelReturned) })
}

// scans scripts scans of one of several parcels.
func (w *fixture) scans(number int, at time.Duration, states ...order.ParcelStatus) {
	for i, s := range states {
		w.at(at+time.Duration(i)*time.Hour, func() {
			e, err := w.carrier.Scan(w.order().Shipments[number-1].Reference, s)
			if err != nil {
				w.Fatalf("scan parcel %d: %v", number, err)
			}
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
		})
	}
}

// splitBack scripts that one of two parcels is delivered, and the other one comes back.
func (w *fixture) splitBack() {
	w.placement.Terms.ParcelPieces = 1
	w.at(time.Minute, w.pay)
	w.scans(1, time.Hour, order.ParcelInTransit, order.ParcelDelivered)
	w.scans(2, 10*time.Hour, order.ParcelInTransit, order.ParcelReturned)
}

// receives scripts that goods of a return arrive, and checks the response.
func (w *fixture) receives(at time.Duration, id string, got order.ReturnReceipt, refusal, words string) {
	w.at(at, func() { w.says("receive "+id, w.receiveReturn(id, got), refusal, words) })
}

func (w *fixture) resolves(at time.Duration, c order.Choice) {
	w.at(at, func() { w.says(string(c), w.resolve(c), "", "") })
}

// TestParcelReturn (REF-8, REF-9, SHP-4): a parcel that comes back is a return by itself,
// without a mail. Its goods are received, for sale again or written off, and refunded once,
// whatever a person decides about the order.
func TestParcelReturn(t *testing.T) {
	shipped := delivered[:2]
	received := also(shipped, order.MailReturnReceived, refunded)
	runScenarios(t, []scenario{
		{name: "received: it is refunded, and the hold is over", script: func(w *fixture) {
			w.comeBack()
			w.at(49*time.Hour, func() {
				w.stillRuns(order.OnHold)
				o := w.order()
				r := o.ReturnByID("parcel-1")
				if r == nil || r.Status != order.ReturnExpected || r.Parcel != 1 || r.RequestedBy != "carrier" || !r.Due.IsZero() || !slices.Equal(r.Goods(), []order.LineQuantity{{SKU: "mug", Quantity: 2}}) {
					w.Errorf("the return is %+v", r)
				}
			})
			w.receives(50*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: received, check: both(
			hasReturns("parcel-1 closed 2900"), hasRefunds("return-parcel-1 succeeded 2900"), hasStock(0, onHand), hasEvent(order.ReturnIsExpected, "2 × mug"), hasEvent(order.OrderResolved, "keep: unpacked"), calm)},
		{name: "one of the pieces is damaged, and a fee is kept", script: func(w *fixture) {
			w.comeBack()
			w.receives(50*time.Hour, "parcel-1", receipt(2, 1, 290, 500), "", "")
		}, ends: order.Returned, mails: received, check: both(hasReturns("parcel-1 closed 2110"), hasRefunds("return-parcel-1 succeeded 2110"), hasStock(1, onHand-1))},
		{name: "received twice, then otherwise, and more than was in it", script: func(w *fixture) {
			w.comeBack()
			w.receives(49*time.Hour, "parcel-1", receipt(3, 0, 0, 0), workflows.RefusalNotReturnable, "the return is of 2")
			w.receives(50*time.Hour, "parcel-1", receipt(1, 0, 0, 0), "", "")
			w.receives(51*time.Hour, "parcel-1", receipt(1, 0, 0, 0), "", "")
			w.receives(52*time.Hour, "parcel-1", receipt(2, 0, 0, 0), workflows.RefusalNotHeld, "other goods or amounts")
		}, ends: order.Returned, mails: received, check: both(hasReturns("parcel-1 closed 1450"), hasRefunds("return-parcel-1 succeeded 1450"), calledTimes("RefundIntent", 1), hasStock(1, onHand-1))},
		{name: "two receive it at once", script: func(w *fixture) {
			w.comeBack()
			w.at(50*time.Hour, func() {
				w.toWorkflow(func() {
					w.says("first", w.receiveReturn("parcel-1", receipt(1, 0, 0, 0)), "", "")
					w.says("second", w.receiveReturn("parcel-1", receipt(2, 0, 0, 0)), workflows.RefusalNotHeld, "")
				})
			})
		}, ends: order.Returned, mails: received, check: both(hasReturns("parcel-1 closed 1450"), calledTimes("RefundIntent", 1))},
		{name: "received and refunded by two at once: the money goes back once", script: func(w *fixture) {
			w.comeBack()
			w.at(50*time.Hour, func() {
				w.toWorkflow(func() {
					w.says("refund", w.resolve(order.ChooseRefund), "", "")
					w.says("receive", w.receiveReturn("parcel-1", receipt(2, 0, 0, 0)), workflows.RefusalNotHeld, "is being refunded")
				})
			})
		}, ends: order.Returned, mails: also(shipped, refunded), check: both(hasReturns("parcel-1 expected 0"), calledTimes("RefundIntent", 1), hasStock(2, onHand-2))},
		{name: "the hold is refunded, and the goods are received later: nothing is refunded twice", script: func(w *fixture) {
			w.comeBack()
			w.resolves(50*time.Hour, order.ChooseRefund)
			w.receives(72*time.Hour, "parcel-1", receipt(2, 1, 0, 0), "", "")
			w.receives(73*time.Hour, "parcel-1", receipt(2, 1, 0, 0), "", "")
		}, ends: order.Returned, mails: also(shipped, refunded), check: both(hasReturns("parcel-1 closed 0"), calledTimes("RefundIntent", 1), hasStock(1, onHand-1))},
		{name: "the hold is refunded, and no goods are there", script: func(w *fixture) {
			w.comeBack()
			w.resolves(50*time.Hour, order.ChooseRefund)
			w.steps(72*time.Hour, func() *updateResult { return w.decideReturn("parcel-1", order.StepCancel) })
			w.receives(80*time.Hour, "parcel-1", receipt(2, 0, 0, 0), workflows.RefusalNotHeld, "is cancelled, which takes nothing more")
		}, ends: order.Returned, mails: also(shipped, refunded), check: both(hasReturns("parcel-1 cancelled 0"), hasStock(2, onHand-2))},
		{name: "kept, and received later", script: func(w *fixture) {
			w.comeBack()
			w.resolves(50*time.Hour, order.ChooseKeep)
			w.at(60*time.Hour, func() { hasReturns("parcel-1 expected 0")(t, w); hasStock(2, onHand-2)(t, w) })
			w.receives(72*time.Hour, "parcel-1", receipt(2, 0, 100, 0), "", "")
		}, ends: order.Returned, mails: received, check: both(hasReturns("parcel-1 closed 2800"), hasRefunds("return-parcel-1 succeeded 2800"), hasStock(0, onHand))},
		{name: "sent again: the return is over", script: func(w *fixture) {
			w.comeBack()
			w.resolves(50*time.Hour, order.ChooseRebook)
			w.deliver(72 * time.Hour)
			w.receives(200*time.Hour, "parcel-1", receipt(2, 0, 0, 0), workflows.RefusalNotHeld, "is cancelled")
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped), check: both(hasReturns("parcel-1 cancelled 0"), hasRefunds(), hasStock(2, onHand-2), hasEvent(order.ReturnWasCancelled, "the goods are sent again"))},
		{name: "sent again, and it comes back again", script: func(w *fixture) {
			w.comeBack()
			w.resolves(50*time.Hour, order.ChooseRebook)
			w.scans(2, 60*time.Hour, order.ParcelInTransit, order.ParcelReturned)
			w.receives(72*time.Hour, "parcel-2", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: also(shipped, order.MailShipped, order.MailReturnReceived, refunded), check: both(hasReturns("parcel-1 cancelled 0", "parcel-2 closed 2900"), hasStock(0, onHand))},
		{name: "one piece is refunded and the other one is sent again: what stays is received", script: func(w *fixture) {
			w.comeBack()
			w.refunds(49*time.Hour, mugs("r0", 1, true), "are to come back in a return: receive it")
			w.refunds(50*time.Hour, mugs("r1", 1, false), "")
			w.resolves(51*time.Hour, order.ChooseRebook)
			w.receives(60*time.Hour, "parcel-1", receipt(1, 0, 0, 0), "", "")
			w.deliver(72 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped, refunded), check: both(hasReturns("parcel-1 closed 0"), hasRefunds("r1 succeeded 1450"), hasStock(1, onHand-1))},
		{name: "refunded by hand before: nothing more is refunded", script: func(w *fixture) {
			w.comeBack()
			w.refunds(49*time.Hour, order.RefundRequest{ID: "r1", All: true}, "")
			w.receives(50*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: also(shipped, refunded), check: both(hasReturns("parcel-1 closed 0"), hasRefunds("r1 succeeded 2900"), hasStock(0, onHand))},
		{name: "after the delivery, received by the aftercare workflow", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(72*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.receives(80*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: also(delivered, order.MailReturnReceived, refunded), check: both(hasReturns("parcel-1 closed 2900"), hasStock(0, onHand))},
		{name: "the shopper has sent the goods back in another return already", script: func(w *fixture) {
			w.approved("rt1", 2)
			w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", receipt(2, 0, 0, 0)) })
			w.at(6*day, func() { w.scan(order.ParcelReturned) })
			w.resolves(7*day, order.ChooseKeep)
		}, ends: order.Returned, mails: also(delivered, also(comesBack, refunded)...), check: both(hasReturns("rt1 closed 2900"), hasRefunds("return-rt1 succeeded 2900"), hasStock(0, onHand))},
		{name: "the carrier is asked and says so, and the history grows long", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(2*time.Hour, func() {
				if _, err := w.carrier.Scan(reference, order.ParcelReturned); err != nil {
					w.Fatalf("scan: %v", err)
				}
			})
			w.at(20*time.Hour, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) })
			w.receives(30*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: received, check: both(hasReturns("parcel-1 closed 2900"), hasStock(0, onHand))},
		{name: "the provider is down: the order has ended, and the refund is made once", script: func(w *fixture) {
			w.comeBack()
			w.at(49*time.Hour, func() { w.fail("RefundIntent", 5, order.ErrUnknownOutcome) })
			w.receives(50*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: received, check: both(hasReturns("parcel-1 closed 2900"), hasRefunds("return-parcel-1 succeeded 2900"))},
		{name: "the money is not captured: it is let go", script: func(w *fixture) {
			w.down(60*time.Hour, order.ErrUnavailable, "CaptureIntent")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(2*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.receives(3*time.Hour, "parcel-1", receipt(2, 1, 0, 0), "", "")
		}, ends: order.Returned, mails: []order.Notification{order.MailShipped}, check: both(hasReturns("parcel-1 closed 0"), hasRefunds(), hasStock(1, onHand-1), calm)},
	})
}

// TestSplitParcelReturn (REF-9, SHP-1): of two parcels one is delivered and the other one
// comes back: no piece is refunded twice or for sale twice.
func TestSplitParcelReturn(t *testing.T) {
	base := also(nil, order.MailConfirmation, order.MailShipped, order.MailDelivered, order.MailShipped)
	back := also(base, order.MailReturnReceived, refunded)
	asks := func(w *fixture, at time.Duration, n int64, refusal, words string) {
		w.at(at, func() { w.says("ask", w.requestReturn("rt1", n), refusal, words) })
	}
	runScenarios(t, []scenario{
		{name: "received, and the other one is sent back by the shopper", script: func(w *fixture) {
			w.splitBack()
			asks(w, 20*time.Hour, 2, workflows.RefusalNotReturnable, "1 came back with their parcel")
			asks(w, 21*time.Hour, 1, workflows.RefusalNotHeld, "decide about that first")
			w.receives(30*time.Hour, "parcel-2", receipt(1, 0, 0, 0), "", "")
			asks(w, 40*time.Hour, 2, workflows.RefusalNotReturnable, "1 came back with their parcel")
			asks(w, 41*time.Hour, 1, "", "")
			w.steps(42*time.Hour, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) }, func() *updateResult { return w.receiveReturn("rt1", receipt(1, 0, 0, 0)) })
		}, ends: order.Delivered, mails: also(back, also(comesBack, refunded)...), check: both(
			hasReturns("parcel-2 closed 1450", "rt1 closed 1450"), hasRefunds("return-parcel-2 succeeded 1450", "return-rt1 succeeded 1450"), hasStock(0, onHand))},
		{name: "refunded without a return before it is received: not again", script: func(w *fixture) {
			w.splitBack()
			w.refunds(20*time.Hour, mugs("r1", 1, false), "")
			w.receives(30*time.Hour, "parcel-2", receipt(1, 0, 0, 0), "", "")
		}, ends: order.Delivered, mails: also(base, refunded), check: both(hasReturns("parcel-2 closed 0"), hasRefunds("r1 succeeded 1450"), hasStock(1, onHand-1))},
		{name: "both come back: the hold lasts until both are received", script: func(w *fixture) {
			w.placement.Terms.ParcelPieces = 1
			w.at(time.Minute, w.pay)
			w.scans(1, time.Hour, order.ParcelInTransit, order.ParcelReturned)
			w.scans(2, 10*time.Hour, order.ParcelInTransit, order.ParcelReturned)
			w.receives(20*time.Hour, "parcel-1", receipt(1, 1, 0, 0), "", "")
			w.at(21*time.Hour, func() {
				if h := w.order().Hold; h == nil || h.About != w.order().Shipments[1].Tracking || len(w.order().Cases) != 1 {
					w.Errorf("the hold is %+v with the cases %+v", h, w.order().Cases)
				}
			})
			w.receives(22*time.Hour, "parcel-2", receipt(1, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: also(nil, order.MailConfirmation, order.MailShipped, order.MailShipped, order.MailReturnReceived, refunded, order.MailReturnReceived, refunded), check: both(
			hasReturns("parcel-1 closed 1450", "parcel-2 closed 1450"), hasStock(1, onHand-1))},
		{name: "both come back: one is received, and the other one is sent again", script: func(w *fixture) {
			w.placement.Terms.ParcelPieces = 1
			w.at(time.Minute, w.pay)
			w.scans(1, time.Hour, order.ParcelInTransit, order.ParcelReturned)
			w.scans(2, 10*time.Hour, order.ParcelInTransit, order.ParcelReturned)
			w.receives(20*time.Hour, "parcel-1", receipt(1, 0, 0, 0), "", "")
			w.resolves(22*time.Hour, order.ChooseRebook)
			w.scans(3, 30*time.Hour, order.ParcelInTransit, order.ParcelDelivered)
		}, ends: order.Delivered, mails: also(nil, order.MailConfirmation, order.MailShipped, order.MailShipped, order.MailReturnReceived, refunded, order.MailShipped, order.MailDelivered), check: both(
			hasReturns("parcel-1 closed 1450", "parcel-2 cancelled 0"), hasRefunds("return-parcel-1 succeeded 1450"), hasStock(1, onHand-1))},
	})
}

// TestParcelReturnOfCancelled (REF-9, SHP-4): goods that come back while their order is
// cancelled are not for sale before a person has looked at them.
func TestParcelReturnOfCancelled(t *testing.T) {
	picked := func(w *fixture) { // the carrier has the parcel before it can be voided
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() {
			w.byHand(func() {
				if _, err := w.carrier.Scan(reference, order.ParcelInTransit); err != nil {
					w.Fatalf("scan: %v", err)
				}
			})
			w.cancel()
		})
	}
	mails := also(cancelled, order.MailConfirmation, refunded)
	runScenarios(t, []scenario{
		{name: "it comes back before the money is refunded", script: func(w *fixture) {
			picked(w)
			w.at(20*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.receives(21*time.Hour, "parcel-1", receipt(2, 0, 0, 0), workflows.RefusalNotHeld, "is being refunded")
			w.resolves(22*time.Hour, order.ChooseRelease)
			w.at(30*time.Hour, func() { hasStock(2, onHand-2)(t, w) })
			w.receives(40*time.Hour, "parcel-1", receipt(2, 1, 0, 0), "", "")
		}, ends: order.Cancelled, mails: mails, check: both(hasReturns("parcel-1 closed 0"), calledTimes("RefundIntent", 1), hasStock(1, onHand-1))},
		{name: "it comes back after the money is refunded", script: func(w *fixture) {
			picked(w)
			w.resolves(2*time.Hour, order.ChooseRefund)
			w.at(20*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.receives(40*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Cancelled, mails: mails, check: both(hasReturns("parcel-1 closed 0"), calledTimes("RefundIntent", 1), hasStock(0, onHand))},
	})
}

// TestParcelReturnByHand (REF-9, SHP-7): a parcel without the carrier's API that a person
// marks as returned is a return, too, also one that nobody has collected.
func TestParcelReturnByHand(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "own tracking", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 0), "")
			w.marks(3*time.Hour, 1, order.ParcelReturned, "")
			w.marks(4*time.Hour, 1, order.ParcelReturned, "")
			w.receives(5*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: also(nil, order.MailConfirmation, order.MailShipped, order.MailReturnReceived, refunded), check: both(hasReturns("parcel-1 closed 2900"), hasStock(0, onHand))},
		{name: "nobody has collected it", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, collected("a", 0), "")
			w.marks(3*time.Hour, 1, order.ParcelReturned, "")
			w.receives(5*time.Hour, "parcel-1", receipt(2, 0, 0, 0), "", "")
		}, ends: order.Returned, mails: also(nil, order.MailConfirmation, order.MailReady, order.MailReturnReceived, refunded), check: both(hasReturns("parcel-1 closed 2900"), hasStock(0, onHand))},
	})
}
