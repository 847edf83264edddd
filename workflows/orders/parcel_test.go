package orders_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"purser/order"
)

// TestParcel checks the shipping of an order (SHP-1 to SHP-4).
func TestParcel(t *testing.T) {
	paid := func(w *fixture) { w.at(time.Minute, w.pay) }
	runScenarios(t, []scenario{
		{name: "the carrier refuses", script: func(w *fixture) {
			w.placement.Request.ShipTo.Country = "XX"
			paid(w)
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderCancelled, "does not accept the parcel")},
		{name: "SHP-3 F68 the carrier is down for a day and comes back", script: func(w *fixture) {
			w.down(24*time.Hour, order.ErrUnavailable, "BookParcel", "TrackParcel", "VoidParcel")
			paid(w)
			w.arrive(25 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.StepDelayed, "Book parcel")},
		{name: "the carrier stays down until the hold on the money runs out", script: func(w *fixture) {
			w.down(7*24*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			paid(w)
			w.at(8*24*time.Hour, func() { w.release() }) // the label could not be voided for a day either
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderCancelled, "")},
		{name: "SHP-1 F69 booked, the response is lost: one label", script: func(w *fixture) {
			w.fail("BookParcel", 3, order.ErrUnknownOutcome)
			paid(w)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: calledTimes("BookParcel", 4)},
		{name: "no event from the carrier: it is asked", script: func(w *fixture) {
			paid(w)
			w.at(2*time.Hour, func() { w.scanned(order.ParcelInTransit) })
			w.at(30*time.Hour, func() { w.scanned(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered},
		{name: "no event, and asking fails: later events still count", script: func(w *fixture) {
			w.down(10*24*time.Hour, order.ErrUnavailable, "TrackParcel")
			paid(w)
			w.arrive(14 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "no response")},
		{name: "WHK-9 F24 scans late, repeated and backwards", script: func(w *fixture) {
			paid(w)
			w.at(time.Hour, func() {
				booked := w.scanned(order.ParcelBooked)
				moving, again := w.scanned(order.ParcelInTransit), w.scanned(order.ParcelInTransit)
				out := w.scanned(order.ParcelOutForDelivery)
				w.sendEvents(out, moving)
				w.sendEvents(again, booked, moving)
				done := w.scanned(order.ParcelDelivered)
				w.sendEvents(done, out, done)
				w.sendEvents(moving)
			})
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "late event")},
		{name: "delivered, and no other scan ever came", script: func(w *fixture) {
			paid(w)
			w.at(time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: []order.Notification{order.MailConfirmation, order.MailDelivered}},
		{name: "a problem on the way, then delivered", script: func(w *fixture) {
			paid(w)
			w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(2*time.Hour, func() { w.scan(order.ParcelException) })
			w.at(3*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.ParcelScanned, "problem")},
		{name: "an event about another parcel", script: func(w *fixture) {
			paid(w)
			w.at(time.Hour, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "x", Parcel: &order.ShipmentEvent{Reference: "another", Status: order.ParcelDelivered}}))
			})
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "another parcel")},
		{name: "PAY-15 F19 the reservation lapsed and the goods were sold while paying", script: func(w *fixture) {
			w.at(time.Minute, w.unknownPayment)
			w.at(2*time.Hour, func() { w.orderElsewhere(onHand) })
			w.at(3*time.Hour, w.knownPayment)
			w.at(4*time.Hour, func() { w.cancelElsewhere() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.OrderCancelled, "sold out")},
		{name: "PAY-15 the reservation lapsed, but the goods are still there", script: func(w *fixture) {
			w.at(time.Minute, w.unknownPayment)
			w.at(3*time.Hour, w.knownPayment)
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
	})
}

// unknownPayment gives the payment a status that is not known, which puts the order on
// hold for longer than its goods are reserved.
func (w *fixture) unknownPayment() {
	w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status = order.PaymentUnknown }), nil))
}

// knownPayment pays the order and releases it.
func (w *fixture) knownPayment() {
	w.bank.Change(w.intent(), func(in *order.Intent) { in.Status = order.PaymentPending })
	w.paid(w.bank.Pay(w.intent()))
	w.release()
}

// orderElsewhere lets another order reserve n pieces.
func (w *fixture) orderElsewhere(n int64) {
	now := w.clock()
	_, err := w.record.OpenOrder(context.Background(), order.Opening{
		ID: "ord_other", RunID: "other", Now: now, HoldUntil: now.Add(24 * time.Hour),
		Request: order.Request{Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug", Quantity: n}}},
	})
	if err != nil {
		w.Fatalf("the other order: %v", err)
	}
}

// cancelElsewhere cancels the other order.
func (w *fixture) cancelElsewhere() {
	o, err := w.record.Order(context.Background(), "ord_other")
	if err == nil {
		err = w.record.SaveOrder(context.Background(), order.Change{Order: o, Stock: order.StockMove{Action: order.StockRelease}})
	}
	if err != nil {
		w.Fatalf("the other order: %v", err)
	}
}

// TestStuck checks compensations that fail until an operator helps.
func TestStuck(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "the carrier refuses to void until someone called", script: func(w *fixture) {
			w.down(6*time.Hour, order.ErrState, "VoidParcel")
			w.down(6*time.Hour, order.ErrRejected, "CaptureIntent")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.release() })
			w.at(7*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled, check: both(hasEvent(order.OrderOnHold, "void the parcel"), func(t *testing.T, w *fixture) {
			if r := w.outcome.Reason; !strings.HasPrefix(r, "the money could not be captured") {
				t.Errorf("the reason is %q", r)
			}
		})},
		{name: "whether the intent exists is unknown, and the bank refuses until someone called", script: func(w *fixture) {
			w.down(25*time.Minute, order.ErrUnavailable, "CreateIntent")
			w.down(3*time.Hour, order.ErrState, "CancelIntent")
			w.at(20*time.Minute, func() { w.cancel() })
			w.at(time.Hour, func() { w.release() })
			w.at(4*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled, check: both(oneIntent, hasEvent(order.OrderOnHold, "money"))},
		{name: "the refund is refused until someone called", script: func(w *fixture) {
			w.placement.Request.ShipTo.Country = "XX"
			w.fail("RefundIntent", 1, order.ErrRejected)
			w.at(time.Minute, func() {
				w.paid(w.bank.Pay(w.intent()))
				w.sendEvents(w.paid(w.captureAtBank(w.intent())))
			})
			w.at(time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: both(hasEvent(order.PaymentRefunded, ""), calledTimes("RefundIntent", 2))},
		{name: "REF-3 F15 the response to the refund is lost: refunded once", script: func(w *fixture) {
			w.placement.Request.ShipTo.Country = "XX"
			w.fail("RefundIntent", 2, order.ErrUnknownOutcome)
			w.at(time.Minute, func() {
				w.paid(w.bank.Pay(w.intent()))
				w.sendEvents(w.paid(w.captureAtBank(w.intent())))
			})
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: calledTimes("RefundIntent", 3)},
	})
}
