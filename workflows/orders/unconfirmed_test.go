package orders_test

import (
	"testing"
	"time"

	"purser/order"
)

// unconfirmed scripts an order that is cancelled while the carrier does not confirm the
// booking of its parcel, and for whose parcel the carrier is asked again for a day.
func (w *fixture) unconfirmed() {
	w.placement.Terms.FindParcelsWithin = 24 * time.Hour
	w.down(time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
	w.at(time.Minute, w.pay)
	w.at(50*time.Minute, func() { w.cancel() })
}

// appears scripts that the carrier books the parcel behind the void.
func (w *fixture) appears(at time.Duration) {
	w.at(at, func() { w.byHand(func() { w.carrier.Appear(reference) }) })
}

// TestFindUnconfirmed (SHP-4, F69): a parcel whose booking was lost while the order was
// cancelled is found by its reference, also a day later, and does not go out.
func TestFindUnconfirmed(t *testing.T) {
	found := hasEvent(order.ParcelWasVoided, "booked it after the order was cancelled")
	asked := func(track, void int) func(*testing.T, *fixture) {
		return both(calledTimes("TrackParcel", track), func(t *testing.T, w *fixture) {
			t.Helper()
			if n := w.count(order.ParcelWasVoided); n != void {
				t.Errorf("voided %d times, want %d", n, void)
			}
		})
	}
	runScenarios(t, []scenario{
		{name: "nothing comes", script: func(w *fixture) {
			w.unconfirmed()
			w.at(20*time.Hour, func() { w.stillRuns(order.Cancelled) })
		}, ends: order.Cancelled, mails: cancelled, check: asked(4, 1)},
		{name: "within minutes", script: func(w *fixture) {
			w.unconfirmed()
			w.appears(time.Hour + 5*time.Minute)
		}, ends: order.Cancelled, mails: cancelled, check: both(found, asked(4, 2))},
		{name: "hours later", script: func(w *fixture) {
			w.unconfirmed()
			w.appears(20 * time.Hour)
		}, ends: order.Cancelled, mails: cancelled, check: both(found, asked(4, 2))},
		{name: "twice", script: func(w *fixture) {
			w.unconfirmed()
			w.appears(time.Hour + 5*time.Minute)
			w.appears(5 * time.Hour)
		}, ends: order.Cancelled, mails: cancelled, check: both(found, asked(4, 3))},
		{name: "the carrier is down when it is asked", script: func(w *fixture) {
			w.unconfirmed()
			w.at(90*time.Minute, func() { w.down(20*time.Hour, order.ErrUnavailable, "TrackParcel", "VoidParcel") })
			w.appears(3 * time.Hour)
		}, ends: order.Cancelled, mails: cancelled, check: found},
		{name: "the carrier does not void it: an operator is told, and it is tried again", script: func(w *fixture) {
			w.unconfirmed()
			w.appears(90 * time.Minute)
			w.at(91*time.Minute, func() { w.down(9*time.Hour, order.ErrState, "VoidParcel") })
			w.at(3*time.Hour, func() {
				if o := w.order(); o.Status != order.Cancelled || o.WaitsFor() != order.WaitOperator {
					w.Errorf("the order is %s and waits for %q, with %+v", o.Status, o.WaitsFor(), o.Attention)
				}
			})
		}, ends: order.Cancelled, mails: cancelled, check: both(found, hasEvent(order.OrderNeedsAttention, "has a parcel of a cancelled order"), func(t *testing.T, w *fixture) {
			if a := w.order().Attention; len(a) > 0 {
				t.Errorf("still needs attention: %+v", a)
			}
		})},
		{name: "a booking that the carrier has confirmed is not looked for", script: func(w *fixture) {
			w.placement.Terms.FindParcelsWithin = 24 * time.Hour
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation, refunded), check: asked(0, 1)},
	})
}

// TestParcelOfCancelledLeft (SHP-4): an operator is told that the carrier already has a
// parcel of a cancelled order, until a person has dealt with it.
func TestParcelOfCancelledLeft(t *testing.T) {
	w := newFixture(t)
	w.unconfirmed()
	w.at(90*time.Minute, func() { w.byHand(func() { w.carrier.Appear(reference); w.scanSilently(order.ParcelInTransit) }) })
	w.at(3*time.Hour, func() {
		if o := w.order(); o.WaitsFor() != order.WaitOperator {
			w.Errorf("it waits for %q", o.WaitsFor())
		}
	})
	w.at(30*time.Hour, func() { w.stillRuns(order.Cancelled); w.resolve(order.ChooseKeep) })
	w.run().mailed(cancelled...)
	if o := w.order(); o.Status != order.Cancelled || len(o.Attention) > 0 || w.count(order.OrderNeedsAttention) == 0 {
		t.Errorf("the order is %s, with %+v: %v", o.Status, o.Attention, w.kinds())
	}
	if at := w.now; at.Sub(w.order().PlacedAt) > 31*time.Hour {
		t.Errorf("asked on until %s", at)
	}
}

// TestFindAfterTermination (SHP-4, REC-10): the aftercare goes on with asking.
func TestFindAfterTermination(t *testing.T) {
	w := newFixture(t)
	w.unconfirmed()
	w.terminatedAfter = 2*time.Hour + 30*time.Minute
	w.appears(3 * time.Hour)
	w.at(4*time.Hour, func() { w.sendEvents(w.paid(w.intentEvent())) })
	w.run()
	found := w.carrier.Parcels()[reference]
	if found.Status != order.ParcelVoided || len(w.state().Unconfirmed) > 0 {
		t.Errorf("the parcel is %s, to be asked for %v", found.Status, w.state().Unconfirmed)
	}
}
