package orders_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"purser/activities"
	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// withRules are rules for the fixture's order: 29.00 less 10 per cent, 4.90 shipping,
// 20 per cent tax on top.
func withRules() *order.Pricing {
	return &order.Pricing{
		Discounts: []order.Discount{{Code: "TEN", Per: order.PerOrder, Percent: "10"}},
		Shipping:  &order.ShippingRate{Name: "Post", Fee: 490},
		Taxes:     []order.TaxRate{{Name: "VAT", Rate: "20", Shipping: true}},
	}
}

// gift makes an order cost nothing.
func gift() *order.Pricing {
	return &order.Pricing{Discounts: []order.Discount{{Code: "GIFT", Per: order.PerOrder, Percent: "100"}}}
}

// isFree checks that nobody was asked for money, and that the order has no payment.
func isFree(t *testing.T, w *fixture) {
	t.Helper()
	for _, call := range []string{"CreateIntent", "GetIntent", "CancelIntent", "CaptureIntent", "RefundIntent", "Refunds"} {
		if n := w.called(call); n != 0 {
			t.Errorf("%s was called %d times", call, n)
		}
	}
	if o := w.order(); len(o.Payments) != 0 || !o.Free() || len(w.record.Attempts(id)) > 0 {
		t.Errorf("payments %+v, total %s, attempts %v", o.Payments, o.Total, w.record.Attempts(id))
	}
}

// TestPriced (PAY-21): the order charges the price with discount, fee and tax, keeps
// what it is made of, and forgets the rules.
func TestPriced(t *testing.T) {
	w := newFixture(t)
	w.placement.Pricing = withRules()
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.run().ended(order.Delivered).mailed(delivered...)
	o := w.order()
	if f := o.Shipping; o.Total.Amount != 3720 || o.Captured() != 3720 || o.Lines[0].Total() != 3132 || f == nil || f.Total() != 588 {
		t.Errorf("total %s, captured %d, lines %+v, shipping %+v", o.Total, o.Captured(), o.Lines, o.Shipping)
	}
	s, err := w.record.Snapshot(t.Context(), id)
	if err != nil || strings.Contains(string(s.Data), "TEN") {
		t.Errorf("the snapshot keeps the rules: %s, %v", s.Data, err)
	}
	if first := w.placed.result.(orders.Placed).Order; first.Total.Amount != 3720 || first.Shipping == nil {
		t.Errorf("the caller got %+v", first)
	}
}

// TestUnpricedHistory: an order without rules has not a byte of them in its history.
func TestUnpricedHistory(t *testing.T) {
	for _, v := range []any{newPlacement(), order.Opening{}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"pricing", "discount", "shipping", "expected"} {
			if strings.Contains(string(b), word) {
				t.Errorf("%q in %s", word, b)
			}
		}
	}
}

// TestRefusedPrice (PAY-21): a price that changes after it was quoted refuses the
// order, with both totals, and nothing is started.
func TestRefusedPrice(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(w *fixture)
		failure string
		reason  string
	}{
		{name: "another total", prepare: func(w *fixture) {
			w.placement.Request.ExpectedTotal = &order.Money{Amount: 2800, Currency: "EUR"}
		}, failure: activities.FailurePrice, reason: "costs 29.00 EUR, the shopper saw 28.00 EUR"},
		{name: "below a discount's minimum", prepare: func(w *fixture) {
			w.placement.Pricing = withRules()
			w.placement.Pricing.Discounts[0].Minimum = 2901
		}, failure: activities.FailureDiscount, reason: "29.01 EUR or more"},
		{name: "an endpoint's sum", prepare: func(w *fixture) {
			w.placement.Pricing = &order.Pricing{Quoted: &order.Quoted{Lines: []order.QuotedLine{{SKU: "mug", Price: 1450, Total: 2900}}, Total: 2901}}
		}, failure: activities.FailurePricing, reason: "add up to 29.00 EUR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFixture(t)
			c.prepare(w)
			w.run()
			if w.outcome.Status != order.Refused || w.outcome.Failure != c.failure || w.placed.refusal() != c.failure || !strings.Contains(w.placed.err.Error(), c.reason) {
				t.Errorf("ended %+v, Place failed with %v", w.outcome, w.placed.err)
			}
			if n := w.called("CreateIntent") + w.called("SaveOrder"); n != 0 || len(w.events()) != 0 {
				t.Errorf("%d calls, events %v", n, w.kinds())
			}
		})
	}
}

// TestFreeOrder (PAY-21): an order that costs nothing is fulfilled without a payment,
// whatever happens on its way.
func TestFreeOrder(t *testing.T) {
	free := func(script func(w *fixture)) func(w *fixture) {
		return func(w *fixture) {
			w.placement.Pricing = gift()
			script(w)
		}
	}
	runScenarios(t, []scenario{
		{
			name: "delivered", script: free(func(w *fixture) { w.arrive(0) }), ends: order.Delivered, mails: delivered,
			check: both(isFree, hasEvent(order.PaymentNotNeeded, "costs nothing")),
		},
		{name: "paid in advance", script: free(func(w *fixture) {
			w.placement.Request.Payment = order.PayManually
			w.arrive(0)
		}), ends: order.Delivered, mails: delivered, check: isFree},
		{name: "the carrier is down for a day", script: free(func(w *fixture) {
			w.down(20*time.Hour, order.ErrUnavailable, "BookParcel")
			w.arrive(24 * time.Hour)
		}), ends: order.Delivered, mails: delivered, check: isFree},
		{name: "the record is down when it is opened", script: free(func(w *fixture) {
			w.fail("OpenOrder", 3, order.ErrUnavailable)
			w.fail("SaveOrder", 3, order.ErrUnknownOutcome)
			w.arrive(0)
		}), ends: order.Delivered, mails: delivered, check: isFree},
		{name: "cancelled before the carrier has it", script: free(func(w *fixture) {
			w.at(time.Hour, func() { w.cancel() })
		}), ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation), check: isFree},
		{name: "cancelled while the carrier is down", script: free(func(w *fixture) {
			w.down(2*time.Hour, order.ErrUnavailable, "BookParcel")
			w.at(time.Minute, func() { w.cancel() })
		}), ends: order.Cancelled, mails: cancelled, check: isFree},
		{name: "the carrier refuses the address", script: free(func(w *fixture) {
			w.fail("BookParcel", 1, order.ErrRejected)
		}), ends: order.Cancelled, mails: cancelled, check: isFree},
		{name: "the carrier voids the label", script: free(func(w *fixture) {
			w.at(time.Hour, func() { w.scan(order.ParcelVoided) })
			w.at(2*time.Hour, func() { w.stillRuns(order.OnHold); w.resolve(order.ChooseRefund) })
		}), ends: order.Cancelled, mails: also(cancelled, order.MailConfirmation), check: isFree},
		{name: "the parcel comes back, and the shop keeps it", script: free(func(w *fixture) {
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(day, func() { w.scan(order.ParcelReturned) })
			w.at(2*day, func() { w.resolve(order.ChooseKeep) })
		}), ends: order.Returned, mails: []order.Notification{order.MailConfirmation, order.MailShipped}, check: isFree},
		{name: "terminated after the parcel was booked", script: free(func(w *fixture) {
			w.terminatedAfter = 3 * time.Hour
			w.at(2*time.Hour, func() { w.scan(order.ParcelInTransit) })
			w.at(day, func() { w.scan(order.ParcelDelivered) })
		}), ends: order.Delivered, mails: delivered, check: isFree},
		{name: "somebody asks for a refund", script: free(func(w *fixture) {
			w.arrive(0)
			w.refunds(3*time.Hour, order.RefundRequest{ID: "r1", All: true}, "nothing is left to refund")
		}), ends: order.Delivered, mails: delivered, check: isFree},
		{name: "placed again", script: free(func(w *fixture) {
			got := new(updateResult)
			w.at(time.Hour, func() { w.place("place-2", hash, got) })
			w.arrive(0)
			w.afterwards = append(w.afterwards, func() {
				if got.refusal() != workflows.RefusalAnswered {
					w.Errorf("again: %+v", got)
				}
			})
		}), ends: order.Delivered, mails: delivered, check: func(t *testing.T, w *fixture) {
			first, ok := w.placed.result.(orders.Placed)
			if !ok || first.SealedSecret != "" || first.Order.ID != id || first.Order.Status == order.Placed {
				t.Errorf("the first result is %+v, %v", w.placed.result, w.placed.err)
			}
		}},
	})
}
