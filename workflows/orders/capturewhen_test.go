package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// TestCaptureWhen (PAY-8): what is held is captured once, at the moment that the order's
// terms name, and a cancellation after it is a refund.
func TestCaptureWhen(t *testing.T) {
	captured := func(when time.Duration, want int64) func(w *fixture) {
		return func(w *fixture) {
			w.at(when, func() {
				if got := w.order().Captured(); got != want || w.called("CaptureIntent") != int(min(want, 1)) {
					w.Errorf("%s after placing %d are captured, in %d captures; want %d", when, got, w.called("CaptureIntent"), want)
				}
			})
		}
	}
	once := both(calledTimes("CaptureIntent", 1), hasEvent(order.PaymentWasCaptured, "29.00 EUR captured"), func(t *testing.T, w *fixture) {
		if n := w.count(order.PaymentWasCaptured); n != 1 {
			t.Errorf("the timeline has %d captures", n)
		}
	})
	runScenarios(t, []scenario{
		{name: "placed: before the parcel is booked", script: func(w *fixture) {
			w.placement.Terms.Capture = orders.CapturePlaced
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			captured(time.Hour, 2900)(w)
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: once},
		{name: "placed: cancelled before the parcel is booked", script: func(w *fixture) {
			w.placement.Terms.Capture = orders.CapturePlaced
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: both(once, hasEvent(order.PaymentRefunded, "29.00 EUR"))},
		{name: "placed: the capture is refused, and no parcel is booked", script: func(w *fixture) {
			w.placement.Terms.Capture = orders.CapturePlaced
			w.fail("CaptureIntent", 1, order.ErrRejected)
			w.at(time.Minute, w.pay)
		}, ends: order.Cancelled, mails: cancelled, check: func(t *testing.T, w *fixture) {
			if n := w.count(order.ParcelWasBooked); n != 0 {
				t.Errorf("%d parcels were booked", n)
			}
		}},
		{name: "booked: not before", script: func(w *fixture) {
			w.placement.Terms.Capture = orders.CaptureBooked
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			captured(time.Hour, 0)(w)
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: once},
	})

	w := newFixture(t)
	w.placement.Terms.ParcelPieces, w.placement.Terms.Capture = 1, orders.CaptureBooked
	w.at(time.Minute, w.pay)
	before := w.carrier.Before
	w.carrier.Before = func(op, ref string) error {
		if op == "BookParcel" && ref != reference && w.clock().Before(w.order().PlacedAt.Add(3*time.Hour)) {
			return &order.ProviderError{Provider: "fake", Op: op, Kind: order.ErrUnavailable}
		}
		return before(op, ref)
	}
	captured(time.Hour, 2900)(w) // the first of two parcels is booked
	for i, s := range []order.ParcelStatus{order.ParcelInTransit, order.ParcelDelivered} {
		for _, ref := range []string{reference, string(id) + "-2"} {
			w.at(time.Duration(4+i)*time.Hour, func() {
				e, err := w.carrier.Scan(ref, s)
				if err != nil {
					w.Fatalf("scan: %v", err)
				}
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
			})
		}
	}
	w.run()
	once(t, w)
	if o := w.order(); o.Status != order.Delivered {
		t.Errorf("the order is %s", o.Status)
	}
}
