package orders_test

import (
	"time"

	"purser/order"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

// shortHolds lets holds last 14 hours, less than some outages, and has the shopper asked
// to pay again four hours before. The carrier is asked for a day for a parcel of a
// cancelled order whose booking it did not confirm.
func (w *generated) shortHolds(captured orders.CaptureWhen) {
	w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
	w.placement.Terms.PayAgainBefore, w.placement.Terms.FindParcelsWithin = 4*time.Hour, day
	w.placement.Terms.Capture = captured
}

// lapseLater has a payment's hold lapse when its time is over, without an event.
func (w *generated) lapseLater(intentID string) {
	for _, in := range w.bank.Intents(id) {
		if in.ID == intentID && in.Status == order.PaymentAuthorized && w.bank.Hold > 0 {
			w.addCue(w.bank.Hold, func() { w.byHand(func() { w.bank.Lapse(intentID) }) })
		}
	}
}

// addCue adds an action to the script while it is followed.
func (r *runner) addCue(after time.Duration, do func()) {
	c := &workflowtest.Cue{At: r.clock().Add(after).Sub(workflowtest.Start), Do: do}
	r.cues = append(r.cues, c)
	if !r.over {
		r.register(c)
	}
}
