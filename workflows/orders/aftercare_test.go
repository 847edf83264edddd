package orders_test

import (
	"context"
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// TestAftercare checks events that come when the order's workflow has ended (REC-10,
// F30).
func TestAftercare(t *testing.T) {
	var n order.ProviderEvent
	runScenarios(t, []scenario{
		{name: "a second payment for a cancelled order is voided", script: func(w *fixture) {
			w.at(time.Minute, func() { w.cancel() })
			w.at(time.Hour, func() { w.secondPayment() })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.PaymentVoided, "after the order had ended")},
		{name: "a payment captured for an expired order is refunded, once for all its events", script: func(w *fixture) {
			w.at(time.Hour, func() {
				in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: w.order().Total, Key: "elsewhere"})
				held := w.paid(w.bank.Pay(in.ID))
				taken := w.paid(w.captureAtBank(in.ID))
				w.sendEvents(held, taken, taken)
				w.sendEvents(taken)
				if err != nil {
					t.Error(err)
				}
			})
		}, ends: order.Expired, mails: also(expired, refunded), check: func(t *testing.T, w *fixture) {
			if sum := w.bank.Count(id); sum.Refunds != 1 {
				t.Errorf("%d refunds", sum.Refunds)
			}
		}},
		{name: "a second payment for a delivered order", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(48*time.Hour, func() { w.secondPayment() })
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.PaymentVoided, "after the order had ended")},
		{name: "the event of a payment that was voided with the order: nothing is left to do", script: func(w *fixture) {
			w.at(time.Minute, func() { n = w.paid(w.bank.Pay(w.intent())); w.cancel() })
			w.at(time.Hour, func() { w.sendEvents(n) })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.EventIgnored, "has ended")},
		{name: "the confirmation of the capture", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(48*time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.PaymentConfirmed, "")},
		{name: "a parcel that is returned after its delivery", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.at(72*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.at(73*time.Hour, func() { w.resolve(order.ChooseKeep) })
		}, ends: order.Returned, mails: delivered, check: hasEvent(order.OrderOnHold, "brought the parcel back")},
		{name: "the provider is down when a late payment is to be voided", script: func(w *fixture) {
			w.at(time.Minute, func() { w.cancel() })
			w.at(time.Hour, func() {
				w.fail("GetIntent", 5, order.ErrUnavailable)
				w.fail("CancelIntent", 5, order.ErrUnknownOutcome)
				w.secondPayment()
			})
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.PaymentVoided, "after the order had ended")},
	})
}

// TestAftercareUnknown sends an event about an order that was refused.
func TestAftercareUnknown(t *testing.T) {
	w := newFixture(t)
	w.placement.Request.Lines[0].SKU = "moon"
	w.run()
	w.sendEvents(w.event(order.ProviderEvent{Type: "x", Parcel: &order.ShipmentEvent{Reference: reference}}))
	if n := len(w.events()); n != 0 {
		t.Errorf("%d events of an order that was refused", n)
	}
}

// TestReportWithTheEnd sends an event in the task in which the workflow ends: it is
// handled.
func TestReportWithTheEnd(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
	w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
	var duplicate string
	w.record.After = func(string, order.ID) error {
		if o := w.order(); o.Status == order.Delivered && duplicate == "" {
			in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: o.Total, Key: "elsewhere"})
			if err != nil {
				t.Error(err)
			}
			duplicate = in.ID
			w.env.SignalWorkflowSkippingWorkflowTask("Reported", orders.Report{Version: workflows.MessageVersion, Events: []order.ProviderEvent{w.paid(w.bank.Pay(duplicate))}})
		}
		return nil
	}
	w.run().ended(order.Delivered)
	if duplicate == "" {
		t.Error("the event was never sent")
	}
}
