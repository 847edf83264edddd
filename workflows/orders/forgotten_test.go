package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

// forgets scripts that a refund is asked for and made, and that the workflow is then
// reset to before it: the record and the bank have it, the history does not.
func (w *fixture) forgets(at time.Duration, r order.Refund) {
	w.at(at, func() {
		made, err := w.bank.RefundIntent(context.Background(), w.intent(), r.Amount, order.Key(id, "request-"+r.ID, 1))
		if err != nil {
			w.Fatalf("bank: %v", err)
		}
		o := w.order()
		r.PaymentRef, r.Reference, r.Status, r.Key = w.intent(), made.Reference, made.Status, made.ID
		o.Refunds = append(o.Refunds, r)
		o.Version++
		lost := order.Change{Order: o, Fence: w.clock().UnixMicro(), Events: []order.Event{{OrderID: id, Seq: o.Version, At: w.clock(), Kind: order.RefundWasRequested, From: o.Status, To: o.Status}}}
		lost.Stock.Restocked = o.Restocked()
		snapshot, err := w.record.Snapshot(context.Background(), id)
		if err != nil {
			w.Fatalf("snapshot: %v", err)
		}
		lost.Snapshot = snapshot
		w.byHand(func() {
			if err := w.record.SaveOrder(context.Background(), lost); err != nil {
				w.Fatalf("save: %v", err)
			}
		})
		w.env.SetCurrentHistoryLength(100) // the next task is another one, whose writes replace this
	})
}

// TestForgottenRefund (REF-1, F87): a refund that a reset workflow does not know, and the
// provider lists, is for the same goods as before: they are restocked once, and not
// refunded twice.
func TestForgottenRefund(t *testing.T) {
	one := order.Refund{ID: "r1", Amount: euros(1450), Reason: "damaged", Lines: []order.RefundLine{{SKU: "mug", Quantity: 1, Amount: 1450, Restock: true}}}
	knows := func(want ...order.Refund) func(*testing.T, *fixture) {
		return func(t *testing.T, w *fixture) {
			t.Helper()
			var got []order.Refund
			for _, r := range w.order().Refunds {
				got = append(got, order.Refund{ID: r.ID, Amount: r.Amount, Lines: r.Lines, Shipping: r.Shipping, Reason: r.Reason})
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error("refunds (-want +got):", d)
			}
		}
	}
	reported := func(w *fixture, at time.Duration) {
		w.at(at, func() { w.reportRefund(order.RefundEvent{PaymentRef: w.intent()}) })
	}
	runScenarios(t, []scenario{
		{name: "it is reported", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.forgets(time.Hour, one)
			reported(w, 2*time.Hour)
			w.refunds(3*time.Hour, mugs("r2", 2, false), "1 can still be refunded")
			w.refunds(4*time.Hour, mugs("r1", 1, true), "")
			w.arrive(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(knows(one), hasStock(1, onHand-1))},
		{name: "it is asked for again before it is reported", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.forgets(time.Hour, one)
			w.refunds(2*time.Hour, mugs("r1", 1, true), "")
			reported(w, 3*time.Hour)
			w.arrive(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(knows(one), hasStock(1, onHand-1))},
		{name: "the order is cancelled before it is reported", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.forgets(time.Hour, one)
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(confirmed, refunded, order.MailCancelled, refunded), check: both(
			knows(one, order.Refund{ID: string(id) + ":refund-pi_1-1450:1", Amount: euros(1450)}), hasStock(0, onHand))},
		{name: "of the shipping fee", script: func(w *fixture) {
			w.placement.Pricing = withRules()
			w.at(time.Minute, w.pay)
			w.forgets(time.Hour, order.Refund{ID: "r1", Amount: euros(588), Reason: "late", Shipping: 588})
			reported(w, 2*time.Hour)
			w.refunds(3*time.Hour, order.RefundRequest{ID: "r2", Shipping: 1}, "0.00 EUR of it can still be refunded")
			w.arrive(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: knows(order.Refund{ID: "r1", Amount: euros(588), Reason: "late", Shipping: 588})},
		{name: "one that was spread over several payments", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			part := one
			part.ID = "r1:2"
			w.forgets(time.Hour, part)
			reported(w, 2*time.Hour)
			w.arrive(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasStock(1, onHand-1)},
	})
}

// TestRefundOfSecondPayment (PAY-18, REF-4): a refund of a second payment is reported
// before the payment itself: the payment and its refund both count, once.
func TestRefundOfSecondPayment(t *testing.T) {
	second := func(w *fixture) string {
		in, err := w.bank.CreateIntent(context.Background(), order.IntentRequest{OrderID: id, Amount: euros(2900), Key: "elsewhere"})
		if err == nil {
			_, err = w.bank.Pay(in.ID)
		}
		if err == nil {
			_, err = w.captureAtBank(in.ID)
		}
		if err == nil {
			_, err = w.bank.RefundIntent(context.Background(), in.ID, euros(900), "dashboard-refund")
		}
		if err != nil {
			w.Fatalf("bank: %v", err)
		}
		return in.ID
	}
	for _, reported := range []bool{true, false} {
		w := newFixture(t)
		w.at(time.Minute, w.pay)
		ref := ""
		w.at(time.Hour, func() {
			w.byHand(func() { ref = second(w) })
			w.reportRefund(order.RefundEvent{PaymentRef: ref})
		})
		w.at(2*time.Hour, func() {
			o := w.order()
			if len(o.Payments) != 2 || !o.Payments[1].Surplus || o.Payments[1].Captured != 2900 || o.Payments[1].Refunded != 900 {
				w.Errorf("payments %+v", o.Payments)
			}
			if reported {
				in, err := w.bank.GetIntent(context.Background(), ref)
				w.sendEvents(w.paid(in.PaymentEvent(), err))
			}
		})
		w.arrive(3 * time.Hour)
		w.follow()
		want := int64(900)
		if reported {
			want = 2900
		}
		if o := w.order(); o.Payments[1].Refunded != want || o.Payments[0].Refunded != 0 || o.Status != order.Delivered {
			t.Errorf("reported %t: the order is %s, payments %+v", reported, o.Status, o.Payments)
		}
	}
}

// losesBooking scripts that a parcel is booked, and that the attempt that booked it is
// lost: the carrier and the record have it, the history does not even have the payment.
func (w *fixture) losesBooking(at time.Duration, label string) {
	w.at(at, func() {
		o := w.order()
		o.Version++
		o.Status = order.Authorized
		p := order.Shipment{Number: 1, Reference: reference, Status: order.ParcelUnknown}
		for _, l := range o.Lines {
			p.Lines = append(p.Lines, order.LineQuantity{SKU: l.SKU, Quantity: l.Quantity})
		}
		w.byHand(func() {
			made, err := w.carrier.BookParcel(context.Background(), order.ParcelRequest{OrderID: id, Reference: reference, To: o.ShipTo, Lines: o.Lines})
			if err != nil {
				w.Fatalf("carrier: %v", err)
			}
			if label != "" {
				p.LabelID, p.Status = made.LabelID, order.ParcelBooked
			}
			o.Shipments = []order.Shipment{p}
			lost := order.Change{Order: o, Fence: w.clock().UnixMicro(), Events: []order.Event{{OrderID: id, Seq: o.Version, At: w.clock(), Kind: order.PaymentWasAuthorized, From: order.AwaitingPayment, To: o.Status}}}
			if lost.Snapshot, err = w.record.Snapshot(context.Background(), id); err == nil {
				err = w.record.SaveOrder(context.Background(), lost)
			}
			if err != nil {
				w.Fatalf("save: %v", err)
			}
		})
		w.env.SetCurrentHistoryLength(100) // the next task is another one, whose writes replace this
	})
}

// TestForgottenParcel (F87, F69, SHP-4): a worker dies after it has booked a parcel, and
// before the workflow knows it. If the order is cancelled then, nothing goes out that
// nobody pays.
func TestForgottenParcel(t *testing.T) {
	voided := hasEvent(order.ParcelWasVoided, "")
	runScenarios(t, []scenario{
		{name: "cancelled by the shopper", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
			w.at(2*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
		{name: "cancelled, the label is recorded", script: func(w *fixture) {
			w.losesBooking(time.Minute, "recorded")
			w.at(2*time.Minute, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
		{name: "paid, and cancelled before the parcel is booked again", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
			w.at(2*time.Minute, func() { w.paid(w.bank.Pay(w.intent())); w.cancel(); w.sendEvents(w.paid(w.intentEvent())) })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
		{name: "never paid", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
		}, ends: order.Expired, mails: expired, check: voided},
		{name: "the record is down when it is cancelled", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
			w.at(2*time.Minute, func() { w.down(5*time.Hour, order.ErrUnavailable, "RecordedShipments"); w.cancel() })
			w.at(4*time.Hour, func() { w.stillRuns(order.Cancelling) })
		}, ends: order.Cancelled, mails: cancelled, check: voided},
		{name: "the record is down when it is cancelled, and a sum comes in", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
			w.at(2*time.Minute, func() { w.down(5*time.Hour, order.ErrUnavailable, "RecordedShipments"); w.cancel() })
			w.books(time.Hour, 2900, "statement 1", "")
			w.refunds(6*time.Hour, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 1"}, "")
		}, ends: order.Cancelled, mails: also(cancelled, order.MailRefunded), check: voided},
		{name: "the carrier has picked it up: a person decides", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
			w.at(90*time.Second, func() {
				if _, err := w.carrier.Scan(reference, order.ParcelInTransit); err != nil {
					w.Fatalf("scan: %v", err)
				}
			})
			w.at(2*time.Minute, func() { w.cancel() })
			w.at(2*time.Hour, func() {
				w.stillRuns(order.OnHold)
				if h := w.order().Hold; h == nil || h.Kind != order.HoldVoid {
					w.Errorf("the hold is %+v", h)
				}
				w.scan(order.ParcelReturned)
			})
			w.at(3*time.Hour, func() { w.resolve(order.ChooseRelease) })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "paid after all: the same parcel goes out", script: func(w *fixture) {
			w.losesBooking(time.Minute, "")
			w.at(2*time.Minute, w.pay)
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered},
	})
}
