package orders_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// TestEndHolds (ORD-1, REC-7): no order on hold is in a state that a person cannot end, and a
// choice that the hold does not allow is refused with those that it does.
func TestEndHolds(t *testing.T) {
	reach := map[order.HoldKind]func(w *fixture){
		order.HoldPayment: func(w *fixture) {
			w.at(time.Minute, func() {
				w.sendEvents(w.paid(w.bank.Change(w.intent(), func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 }), nil))
			})
		},
		order.HoldFunds: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.refundByHand(2900) })
		},
		order.HoldLabel: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
		},
		order.HoldReturned: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.scan(order.ParcelReturned) })
		},
		order.HoldVoid: func(w *fixture) {
			w.down(1000*time.Hour, order.ErrState, "VoidParcel")
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.cancel() })
		},
		order.HoldRefund: func(w *fixture) {
			w.down(1000*time.Hour, order.ErrRejected, "CancelIntent")
			w.at(time.Minute, func() { w.cancel() })
		},
		order.HoldUnderpaid: func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.at(time.Minute, func() { w.book(900, "statement 1") })
		},
		order.HoldParcel: func(w *fixture) { w.sentFrom("DE") },
	}
	for _, kind := range order.HoldKinds() {
		for _, c := range order.Choices() {
			t.Run(string(kind)+" "+string(c), func(t *testing.T) {
				t.Parallel()
				w := newFixture(t)
				reach[kind](w)
				var got *updateResult
				w.at(30*time.Hour, func() {
					if h := w.order().Hold; h == nil || h.Kind != kind {
						w.Errorf("the order is on hold for %+v, want %s", h, kind)
					}
					got = w.resolve(c)
				})
				w.at(31*time.Hour, func() { // whatever was decided: the last choice ends it, or the parcel arrives
					w.end()
					if h := w.order().Hold; h != nil {
						w.resolve(h.Choices[len(h.Choices)-1])
					}
				})
				w.at(32*time.Hour, func() {
					if o := w.order(); !o.Status.Final() && o.Status != order.OnHold {
						w.endByShopperOrCarrier()
					}
				})
				w.at(33*time.Hour, func() {
					if h := w.order().Hold; h != nil { // what came in was not paid back
						w.resolve(h.Choices[len(h.Choices)-1])
					}
				})
				w.run()
				allowed := slices.Contains(kind.Choices(), c)
				if (got.refusal() == "") != allowed || !allowed && got.refusal() != workflows.RefusalNotHeld {
					t.Errorf("resolving a hold of %s by %s: %q", kind, c, got.refusal())
				}
				if o := w.order(); !o.Status.Final() {
					t.Errorf("the order is still %s", o.Status)
				}
				if t.Failed() {
					w.logTimeline()
				}
			})
		}
	}
}

// endByShopperOrCarrier pays an order that is not paid, and delivers its parcels.
func (w *fixture) endByShopperOrCarrier() {
	if w.order().Status == order.AwaitingPayment {
		w.cancel()
		return
	}
	for _, s := range w.order().Shipments {
		if e, err := w.carrier.Scan(s.Reference, order.ParcelDelivered); err == nil {
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.delivered", Parcel: &e}))
		}
	}
}

// TestAttention (REC-7, PAY-18): a person can have what needs attention tried at once,
// and can end it.
func TestAttention(t *testing.T) {
	for _, c := range []order.Choice{order.ChooseRelease, order.ChooseKeep} {
		t.Run(string(c), func(t *testing.T) {
			w := newFixture(t)
			w.down(1000*time.Hour, order.ErrRejected, "RefundIntent")
			w.at(time.Minute, w.payElsewhere)
			var other, got *updateResult
			w.at(2*time.Hour, func() {
				if a := w.order().Attention; len(a) != 1 || a[0].About != "pi_2" || !strings.Contains(a[0].Why, "a second payment") {
					w.Errorf("attention %+v", a)
				}
				other = w.resolve(order.ChooseRefund)
			})
			w.at(3*time.Hour, func() {
				if c == order.ChooseRelease {
					w.end("RefundIntent")
				}
				got = w.resolve(c)
			})
			w.at(4*time.Hour, func() { w.sendEvents(w.secondEvent("pi_2")) })
			w.run()
			if got.refusal() != "" || other.refusal() != workflows.RefusalNotHeld || len(w.order().Attention) != 0 {
				t.Errorf("%q, %q, attention %+v", got.refusal(), other.refusal(), w.order().Attention)
			}
			if n := w.bank.Count(id).Refunds; n != map[order.Choice]int{order.ChooseRelease: 1}[c] {
				t.Errorf("%d refunds", n)
			}
			hasEvent(order.OrderResolved, string(c))(t, w)
		})
	}
}

// secondEvent returns another event about a payment, as a comparison with the provider
// reports it.
func (w *fixture) secondEvent(reference string) order.ProviderEvent {
	w.Helper()
	in, err := w.bank.GetIntent(context.Background(), reference)
	if err != nil {
		w.Fatalf("bank: %v", err)
	}
	p := in.PaymentEvent()
	return w.event(order.ProviderEvent{Type: "compared", Payment: &p})
}

// TestTemporalUI (ORD-2): a request that a person typed is marked as such.
func TestTemporalUI(t *testing.T) {
	w := newFixture(t)
	got := new(updateResult)
	w.at(time.Minute, func() {
		w.update(string(orders.Cancel), "typed", got, orders.CancelRequest{Sender: workflows.Sender{Who: "ada", Why: "changed my mind"}})
	})
	w.run().ended(order.Cancelled).mailed(cancelled...)
	for _, e := range w.events() {
		if e.Kind == order.CancelRequested && (e.Actor != workflows.ActorTemporalUI || e.Why != "ada: changed my mind") {
			t.Errorf("%s: %s", e.Actor, e.Why)
		}
	}
}

// TestLost (REC-2, SHP-4, F97): a parcel that does not move any more can be booked
// again, or the order refunded: a person can end it.
func TestLost(t *testing.T) {
	const day = 24 * time.Hour
	lost := func(w *fixture, c order.Choice) {
		var early, got *updateResult
		w.at(time.Minute, w.pay)
		w.at(day, func() { w.scan(order.ParcelInTransit) })
		w.at(2*day, func() { early = w.resolve(c) })
		w.at(16*day, func() { got = w.resolve(c) })
		w.at(17*day, func() {
			if early.refusal() != workflows.RefusalNotHeld || got.refusal() != "" {
				w.Errorf("resolved %q before, and %q after it is overdue", early.refusal(), got.refusal())
			}
		})
	}
	runScenarios(t, []scenario{
		{name: "asked again", script: func(w *fixture) {
			lost(w, order.ChooseRelease)
			w.at(18*day, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered},
		{name: "booked again; the lost one turns up later", script: func(w *fixture) {
			lost(w, order.ChooseRebook)
			w.deliver(18 * day)
			w.at(18*day+time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped), check: hasEvent(order.OrderNeedsAttention, "has replaced")},
	})
	t.Run("refunded", func(t *testing.T) {
		w := newFixture(t)
		lost(w, order.ChooseRefund)
		w.run().mailed(also(delivered[:2], order.MailCancelled, refunded)...)
		w.keptMoney(w.order())
		if o := w.order(); o.Status != order.Cancelled || w.called("VoidParcel") != 0 {
			t.Errorf("the order is %s, %d labels were voided", o.Status, w.called("VoidParcel"))
		}
	})
}
