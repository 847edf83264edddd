package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// TestCancelWhileDeciding (ORD-4): a decision or a hold in the moment in which a request
// to cancel is being accepted does not end the workflow.
func TestCancelWhileDeciding(t *testing.T) {
	const soon = time.Hour + 500*time.Microsecond
	var refused *updateResult
	runScenarios(t, []scenario{
		{name: "a person decides", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
			})
			w.at(time.Hour, func() { w.release() })
			w.at(soon, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "the parcel comes back", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { refused = w.cancel() })
			w.at(soon, func() { w.scan(order.ParcelReturned) })
			w.at(2*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseKeep) })
		}, ends: order.Returned, mails: delivered[:1], check: func(t *testing.T, _ *fixture) {
			if refused.refusal() != workflows.RefusalTooLate {
				t.Errorf("cancel: %q", refused.refusal())
			}
		}},
	})
}

// TestShippedUnpaid (ORD-1, PAY-9): an order whose money cannot be captured any more
// although the carrier has its parcel waits for a person.
func TestShippedUnpaid(t *testing.T) {
	for name, fails := range map[string]func(w *fixture){
		"it lapses": func(w *fixture) {
			w.at(2*time.Hour, func() { w.byHand(func() { w.sendEvents(w.paid(w.bank.Lapse(w.intent()), nil)) }) })
		},
		"the capture is refused": func(w *fixture) {
			w.at(2*time.Hour, func() { w.end(); w.down(5*time.Hour, order.ErrRejected, "CaptureIntent") })
		},
		"the carrier voids it": func(w *fixture) {
			w.at(2*time.Hour, func() { w.scan(order.ParcelVoided) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
			fails(w)
			w.at(10*time.Hour, func() {
				if o := w.order(); o.Hold != nil {
					w.resolve(order.ChooseRefund)
				}
			})
			w.run()
			if o := w.order(); o.Status != order.Cancelled {
				t.Errorf("the order is %s", o.Status)
			}
			w.checkTimeline(w.order())
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// TestScannedWhileCancelling (ORD-1, F23): an order that was cancelled while the record
// could not be written is not set back by what its parcel does until then.
func TestScannedWhileCancelling(t *testing.T) {
	cancelThen := func(w *fixture, scans ...order.ParcelStatus) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() {
			w.down(3*time.Hour, order.ErrUnavailable, "SaveOrder")
			w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute.created", Dispute: &order.Dispute{
				ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: order.DisputeNeedsResponse,
			}}))
		})
		w.at(62*time.Minute, func() { w.cancel() })
		for i, s := range scans {
			w.at(time.Duration(65+i)*time.Minute, func() { w.scan(s) })
		}
		w.at(10*time.Hour, func() {
			if h := w.order().Hold; h == nil || h.Kind != order.HoldVoid {
				w.Errorf("hold %+v", h)
			}
			w.resolve(order.ChooseKeep)
		})
	}
	runScenarios(t, []scenario{
		{name: "in transit", script: func(w *fixture) {
			cancelThen(w, order.ParcelInTransit)
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: also(delivered, order.MailDispute)},
		{name: "delivered", script: func(w *fixture) {
			cancelThen(w, order.ParcelInTransit, order.ParcelDelivered)
		}, ends: order.Delivered, mails: also(delivered, order.MailDispute)},
	})
}

// TestEarlyPayments (PAY-18): a payment of another intent that comes while the order's
// own is being created is returned, also if the order is cancelled then.
func TestEarlyPayments(t *testing.T) {
	runScenarios(t, []scenario{{name: "cancelled", script: func(w *fixture) {
		w.down(10*time.Minute, order.ErrUnknownOutcome, "CreateIntent")
		w.at(time.Minute, func() { w.byHand(w.payElsewhere) })
		w.at(2*time.Minute, func() { w.cancel() })
	}, ends: order.Cancelled, mails: also(cancelled, refunded)}})
}

// TestWaitingAfterDecision (REC-2): after a decision the record says what the order
// waits for then.
func TestWaitingAfterDecision(t *testing.T) {
	runScenarios(t, []scenario{{name: "released", script: func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() { w.refundByHand(2900) })
		w.at(2*time.Hour, func() { w.release() })
		w.waitsAt("carrier", 2*time.Hour+time.Minute)
		w.arrive(4 * time.Hour)
	}, ends: order.Delivered, mails: also(delivered, refunded)}})
}

// TestKeptBeforeCapture (PAY-9, SHP-4): a parcel that came back before the money was
// captured, and is left so, leaves no money held; what was delivered is paid.
func TestKeptBeforeCapture(t *testing.T) {
	runScenarios(t, []scenario{{name: "the only parcel", script: func(w *fixture) {
		w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent")
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() { w.scan(order.ParcelReturned) })
		w.at(2*time.Hour, func() { w.resolve(order.ChooseKeep) })
	}, ends: order.Returned}})

	w := newFixture(t)
	w.placement.Terms.ParcelPieces = 1
	w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent")
	w.at(time.Minute, w.pay)
	for ref, s := range map[string]order.ParcelStatus{reference: order.ParcelDelivered, string(id) + "-2": order.ParcelReturned} {
		w.at(time.Hour, func() {
			e, err := w.carrier.Scan(ref, s)
			if err != nil {
				w.Fatalf("scan: %v", err)
			}
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
		})
	}
	w.at(2*time.Hour, func() { w.resolve(order.ChooseKeep) })
	w.run()
	if o := w.order(); o.Status != order.Delivered || o.Captured() != 2900 {
		t.Errorf("the order is %s, %d were captured", o.Status, o.Captured())
	}
}

// TestKeptUnpaid (PAY-9): an order whose money is gone does not say that it was
// captured, though a person lets it go on because its label cannot be voided.
func TestKeptUnpaid(t *testing.T) {
	w := newFixture(t)
	w.down(1000*time.Hour, order.ErrState, "VoidParcel")
	w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent")
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() { w.byHand(func() { w.sendEvents(w.paid(w.bank.Lapse(w.intent()), nil)) }) })
	w.at(3*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseKeep) })
	w.run().mailed(cancelled...)
	if o := w.order(); o.Status != order.Cancelled || w.count(order.PaymentWasCaptured) != 0 {
		t.Errorf("the order is %s: %v", o.Status, w.kinds())
	}
}

// TestCancelOfLostRun (ORD-4, REC-10): a request to cancel that a terminated workflow has
// received but not accepted does not stop the order for ever.
func TestCancelOfLostRun(t *testing.T) {
	w := newFixture(t)
	w.terminatedAfter = 10 * time.Minute
	w.at(time.Minute, w.pay)
	w.at(time.Hour, func() {
		s := w.state()
		s.Cancel = &orders.CancelRequest{Sender: sentBy("key:shop", "changed my mind")}
		lost, err := s.Snapshot()
		if err != nil {
			w.Fatalf("snapshot: %v", err)
		}
		w.env, w.began = w.newEnv(), w.now
		for i, p := range []order.ParcelStatus{order.ParcelInTransit, order.ParcelDelivered} {
			w.env.RegisterDelayedCallback(func() {
				w.env.SignalWorkflow(string(orders.Reported), orders.Report{Version: workflows.MessageVersion, Events: []order.ProviderEvent{w.scanned(p)}})
			}, time.Duration(1+i)*time.Hour)
		}
		w.env.SetWorkflowRunTimeout(forever)
		w.env.ExecuteWorkflow(orders.AftercareWorkflow, orders.Aftercare{OrderID: id, Snapshot: &lost})
		if err := w.env.GetWorkflowError(); err != nil {
			w.Errorf("AftercareWorkflow: %v", err)
		}
	})
	w.run()
	if s := w.order().Status; s != order.Delivered {
		t.Errorf("the order is %s", s)
	}
}

// TestFundsGoneUnnoticed (REF-1, SHP-4): an order whose money was wholly refunded does
// not ship, in whatever sequence the order learns of it.
func TestFundsGoneUnnoticed(t *testing.T) {
	held := hasEvent(order.OrderOnHold, "pi_1")
	runScenarios(t, []scenario{
		{name: "the refund is reported before the capture", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			var captured order.ProviderEvent
			w.at(time.Hour, func() {
				w.byHand(func() { captured = w.paid(w.captureAtBank(w.intent())) })
				w.refundByHand(2900)
			})
			w.at(61*time.Minute, func() { w.sendEvents(captured) })
			w.at(62*time.Minute, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: held},
		{name: "refunded while it is on hold, then booked again", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				w.byHand(w.voidAtCarrier)
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.voided", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelVoided}}))
			})
			w.at(2*time.Hour, func() { w.refundByHand(2900) })
			w.at(3*time.Hour, func() { w.resolve(order.ChooseRebook) })
			w.at(4*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded), check: both(held, func(t *testing.T, w *fixture) {
			if n := w.count(order.ParcelWasBooked); n != 1 {
				t.Errorf("%d parcels were booked", n)
			}
		})},
	})
}

// TestRebookIsRecorded (SHP-1): a parcel is booked only when the record knows its
// reference.
func TestRebookIsRecorded(t *testing.T) {
	runScenarios(t, []scenario{{name: "while the record is down", script: func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() {
			w.byHand(w.voidAtCarrier)
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.voided", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelVoided}}))
		})
		w.at(2*time.Hour, func() {
			w.down(5*time.Hour, order.ErrUnavailable, "SaveOrder")
			w.resolve(order.ChooseRebook)
		})
		w.at(3*time.Hour, func() {
			if n := len(w.carrier.Parcels()); n != 1 {
				w.Errorf("%d parcels", n)
			}
		})
		w.deliver(8 * time.Hour)
	}, ends: order.Delivered, mails: delivered}})
}

// TestKeepStopsTrying (PAY-18): what a person has settled is not tried any more, even if
// it is being tried at that moment.
func TestKeepStopsTrying(t *testing.T) {
	w := newFixture(t)
	w.down(50*time.Minute, order.ErrRejected, "RefundIntent")
	w.at(time.Minute, w.payElsewhere)
	w.at(50*time.Minute, func() { w.down(10*time.Hour, order.ErrUnavailable, "RefundIntent") })
	w.at(2*time.Hour, func() {
		if n := len(w.order().Attention); n != 1 {
			w.Errorf("%d things need attention", n)
		}
		w.resolve(order.ChooseKeep)
	})
	w.run()
	if n := w.bank.Count(id).Refunds; n != 0 || len(w.order().Attention) != 0 {
		t.Errorf("%d refunds, attention %+v", n, w.order().Attention)
	}
}

// TestAttentionEnds (REC-2): the record says so when something needs no attention any
// more, even if nothing else has changed.
func TestAttentionEnds(t *testing.T) {
	runScenarios(t, []scenario{{name: "the refunds are known", script: func(w *fixture) {
		w.down(90*time.Minute, order.ErrRejected, "Refunds")
		w.at(time.Minute, w.pay)
		w.at(10*time.Minute, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
		w.at(time.Hour, func() {
			if n := len(w.order().Attention); n != 1 {
				w.Errorf("%d things need attention", n)
			}
		})
		w.at(4*time.Hour, func() {
			if a := w.order().Attention; len(a) != 0 {
				w.Errorf("attention %+v", a)
			}
		})
		w.arrive(5 * time.Hour)
	}, ends: order.Delivered, mails: delivered}})
}
