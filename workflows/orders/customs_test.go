package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/order"
	"purser/workflows/orders"
)

// sells changes what the catalogue has about the mug.
func (w *fixture) sells(g order.Goods) {
	w.Helper()
	err := w.record.PutProducts(context.Background(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: onHand, Goods: g}})
	if err != nil {
		w.Fatalf("products: %v", err)
	}
}

// sentFrom scripts an order of two mugs to the United Kingdom, sent from a country.
func (w *fixture) sentFrom(country string) {
	w.placement.Terms.ShipFrom = country
	w.at(time.Minute, w.pay)
}

// isHeldFor checks, at a time, that the order is on hold for a parcel, and why.
func (w *fixture) isHeldFor(at time.Duration, why string) {
	w.at(at, func() {
		h := w.order().Hold
		if h == nil || h.Kind != order.HoldParcel || h.Why != why {
			w.Errorf("after %s it is on hold for %+v, want %q", at, h, why)
		}
	})
}

var declared = order.Goods{HSCode: "691200", Origin: "PT", CustomsValue: 700, CustomsCurrency: "EUR", CustomsDescription: "Stoneware cup"}

// TestCustoms (SHP-10): a parcel that leaves the customs area is booked with what customs
// need. If its products lack that, the order waits for a person, and goes on when the
// catalogue has it.
func TestCustoms(t *testing.T) {
	const lacks = "the parcel to GB needs customs data, and these products lack it: mug (hsCode, origin)"
	asked := func(t *testing.T, w *fixture) {
		t.Helper()
		r := w.carrier.Asked(reference)
		if diff := cmp.Diff(&declared, r.Lines[0].Goods); diff != "" || r.From != "DE" || r.Currency != "EUR" {
			t.Errorf("from %q in %q (-want +got):\n%s", r.From, r.Currency, diff)
		}
	}
	runScenarios(t, []scenario{
		{name: "the products have it", script: func(w *fixture) {
			w.sells(declared)
			w.sentFrom("DE")
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(asked, calledTimes("BookParcel", 1))},
		{name: "they lack it: it is added, and the parcel booked", script: func(w *fixture) {
			w.sentFrom("DE")
			w.isHeldFor(time.Hour, lacks)
			w.at(2*time.Hour, func() { w.sells(declared) })
			w.at(3*time.Hour, func() { w.release() })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: both(asked, calledTimes("BookParcel", 1), hasEvent(order.OrderOnHold, lacks))},
		{name: "a part of it is added", script: func(w *fixture) {
			w.sentFrom("DE")
			w.at(2*time.Hour, func() { w.sells(order.Goods{Origin: "PT"}) })
			w.at(3*time.Hour, func() { w.release() })
			w.isHeldFor(4*time.Hour, "the parcel to GB needs customs data, and these products lack it: mug (hsCode)")
			w.at(5*time.Hour, func() { w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "cancelled while it waits", script: func(w *fixture) {
			w.sentFrom("DE")
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled},
		{name: "a person sends it another way", script: func(w *fixture) {
			w.sentFrom("DE")
			w.adds(2*time.Hour, byHand("a", 0), "")
			w.at(3*time.Hour, func() { w.release() })
			w.marks(30*time.Hour, 2, order.ParcelDelivered, "")
		}, ends: order.Delivered, mails: delivered},
		{name: "all is refunded, and its label not wanted, while it waits", script: func(w *fixture) {
			w.sentFrom("DE")
			w.placement.Terms.Capture = orders.CapturePlaced
			w.voids(2*time.Hour, 1, "")
			w.refunds(2*time.Hour, order.RefundRequest{ID: "r1", All: true}, "")
			w.at(3*time.Hour, func() { w.release() })
			w.at(4*time.Hour, func() { w.resolve(order.ChooseVoid) })
		}, ends: order.Cancelled, mails: also(cancelled, refunded), check: hasEvent(order.OrderOnHold, "the money was refunded before the goods went out")},
		{name: "in a parcel that a person has made", script: func(w *fixture) {
			w.byOperator()
			w.placement.Terms.ShipFrom = "DE"
			w.adds(time.Hour, mugsIn("a", 0), "")
			w.isHeldFor(2*time.Hour, lacks)
			w.at(3*time.Hour, func() { w.sells(declared); w.release() })
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: asked},
		{name: "within the country", script: func(w *fixture) {
			w.sentFrom("GB")
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered},
		{name: "within the European Union", script: func(w *fixture) {
			w.placement.Request.ShipTo = order.Address{Name: "Ada", Line1: "1 Quai", City: "Brest", PostalCode: "29200", Country: "FR"}
			w.sentFrom("DE")
			w.arrive(time.Hour)
		}, ends: order.Delivered, mails: delivered},
	})
}

// TestHeavyParcel (SHP-9): goods go into as many parcels as the most that one may weigh
// makes necessary, and of one that the carrier finds too heavy a person makes several.
func TestHeavyParcel(t *testing.T) {
	heavy := order.Goods{Weight: 20_000}
	ref := func(n string) string { return reference[:len(reference)-1] + n }
	runScenarios(t, []scenario{
		{name: "divided", script: func(w *fixture) {
			w.sells(heavy)
			w.placement.Terms.ParcelWeight = 31_500
			w.at(time.Minute, w.pay)
			w.arriveAs(ref("1"), time.Hour)
			w.arriveAs(ref("2"), time.Hour)
		}, ends: order.Delivered, mails: twoParcels, check: hasParcels(parcelOf(1, false), parcelOf(1, false))},
		{name: "a piece that is heavier than the limit", script: func(w *fixture) {
			w.sells(heavy)
			w.placement.Terms.ParcelWeight = 15_000
			w.at(time.Minute, w.pay)
			w.arriveAs(ref("1"), time.Hour)
			w.arriveAs(ref("2"), time.Hour)
		}, ends: order.Delivered, mails: twoParcels, check: hasParcels(parcelOf(1, false), parcelOf(1, false))},
		{name: "the carrier finds it too heavy", script: func(w *fixture) {
			w.sells(heavy)
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() {
				if h := w.order().Hold; h == nil || h.Kind != order.HoldParcel {
					w.Errorf("it is on hold for %+v", h)
				}
			})
			w.adds(2*time.Hour, mugsIn("a", 1), "")
			w.adds(3*time.Hour, mugsIn("b", 1), "")
			w.at(4*time.Hour, func() { w.release() })
			w.arriveAs(ref("2"), 5*time.Hour)
			w.arriveAs(ref("4"), 5*time.Hour)
		}, ends: order.Delivered, mails: twoParcels, check: hasParcels(parcelOf(2, true), parcelOf(1, false), parcelOf(1, true), parcelOf(1, false))},
		{name: "the weight in the catalogue was wrong", script: func(w *fixture) {
			w.sells(heavy)
			w.at(time.Minute, w.pay)
			w.at(time.Hour, func() { w.sells(order.Goods{Weight: 200}); w.release() })
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: delivered, check: hasParcels(parcelOf(2, false))},
	})
}
