package orders_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/workflows/orders"
)

// buys orders two pieces of each product, paid after a minute.
func (w *fixture) buys(skus ...string) {
	w.placement.Request.Lines = nil
	for _, sku := range skus {
		w.placement.Request.Lines = append(w.placement.Request.Lines, order.RequestLine{SKU: sku, Quantity: 2})
	}
	w.at(time.Minute, w.pay)
}

// refundOf asks for a refund of pieces of a product.
func refundOf(id, sku string, n int64, restock bool) order.RefundRequest {
	return order.RefundRequest{ID: id, Lines: []order.RefundItem{{SKU: sku, Quantity: n, Restock: restock}}}
}

// returnOf asks whether pieces of a product may be sent back.
func (w *fixture) returnOf(id, sku string, n int64) *updateResult {
	got := new(updateResult)
	w.update(string(orders.RequestReturn), "", got, orders.ReturnRequest{
		ReturnRequest: order.ReturnRequest{ID: id, Lines: []order.ReturnItem{{SKU: sku, Quantity: n}}}, Sender: sentBy("key:shop", "too long"),
	})
	return got
}

// deliveredPieces checks how many pieces of a product were delivered without a parcel, and
// how the shopper gets them.
func deliveredPieces(sku string, pieces int64, text string) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		o := w.order()
		if n := piecesIn(o.DeliveredWithoutParcel(), sku); n != pieces {
			t.Errorf("%d %s were delivered, want %d", n, sku, pieces)
		}
		got := ""
		for _, d := range o.MailFor(order.MailDigital).Delivered {
			if d.SKU == sku {
				got = d.Text
			}
		}
		if got != text {
			t.Errorf("the shopper is told %q, want %q", got, text)
		}
	}
}

const ebookText = "https://shop.example/ebook\nPassword: knots"

var (
	withMail  = []order.Notification{order.MailConfirmation, order.MailDigital}
	noCarrier = both(calledTimes("BookParcel", 0), calledTimes("VoidParcel", 0))
)

// TestNoParcel (SHP-8): goods that need no parcel are delivered when the order is paid: an
// order of nothing else has no parcel, and its shopper gets the link once.
func TestNoParcel(t *testing.T) {
	runScenarios(t, []scenario{
		{name: "a download", script: func(w *fixture) {
			w.buys("ebook")
		}, ends: order.Delivered, mails: withMail, check: both(noCarrier, charged(1800), deliveredPieces("ebook", 2, ebookText), hasEvent(order.GoodsDelivered, "2 × ebook"))},
		{name: "a service, about which there is nothing to mail", script: func(w *fixture) {
			w.buys("setup")
		}, ends: order.Delivered, mails: withMail[:1], check: both(noCarrier, charged(10_000), deliveredPieces("setup", 2, ""))},
		{name: "both, captured when placed, with a person who packs", script: func(w *fixture) {
			w.placement.Terms.Parcels, w.placement.Terms.Capture = orders.ParcelsByOperator, orders.CapturePlaced
			w.buys("setup", "ebook")
		}, ends: order.Delivered, mails: withMail, check: both(noCarrier, charged(11_800), deliveredPieces("setup", 2, ""), deliveredPieces("ebook", 2, ebookText))},
		{name: "it costs nothing", script: func(w *fixture) {
			w.buys("ebook")
			w.cues = nil // nothing is paid
			w.placement.Pricing = gift()
		}, ends: order.Delivered, mails: withMail, check: both(noCarrier, isFree, deliveredPieces("ebook", 2, ebookText))},
		{name: "the capture is delayed", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "CaptureIntent")
			w.buys("ebook")
			w.at(2*time.Hour, func() {
				if o := w.order(); len(o.Shipments) > 0 {
					w.Errorf("delivered before it is paid: %+v", o.Shipments)
				}
			})
		}, ends: order.Delivered, mails: withMail, check: noCarrier},
		{name: "cancelled before the capture", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "CaptureIntent")
			w.buys("ebook")
			w.at(2*time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: cancelled, check: both(noCarrier, deliveredPieces("ebook", 0, ""))},
		{name: "refunded later, and not sold again or sent back", script: func(w *fixture) {
			w.buys("ebook")
			w.at(30*time.Hour, func() { w.says("return", w.returnOf("rt1", "ebook", 1), "NotReturnable", "nothing to send back") })
			w.refunds(31*time.Hour, refundOf("r1", "ebook", 1, true), "was delivered without a parcel")
			w.refunds(32*time.Hour, refundOf("r2", "ebook", 1, false), "")
		}, ends: order.Delivered, mails: also(withMail, refunded), check: both(noCarrier, deliveredPieces("ebook", 2, ebookText))},
	})
}

// TestMixedOrder (SHP-8): of an order that mixes goods, only those go into parcels that need
// one, and it is delivered when they are.
func TestMixedOrder(t *testing.T) {
	onlyMugs := func(t *testing.T, w *fixture) {
		t.Helper()
		for ref := range w.carrier.Parcels() {
			for _, l := range w.carrier.Asked(ref).Lines {
				if l.SKU != "mug" {
					t.Errorf("%s has %s in it", ref, l.SKU)
				}
			}
		}
	}
	runScenarios(t, []scenario{
		{name: "one parcel", script: func(w *fixture) {
			w.buys("ebook", "mug")
			w.has(time.Hour, order.Paid, order.WaitCarrier)
			w.marks(time.Hour, 2, order.ParcelReturned, "cannot be marked")
			w.voids(time.Hour, 2, "delivered without a parcel")
			w.arrive(2 * time.Hour)
		}, ends: order.Delivered, mails: also(withMail, order.MailShipped, order.MailDelivered), check: both(onlyMugs, charged(4700), deliveredPieces("ebook", 2, ebookText), calledTimes("BookParcel", 1))},
		{name: "a person packs", script: func(w *fixture) {
			w.byOperator()
			w.cues = nil
			w.buys("ebook", "mug")
			w.adds(time.Hour, order.ParcelPlan{ID: "a", Lines: []order.LineQuantity{{SKU: "ebook", Quantity: 1}}}, "\"ebook\" needs no parcel")
			w.has(90*time.Minute, order.Authorized, order.WaitPacking)
			w.adds(2*time.Hour, mugsIn("b", 0), "")
			w.has(3*time.Hour, order.Paid, order.WaitCarrier)
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(withMail, order.MailShipped, order.MailDelivered), check: both(onlyMugs, deliveredPieces("ebook", 2, ebookText))},
		{name: "the money is paid back before a person packs: the service is not delivered for nothing", script: func(w *fixture) {
			w.byOperator()
			w.buys("mug", "setup")
			w.cues = nil
			w.placement.Request.Payment, w.placement.Terms.ReceivedAfter = order.PayManually, 0
			w.books(time.Hour, 6450, "statement 1", "")
			w.resolves(2*time.Hour, order.ChooseKeep)
			w.at(3*time.Hour, func() { w.add(&fault{op: "SaveOrder", kind: order.ErrUnavailable, times: 2}) })
			w.refunds(3*time.Hour, order.RefundRequest{ID: "r1", All: true, PaidOut: "transfer 17"}, "")
			w.has(6*time.Hour, order.OnHold, order.WaitOperator)
			w.resolves(7*time.Hour, order.ChooseVoid)
		}, ends: order.Cancelled, mails: []order.Notification{order.MailPrepayment, order.MailCancelled, refunded}, check: both(noCarrier, deliveredPieces("setup", 0, ""), hasEvent(order.OrderOnHold, "the money was refunded before the goods went out"))},
		{name: "cancelled when the download is with the shopper: only the rest is for sale again", script: func(w *fixture) {
			w.buys("ebook", "mug")
			w.at(time.Hour, func() { w.cancel() })
		}, ends: order.Cancelled, mails: also(withMail, order.MailCancelled, refunded), check: both(onlyMugs, hasShipped("mug", 0), hasShipped("ebook", 2))},
		{name: "left out before the capture: it is not delivered, and for sale again", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.buys("ebook", "mug")
			w.refunds(time.Hour, refundOf("r1", "ebook", 1, true), "")
			w.arrive(4 * time.Hour)
		}, ends: order.Delivered, mails: also(withMail, order.MailShipped, order.MailDelivered), check: both(onlyMugs, charged(3800), deliveredPieces("ebook", 1, ebookText), hasShipped("ebook", 1))},
		{name: "everything that needs a parcel is left out", script: func(w *fixture) {
			w.down(3*time.Hour, order.ErrUnavailable, "BookParcel")
			w.buys("ebook", "mug")
			w.refunds(time.Hour, refundOf("r1", "mug", 2, true), "")
		}, ends: order.Delivered, mails: withMail, check: both(charged(1800), deliveredPieces("ebook", 2, ebookText), hasShipped("mug", 0))},
		{name: "the parcel comes back, and is kept", script: func(w *fixture) {
			w.buys("ebook", "mug")
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(30*time.Hour, func() { w.scan(order.ParcelReturned) })
			w.at(31*time.Hour, func() { w.resolve(order.ChooseKeep) })
		}, ends: order.Delivered, mails: also(withMail, order.MailShipped), check: onlyMugs},
	})
}

// hasShipped checks how many pieces of a product have left for good.
func hasShipped(sku string, want int64) func(*testing.T, *fixture) {
	return func(t *testing.T, w *fixture) {
		t.Helper()
		if diff := cmp.Diff(want, w.record.Shipped(sku)); diff != "" {
			t.Errorf("shipped %s (-want +got):\n%s", sku, diff)
		}
	}
}
