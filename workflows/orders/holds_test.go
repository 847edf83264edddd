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

// deliver scripts that the order's present parcel is picked up and delivered.
func (w *fixture) deliver(after time.Duration) {
	scan := func(s order.ParcelStatus) func() {
		return func() {
			w.Helper()
			e, err := w.carrier.Scan(w.order().Shipment().Reference, s)
			if err != nil {
				w.Fatalf("scan %s: %v", s, err)
			}
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
		}
	}
	w.at(after, scan(order.ParcelInTransit))
	w.at(after+24*time.Hour, scan(order.ParcelDelivered))
}

// TestReturned (SHP-4, REF-8, REC-7): a parcel that comes back waits for a person, who sends
// it again, refunds it or leaves it.
func TestReturned(t *testing.T) {
	back := func(w *fixture, c order.Choice) {
		var cancel *updateResult
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
		w.at(48*time.Hour, func() { w.scan(order.ParcelReturned) })
		w.at(49*time.Hour, func() {
			w.stillRuns(order.OnHold)
			if h := w.order().Hold; h == nil || h.Kind != order.HoldReturned || !slices.Equal(h.Choices, order.HoldReturned.Choices()) {
				w.Errorf("hold %+v", h)
			}
			cancel = w.cancel()
		})
		w.at(50*time.Hour, func() {
			if cancel.refusal() != workflows.RefusalTooLate {
				w.Errorf("cancel: %q", cancel.refusal())
			}
			w.resolve(c)
		})
	}
	runScenarios(t, []scenario{
		{name: "kept", script: func(w *fixture) { back(w, order.ChooseKeep) }, ends: order.Returned, mails: delivered[:2], check: hasEvent(order.ParcelCameBack, "")},
		{name: "refunded", script: func(w *fixture) { back(w, order.ChooseRefund) }, ends: order.Returned, mails: also(delivered[:2], refunded), check: both(
			hasEvent(order.PaymentRefunded, "29.00 EUR"), hasEvent(order.OrderReturned, "looked at it"))},
		{name: "sent again: under a new reference, with the new number in the mail", script: func(w *fixture) {
			back(w, order.ChooseRebook)
			w.deliver(72 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped), check: func(t *testing.T, w *fixture) {
			o := w.order()
			if len(o.Shipments) != 2 || !o.Shipments[0].Replaced || o.Shipments[1].Reference != string(id)+"-2" || o.Shipments[0].Tracking == o.Shipments[1].Tracking {
				t.Errorf("shipments %+v", o.Shipments)
			}
			keys := w.mailer.Counts()
			for _, key := range []string{string(id) + ":mail-shipped:1", string(id) + ":mail-shipped-" + string(id) + "-2:1"} {
				if keys[key] != 1 {
					t.Errorf("mail %s went out %d times in %v", key, keys[key], keys)
				}
			}
		}},
		{name: "after the delivery, sent again by the aftercare workflow", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(72*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.at(73*time.Hour, func() { w.resolve(order.ChooseRebook) })
			w.deliver(96 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped, order.MailDelivered)},
		{name: "after the delivery, refunded by the aftercare workflow", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(72*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.at(73*time.Hour, func() { w.resolve(order.ChooseRefund) })
		}, ends: order.Returned, mails: also(delivered, refunded)},
	})
}

// TestVoidLabel (SHP-4, REC-7): a paid order whose label really is void can be booked under a
// new reference, refunded or cancelled; nobody holds it for ever.
func TestVoidLabel(t *testing.T) {
	void := func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() {
			w.byHand(w.voidAtCarrier)
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.voided", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelVoided}}))
		})
	}
	runScenarios(t, []scenario{
		{name: "booked under a new reference", script: func(w *fixture) {
			void(w)
			w.at(2*time.Hour, func() { w.resolve(order.ChooseRebook) })
			w.deliver(3 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
			if s := w.order().Shipment(); s.Number != 2 || w.called("CaptureIntent") != 1 {
				t.Errorf("shipment %+v, %d captures", s, w.called("CaptureIntent"))
			}
		}},
		{name: "refunded", script: func(w *fixture) {
			void(w)
			w.at(2*time.Hour, func() { w.resolve(order.ChooseRefund) })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded), check: calledTimes("VoidParcel", 0)},
		{name: "cancelled", script: func(w *fixture) {
			void(w)
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded)},
		{name: "void all the same when it is released: it holds again, and is booked again then", script: func(w *fixture) {
			void(w)
			w.at(2*time.Hour, func() { w.release() })
			w.at(3*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseRebook) })
			w.deliver(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "voided while the capture is delayed: the shopper is not charged", script: func(w *fixture) {
			w.down(5*time.Hour, order.ErrUnavailable, "CaptureIntent")
			void(w)
		}, ends: order.Cancelled, mails: cancelled, check: both(hasEvent(order.OrderCancelled, "voided"), func(t *testing.T, w *fixture) {
			if sum := w.bank.Count(id); sum.Taken != 0 {
				t.Errorf("%d was taken", sum.Taken)
			}
		})},
	})
}

// disputeIs reports a dispute about the order's payment.
func (w *fixture) disputeIs(s order.DisputeStatus) {
	w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute." + string(s), Dispute: &order.Dispute{
		ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Reason: "fraudulent", Status: s,
	}}))
}

// TestFundsGone (REF-1, REF-6, SHP-4): an order whose money was wholly refunded, or that
// is disputed, while it waits for the carrier does not ship when the carrier returns.
func TestFundsGone(t *testing.T) {
	waiting := func(w *fixture) {
		w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
		w.at(time.Minute, func() {
			w.paid(w.bank.Pay(w.intent()))
			w.sendEvents(w.paid(w.captureAtBank(w.intent())))
		})
	}
	disputed := func(w *fixture) { w.disputeIs(order.DisputeNeedsResponse) }
	held := func(t *testing.T, w *fixture) {
		t.Helper()
		hasEvent(order.OrderOnHold, w.intent())(t, w)
		if n := w.count(order.ParcelWasBooked); n != 0 {
			t.Errorf("%d parcels were booked", n)
		}
	}
	runScenarios(t, []scenario{
		{name: "refunded by hand", script: func(w *fixture) {
			waiting(w)
			w.at(time.Hour, func() { w.refundByHand(2900) })
			w.at(10*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: held},
		{name: "refunded in part: it ships", script: func(w *fixture) {
			waiting(w)
			w.at(time.Hour, func() { w.refundByHand(500) })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded)},
		{name: "refunded before the response to the capture: the second parcel is not booked", script: func(w *fixture) {
			w.placement.Terms.ParcelPieces, w.placement.Terms.Capture = 1, orders.CaptureBooked
			w.add(&fault{op: "CaptureIntent", after: true, kind: order.ErrUnavailable, until: 2 * time.Hour})
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.refundByHand(2900) })
			w.at(10*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: func(t *testing.T, w *fixture) {
			if n := w.count(order.ParcelWasBooked); n != 1 {
				t.Errorf("%d parcels were booked, want 1", n)
			}
		}},
		{name: "disputed", script: func(w *fixture) {
			waiting(w)
			w.at(time.Hour, func() { disputed(w) })
			w.at(10*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, order.MailDispute), check: held},
		{name: "disputed, and not to be refunded before it is won: a person is asked at once", script: func(w *fixture) {
			waiting(w)
			w.add(&fault{op: "RefundIntent", kind: order.ErrState, until: 60 * time.Hour})
			w.at(time.Hour, func() { disputed(w) })
			w.at(2*time.Hour, func() { w.resolve(order.ChooseVoid) })
			w.at(5*time.Hour, func() {
				w.stillRuns(order.OnHold)
				if h := w.order().Hold; h == nil || h.Kind != order.HoldRefund || !strings.Contains(h.Why, "the payment is disputed") {
					w.Errorf("the hold is %+v", h)
				}
				w.resolve(order.ChooseRelease)
			})
			w.at(61*time.Hour, func() { w.disputeIs(order.DisputeWon); w.resolve(order.ChooseRelease) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, order.MailDispute), check: held},
		{name: "disputed, and an inquiry is no claim: the refund is tried again", script: func(w *fixture) {
			waiting(w)
			w.add(&fault{op: "RefundIntent", kind: order.ErrState, until: 5 * time.Hour})
			w.at(time.Hour, func() { w.disputeIs(order.DisputeInquiry) })
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded, order.MailDispute), check: hasEvent(order.PaymentRefunded, "29.00 EUR")},
		{name: "disputed, and the carrier has the parcel after all: a person is asked about it once", script: func(w *fixture) {
			waiting(w)
			w.down(6*time.Hour, order.ErrState, "VoidParcel")
			w.at(time.Hour, func() { disputed(w) })
			w.at(2*time.Hour, func() { w.resolve(order.ChooseVoid) })
			w.at(5*time.Hour, func() { w.resolve(order.ChooseKeep) })
			w.arrive(6 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailDispute), check: func(t *testing.T, w *fixture) {
			if n := w.count(order.OrderOnHold); n != 2 {
				t.Errorf("on hold %d times", n)
			}
		}},
		{name: "disputed, and shipped by a person's decision", script: func(w *fixture) {
			waiting(w)
			w.at(time.Hour, func() { disputed(w) })
			w.at(2*time.Hour, func() { w.release() })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailDispute), check: hasEvent(order.OrderResolved, "release")},
		{name: "booked and disputed: it ships", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { disputed(w) })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailDispute)},
		{name: "booked, and wholly refunded before the carrier has it", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.refundByHand(2900) })
			w.at(90*time.Minute, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded), check: hasEvent(order.ParcelWasVoided, "")},
	})
}

// TestLapsed (PAY-8, WHK-10): a hold that was let go at the provider while the carrier is
// down is noticed at once, not when the carrier is back.
func TestLapsed(t *testing.T) {
	for name, letGo := range map[string]func(w *fixture) order.ProviderEvent{
		"it lapsed": func(w *fixture) order.ProviderEvent { return w.paid(w.bank.Lapse(w.intent()), nil) },
		"it was cancelled in the dashboard": func(w *fixture) order.ProviderEvent {
			w.cancelAtBank(w.intent())
			return w.paid(w.intentEvent())
		},
	} {
		t.Run(name, func(t *testing.T) {
			runScenarios(t, []scenario{{name: "while the carrier is down", script: func(w *fixture) {
				w.down(20*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
				w.at(time.Minute, w.pay)
				w.at(time.Hour, func() { w.byHand(func() { w.sendEvents(letGo(w)) }) })
				w.at(time.Hour+time.Minute, func() { w.stillRuns(order.Cancelling) })
			}, ends: order.Cancelled, mails: cancelled, check: both(calledTimes("CaptureIntent", 0), hasEvent(order.PaymentHasLapsed, ""), func(t *testing.T, w *fixture) {
				if n := w.count(order.ParcelWasBooked); n != 0 {
					t.Errorf("%d parcels were booked", n)
				}
			})}})
		})
	}
}

// TestCancelCounts (ORD-4, F37): a cancel that was accepted counts from then on, though
// the payment comes in the same moment.
func TestCancelCounts(t *testing.T) {
	w := newFixture(t)
	var got *updateResult
	w.at(time.Minute, func() { got = w.cancel() })
	w.at(time.Minute+500*time.Microsecond, w.pay) // before the request is certainly in the history
	w.run().ended(order.Cancelled).mailed(cancelled...)
	if got.refusal() != "" || w.called("BookParcel")+w.called("CaptureIntent") != 0 {
		t.Errorf("refused with %q, calls %v", got.refusal(), w.calls)
	}
}

// TestParcels (SHP-1): an order of several parcels is delivered when all of them are,
// and each is mailed about once.
func TestParcels(t *testing.T) {
	w := newFixture(t)
	w.placement.Terms.ParcelPieces = 1
	w.at(time.Minute, w.pay)
	for i, ref := range []string{reference, string(id) + "-2"} {
		for j, s := range []order.ParcelStatus{order.ParcelInTransit, order.ParcelDelivered} {
			w.at(time.Duration(1+i+10*j)*time.Hour, func() {
				if got := w.order().Status; got == order.Delivered {
					w.Errorf("%s before %s is %s", got, ref, s)
				}
				e, err := w.carrier.Scan(ref, s)
				if err != nil {
					w.Fatalf("scan: %v", err)
				}
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
			})
		}
	}
	w.run().mailed(also(delivered, order.MailShipped, order.MailDelivered)...)
	o := w.order()
	if o.Status != order.Delivered || len(o.Shipments) != 2 || w.called("CaptureIntent") != 1 || w.record.Shipped("mug") != 2 {
		t.Errorf("the order is %s, %+v, %d captures, %d pieces shipped", o.Status, o.Shipments, w.called("CaptureIntent"), w.record.Shipped("mug"))
	}
	for _, s := range o.Shipments {
		if !slices.Equal(s.Lines, []order.LineQuantity{{SKU: "mug", Quantity: 1}}) {
			t.Errorf("parcel %d holds %+v", s.Number, s.Lines)
		}
	}
}
