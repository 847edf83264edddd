package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows/workflowtest"
)

// TestCancelledOnItsWay cancels an order whose parcel, of which it was unknown whether
// it was booked, is with the carrier by then (SHP-4, EML-1): the carrier does not void
// it, and a person decides how the order ends. Nothing is delivered for nothing
// unnoticed.
func TestCancelledOnItsWay(t *testing.T) {
	onItsWay := func(w *fixture, choice order.Choice) {
		w.down(30*time.Minute, order.ErrUnknownOutcome, "BookParcel")
		w.at(time.Minute, w.pay)
		w.at(20*time.Minute, func() { w.scanSilently(order.ParcelInTransit); w.cancel() })
		w.at(2*time.Hour, func() { w.scan(order.ParcelOutForDelivery) })
		w.at(3*time.Hour, func() {
			w.stillRuns(order.OnHold)
			w.resolve(choice)
		})
		w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
	}
	asked := hasEvent(order.OrderOnHold, "cannot void the parcel")
	runScenarios(t, []scenario{{name: "kept: the order goes on", script: func(w *fixture) {
		onItsWay(w, order.ChooseKeep)
	}, ends: order.Delivered, mails: []order.Notification{order.MailConfirmation, order.MailDelivered}, check: asked}})
	t.Run("refunded: the goods are given away, and it is known", func(t *testing.T) {
		w := newFixture(t)
		onItsWay(w, order.ChooseRefund)
		w.run().mailed(cancelled...)
		w.keptMoney(w.order())
		asked(t, w)
		if o := w.order(); o.Status != order.Cancelled || o.Shipment().Status != order.ParcelDelivered || w.record.Shipped("mug") != 2 {
			t.Errorf("the order is %s, its parcel %q, %d pieces have left", o.Status, o.Shipment().Status, w.record.Shipped("mug"))
		}
		hasEvent(order.EventIgnored, `its parcel is "delivered"`)(t, w)
	})
}

// TestCarrierForgot checks a paid order whose parcel the carrier does not know (any
// more): an operator is notified, and the carrier's later events still count (REC-2,
// F97).
func TestCarrierForgot(t *testing.T) {
	on := func(w *fixture, want string) {
		w.Helper()
		if o := w.order(); o.Status.Final() || o.Waiting == nil || o.Waiting.On != want {
			w.Errorf("%s after placing the order is %s, waiting for %+v, want %s", w.clock().Sub(workflowtest.Start), o.Status, o.Waiting, want)
		}
	}
	runScenarios(t, []scenario{{name: "an operator is notified until it is known", script: func(w *fixture) {
		w.down(30*time.Hour, order.ErrNoSuch, "TrackParcel")
		w.at(time.Minute, w.pay)
		w.at(11*time.Hour, func() { on(w, "carrier") })
		w.at(13*time.Hour, func() { on(w, "operator") })
		w.at(26*time.Hour, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) }) // a long history
		w.at(29*time.Hour, func() { on(w, "operator") })
		w.at(39*time.Hour, func() { on(w, "carrier") })
		w.arrive(40 * time.Hour)
	}, ends: order.Delivered, mails: delivered, check: both(hasEvent(order.EventIgnored, "asked, no response"), hasEvent(order.ParcelScanned, "the carrier knows it again"))}, {name: "its events still count", script: func(w *fixture) {
		w.down(99*time.Hour, order.ErrNoSuch, "TrackParcel")
		w.at(time.Minute, w.pay)
		w.at(13*time.Hour, func() { on(w, "operator") })
		w.arrive(14 * time.Hour)
	}, ends: order.Delivered, mails: delivered}})
}

// TestParcelOverdue checks a parcel that the carrier knows and that does not move any
// more: after two weeks an operator is notified, until the next scan (REC-2, F97).
func TestParcelOverdue(t *testing.T) {
	on := func(w *fixture, want string) {
		w.Helper()
		if o := w.order(); o.Status != order.Shipped || o.Waiting == nil || o.Waiting.On != want {
			w.Errorf("%s after placing the order is %s, waiting for %+v, want %s", w.clock().Sub(workflowtest.Start), o.Status, o.Waiting, want)
		}
	}
	const day = 24 * time.Hour
	runScenarios(t, []scenario{{name: "a problem that the carrier reports is a movement", script: func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(day, func() { w.scan(order.ParcelInTransit) })
		w.at(10*day, func() { w.scan(order.ParcelException) })
		w.at(16*day, func() { on(w, "carrier") })
		w.at(25*day, func() { on(w, "operator") })
		w.at(26*day, func() { w.scan(order.ParcelDelivered) })
	}, ends: order.Delivered, mails: delivered}, {name: "an operator is notified until it moves", script: func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(day, func() { w.scan(order.ParcelInTransit) })
		w.at(14*day, func() { on(w, "carrier") })
		w.at(16*day, func() { on(w, "operator") })
		w.at(17*day, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) }) // a long history
		w.at(20*day, func() { w.scan(order.ParcelOutForDelivery) })
		w.at(20*day+time.Hour, func() { on(w, "carrier") })
		w.at(21*day, func() { w.scan(order.ParcelDelivered) })
	}, ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
		hasEvent(order.ParcelIsOverdue, "has not moved since")(t, w)
		if n := w.count(order.ParcelIsOverdue); n != 1 {
			t.Errorf("it is noted %d times", n)
		}
	}}})
}
