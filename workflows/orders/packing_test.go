package orders_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// mugsIn returns a plan for a parcel with mugs; without any, for one with the rest.
func mugsIn(key string, n int64) order.ParcelPlan {
	p := order.ParcelPlan{ID: key}
	if n > 0 {
		p.Lines = []order.LineQuantity{{SKU: "mug", Quantity: n}}
	}
	return p
}

// wants checks, at the end, that a request was taken or refused with these words.
func (w *fixture) wants(what string, got *updateResult, refused string) {
	w.afterwards = append(w.afterwards, func() {
		switch {
		case refused == "" && got.err != nil:
			w.Errorf("%s: %v", what, got.err)
		case refused != "" && (got.err == nil || !strings.Contains(got.err.Error(), refused)):
			w.Errorf("%s: got %v, want %q", what, got.err, refused)
		}
	})
}

// adds scripts that a person makes a parcel at a time, and checks the response.
func (w *fixture) adds(at time.Duration, p order.ParcelPlan, refused string) {
	w.at(at, func() { w.wants("parcel "+p.ID, w.pack(p), refused) })
}

// voids scripts that a person has a label voided at a time, and checks the response.
func (w *fixture) voids(at time.Duration, number int, refused string) {
	w.at(at, func() { w.wants("void", w.voidLabel(number), refused) })
}

// byOperator scripts an order of two mugs, paid after a minute, whose parcels a person
// makes.
func (w *fixture) byOperator() {
	w.placement.Terms.Parcels, w.placement.Terms.Capture = orders.ParcelsByOperator, orders.CaptureBooked
	w.at(time.Minute, w.pay)
}

// has checks the order's status and what it waits for at a time.
func (w *fixture) has(at time.Duration, s order.Status, on string) {
	w.at(at, func() {
		o := w.order()
		if got := o.WaitsFor(); o.Status != s || got != on {
			w.Errorf("after %s the order is %s and waits for %q, want %s and %q", at, o.Status, got, s, on)
		}
	})
}

var twoParcels = append(also(delivered), order.MailShipped, order.MailDelivered)

// TestParcelsByOperator (SHP-6): a person makes the parcels of an order, each with its own
// label, tracking and mails; no goods go into two, and the order ends when all have arrived.
func TestParcelsByOperator(t *testing.T) {
	second := reference[:len(reference)-1] + "2"
	runScenarios(t, []scenario{
		{name: "two parcels", script: func(w *fixture) {
			w.byOperator()
			w.has(30*time.Minute, order.Authorized, order.WaitPacking)
			w.adds(time.Hour, mugsIn("a", 1), "")
			w.has(90*time.Minute, order.Paid, order.WaitPacking)
			w.arriveAs(reference, 2*time.Hour)
			w.has(30*time.Hour, order.Shipped, order.WaitPacking)
			w.adds(48*time.Hour, mugsIn("b", 0), "")
			w.arriveAs(second, 49*time.Hour)
		}, ends: order.Delivered, mails: twoParcels, check: both(hasParcels(parcelOf(1, false), parcelOf(1, false)), charged(2900))},
		{name: "more than is left, and another order's line", script: func(w *fixture) {
			w.byOperator()
			w.adds(30*time.Second, mugsIn("early", 1), "before it is paid")
			w.adds(time.Hour, mugsIn("a", 3), "2 of \"mug\" are left to send, not 3")
			w.adds(time.Hour, order.ParcelPlan{ID: "b", Lines: []order.LineQuantity{{SKU: "pin", Quantity: 1}}}, "no \"pin\"")
			w.adds(time.Hour, order.ParcelPlan{ID: "c", Lines: []order.LineQuantity{{SKU: "mug", Quantity: -1}}}, "not above zero")
			w.adds(2*time.Hour, mugsIn("d", 0), "")
			w.adds(3*time.Hour, mugsIn("e", 1), "0 of \"mug\" are left")
			w.adds(3*time.Hour, mugsIn("f", 0), "in parcels already")
			w.arrive(4 * time.Hour)
			w.adds(40*time.Hour, mugsIn("g", 0), "cannot be changed any more")
		}, ends: order.Delivered, mails: delivered, check: hasParcels(parcelOf(2, false))},
		{name: "twice under one key, and under two, at once", script: func(w *fixture) {
			w.byOperator()
			w.at(time.Hour, func() {
				w.wants("first", w.pack(mugsIn("a", 2)), "")
				w.wants("again", w.pack(mugsIn("a", 2)), "")
				w.wants("other", w.pack(mugsIn("a", 1)), "with another request")
				w.wants("second", w.pack(mugsIn("b", 1)), "0 of")
			})
			w.adds(5*time.Hour, mugsIn("a", 2), "")
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasParcels(parcelOf(2, false)), calledTimes("BookParcel", 1))},
		{name: "the carrier is down", script: func(w *fixture) {
			w.byOperator()
			w.down(5*time.Hour, order.ErrUnknownOutcome, "BookParcel")
			w.adds(time.Hour, mugsIn("a", 0), "")
			w.has(2*time.Hour, order.Authorized, order.WaitParcels)
			w.arrive(6 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasParcels(parcelOf(2, false))},
		{name: "the carrier does not accept it", script: func(w *fixture) {
			w.byOperator()
			w.fail("BookParcel", 1, order.ErrRejected)
			w.adds(time.Hour, mugsIn("a", 2), "does not accept the parcel")
			w.adds(2*time.Hour, mugsIn("a", 2), "does not accept the parcel")
			w.adds(2*time.Hour, mugsIn("b", 2), "")
			w.arriveAs(second, 3*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasParcels(parcelOf(2, true), parcelOf(2, false))},
		{name: "nobody packs, and the hold lapses", script: func(w *fixture) {
			w.byOperator()
		}, ends: order.Cancelled, mails: cancelled},
		{name: "added while the order is cancelled", script: func(w *fixture) {
			w.byOperator()
			w.at(time.Hour, func() {
				w.cancel()
				w.wants("parcel", w.pack(mugsIn("a", 0)), "about to be cancelled")
			})
		}, ends: order.Cancelled, mails: cancelled, check: calledTimes("BookParcel", 0)},
		{name: "cancelled while it is added", script: func(w *fixture) {
			w.byOperator()
			w.at(time.Hour, func() {
				w.pack(mugsIn("a", 0))
				w.cancel()
			})
		}, ends: order.Cancelled, mails: cancelled},
		{name: "the rest is refunded instead of packed", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 1), "")
			w.arrive(2 * time.Hour)
			w.refunds(40*time.Hour, mugs("r1", 1, true), "")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasParcels(parcelOf(1, false))},
		{name: "packed while the same goods are refunded", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 1), "")
			w.down(4*time.Hour, order.ErrUnavailable, "RefundIntent")
			w.at(2*time.Hour, func() {
				w.wants("refund", w.refund(mugs("r1", 1, true)), "")
				w.wants("parcel", w.pack(mugsIn("b", 1)), "0 of \"mug\" are left")
			})
			w.arrive(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasParcels(parcelOf(1, false))},
	})
}

// TestVoidLabelByOperator (SHP-6): a person has a label voided before the carrier has the
// parcel, and the goods go into another one.
func TestVoidLabelByOperator(t *testing.T) {
	second := reference[:len(reference)-1] + "2"
	voidThenPack := hasParcels(parcelOf(2, true), parcelOf(2, false))
	runScenarios(t, []scenario{
		{name: "and packed again", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 2), "")
			w.voids(2*time.Hour, 7, "none with number 7")
			w.voids(2*time.Hour, 1, "")
			w.voids(3*time.Hour, 1, "")
			w.has(4*time.Hour, order.Paid, order.WaitPacking)
			w.adds(5*time.Hour, mugsIn("b", 2), "")
			w.arriveAs(second, 6*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(voidThenPack, charged(2900))},
		{name: "of a parcel that Purser has made", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.voids(time.Hour, 1, "")
			w.has(2*time.Hour, order.Paid, order.WaitPacking)
			w.adds(3*time.Hour, mugsIn("b", 2), "")
			w.arriveAs(second, 4*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: voidThenPack},
		{name: "while the carrier picks it up", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 2), "")
			w.at(2*time.Hour, func() {
				w.wants("void", w.voidLabel(1), "the carrier has parcel 1 already")
				w.scan(order.ParcelInTransit)
			})
			w.voids(3*time.Hour, 1, "the carrier has parcel 1 already")
			w.at(5*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered, check: hasParcels(parcelOf(2, false))},
		{name: "the carrier is down, and then has it", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 2), "")
			w.down(5*time.Hour, order.ErrUnavailable, "VoidParcel")
			w.voids(2*time.Hour, 1, "")
			w.at(3*time.Hour, func() { w.scanSilently(order.ParcelInTransit) })
			w.at(8*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered, check: hasEvent(order.EventIgnored, "the label is not voided")},
		{name: "its event comes first", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 2), "")
			w.down(5*time.Hour, order.ErrUnavailable, "VoidParcel")
			w.voids(2*time.Hour, 1, "")
			w.at(3*time.Hour, func() {
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.voided", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelVoided}}))
			})
			w.adds(6*time.Hour, mugsIn("b", 2), "")
			w.arriveAs(second, 7*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: voidThenPack},
		{name: "of a parcel that is not booked yet", script: func(w *fixture) {
			w.byOperator()
			w.down(5*time.Hour, order.ErrUnknownOutcome, "BookParcel")
			w.adds(time.Hour, mugsIn("a", 2), "")
			w.voids(2*time.Hour, 1, "")
			w.adds(6*time.Hour, mugsIn("b", 2), "")
			w.arriveAs(second, 7*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: voidThenPack},
		{name: "and the order is cancelled", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 2), "")
			w.voids(2*time.Hour, 1, "")
			w.at(3*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded)},
		{name: "over a long history", script: func(w *fixture) {
			w.byOperator()
			w.adds(time.Hour, mugsIn("a", 1), "")
			w.at(90*time.Minute, func() { w.env.SetContinueAsNewSuggested(true) })
			w.voids(2*time.Hour, 1, "")
			w.adds(3*time.Hour, mugsIn("a", 1), "")
			w.adds(4*time.Hour, mugsIn("b", 0), "")
			w.arriveAs(second, 5*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasParcels(parcelOf(1, true), parcelOf(2, false)), func(t *testing.T, w *fixture) {
			if w.runs < 2 {
				t.Errorf("%d runs", w.runs)
			}
		})},
	})
}

// TestPackInstead (SHP-6): parcels that Purser has planned give up their goods for one that
// a person makes while the carrier is down.
func TestPackInstead(t *testing.T) {
	w := newFixture(t)
	w.held(order.ErrUnavailable)
	w.adds(time.Hour, mugsIn("a", 1), "")
	w.arriveAs(string(id)+"-2", 5*time.Hour)
	w.arriveAs(string(id)+"-3", 5*time.Hour)
	w.run().ended(order.Delivered)
	both(hasParcels(parcelOf(2, true), parcelOf(1, false), parcelOf(1, false)), charged(2900))(t, w)
}
