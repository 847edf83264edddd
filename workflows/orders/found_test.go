package orders_test

import (
	"testing"
	"time"

	"purser/order"
)

// bookedUnknown scripts a parcel that is booked, while the responses are lost until an
// hour after placing; in the meantime then happens at the carrier.
func (w *fixture) bookedUnknown(then func()) {
	w.down(time.Hour, order.ErrUnknownOutcome, "BookParcel")
	w.at(time.Minute, w.pay)
	w.at(30*time.Minute, func() { w.byHand(then) })
}

// TestFound books a parcel that exists under its reference already (SHP-1, F69): its
// status counts like an event.
func TestFound(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "in transit", script: func(w *fixture) {
			w.bookedUnknown(func() { w.scanSilently(order.ParcelInTransit) })
			w.at(3*time.Hour, func() {
				if s := w.order().Status; s != order.Shipped {
					w.Errorf("the order is %s", s)
				}
			})
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.ParcelWasShipped, "found in transit")},
		{name: "in transit, and then reported in transit: shipped once", script: func(w *fixture) {
			w.bookedUnknown(func() { w.scanSilently(order.ParcelInTransit) })
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "delivered, and no event about it", script: func(w *fixture) {
			w.bookedUnknown(func() { w.scanSilently(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: []order.Notification{order.MailConfirmation, order.MailDelivered}, check: hasEvent(order.ParcelArrived, "found in transit")},
		{name: "voided: nothing is charged", script: func(w *fixture) {
			w.bookedUnknown(w.voidAtCarrier)
		}, ends: order.Cancelled, mails: cancelled, check: both(calledTimes("CaptureIntent", 0), both(calledTimes("VoidParcel", 0), hasEvent(order.OrderCancelled, "voided")))},
	})
}

// TestOneBatch sends the payment and the scans in one signal, before the order knows
// of a parcel (WHK-9, F24): no scan is lost.
func TestOneBatch(t *testing.T) {
	scan := func(w *fixture, s order.ParcelStatus) order.ProviderEvent {
		return w.event(order.ProviderEvent{Type: "parcel", Parcel: &order.ShipmentEvent{Reference: reference, Tracking: "TRACK-" + reference, Status: s}})
	}
	runScenarios(t, []scenario{
		{name: "picked up", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Pay(w.intent())), scan(w, order.ParcelInTransit))
			})
			w.at(time.Hour, func() {
				if s := w.order().Status; s != order.Shipped {
					w.Errorf("the order is %s", s)
				}
			})
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered},
		{name: "the whole way, twice", script: func(w *fixture) {
			w.at(time.Minute, func() {
				paid, moving, done := w.paid(w.bank.Pay(w.intent())), scan(w, order.ParcelInTransit), scan(w, order.ParcelDelivered)
				w.sendEvents(paid, moving, paid, done, moving, done)
			})
		}, ends: order.Delivered, mails: delivered},
	})
}

// TestVoided checks a label that the carrier voids after the capture: an operator must
// clarify it with the carrier.
func TestVoided(t *testing.T) {
	fresh := func(w *fixture) { w.env.SetContinueAsNewSuggested(true) }
	waits := func(w *fixture) {
		w.Helper()
		if o := w.order(); o.Status != order.OnHold || o.Waiting == nil || o.Waiting.On != "operator" {
			w.Errorf("the order is %s and waits for %+v, want an operator", o.Status, o.Waiting)
		}
	}
	// The carrier makes the label valid again before the operator releases the order.
	voided := func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
		w.at(2*time.Hour, func() { waits(w); w.carrier.Reinstate(reference) })
	}
	runScenarios(t, []scenario{
		{name: "on hold, released", script: func(w *fixture) {
			voided(w)
			w.at(3*time.Hour, func() { w.release() })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.OrderResolved, "looked at it")},
		{name: "picked up already when it is released: the carrier is asked", script: func(w *fixture) {
			voided(w)
			w.at(3*time.Hour, func() { w.scanSilently(order.ParcelInTransit); w.release() })
			w.at(4*time.Hour, func() {
				if s := w.order().Status; s != order.Shipped {
					w.Errorf("the order is %s", s)
				}
			})
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered},
		{name: "released while the carrier does not respond", script: func(w *fixture) {
			voided(w)
			w.at(170*time.Minute, func() { w.down(4*time.Hour, order.ErrUnavailable, "TrackParcel") })
			w.at(3*time.Hour, func() { w.release() })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "continued as new", script: func(w *fixture) {
			voided(w)
			w.at(90*time.Minute, func() { fresh(w); w.sendEvents(w.paid(w.intentEvent())) })
			w.at(150*time.Minute, func() { waits(w) })
			w.at(3*time.Hour, func() { w.release() })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
			if w.runs != 2 {
				t.Errorf("%d runs, want 2", w.runs)
			}
			for _, e := range w.events() {
				if e.Kind == order.EventIgnored && e.Actor == "carrier" {
					t.Errorf("held twice: %s", e.Why)
				}
			}
		}},
	})
}
