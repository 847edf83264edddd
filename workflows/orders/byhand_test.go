package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

func byHand(key string, n int64) order.ParcelPlan {
	p := mugsIn(key, n)
	p.Method, p.Carrier, p.Tracking, p.Link = order.ByHand, "Bike Courier", "BC-17", "https://courier.example/BC-17"
	return p
}

func collected(key string, n int64) order.ParcelPlan {
	p := mugsIn(key, n)
	p.Method = order.ByPickup
	return p
}

// marks scripts that a person says where a parcel is, and checks the response.
func (w *fixture) marks(at time.Duration, number int, s order.ParcelStatus, refused string) {
	w.at(at, func() {
		got := new(updateResult)
		w.update(string(orders.MarkParcel), "", got, orders.MarkParcelRequest{Parcel: number, Status: s, Sender: sentBy("key:ops", "seen")})
		w.wants("mark", got, refused)
	})
}

// TestWithoutCarrier (SHP-7): goods go out without the carrier's API, under the shop's own
// tracking number or by being collected; the money is captured first, and an order can mix
// the ways.
func TestWithoutCarrier(t *testing.T) {
	unasked := both(calledTimes("BookParcel", 0), calledTimes("VoidParcel", 0))
	runScenarios(t, []scenario{
		{name: "own tracking, delivered by hand", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 0), "")
			w.has(2*time.Hour, order.Shipped, order.WaitCarrier)
			w.marks(3*time.Hour, 1, "lost", "cannot be marked")
			w.voids(3*time.Hour, 1, "the carrier has parcel 1 already")
			w.marks(30*time.Hour, 1, order.ParcelDelivered, "")
			w.marks(31*time.Hour, 1, order.ParcelReturned, "cannot be changed any more")
			w.marks(32*time.Hour, 1, order.ParcelDelivered, "")
			w.adds(33*time.Hour, byHand("a", 0), "")
			w.adds(34*time.Hour, byHand("a", 1), "with another request")
			w.adds(35*time.Hour, byHand("b", 1), "cannot be changed any more")
		}, ends: order.Delivered, mails: delivered, check: both(unasked, func(t *testing.T, w *fixture) {
			l := w.order().MailFor(order.MailShipped)
			if l.Tracking != "BC-17" || l.Link != "https://courier.example/BC-17" {
				t.Errorf("the mail is about %q at %q", l.Tracking, l.Link)
			}
		})},
		{name: "own tracking, and nobody says anything", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 0), "")
		}, ends: order.Delivered, mails: also(nil, order.MailConfirmation, order.MailShipped), check: both(unasked, hasEvent(order.ParcelArrived, "nobody has said otherwise"))},
		{name: "own tracking, it comes back", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 0), "")
			w.marks(3*time.Hour, 1, order.ParcelReturned, "")
			w.at(4*time.Hour, func() { w.resolve(order.ChooseRefund) })
		}, ends: order.Returned, mails: also(also(nil, order.MailConfirmation, order.MailShipped), refunded)},
		{name: "own tracking, one of two comes back: a person decides whether the other one is paid back, too", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 1), "")
			w.adds(2*time.Hour, byHand("b", 1), "")
			w.marks(3*time.Hour, 1, order.ParcelReturned, "")
			w.at(4*time.Hour, func() { w.says("refund", w.resolve(order.ChooseRefund), "", "") })
			w.at(5*time.Hour, func() {
				o := w.order()
				if o.Hold == nil || o.Hold.Kind != order.HoldVoid || o.Shipments[1].Status != order.ParcelInTransit || len(o.Refunds) > 0 {
					w.Errorf("the hold is %+v, the parcels are %+v, the refunds %+v", o.Hold, o.Shipments, o.Refunds)
				}
			})
			w.marks(5*time.Hour+time.Minute, 1, order.ParcelReturned, "")
			w.at(6*time.Hour, func() { w.says("both", w.resolve(order.ChooseRefund), "", "") })
		}, ends: order.Returned, mails: also(nil, order.MailConfirmation, order.MailShipped, order.MailShipped, refunded), check: unasked},
		{name: "own tracking, it comes back, is to be sent again, and is refunded instead: nothing stays reserved", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 1), "")
			w.adds(2*time.Hour, byHand("b", 1), "")
			w.marks(3*time.Hour, 1, order.ParcelReturned, "")
			w.at(4*time.Hour, func() { w.says("again", w.resolve(order.ChooseRebook), "", "") })
			w.marks(5*time.Hour, 2, order.ParcelReturned, "")
			w.at(6*time.Hour, func() { w.says("end it", w.resolve(order.ChooseRefund), "", "") })
		}, ends: order.Returned, mails: also(nil, order.MailConfirmation, order.MailShipped, order.MailShipped, refunded), check: both(unasked, hasStock(2, onHand-2))},
		{name: "one comes back, the other has not left: its goods are for sale again", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, byHand("a", 1), "")
			w.adds(2*time.Hour, mugsIn("b", 1), "")
			w.marks(3*time.Hour, 1, order.ParcelReturned, "")
			w.at(4*time.Hour, func() { w.resolve(order.ChooseRefund) })
		}, ends: order.Returned, mails: also(also(nil, order.MailConfirmation, order.MailShipped), refunded), check: hasStock(1, onHand-1)},
		{name: "to be collected", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, collected("a", 0), "")
			w.has(2*time.Hour, order.Paid, order.WaitCarrier)
			w.marks(30*time.Hour, 1, "lost", "cannot be marked")
			w.marks(30*time.Hour, 1, order.ParcelDelivered, "")
		}, ends: order.Delivered, mails: also(nil, order.MailConfirmation, order.MailReady), check: unasked},
		{name: "to be collected, and cancelled", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, collected("a", 0), "")
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(also(cancelled, order.MailConfirmation, order.MailReady), refunded), check: unasked},
		{name: "to be collected, and then sent", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, collected("a", 0), "")
			w.voids(2*time.Hour, 1, "")
			w.adds(3*time.Hour, mugsIn("b", 0), "")
			w.arriveAs(reference[:len(reference)-1]+"2", 4*time.Hour)
			w.marks(5*time.Hour, 2, order.ParcelDelivered, "the carrier says")
			w.marks(5*time.Hour, 3, order.ParcelDelivered, "none with number 3")
		}, ends: order.Delivered, mails: also(delivered, order.MailReady)},
		{name: "one sent, one collected", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, collected("a", 1), "")
			w.adds(2*time.Hour, mugsIn("b", 1), "")
			w.arriveAs(reference[:len(reference)-1]+"2", 4*time.Hour)
			w.marks(40*time.Hour, 1, order.ParcelDelivered, "")
		}, ends: order.Delivered, mails: also(delivered, order.MailReady), check: hasParcels(parcelOf(1, false), parcelOf(1, false))},
	})
}
