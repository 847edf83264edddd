package orders_test

import (
	"testing"
	"time"

	"purser/order"
)

// TestProviderEvents sends events that are repeated, late or out of order (WHK-9, WHK-10,
// F22 to F24, F30).
func TestProviderEvents(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "F22 F23 the same event many times, serially and at once", script: func(w *fixture) {
			w.at(time.Minute, func() {
				n := w.paid(w.bank.Pay(w.intent()))
				w.sendEvents(n, n, n)
				w.sendEvents(n)
				w.sendEvents(n, n)
			})
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
			if n := len(w.events()); n != 11 {
				t.Errorf("%d events, want 11 as in a plain order: %v", n, w.kinds())
			}
		}},
		{name: "F24 a failure after the success changes nothing", script: func(w *fixture) {
			w.at(time.Minute, func() {
				failed := w.paid(w.bank.Decline(w.intent(), "card_declined", ""))
				ok := w.paid(w.bank.Pay(w.intent()))
				w.sendEvents(ok)
				w.sendEvents(failed)
			})
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "late event")},
		{name: "F24 both in one signal, the wrong way round", script: func(w *fixture) {
			w.at(time.Minute, func() {
				failed := w.paid(w.bank.Decline(w.intent(), "card_declined", ""))
				w.sendEvents(w.paid(w.bank.Pay(w.intent())), failed)
			})
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "late event")},
		{name: "PAY-14 F12 the event overtakes the response to the creation", script: func(w *fixture) {
			w.fail("CreateIntent", 1, order.ErrUnknownOutcome)
			w.at(500*time.Millisecond, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: oneIntent},
		{name: "WHK-10 an event says cancelled, the provider says otherwise", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "x", Payment: &order.PaymentEvent{Reference: w.intent(), Status: order.PaymentCanceled}}))
			})
			w.at(2*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: oneIntent},
		{name: "a parcel event before there is a parcel", script: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "x", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelDelivered}}))
			})
			w.at(2*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "before there is a parcel")},
		{name: "F30 the confirmation of the capture", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(2*time.Minute, func() { w.sendEvents(w.paid(w.intentEvent())) })
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.PaymentConfirmed, "29.00 EUR")},
	})
}

// TestCurrencies charges orders in currencies with zero, two and three decimals in their
// minor units (PAY-1, ORD-6).
func TestCurrencies(t *testing.T) {
	for _, c := range []struct {
		currency, sku string
		want          int64
	}{{currency: "EUR", sku: "mug", want: 2900}, {currency: "JPY", sku: "bowl", want: 13_600}, {currency: "KWD", sku: "oud", want: 25_500}} {
		t.Run(c.currency, func(t *testing.T) {
			w := newFixture(t)
			w.placement.Request.Currency = c.currency
			w.placement.Request.Lines = []order.RequestLine{{SKU: c.sku, Quantity: 2}}
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.run().ended(order.Delivered)
			in, _ := w.bank.IntentOf(id)
			if want := (order.Money{Amount: c.want, Currency: c.currency}); in.Amount != want || in.Received != c.want {
				t.Errorf("charged %d of %s, want %s", in.Received, in.Amount, want)
			}
		})
	}
}
