package orders_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"purser/order"
	"purser/workflows/orders"
)

// TestChangeCurrencies (PAY-1): a change costs whole units of its currency.
func TestChangeCurrencies(t *testing.T) {
	in := func(w *fixture, currency, sku string) {
		w.byOperator()
		w.placement.Request.Currency, w.placement.Request.Lines = currency, []order.RequestLine{{SKU: sku, Quantity: 1}}
		w.changes(10*time.Minute, ask("c1", sku+"=3"), "secret")
		w.at(20*time.Minute, w.payChange)
		w.changes(30*time.Minute, ask("c2", sku+"=2"), "")
		w.packed(time.Hour)
	}
	runScenarios(t, []scenario{
		{name: "JPY", script: func(w *fixture) { in(w, "JPY", "bowl") }, ends: order.Delivered, mails: paidMore, check: both(
			is(20_400, "bowl=3", "c1 made 13600", "c2 made -6800"), took(13_600, 0))},
		{name: "KWD", script: func(w *fixture) { in(w, "KWD", "oud") }, ends: order.Delivered, mails: paidMore, check: both(
			is(38_250, "oud=3", "c1 made 25500", "c2 made -12750"), took(25_500, 0))},
	})
}

// TestChangeSurvives (REC-2, REC-10): a change that waits for its payment outlives its
// workflow, and what is paid for one that nobody knows any more is returned.
func TestChangeSurvives(t *testing.T) {
	early := func(w *fixture) {
		w.byOperator()
		w.placement.Terms.Capture = orders.CapturePlaced
		w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
		w.terminatedAfter = 15 * time.Minute
	}
	packs := func(w *fixture) {
		w.at(time.Hour, func() { w.pack(mugsIn("a", 0)) })
		w.deliver(2 * time.Hour)
	}
	runScenarios(t, []scenario{
		{name: "terminated before it is paid", script: func(w *fixture) {
			early(w)
			w.at(20*time.Minute, w.payChange)
			packs(w)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4350, "mug=3", "c1 made 1450"), took(4350, 0), hasStock(3, onHand-3))},
		{name: "terminated before it is dropped", script: func(w *fixture) {
			early(w)
			packs(w)
		}, ends: order.Delivered, mails: paidMore, check: both(is(2900, "mug=2", "c1 dropped 1450"), took(2900, 0), hasStock(2, onHand-2))},
		{name: "terminated while its payment is created", script: func(w *fixture) {
			w.byOperator()
			w.placement.Terms.Capture = orders.CapturePlaced
			w.at(9*time.Minute, func() { w.down(14*time.Minute, order.ErrUnknownOutcome, "CreateIntent") })
			w.at(10*time.Minute, func() { w.change(ask("c1", "mug=3")) })
			w.terminatedAfter = 13 * time.Minute
			w.changes(16*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			packs(w)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4350, "mug=3", "c1 made 1450"), took(4350, 0))},
		{name: "a reset workflow does not know it, and it is paid", script: func(w *fixture) {
			w.byOperator()
			w.forgetsChange(10 * time.Minute)
			w.at(20*time.Minute, func() { w.sendEvents(w.paid(w.bank.Pay("pi_2"))) })
			w.at(30*time.Minute, func() { hasStock(0, onHand-2)(t, w) })
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(is(2900, "mug=2"), took(2900, 0))},
		{name: "a reset workflow does not know it, and it is asked for again", script: func(w *fixture) {
			w.byOperator()
			w.forgetsChange(10 * time.Minute)
			w.changes(15*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: paidMore, check: both(is(4350, "mug=3", "c1 made 1450"), took(4350, 0), func(t *testing.T, w *fixture) {
			if n := w.bank.Count(id).Intents; n != 2 {
				t.Errorf("%d intents, want 2", n)
			}
		})},
	})
}

// TestChangeOvertaken (REC-2, SHP-4): a carrier picks up the parcel that an attempt which was
// lost has booked, while a change of the order is being written: it is too late for it.
func TestChangeOvertaken(t *testing.T) {
	w := newFixture(t)
	w.at(50*time.Second, func() {
		o := w.order()
		if _, err := w.carrier.BookParcel(context.Background(), order.ParcelRequest{OrderID: id, Reference: string(id) + "-1", To: o.ShipTo, Lines: o.Lines}); err != nil {
			t.Error(err)
		}
		w.down(3*time.Minute, order.ErrUnavailable, "SaveOrder")
	})
	w.changes(55*time.Second, order.ChangeRequest{ID: "c1", ShipTo: &elsewhere}, "when it is delivered, the shopper can send goods back")
	w.at(time.Minute, w.pay)
	w.arriveAs(string(id)+"-1", 90*time.Second-2*time.Hour)
	w.run().ended(order.Delivered).mailed(delivered...)
	is(2900, "mug=2", "c1 dropped 0")(t, w)
	if o := w.order(); len(o.Shipments) != 1 || o.ShipTo == elsewhere {
		t.Errorf("to %+v in %+v", o.ShipTo, o.Shipments)
	}
}

// TestChangeRepeated (REC-2, PAY-7): an attempt that was lost has changed an order that is not
// paid: it has made a payment of the new price, and cancelled the one before. The next attempt
// hears of the cancellation before it has made the change. Of all payments, the shopper can
// pay one.
func TestChangeRepeated(t *testing.T) {
	for _, tt := range []struct {
		name  string
		asked time.Duration // when the change is asked for again; the event comes after ten seconds
	}{
		{"while the change is being written", 0},
		{"before the change is asked for again", time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFixture(t)
			w.at(10*time.Minute, func() {
				o := w.order()
				lost := order.IntentRequest{OrderID: id, Number: 2, Amount: euros(1450), Customer: o.Customer, Key: order.Key(id, "intent-1450", 2), PlacedAt: o.PlacedAt}
				if _, err := w.bank.CreateIntent(context.Background(), lost); err != nil {
					t.Error(err)
				}
				if _, err := w.bank.CancelIntent(context.Background(), "pi_1", "lost"); err != nil {
					t.Error(err)
				}
				if tt.asked == 0 {
					w.down(11*time.Minute, order.ErrUnavailable, "SaveOrder")
				}
			})
			w.at(10*time.Minute+10*time.Second, func() {
				w.sendEvents(w.paid(w.bank.Change("pi_1", func(*order.Intent) {}), nil))
			})
			w.changes(10*time.Minute+tt.asked, ask("c1", "mug=1"), "secret")
			w.at(20*time.Minute, w.pay)
			w.arrive(time.Hour)
			w.run().ended(order.Delivered)
			is(1450, "mug=1", "c1 made -1450")(t, w)
			took(1450, 0)(t, w)
			for _, in := range w.bank.Intents(id) {
				if !in.Status.Dead() && in.Status != order.PaymentCaptured {
					t.Errorf("%s is %s", in.ID, in.Status)
				}
			}
			if t.Failed() {
				w.logTimeline()
			}
		})
	}
}

// forgetsChange scripts that a change is asked for, and that the workflow is then reset to
// before it: the record and the bank have it, the history does not.
func (w *fixture) forgetsChange(at time.Duration) {
	w.at(at, func() {
		o := w.order()
		in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Number: 2, Amount: euros(1450), Customer: o.Customer, Key: order.Key(id, "intent-c1", 2), PlacedAt: o.PlacedAt})
		if err != nil {
			w.Fatalf("bank: %v", err)
		}
		o.Payments = append(o.Payments, order.Payment{Number: 2, Provider: in.Provider, Reference: in.ID, Status: in.Status, Amount: 1450, Standby: true, Change: "c1"})
		o.Changes = append(o.Changes, order.Amendment{
			ID: "c1", Status: order.AmendmentPending, Payment: 2, Amount: 1450,
			Added: []order.Line{{SKU: "mug", Name: "Mug", Quantity: 1, Price: 1450, Subtotal: 1450}},
		})
		o.Version++
		lost := order.Change{Order: o, Fence: w.clock().UnixMicro(), Events: []order.Event{{OrderID: id, Seq: o.Version, At: w.clock(), Kind: order.ChangeRequested, From: o.Status, To: o.Status}}}
		if lost.Snapshot, err = w.record.Snapshot(context.Background(), id); err != nil {
			w.Fatalf("snapshot: %v", err)
		}
		w.byHand(func() {
			if err := w.record.SaveOrder(context.Background(), lost); err != nil {
				w.Fatalf("save: %v", err)
			}
			hasStock(0, onHand-3)(w.TB.(*testing.T), w)
		})
		w.env.SetCurrentHistoryLength(100) // the next task is another one, whose writes replace this
	})
}

// TestChangePayAgain (PAY-8): before the hold of an order lapses that was changed, the shopper
// is asked to pay all of it again, once, and both holds before are released.
func TestChangePayAgain(t *testing.T) {
	short := func(w *fixture) {
		w.byOperator()
		w.bank.Now, w.bank.Hold = w.clock, 14*time.Hour
		w.placement.Terms.PayAgainBefore = 4 * time.Hour
	}
	newest := func(w *fixture) {
		in, _ := w.bank.IntentOf(id)
		w.sendEvents(w.paid(w.bank.Pay(in.ID)))
	}
	runScenarios(t, []scenario{
		{name: "the change is paid", script: func(w *fixture) {
			short(w)
			w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.at(11*time.Hour, func() { newest(w) })
			w.packed(15 * time.Hour)
		}, ends: order.Delivered, mails: also(paidMore, order.MailPayAgain), check: both(is(4350, "mug=3", "c1 made 1450"), took(4350, 0), func(t *testing.T, w *fixture) {
			if sum := w.bank.Count(id); sum.Captured != 1 || sum.Canceled != 2 {
				t.Errorf("%+v, want one captured and two cancelled", sum)
			}
		})},
		{name: "the change is paid late: its own hold would last, and all is asked for", script: func(w *fixture) {
			short(w)
			w.changes(9*time.Hour, ask("c1", "mug=3"), "secret")
			w.at(9*time.Hour+10*time.Minute, w.payChange)
			w.at(11*time.Hour, func() { newest(w) })
			w.packed(15 * time.Hour)
		}, ends: order.Delivered, mails: also(paidMore, order.MailPayAgain), check: took(4350, 0)},
		{name: "the change is not paid when the hold lapses", script: func(w *fixture) {
			short(w)
			w.changes(9*time.Hour+50*time.Minute, ask("c1", "mug=3"), "secret")
			w.changes(10*time.Hour+30*time.Minute, ask("c2", "mug=1"), "when the shopper has paid again")
			w.at(11*time.Hour, func() { newest(w) })
			w.packed(15 * time.Hour)
		}, ends: order.Delivered, mails: also(paidMore, order.MailPayAgain), check: both(is(2900, "mug=2", "c1 dropped 1450"), took(2900, 0))},
		{name: "nobody pays again", script: func(w *fixture) {
			short(w)
			w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPayMore, order.MailPayAgain), check: both(took(0, 0), hasStock(0, onHand))},
		{name: "only the first can be captured: all is cancelled", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.at(30*time.Minute, func() {
				w.byHand(func() {
					if _, err := w.bank.CancelIntent(context.Background(), w.changePayment().Reference, "dashboard"); err != nil {
						w.Errorf("bank: %v", err)
					}
				})
			})
			w.at(time.Hour, func() { w.pack(mugsIn("a", 0)) })
		}, ends: order.Cancelled, mails: also(cancelled, order.MailPayMore, order.MailRefunded), check: both(took(2900, 2900), hasStock(0, onHand))},
		{name: "a person captures all in the dashboard, and goods were exchanged for cheaper ones", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=1", "pin=3"), "")
			w.at(30*time.Minute, func() { w.sendEvents(w.paid(w.captureAtBank("pi_1"))) })
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailRefunded), check: both(took(2900, 1450-72), is(2972, "mug=2 pin=3", "c1 made -1378"))},
		{name: "the bank ends the hold of the change early: the shopper pays all of it again", script: func(w *fixture) {
			w.bank.Now, w.placement.Terms.PayAgainBefore = w.clock, 4*time.Hour
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.at(time.Hour, func() { w.sendEvents(w.paid(w.bank.Lapse(w.changePayment().Reference), nil)) })
			w.at(2*time.Hour, w.payAgain)
			w.packed(3 * time.Hour)
		}, ends: order.Delivered, mails: also(paidMore, order.MailPayAgain), check: took(4350, 0)},
		{name: "goods are taken out while it is not known whether all was captured", script: func(w *fixture) {
			w.byOperator()
			w.placement.Terms.Capture = orders.CapturePlaced
			w.down(30*time.Minute, order.ErrUnknownOutcome, "CaptureIntent")
			w.changes(10*time.Minute, ask("c1", "mug=1"), "being captured")
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: took(2900, 0)},
		{name: "a person captures both in the dashboard, and goods were left out", script: func(w *fixture) {
			w.byOperator()
			w.changes(10*time.Minute, ask("c1", "mug=3"), "secret")
			w.at(20*time.Minute, w.payChange)
			w.changes(25*time.Minute, ask("c2", "mug=1"), "")
			w.at(30*time.Minute, func() {
				for _, ref := range []string{"pi_1", "pi_2"} {
					w.sendEvents(w.paid(w.captureAtBank(ref)))
				}
			})
			w.packed(time.Hour)
		}, ends: order.Delivered, mails: also(paidMore, order.MailRefunded, order.MailRefunded), check: func(t *testing.T, w *fixture) {
			took(4350, 2900)(t, w)
			if !slices.ContainsFunc(w.order().Refunds, func(r order.Refund) bool { return r.ID == "change-c2" && r.Status == order.RefundSucceeded }) {
				t.Errorf("refunds %+v", w.order().Refunds)
			}
		}},
	})
}
