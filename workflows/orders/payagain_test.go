package orders_test

import (
	"strings"
	"testing"
	"time"

	"purser/order"
)

// delayed scripts an order that is paid after a minute, and whose parcel cannot be
// booked until a time. The hold lapses 14 hours after it was paid; the shopper is asked
// to pay again four hours before, and has two hours.
func (w *fixture) delayed(until time.Duration) {
	w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
	w.placement.Terms.PayAgainBefore = 4 * time.Hour
	w.down(until, order.ErrUnavailable, "BookParcel")
	w.at(time.Minute, w.pay)
}

// second returns the newest intent of the order.
func (w *fixture) second() order.Intent {
	w.Helper()
	in, _ := w.bank.IntentOf(id)
	if in.ID == "pi_1" {
		w.Fatalf("%s after placing the shopper was not asked to pay again", w.clock())
	}
	return in
}

// payAgain lets the shopper pay the newest intent, and reports it.
func (w *fixture) payAgain() { w.sendEvents(w.paid(w.bank.Pay(w.second().ID))) }

// heldBy checks which intents hold or have money at the end, and that one capture was
// made.
func heldBy(first, second order.PaymentStatus) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		all := w.bank.Intents(id)
		if len(all) != 2 || all[0].Status != first || all[1].Status != second {
			t.Errorf("intents %+v, want one %s and one %s", all, first, second)
		}
		if n := w.count(order.PaymentAskedAgain); n != 1 {
			t.Errorf("the shopper was asked %d times to pay again", n)
		}
		if o := w.order(); o.Status == order.Delivered && (o.Captured() != 2900 || !o.Paid()) {
			t.Errorf("%d were captured", o.Captured())
		}
		for _, p := range w.order().Payments {
			if p.Standby && !w.order().Status.Final() {
				t.Errorf("a payment is left on standby: %+v", p)
			}
		}
	}
}

// askedAgain are the mails of an order whose shopper was asked to pay again.
func askedAgain(ms []order.Notification) []order.Notification { return also(ms, order.MailPayAgain) }

// TestPayAgain (PAY-8): before a hold lapses that could not be captured, the shopper is
// asked to pay again, once and with a deadline. The order goes on with the payment that
// holds the money, and captures one.
func TestPayAgain(t *testing.T) {
	const asked, late = 10*time.Hour + 30*time.Minute, 11*time.Hour + 50*time.Minute
	first, second := heldBy(order.PaymentCaptured, order.PaymentCanceled), heldBy(order.PaymentCanceled, order.PaymentCaptured)
	none := heldBy(order.PaymentCanceled, order.PaymentCanceled)
	lostAndCancelled := func(t *testing.T, w *fixture) {
		t.Helper()
		if all := w.bank.Intents(id); len(all) != 2 || all[0].Status != order.PaymentCaptured || all[1].Status != order.PaymentCanceled {
			t.Errorf("intents %+v, want one captured and one cancelled", all)
		}
		if p := w.order().Payments[1]; !p.Surplus || p.Status != order.PaymentCanceled || p.Reference == "" {
			t.Errorf("the second payment is %+v", p)
		}
	}
	runScenarios(t, []scenario{
		{name: "paid again: the order ships on the new hold", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.waitsAt("parcels", time.Hour, 9*time.Hour)
			w.at(9*time.Hour, func() {
				if on := w.order().Waiting; !on.Until.Equal(w.order().Payment().CaptureBefore.Add(-4*time.Hour)) || !strings.Contains(on.Then, "asked to pay again") {
					w.Errorf("an hour before the shopper is asked it waits for %+v", on)
				}
			})
			w.waitsAt("payment", asked, late)
			w.at(late, w.payAgain)
			w.waitsAt("parcels", 12*time.Hour+30*time.Minute, 17*time.Hour)
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(second, hasEvent(order.PaymentRenewed, "instead of payment pi_1"))},
		{name: "not paid again: cancelled at the deadline, before the hold lapses", script: func(w *fixture) {
			w.delayed(13 * time.Hour)
			w.at(14*time.Hour, func() {
				if at := w.order().UpdatedAt; at.After(w.clock()) || w.order().Status != order.Cancelled {
					w.Errorf("%s after placing it is %s", w.clock(), w.order().Status)
				}
			})
		}, ends: order.Cancelled, mails: askedAgain(cancelled), check: both(none, hasEvent(order.OrderCancelled, "did not pay again"), func(t *testing.T, w *fixture) {
			sent := w.mailer.Sent()
			if got := mailReason(sent[len(sent)-1]); got != "it was not paid for again in time" {
				t.Errorf("the shopper reads %q", got)
			}
		})},
		{name: "the carrier is back before: the old hold pays", script: func(w *fixture) {
			w.delayed(asked)
			w.arrive(14 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: first},
		{name: "paid again, nothing reports it, and the carrier is back: one payment is captured", script: func(w *fixture) {
			w.delayed(late)
			w.at(asked, func() { w.paid(w.bank.Pay(w.second().ID)) })
			w.arrive(14 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: first},
		{name: "paid again, and nothing reports it: found at the deadline", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.at(asked, func() { w.paid(w.bank.Pay(w.second().ID)) })
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: second},
		{name: "the bank cannot say at the deadline: nothing ships until it does", script: func(w *fixture) {
			w.delayed(13 * time.Hour)
			w.at(late, func() { w.paid(w.bank.Pay(w.second().ID)); w.down(18*time.Hour, order.ErrUnavailable, "GetIntent") })
			w.at(16*time.Hour, func() {
				if w.count(order.ParcelWasBooked) > 0 {
					w.Errorf("a parcel was booked on a hold that has lapsed")
				}
			})
			w.waitsAt("payment", 16*time.Hour)
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: second},
		{name: "declined, then paid", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.at(asked, func() { w.sendEvents(w.paid(w.bank.Decline(w.second().ID, "card_declined", ""))) })
			w.at(late, w.payAgain)
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(second, hasEvent(order.PaymentDeclined, ""))},
		{name: "paid again by a method that knows no hold", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.at(asked, func() { w.sendEvents(w.paid(w.bank.Leave(w.second().ID))) })
			w.at(late, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.second().ID, true))) })
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(second, calledTimes("CaptureIntent", 0))},
		{name: "PAY-18 paid again by a method that knows no hold: what was left out is refunded", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.refunds(30*time.Minute, order.RefundRequest{ID: "r1", Lines: []order.RefundItem{{SKU: "mug", Quantity: 1}}, Reason: "sold out"}, "")
			w.at(asked, func() { w.sendEvents(w.paid(w.bank.Leave(w.second().ID))) })
			w.at(late, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.second().ID, true))) })
			w.arriveAs(string(id)+"-2", 19*time.Hour)
		}, ends: order.Delivered, mails: askedAgain(also(delivered, order.MailRefunded)), check: func(t *testing.T, w *fixture) {
			t.Helper()
			if sum := w.bank.Count(id); sum.Taken != 2900 || sum.Returned != 1450 {
				t.Errorf("%+v", sum)
			}
		}},
		{name: "F69 not paid again, and a person says that the carrier has the parcel: the hold is captured", script: func(w *fixture) {
			w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
			w.placement.Terms.PayAgainBefore = 4 * time.Hour
			w.down(12*time.Hour+2*time.Minute, order.ErrUnknownOutcome, "BookParcel")
			w.down(13*time.Hour, order.ErrState, "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(12*time.Hour+30*time.Minute, func() {
				if h := w.order().Hold; h == nil || h.Kind != order.HoldVoid {
					w.Errorf("the hold is %+v", h)
				}
				w.resolve(order.ChooseKeep)
			})
			w.arrive(14 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: first},
		{name: "PAY-18 both captured at the bank: one is refunded", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.at(asked, func() {
				w.sendEvents(w.paid(w.captureAtBank("pi_1")))
				in := w.second().ID
				w.paid(w.bank.Pay(in))
				w.sendEvents(w.paid(w.captureAtBank(in)))
			})
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(also(delivered, refunded)), check: heldBy(order.PaymentCaptured, order.PaymentCaptured)},
		{name: "the shop cancels while the shopper may pay again", script: func(w *fixture) {
			w.delayed(late + time.Minute)
			w.at(asked, func() { w.paid(w.bank.Pay(w.second().ID)) })
			w.at(late, func() { w.cancel() })
		}, ends: order.Cancelled, mails: askedAgain(cancelled), check: none},
		{name: "F12 the response to the creation is lost for an hour", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			w.at(9*time.Hour, func() { w.down(asked, order.ErrUnknownOutcome, "CreateIntent") })
			w.at(late, w.payAgain)
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: second},
		{name: "F12 the response to the creation is lost until the old hold has paid: what was created is cancelled", script: func(w *fixture) {
			w.delayed(asked)
			w.at(9*time.Hour, func() { w.down(14*time.Hour, order.ErrUnknownOutcome, "CreateIntent") })
			w.arrive(14 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: lostAndCancelled},
		{name: "F12 the response is lost, the order is cancelled, and a person lets it go on: what was created is cancelled", script: func(w *fixture) {
			w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
			w.placement.Terms.PayAgainBefore = 4 * time.Hour
			w.down(12*time.Hour+2*time.Minute, order.ErrUnknownOutcome, "BookParcel")
			w.down(13*time.Hour, order.ErrState, "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(9*time.Hour, func() { w.down(13*time.Hour, order.ErrUnknownOutcome, "CreateIntent") })
			w.at(12*time.Hour+30*time.Minute, func() { w.says("keep", w.resolve(order.ChooseKeep), "", "") })
			w.arrive(14 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: lostAndCancelled},
		{name: "the history grows long", script: func(w *fixture) {
			w.delayed(18 * time.Hour)
			for d := time.Hour; d < 20*time.Hour; d += 50 * time.Minute {
				w.at(d, func() { w.env.SetContinueAsNewSuggested(true); w.sendEvents(w.paid(w.intentEvent())) })
			}
			w.at(late, w.payAgain)
			w.arrive(19 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: second},
	})
}

// lapsed scripts an order whose parcel is booked at once, and whose money cannot be
// captured before the hold has lapsed, because the record cannot be written: the
// reference of a parcel must be known there first.
func (w *fixture) lapsed() {
	w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
	w.placement.Terms.PayAgainBefore = 4 * time.Hour
	w.at(50*time.Second, func() { w.down(15*time.Hour, order.ErrUnavailable, "SaveOrder") })
	w.at(time.Minute, w.pay)
	w.at(14*time.Hour+2*time.Minute, func() { w.bank.Lapse("pi_1") })
}

// TestPayAgainAfterLapse (PAY-8): a capture that comes too late leads to the same
// question: the shopper has a deadline, and nothing ships on the lapsed hold.
func TestPayAgainAfterLapse(t *testing.T) {
	const again = string(id) + "-2"
	secondParcel := func(w *fixture) {
		for at, s := range map[time.Duration]order.ParcelStatus{20 * time.Hour: order.ParcelInTransit, 22 * time.Hour: order.ParcelDelivered} {
			w.at(at, func() {
				e, err := w.carrier.Scan(again, s)
				if err != nil {
					w.Fatalf("scan: %v", err)
				}
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
			})
		}
	}
	noCapture := func(t *testing.T, w *fixture) {
		t.Helper()
		if p := w.carrier.Parcels()[reference]; p.Status != order.ParcelVoided && p.Status != "" {
			t.Errorf("the parcel of the lapsed hold is %s", p.Status)
		}
	}
	late := func(w *fixture, learns time.Duration) { // the order learns late that it was paid
		w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
		w.placement.Terms.PayAgainBefore = 4 * time.Hour
		w.down(learns, order.ErrUnavailable, "GetIntent")
		w.at(time.Minute, func() { w.paid(w.bank.Pay(w.intent())) })
	}
	refused := func(w *fixture) { // and the hold lapses before the capture
		late(w, 11*time.Hour+30*time.Minute)
		before := w.bank.Before
		w.bank.Before = func(op string, o order.ID) error {
			if op == "CaptureIntent" {
				w.bank.Lapse("pi_1")
			}
			return before(op, o)
		}
	}
	runScenarios(t, []scenario{
		{name: "F18 the capture is refused, paid again: another parcel is booked", script: func(w *fixture) {
			refused(w)
			w.waitsAt("payment", 13*time.Hour)
			w.at(13*time.Hour, func() {
				if s := w.order().Status; s != order.AwaitingPayment {
					w.Errorf("the order is %s", s)
				}
			})
			w.at(14*time.Hour, w.payAgain)
			secondParcel(w)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(heldBy(order.PaymentExpired, order.PaymentCaptured), noCapture, calledTimes("CaptureIntent", 2), hasEvent(order.ParcelWasVoided, "has lapsed"))},
		{name: "F18 the capture is refused, paid again by a method that knows no hold", script: func(w *fixture) {
			refused(w)
			w.at(13*time.Hour, func() { w.sendEvents(w.paid(w.bank.Leave(w.second().ID))) })
			w.at(14*time.Hour, func() { w.sendEvents(w.paid(w.bank.Authenticate(w.second().ID, true))) })
			secondParcel(w)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(heldBy(order.PaymentExpired, order.PaymentCaptured), noCapture, calledTimes("CaptureIntent", 1))},
		{name: "F18 the capture is refused, and the shopper cannot be asked", script: func(w *fixture) {
			refused(w)
			w.at(time.Hour, func() { w.down(30*time.Hour, order.ErrUnavailable, "CreateIntent") })
		}, ends: order.Cancelled, mails: cancelled, check: both(noCapture, calledTimes("CaptureIntent", 1))},
		{name: "F18 the capture is refused, not paid again", script: func(w *fixture) {
			refused(w)
		}, ends: order.Cancelled, mails: askedAgain(cancelled), check: both(heldBy(order.PaymentExpired, order.PaymentCanceled), noCapture, calledTimes("CaptureIntent", 1))},
		{name: "F18 the capture is refused, and the carrier has the parcel: a person decides", script: func(w *fixture) {
			refused(w)
			w.down(30*time.Hour, order.ErrState, "VoidParcel")
			w.at(20*time.Hour, func() { w.stillRuns(order.OnHold) })
			w.at(31*time.Hour, func() { w.release() })
		}, ends: order.Cancelled, mails: cancelled, check: calledTimes("CaptureIntent", 1)},
		{name: "F18 the record was down, paid again: the parcel is booked then", script: func(w *fixture) {
			w.lapsed()
			w.waitsAt("payment", 15*time.Hour+10*time.Minute)
			w.at(15*time.Hour+11*time.Minute, func() {
				if s := w.order().Status; s != order.AwaitingPayment {
					w.Errorf("the order is %s", s)
				}
			})
			w.at(16*time.Hour, func() {
				if n := w.called("BookParcel"); n > 0 {
					w.Errorf("a parcel was booked on a hold that has lapsed")
				}
				w.payAgain()
			})
			w.arrive(18 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(heldBy(order.PaymentExpired, order.PaymentCaptured), calledTimes("BookParcel", 1), calledTimes("CaptureIntent", 1))},
		{name: "F18 it is too late to book when the payment is known, paid again", script: func(w *fixture) {
			late(w, 14*time.Hour+30*time.Minute)
			w.at(16*time.Hour, func() {
				if n := w.called("BookParcel"); n > 0 {
					w.Errorf("a parcel was booked on a hold that has lapsed")
				}
				w.payAgain()
			})
			w.arrive(18 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(heldBy(order.PaymentCanceled, order.PaymentCaptured), calledTimes("BookParcel", 1), calledTimes("CaptureIntent", 1))},
		{name: "F18 it is too late to book when the payment is known, not paid again: the provider still holds the money, and releases it", script: func(w *fixture) {
			late(w, 14*time.Hour+30*time.Minute)
		}, ends: order.Cancelled, mails: askedAgain(cancelled), check: both(heldBy(order.PaymentCanceled, order.PaymentCanceled), calledTimes("CaptureIntent", 0))},
		{name: "F18 the provider ends the hold early, and has not said when it lapses", script: func(w *fixture) {
			w.placement.Terms.PayAgainBefore = 4 * time.Hour
			w.down(8*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(2*time.Hour, func() { w.sendEvents(w.paid(w.bank.Lapse("pi_1"), nil)) })
			w.waitsAt("payment", 3*time.Hour)
			w.at(5*time.Hour, w.payAgain)
			w.arrive(9 * time.Hour)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: heldBy(order.PaymentExpired, order.PaymentCaptured)},
		{name: "F18 the hold was cancelled in the dashboard: nobody is asked", script: func(w *fixture) {
			w.placement.Terms.PayAgainBefore = 4 * time.Hour
			w.down(8*time.Hour, order.ErrUnavailable, "BookParcel", "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(2*time.Hour, func() { w.byHand(func() { w.cancelAtBank("pi_1"); w.sendEvents(w.paid(w.intentEvent())) }) })
		}, ends: order.Cancelled, mails: cancelled, check: hasEvent(order.PaymentHasLapsed, "not held any more")},
		{name: "F69 the response to the booking is lost when the hold ends: the label is voided at once", script: func(w *fixture) {
			w.placement.Terms.PayAgainBefore = 4 * time.Hour
			w.down(2*time.Hour+5*time.Minute, order.ErrUnknownOutcome, "BookParcel")
			w.at(time.Minute, w.pay)
			w.at(2*time.Hour, func() { w.sendEvents(w.paid(w.bank.Lapse("pi_1"), nil)) })
			w.at(5*time.Hour, func() {
				if s := w.carrier.Parcels()[reference].Status; s != order.ParcelVoided {
					w.Errorf("the parcel of the lapsed hold is %q", s)
				}
				w.payAgain()
			})
			secondParcel(w)
		}, ends: order.Delivered, mails: askedAgain(delivered), check: both(heldBy(order.PaymentExpired, order.PaymentCaptured), hasEvent(order.ParcelWasVoided, reference))},
		{name: "F18 not paid again", script: func(w *fixture) {
			w.lapsed()
		}, ends: order.Cancelled, mails: askedAgain(cancelled), check: both(heldBy(order.PaymentExpired, order.PaymentCanceled), noCapture)},
	})
}
