package orders_test

import (
	"testing"
	"time"

	"purser/order"
)

// onItsWayUncaptured scripts an order whose parcel is on its way when it turns out, an
// hour after placing, that its money cannot be captured.
func (w *fixture) onItsWayUncaptured(until time.Duration) {
	w.bookedUnknown(func() { w.scanSilently(order.ParcelInTransit) })
	w.down(until, order.ErrRejected, "CaptureIntent")
	w.at(3*time.Hour, func() {
		if h := w.order().Hold; h == nil || h.Kind != order.HoldVoid || w.bank.Count(id).Canceled != 0 {
			w.Errorf("while the parcel is on its way: %+v, %+v", h, w.bank.Count(id))
		}
	})
}

// TestUncapturedOnItsWay (SHP-4): if the money of a parcel that is on its way cannot be
// captured, a person decides, and the order ends either way.
func TestUncapturedOnItsWay(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "captured later", script: func(w *fixture) {
			w.onItsWayUncaptured(6 * time.Hour)
			w.at(7*time.Hour, func() { w.resolve(order.ChooseKeep) })
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.OrderOnHold, "the carrier has a parcel")},
	})
	t.Run("given to the shopper", func(t *testing.T) {
		w := newFixture(t)
		w.onItsWayUncaptured(6 * time.Hour)
		w.at(4*time.Hour, func() { w.resolve(order.ChooseRefund) })
		w.follow()
		if n := w.bank.Count(id); w.order().Status != order.Cancelled || n.Canceled != 1 || n.Captured != 0 || w.called("VoidParcel") != 0 {
			t.Errorf("the order is %s, the bank has %+v", w.order().Status, n)
		}
	})
}
