package orders_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/workflows/workflowtest"
)

// held scripts an order whose money is held for three hours, because the carrier is down.
func (w *fixture) held(kind error) {
	w.down(3*time.Hour, kind, "BookParcel")
	w.at(time.Minute, w.pay)
}

// charged checks how much was captured, in one payment, and that the order counts as
// paid.
func charged(want int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o := w.order()
		if sum := w.bank.Count(id); sum.Taken != want || sum.Captured > 1 || o.Captured() != want || want > 0 && !o.Paid() {
			t.Errorf("the bank took %+v, the order says %d, paid %t; want %d", sum, o.Captured(), o.Paid(), want)
		}
	}
}

// hasParcels checks the goods of the order's parcels, oldest first, and which of them
// are sent.
func hasParcels(want ...order.Shipment) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		var got []order.Shipment
		for _, s := range w.order().Shipments {
			got = append(got, order.Shipment{Lines: s.Lines, Replaced: s.Replaced})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error("parcels (-want +got):", d)
		}
	}
}

func parcelOf(mugs int64, replaced bool) order.Shipment {
	return order.Shipment{Lines: []order.LineQuantity{{SKU: "mug", Quantity: mugs}}, Replaced: replaced}
}

// mailsCost checks the total that a mail names.
func mailsCost(m order.Notification, amount, pieces int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		l := w.order().MailFor(m)
		sum, n := l.Shipping.Total(), int64(0)
		for _, line := range l.Lines {
			sum, n = sum+line.Total(), n+line.Quantity
		}
		if l.Total.Amount != amount || sum != amount || n != pieces {
			t.Errorf("the mail is about %d pieces for %s, which cost %d; want %d and %d", n, l.Total, sum, pieces, amount)
		}
	}
}

// TestLeaveOutOfSeveral (REF-1, PAY-8): if the carrier has the second of three parcels
// already when goods are left out of it, only the parcel that was planned instead is not
// sent.
func TestLeaveOutOfSeveral(t *testing.T) {
	w := newFixture(t)
	second, third := string(id)+"-2", string(id)+"-3"
	w.placement.Terms.ParcelPieces = 3
	w.placement.Request.Lines = []order.RequestLine{{SKU: "mug", Quantity: 4}, {SKU: "pin", Quantity: 3}}
	after := w.carrier.After
	w.carrier.After = func(op, ref string) error {
		if op == "BookParcel" && ref == second && w.clock().Before(workflowtest.Start.Add(3*time.Hour)) {
			return order.ErrUnknownOutcome
		}
		return after(op, ref)
	}
	w.at(time.Minute, w.pay)
	w.at(30*time.Minute, func() {
		if _, err := w.carrier.Scan(second, order.ParcelInTransit); err != nil {
			w.Errorf("scan: %v", err)
		}
	})
	w.refunds(time.Hour, mugs("r1", 1, false), "")
	for _, ref := range []string{reference, second, third} {
		w.arriveAs(ref, 5*time.Hour)
	}
	w.run()
	var sent []string
	for _, s := range w.order().Shipments {
		if !s.Replaced {
			sent = append(sent, s.Reference)
		}
	}
	if want := []string{reference, second, third}; !slices.Equal(sent, want) || w.order().Status != order.Delivered {
		t.Errorf("the order is %s, sent are %v, want %v", w.order().Status, sent, want)
	}
	both(charged(3*1450+3*24), hasEvent(order.OrderNeedsAttention, "the carrier has the parcel already"))(t, w)
}

// TestLeaveOut (REF-1, PAY-8): lines that are cancelled before the money is captured are
// not charged, not sent and for sale again.
func TestLeaveOut(t *testing.T) {
	leftOut := hasRefunds("r1 released 1450")
	runScenarios(t, []scenario{
		{name: "the carrier has the parcel already, and its response was lost", script: func(w *fixture) {
			w.held(order.ErrUnknownOutcome)
			w.at(30*time.Minute, func() { w.scan(order.ParcelInTransit) })
			w.refunds(time.Hour, mugs("r1", 1, false), "the carrier has the parcel already")
			w.refunds(5*time.Hour, mugs("r1", 1, false), "")
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: also(delivered, order.MailRefunded), check: charged(2900)},
		{name: "while the carrier is down", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.at(2*time.Hour, func() { hasStock(0, onHand-1)(t, w) })
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(
			leftOut, charged(1450), hasStock(1, onHand-1), hasParcels(parcelOf(2, true), parcelOf(1, false)),
			hasEvent(order.LinesLeftOut, "14.50 EUR less is captured"), hasEvent(order.PaymentWasCaptured, "14.50 EUR captured"),
			mailsCost(order.MailConfirmation, 1450, 1), calledTimes("RefundIntent", 0),
		)},
		{name: "not for sale again", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, false), "")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(leftOut, charged(1450), hasStock(2, onHand-2), hasParcels(parcelOf(2, true), parcelOf(1, false)))},
		{name: "the parcel was booked with all goods, and the response was lost", script: func(w *fixture) {
			w.held(order.ErrUnknownOutcome)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(leftOut, charged(1450), func(t *testing.T, w *fixture) {
			if p := w.carrier.Parcels()[reference]; p.Status != order.ParcelVoided {
				t.Errorf("the first parcel is %q", p.Status)
			}
		})},
		{name: "and then the order is cancelled while the carrier is down", script: func(w *fixture) {
			w.held(order.ErrUnknownOutcome)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: both(leftOut, charged(0), hasStock(0, onHand))},
		{name: "the carrier has the parcel by then: it is sent, and a person is told", script: func(w *fixture) {
			w.held(order.ErrUnknownOutcome)
			w.at(30*time.Minute, func() { w.byHand(func() { w.scanSilently(order.ParcelInTransit) }) })
			w.refunds(time.Hour, mugs("r1", 1, false), "")
			w.at(24*time.Hour, func() { w.scan(order.ParcelDelivered) })
		}, ends: order.Delivered, mails: delivered, check: both(leftOut, charged(1450), hasEvent(order.OrderNeedsAttention, "the carrier has the parcel already"))},
		{name: "all of it", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 2, true), "cancel the order instead")
			w.refunds(time.Hour, order.RefundRequest{ID: "r2", All: true}, "cancel the order")
			w.refunds(time.Hour, aRefund("r3", 100), "not captured: name the lines")
			w.refunds(time.Hour, order.RefundRequest{ID: "r4", Lines: mugs("", 1, false).Lines, PaidOut: "transfer 1"}, "held and not captured")
			w.refunds(2*time.Hour, mugs("r5", 1, true), "")
			w.refunds(130*time.Minute, mugs("r6", 1, true), "cancel the order instead")
			w.refunds(140*time.Minute, mugs("r7", 2, true), "1 can still be refunded")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasRefunds("r5 released 1450"), charged(1450))},
		{name: "again, under another id, and another request under its id", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.refunds(2*time.Hour, mugs("r1", 1, true), "")
			w.refunds(2*time.Hour, mugs("r1", 1, false), "with another request")
			w.deliver(5 * time.Hour)
			w.refunds(50*time.Hour, mugs("r1", 1, true), "")
		}, ends: order.Delivered, mails: delivered, check: both(leftOut, charged(1450), hasStock(1, onHand-1))},
		{name: "the rest is refunded later, and no more", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.deliver(5 * time.Hour)
			w.refunds(50*time.Hour, mugs("r2", 2, true), "1 can still be refunded")
			w.refunds(51*time.Hour, mugs("r3", 1, true), "")
			w.refunds(52*time.Hour, order.RefundRequest{ID: "r4", All: true}, "nothing is left")
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 released 1450", "r3 succeeded 1450"), hasStock(0, onHand))},
		{name: "the money is being captured", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnknownOutcome, "CaptureIntent")
			w.at(time.Minute, w.pay)
			w.refunds(time.Hour, mugs("r1", 1, true), "being captured at this moment")
			w.refunds(4*time.Hour, mugs("r1", 1, true), "")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 1450"), charged(2900), hasStock(1, onHand-1))},
		{name: "a person captures all of it in the dashboard", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.at(2*time.Hour, func() { w.sendEvents(w.paid(w.captureAtBank(w.intent()))) })
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(hasRefunds("r1 succeeded 1450"), hasStock(1, onHand-1))},
		{name: "a person captures all of it in the dashboard, and no event comes", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.at(2*time.Hour, func() { w.byHand(func() { w.paid(w.captureAtBank(w.intent())) }) })
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasRefunds("r1 succeeded 1450")},
		{name: "the money has come without a hold, and the parcel is not booked", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.at(30*time.Minute, func() { w.sendEvents(w.paid(w.captureAtBank(w.intent()))) })
			w.refunds(50*time.Minute, mugs("r1", 2, true), "cancel the order instead")
			w.refunds(time.Hour, mugs("r2", 1, true), "")
			w.at(2*time.Hour, func() { hasStock(0, onHand-1)(t, w) })
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: both(
			hasRefunds("r2 succeeded 1450"), hasStock(1, onHand-1), hasParcels(parcelOf(2, true), parcelOf(1, false)))},
		{name: "by their price with discount and tax", script: func(w *fixture) {
			w.placement.Pricing = withRules()
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasRefunds("r1 released 1566"), charged(2154), mailsCost(order.MailShipped, 2154, 1))},
		{name: "with the shipping fee and its tax, in two requests", script: func(w *fixture) {
			w.placement.Pricing = withRules()
			w.held(order.ErrUnavailable)
			w.refunds(50*time.Minute, order.RefundRequest{ID: "r1", Shipping: 88}, "")
			w.refunds(55*time.Minute, order.RefundRequest{ID: "r2", Lines: mugs("", 1, true).Lines, Shipping: 501}, "5.00 EUR of it can still be refunded")
			w.refunds(time.Hour, order.RefundRequest{ID: "r3", Lines: mugs("", 1, true).Lines, Shipping: 500}, "")
			w.deliver(5 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(hasRefunds("r1 released 88", "r3 released 2066"), charged(1566), mailsCost(order.MailConfirmation, 1566, 1))},
		{name: "the history grows long", script: func(w *fixture) {
			w.held(order.ErrUnavailable)
			w.refunds(time.Hour, mugs("r1", 1, true), "")
			w.at(4*time.Hour, func() { w.env.SetContinueAsNewSuggested(true) })
			w.deliver(5 * time.Hour)
			w.refunds(60*time.Hour, mugs("r2", 2, false), "1 can still be refunded")
		}, ends: order.Delivered, mails: delivered, check: both(leftOut, charged(1450))},
	})
}

// TestLeaveOutOfParcels: of an order in several parcels, the one that would be empty is
// not booked, and the order says so.
func TestLeaveOutOfParcels(t *testing.T) {
	w := newFixture(t)
	w.placement.Terms.ParcelPieces = 1
	w.held(order.ErrUnavailable)
	w.refunds(time.Hour, mugs("r1", 1, true), "")
	w.deliver(5 * time.Hour)
	w.run().ended(order.Delivered).mailed(delivered...)
	hasParcels(parcelOf(1, false), parcelOf(1, true))(t, w)
	charged(1450)(t, w)
	if !slices.ContainsFunc(w.events(), func(e order.Event) bool { return e.Kind == order.LinesLeftOut && e.Ref == string(id)+"-2" }) {
		t.Errorf("the order does not say that the second parcel is not sent: %v", w.kinds())
	}
}

// TestRebookWithoutRefunded (SHP-4): a parcel that is sent instead of another one does not
// have the goods that were refunded in the meantime.
func TestRebookWithoutRefunded(t *testing.T) {
	rebooks := func(w *fixture, ask order.RefundRequest, refused string) {
		w.refunds(50*time.Hour, ask, "")
		w.at(51*time.Hour, func() {
			got := w.resolve(order.ChooseRebook)
			w.afterwards = append(w.afterwards, func() {
				if refused == "" && got.err != nil || refused != "" && (got.err == nil || got.refusal() == "") {
					w.Errorf("rebook: %v, want %q", got.err, refused)
				}
			})
		})
	}
	returned := func(w *fixture) {
		w.at(time.Minute, w.pay)
		w.at(time.Hour, func() { w.scan(order.ParcelInTransit) })
		w.at(48*time.Hour, func() { w.scan(order.ParcelReturned) })
	}
	runScenarios(t, []scenario{
		{name: "it came back", script: func(w *fixture) {
			returned(w)
			rebooks(w, mugs("r1", 1, false), "")
			w.receives(60*time.Hour, "parcel-1", receipt(1, 0, 0, 0), "", "")
			w.deliver(72 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped, refunded), check: both(hasParcels(parcelOf(2, true), parcelOf(1, false)), hasStock(1, onHand-1))},
		{name: "its label is void", script: func(w *fixture) {
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				w.byHand(w.voidAtCarrier)
				w.sendEvents(w.event(order.ProviderEvent{Type: "parcel.voided", Parcel: &order.ShipmentEvent{Reference: reference, Status: order.ParcelVoided}}))
			})
			rebooks(w, mugs("r1", 1, false), "")
			w.deliver(72 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, refunded), check: hasParcels(parcelOf(2, true), parcelOf(1, false))},
		{name: "an amount was refunded, not goods", script: func(w *fixture) {
			returned(w)
			rebooks(w, aRefund("r1", 1450), "")
			w.deliver(72 * time.Hour)
		}, ends: order.Delivered, mails: also(delivered, order.MailShipped, refunded), check: hasParcels(parcelOf(2, true), parcelOf(2, false))},
		{name: "all of it was refunded: nothing is booked", script: func(w *fixture) {
			w.placement.Pricing = withRules()
			returned(w)
			rebooks(w, mugs("r1", 2, false), "nothing is left to send")
			w.at(52*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseRefund) })
		}, ends: order.Returned, mails: also(delivered[:2], refunded, refunded), check: hasParcels(parcelOf(2, false))},
	})
}
