package orders_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
)

// goesOut lets the carrier pick up and deliver a parcel whose label it had voided, and
// reports both.
func (w *fixture) goesOut(at time.Duration) {
	w.at(at, func() {
		w.byHand(func() { w.carrier.Reinstate(reference) })
		w.scan(order.ParcelInTransit)
	})
	w.at(at+time.Hour, func() { w.scan(order.ParcelDelivered) })
}

// asksOnce checks that a person was asked once about a parcel, and in which words.
func asksOnce(kind order.Kind, words string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		var asked []string
		for _, e := range w.events() {
			if e.Kind == kind && strings.Contains(e.Why, words) {
				asked = append(asked, e.Why)
			}
		}
		if len(asked) != 1 {
			t.Errorf("a person was asked %q, want once", asked)
		}
	}
}

const (
	labelIsVoid = "label of the parcel is void"
	isReplaced  = "another parcel has replaced"
)

// attention checks whether the first parcel, and nothing else, needs attention at the end.
func attention(left bool) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		if a := w.order().Attention; len(a) > 1 || (len(a) == 1 && a[0].About == reference) != left {
			t.Errorf("needs attention: %+v", a)
		}
	}
}

// TestParcelOfCancelledGoesOut (SHP-4): a person is asked, once, about the parcel of a
// cancelled order that the carrier picks up although its label was voided.
func TestParcelOfCancelledGoesOut(t *testing.T) {
	for _, tt := range []struct {
		name     string
		resolved time.Duration // when a person has dealt with it; 0: never
	}{
		{name: "nobody has dealt with it"},
		{name: "a person has dealt with it at the end", resolved: 7 * time.Hour},
		{name: "a person has dealt with it before the delivery", resolved: 330 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			w.goesOut(5 * time.Hour)
			if tt.resolved > 0 {
				w.at(tt.resolved, func() { w.resolve(order.ChooseKeep) })
			}
			w.run().mailed(also(cancelled, order.MailConfirmation, refunded)...)
			both(asksOnce(order.OrderNeedsAttention, labelIsVoid), attention(tt.resolved == 0))(t, w)
			if o := w.order(); o.Status != order.Cancelled || o.Shipments[0].Status != order.ParcelDelivered {
				t.Errorf("the order is %s, its parcel %s", o.Status, o.Shipments[0].Status)
			}
		})
	}
}

// TestParcelGoesOut (SHP-4): a person is asked, once, about a parcel that the carrier
// picks up although its label was voided or another parcel has replaced it.
func TestParcelGoesOut(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "while the money is being refunded: it waits for the decision", script: func(w *fixture) {
			w.down(8*time.Hour, order.ErrUnavailable, "RefundIntent")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
			w.goesOut(5 * time.Hour)
			w.at(9*time.Hour, func() {
				if h := w.order().Hold; h == nil || h.Kind != order.HoldVoid {
					w.Errorf("the hold is %+v", h)
				}
				w.resolve(order.ChooseKeep)
			})
		}, ends: order.Delivered, mails: []order.Notification{order.MailConfirmation}, check: both(asksOnce(order.OrderOnHold, labelIsVoid), calledTimes("VoidParcel", 1))},
		{name: "after another parcel was booked instead of the void one", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
			w.at(2*time.Hour, func() { w.resolve(order.ChooseRebook) })
			w.goesOut(5 * time.Hour)
			w.arriveAs(string(id)+"-2", 4*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(asksOnce(order.OrderNeedsAttention, labelIsVoid), attention(true))},
		{name: "after another parcel was booked instead of the lost one", script: func(w *fixture) {
			w.placement.Terms.OverdueAfter = 4 * time.Hour
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(20*time.Hour, func() { w.resolve(order.ChooseRebook) })
			w.at(25*time.Hour, func() { w.scan(order.ParcelOutForDelivery) })
			w.at(26*time.Hour, func() { w.scan(order.ParcelDelivered) })
			w.arriveAs(string(id)+"-2", 22*time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped), check: both(asksOnce(order.OrderNeedsAttention, isReplaced), attention(true))},
		{name: "a late event about a parcel that came back asks nobody", script: func(w *fixture) {
			moving := order.ShipmentEvent{Reference: reference, Status: order.ParcelInTransit}
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelReturned) })
			w.at(2*time.Hour, func() { w.resolve(order.ChooseRebook) })
			w.at(3*time.Hour, func() { w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.in_transit", Parcel: &moving})) })
			w.arriveAs(string(id)+"-2", 4*time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(attention(false), hasEvent(order.EventIgnored, "late event"))},
	})
}
