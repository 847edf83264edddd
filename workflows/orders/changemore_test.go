package orders_test

import (
	"fmt"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// TestChangeMore (PAY-8): goods that are added to a paid order cost a second payment; the
// order goes on as it was until it is held, and both are captured.
func TestChangeMore(t *testing.T) {
	more := func(w *fixture, want string) {
		w.byOperator()
		w.changes(10*time.Minute, ask("c1", "mug=3", "pin=3"), want)
	}
	runScenarios(t, []scenario{
		{name: "paid", script: func(w *fixture) {
			more(w, "secret")
			w.at(15*time.Minute, func() {
				is(2900, "mug=2", "c1 pending 1522")(t, w)
				hasStock(0, onHand-3)(t, w)
			})
			w.changes(16*time.Minute, ask("c1", "mug=3", "pin=3"), "secret")
			w.changes(17*time.Minute, ask("c1", "mug=3"), "with another request")
			w.changes(18*time.Minute, ask("c2", "mug=1"), "waits for its payment")
			w.at(20*time.Minute, w.payChange)
			w.changes(30*time.Minute, ask("c1", "mug=3", "pin=3"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4422, "mug=3 pin=3", "c1 made 1522"), took(4422, 0), hasStock(3, onHand-3))},
		{name: "paid, and no event comes", script: func(w *fixture) {
			more(w, "secret")
			w.at(15*time.Minute, func() { w.byHand(func() { w.paid(w.bank.Pay(w.changePayment().Reference)) }) })
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: took(4422, 0)},
		{name: "not paid until the deadline", script: func(w *fixture) {
			more(w, "secret")
			w.at(39*time.Minute, func() { is(2900, "mug=2", "c1 pending 1522")(t, w) })
			w.at(41*time.Minute, func() {
				is(2900, "mug=2", "c1 dropped 1522")(t, w)
				hasStock(0, onHand-2)(t, w)
			})
			w.changes(42*time.Minute, ask("c1", "mug=3", "pin=3"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(hasEvent(order.ChangeDropped, "it was not paid by"), took(2900, 0))},
		{name: "declined, then paid with another card", script: func(w *fixture) {
			more(w, "secret")
			w.at(15*time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Decline(w.changePayment().Reference, "card_declined", "")))
			})
			w.at(20*time.Minute, w.payChange)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: took(4422, 0)},
		{name: "a person packs before it is paid", script: func(w *fixture) {
			more(w, "secret")
			w.packed(20 * time.Minute)
		}, ends: order.Delivered, mails: paidMore, check: both(is(2900, "mug=2", "c1 dropped 1522"), hasEvent(order.ChangeDropped, "a parcel is booked"), took(2900, 0))},
		{name: "a person packs as it is paid", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, func() {
				w.pack(mugsIn("a", 0))
				w.payChange()
			})
			w.deliver(2 * time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4422, "mug=3 pin=3", "c1 made 1522"), took(4422, 0))},
		{name: "it is paid, and a person packs before the provider can be asked", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, func() {
				w.down(21*time.Minute, order.ErrUnavailable, "GetIntent")
				w.payChange()
			})
			w.packed(20*time.Minute + time.Second)
		}, ends: order.Delivered, mails: paidMore, check: both(is(2900, "mug=2", "c1 dropped 1522"), took(2900, 0))},
		{name: "it is paid as it is dropped", script: func(w *fixture) {
			more(w, "secret")
			w.at(40*time.Minute+time.Second, func() {
				if ref := w.changePayment().Reference; w.unpaid(ref) {
					w.payChange()
				}
			})
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore},
		{name: "the order is cancelled before it is paid", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPayMore), check: both(took(0, 0), hasStock(0, onHand))},
		{name: "the order is cancelled as it is paid", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, func() { w.cancel(); w.payChange() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPayMore), check: both(took(0, 0), hasStock(0, onHand))},
		{name: "the order is cancelled after it is paid", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, w.payChange)
			w.at(25*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPayMore), check: both(took(0, 0), hasStock(0, onHand))},
		{name: "the order is cancelled after both are captured", script: func(w *fixture) {
			w.placement.Terms.Capture = orders.CapturePlaced
			more(w, "secret")
			w.placement.Terms.Capture = orders.CapturePlaced
			w.at(20*time.Minute, w.payChange)
			w.at(25*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPayMore, order.MailRefunded, order.MailRefunded), check: both(took(4422, 4422), hasStock(0, onHand))},
		{name: "the response of its payment is lost", script: func(w *fixture) {
			w.byOperator()
			w.at(9*time.Minute, func() { w.fail("CreateIntent", 3, order.ErrUnknownOutcome) })
			w.changes(10*time.Minute, ask("c1", "mug=3", "pin=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(took(4422, 0), func(t *testing.T, w *fixture) {
			if n := w.bank.Count(id).Intents; n != 2 {
				t.Errorf("%d intents, want 2", n)
			}
		})},
		{name: "its payment cannot be created until the deadline", script: func(w *fixture) {
			w.byOperator()
			w.at(9*time.Minute, func() { w.down(2*time.Hour, order.ErrUnknownOutcome, "CreateIntent") })
			w.changes(10*time.Minute, ask("c1", "mug=3", "pin=3"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(is(2900, "mug=2", "c1 dropped 1522"), took(2900, 0))},
		{name: "too little to be charged", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "pin=2"), "place another order for it")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: took(2900, 0)},
		{name: "sold out", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=6"), "not enough stock")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(is(2900, "mug=2"), hasStock(2, onHand-2))},
		{name: "unknown goods, and those of another currency", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "kettle=1"), "unknown product")
			w.changes(11*time.Minute, ask("c2", "bowl=1"), "is sold in JPY")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "instead of others for the same price, it takes effect at once", script: func(w *fixture) {
			w.price("jug", 1450)
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=1", "jug=1"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(is(4350, "mug=2 jug=1", "c1 made 0"), took(2900, 0), hasStock(1, onHand-1))},
		{name: "dearer ones instead of others", script: func(w *fixture) {
			w.price("jug", 2000)
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=1", "jug=1"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4900, "mug=2 jug=1", "c1 made 550"), hasRefunds("change-c1 released 1450"), took(3450, 0))},
		{name: "cheaper ones instead of others, which are captured", script: func(w *fixture) {
			w.price("jug", 1000)
			w.byOperator()
			w.placement.Terms.Capture = orders.CapturePlaced
			w.changes(10*time.Minute, ask("c1", "mug=1", "jug=1"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(
			is(3900, "mug=2 jug=1", "c1 made -450"), hasRefunds("change-c1 released 1000", "change-c1:2 succeeded 450"), took(2900, 450), hasStock(1, onHand-1))},
		{name: "at another price now", script: func(w *fixture) {
			w.byOperator()
			w.at(5*time.Minute, func() { w.price("mug", 1500) })
			w.changes(10*time.Minute, ask("c1", "mug=3"), "costs 15.00 EUR a piece now, and the order has it for 14.50 EUR")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "prices cannot be had", script: func(w *fixture) {
			w.byOperator()
			w.at(9*time.Minute, func() { w.fail("Goods", 1, order.ErrUnavailable) })
			w.changes(10*time.Minute, ask("c1", "mug=3"), "cannot be priced at this moment")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "then one of them is taken out again, and all come back", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, w.payChange)
			w.changes(30*time.Minute, ask("c2", "mug=2"), "")
			w.packed(time.Hour)
			w.refunds(60*time.Hour, order.RefundRequest{ID: "r1", All: true}, "")
		}, ends: order.Delivered, mails: also(paidMore, order.MailRefunded, order.MailRefunded), check: both(
			hasRefunds("change-c2 released 1450", "r1 succeeded 2900", "r1:2 succeeded 72"), took(2972, 2972))},
		{name: "all that was added is taken out again", script: func(w *fixture) {
			more(w, "secret")
			w.at(20*time.Minute, w.payChange)
			w.changes(30*time.Minute, ask("c2", "mug=2", "pin=0"), "")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(hasRefunds("change-c2 released 1522"), took(2900, 0), hasStock(2, onHand-2))},
		{name: "the history grows long while it waits", script: func(w *fixture) {
			more(w, "secret")
			w.at(15*time.Minute, func() { w.env.SetContinueAsNewSuggested(true) })
			w.changes(18*time.Minute, ask("c1", "mug=3", "pin=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(took(4422, 0), is(4422, "mug=3 pin=3", "c1 made 1522"))},
		{name: "a parcel that is planned is planned again", script: func(w *fixture) {
			w.placement.Terms.ShipFrom = "DE" // customs data is missing: on hold before the carrier is asked
			w.at(time.Minute, w.pay)
			w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.at(30*time.Minute, func() { w.sells(declared); w.release() })
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(took(4350, 0), hasParcels(parcelOf(2, true), parcelOf(3, false)))},
		{name: "too many changes", script: func(w *fixture) {
			w.byOperator()
			for n := range order.MaxChanges {
				w.changes(time.Duration(10+n)*time.Minute, ask(fmt.Sprint("c", n), "mug=2"), "")
			}
			w.changes(100*time.Minute, ask("last", "mug=1"), "it was changed 50 times")
			w.packed(3 * time.Hour)
		}, ends: order.Delivered, mails: delivered},
	})
}
