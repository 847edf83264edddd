package orders_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/api"
	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
	"purser/records"
)

// captured makes the order's payment one that was captured.
func captured(t *testing.T, s *apitest.Shop, id order.ID) {
	t.Helper()
	_, err := s.Orders.Change(t.Context(), id, order.PaymentWasCaptured, "purser", "", "", func(o *order.Order) {
		o.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_" + string(id), Status: order.PaymentCaptured, Captured: o.Total.Amount}}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRefund (API-3, REF-1): a refund is asked for with its id, and the order shows it;
// what is wrong with a request is said in words.
func TestRefund(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	captured(t, s, o.ID)
	for _, c := range []struct {
		name, body string
		status     int
		code, says string
	}{
		{name: "nothing is named", body: `{"id":"r1","reason":"damaged"}`, status: 422, code: "invalid", says: "want an amount, or lines and shipping, or all"},
		{name: "an amount of zero", body: `{"id":"r1","reason":"damaged","amount":{"amount":0,"currency":"EUR"}}`, status: 422, code: "invalid", says: "not above zero"},
		{name: "an empty amount", body: `{"id":"r1","reason":"damaged","amount":{"amount":0,"currency":""}}`, status: 422, code: "invalid", says: "not above zero"},
		{name: "a negative amount", body: `{"id":"r1","reason":"damaged","amount":{"amount":-5,"currency":"EUR"}}`, status: 422, code: "invalid", says: "-0.05 EUR is not above zero"},
		{name: "another currency", body: `{"id":"r1","reason":"damaged","amount":{"amount":5,"currency":"USD"}}`, status: 422, code: "invalid", says: "the order is in EUR, not in USD"},
		{name: "more than is left", body: `{"id":"r1","reason":"damaged","amount":{"amount":99999,"currency":"EUR"}}`, status: 409, code: "not_refundable", says: "can still be refunded"},
		{name: "goods of another order", body: `{"id":"r1","reason":"damaged","lines":[{"sku":"elsewhere","quantity":1}]}`, status: 422, code: "invalid", says: `the order has no \"elsewhere\"`},
		{name: "no pieces", body: `{"id":"r1","reason":"damaged","lines":[{"sku":"mug-blue","quantity":0}]}`, status: 422, code: "invalid"},
		{name: "an id with a colon", body: `{"id":"r:1","reason":"damaged","all":true}`, status: 422, code: "invalid"},
		{name: "no reason", body: `{"id":"r1","all":true}`, status: 422, code: "invalid"},
		{name: "a part", body: `{"id":"r1","reason":"damaged","amount":{"amount":450,"currency":"EUR"}}`, status: http.StatusAccepted},
	} {
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/refunds", apitest.OperatorKey, c.body)
		if a.Status != c.status || !strings.Contains(string(a.Body), c.code) || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: got %d %s, want %d %s %q", c.name, a.Status, a.Body, c.status, c.code, c.says)
		}
	}
	var got orders.Order
	s.Ask("GET", "/v1/orders/"+string(o.ID), apitest.OperatorKey, "").Into(t, &got)
	if len(got.Refunds) != 1 || got.Refunds[0].ID != "r1" || got.Refunds[0].Status != order.RefundRequested || got.Refunds[0].Amount.Amount != 450 {
		t.Errorf("%+v", got.Refunds)
	}
	if a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/refunds", apitest.ShopKey, `{"id":"r2","reason":"x","all":true}`); a.Status != http.StatusForbidden {
		t.Errorf("a shop's key: %d %s", a.Status, a.Body)
	}
}

// TestRefund_late (IDEM-8): a request whose result does not arrive in time is accepted
// only if the order lists it: the order may still refuse it.
func TestRefund_late(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, first, late string
		status            int
		code              string
	}{
		{name: "the order does not list it", late: `{"id":"r1","reason":"damaged","all":true}`, status: http.StatusServiceUnavailable, code: "busy"},
		{
			name: "the order lists it", first: `{"id":"r1","reason":"damaged","amount":{"amount":450,"currency":"EUR"}}`,
			late: `{"id":"r1","reason":"damaged","amount":{"amount":450,"currency":"EUR"}}`, status: http.StatusAccepted,
		},
		{
			name: "the order lists another", first: `{"id":"r1","reason":"damaged","amount":{"amount":450,"currency":"EUR"}}`,
			late: `{"id":"r2","reason":"damaged","amount":{"amount":1000,"currency":"EUR"}}`, status: http.StatusServiceUnavailable, code: "busy",
		},
		{
			name: "the order lists another request under its id", first: `{"id":"r1","reason":"damaged","amount":{"amount":450,"currency":"EUR"}}`,
			late: `{"id":"r1","reason":"damaged","amount":{"amount":451,"currency":"EUR"}}`, status: http.StatusServiceUnavailable, code: "busy",
		},
	} {
		s := apitest.New(t, func(c *api.Config, _ *records.Store) { c.SteerWithin = 500 * time.Millisecond })
		o := s.Place(t, "cus_1")
		captured(t, s, o.ID)
		target := "/v1/orders/" + string(o.ID) + "/refunds"
		if c.first != "" {
			if a := s.Ask("POST", target, apitest.OperatorKey, c.first); a.Status != http.StatusAccepted {
				t.Fatalf("%s: the first: %d %s", c.name, a.Status, a.Body)
			}
		}
		s.Orders.Stall = true
		a := s.Ask("POST", target, apitest.OperatorKey, c.late)
		if a.Status != c.status || !strings.Contains(string(a.Body), c.code) || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s, want %d %s", c.name, a.Status, a.Body, c.status, c.code)
		}
	}
}

// TestBookPayment (API-3): a sum that came in is booked with its reference and its reason.
func TestBookPayment(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	target := "/v1/orders/" + string(o.ID) + "/payments"
	a := s.Ask("POST", target, apitest.OperatorKey, `{"amount":{"amount":1450,"currency":"EUR"},"reference":"statement 17","at":"2026-03-01T12:00:00Z","reason":"paid in advance"}`)
	var got orders.Order
	a.Into(t, &got)
	if a.Status != http.StatusOK || len(got.Payments) != 1 || len(got.Payments[0].Receipts) != 1 || got.Payments[0].Receipts[0].Reference != "statement 17" || got.Payments[0].Captured != 1450 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for _, body := range []string{`{"reference":"x","reason":"x"}`, `{"amount":{"amount":1,"currency":"EUR"},"reason":"x"}`, `{"amount":{"amount":1,"currency":"EUR"},"reference":"x"}`} {
		if a := s.Ask("POST", target, apitest.OperatorKey, body); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", body, a.Status, a.Body)
		}
	}
	if a := s.Ask("POST", target, apitest.ShopKey, `{"amount":{"amount":1,"currency":"EUR"},"reference":"x","reason":"x"}`); a.Status != http.StatusForbidden {
		t.Errorf("a shop's key: %d", a.Status)
	}
}

// TestLineShowsRefunded (API-3, REF-1): a line shows what was paid back for it, with its
// tax, and never more than the money that moved; what was left out before the capture is
// shown apart.
func TestLineShowsRefunded(t *testing.T) {
	t.Parallel()
	goods := func(pieces, amount int64) []order.RefundLine {
		return []order.RefundLine{{SKU: "mug-blue", Quantity: pieces, Amount: amount}}
	}
	eur := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	for _, c := range []struct {
		name    string
		refunds []order.Refund
		line    [4]int64 // refunded, of pieces, left out, of pieces
		fee     [2]int64 // refunded, left out
	}{
		{name: "nothing"},
		{name: "a piece", refunds: []order.Refund{{Status: order.RefundSucceeded, Amount: eur(1740), Lines: goods(1, 1740)}}, line: [4]int64{1740, 1, 0, 0}},
		{name: "an amount that is for no line", refunds: []order.Refund{{Status: order.RefundSucceeded, Amount: eur(500)}}},
		{name: "one that is pending, and one that is asked for", refunds: []order.Refund{
			{Status: order.RefundPending, Amount: eur(1740), Lines: goods(1, 1740)}, {Status: order.RefundRequested, Amount: eur(1840), Lines: goods(1, 1740), Shipping: 100},
		}, line: [4]int64{3480, 2, 0, 0}, fee: [2]int64{100, 0}},
		{name: "one that failed, and one that was cancelled", refunds: []order.Refund{
			{Status: order.RefundFailed, Amount: eur(1740), Lines: goods(1, 1740)}, {Status: order.RefundCanceled, Amount: eur(588), Shipping: 588},
		}},
		{name: "left out, and then refunded", refunds: []order.Refund{
			{Status: order.RefundReleased, Amount: eur(1828), Lines: goods(1, 1740), Shipping: 88}, {Status: order.RefundSucceeded, Amount: eur(1840), Lines: goods(1, 1740), Shipping: 100},
		}, line: [4]int64{1740, 1, 1740, 1}, fee: [2]int64{100, 88}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := apitest.New(t)
			o := s.Place(t, "cus_1")
			_, err := s.Orders.Change(t.Context(), o.ID, order.PaymentRefunded, "purser", "", "", func(o *order.Order) {
				o.Lines[0].Tax = &order.Tax{Name: "VAT", Rate: "20", Amount: o.Lines[0].Subtotal / 5}
				o.Shipping = &order.Fee{Name: "Post", Price: 490, Tax: &order.Tax{Name: "VAT", Rate: "20", Amount: 98}}
				o.Refunds = c.refunds
				for i := range o.Refunds {
					o.Refunds[i].ID, o.Refunds[i].PaymentRef = string(rune('a'+i)), "pi_1"
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			var got orders.Order
			s.Ask("GET", "/v1/orders/"+string(o.ID), apitest.OperatorKey, "").Into(t, &got)
			l := got.Lines[0]
			if line := [4]int64{l.Refunded, l.RefundedQuantity, l.LeftOut, l.LeftOutQuantity}; line != c.line {
				t.Errorf("the line shows %v, want %v", line, c.line)
			}
			if fee := [2]int64{got.Shipping.Refunded, got.Shipping.LeftOut}; fee != c.fee {
				t.Errorf("the fee shows %v, want %v", fee, c.fee)
			}
		})
	}
}

// TestRefundOfAnotherOrder (API-3, REF-1): an order that the caller's shop does not have is
// not found, whatever is asked for, and nothing moves.
func TestRefundOfAnotherOrder(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	captured(t, s, o.ID)
	for _, c := range []struct {
		name, id string
	}{
		{name: "another shop's", id: string(order.NewID())},
		{name: "no id", id: "pi_1"},
		{name: "an id with a letter too many", id: string(o.ID) + "x"},
	} {
		for _, body := range []string{`{"id":"r1","reason":"x","all":true}`, `{"id":"r1","reason":"x","lines":[{"sku":"mug-blue","quantity":1}]}`} {
			a := s.Ask("POST", "/v1/orders/"+c.id+"/refunds", apitest.OperatorKey, body)
			if p := a.Problem(t); a.Status != http.StatusNotFound || p.Code != "not_found" {
				t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
			}
		}
	}
	if got := s.Recorded(t, o.ID); len(got.Refunds) != 0 || got.Payments[0].Refunded != 0 {
		t.Errorf("%+v", got)
	}
}

// TestLeaveOut (API-3, REF-1): before the capture, the same request leaves lines out, and
// is refused in words if nothing would be left.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	o := s.Place(t, "cus_1")
	_, err := s.Orders.Change(t.Context(), o.ID, order.PaymentWasAuthorized, "purser", "", "", func(o *order.Order) {
		o.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentAuthorized, Authorized: o.Total.Amount}}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body string
		status     int
		says       string
	}{
		{name: "all of it", body: `{"id":"r1","reason":"sold out","all":true}`, status: 409, says: "cancel the order"},
		{name: "all goods", body: `{"id":"r1","reason":"sold out","lines":[{"sku":"mug-blue","quantity":2}]}`, status: 409, says: "cancel the order instead"},
		{name: "an amount", body: `{"id":"r1","reason":"sold out","amount":{"amount":100,"currency":"EUR"}}`, status: 409, says: "name the lines that are left out"},
		{name: "paid out", body: `{"id":"r1","reason":"sold out","paidOut":"transfer 1","lines":[{"sku":"mug-blue","quantity":1}]}`, status: 422, says: "held and not captured"},
		{name: "a piece", body: `{"id":"r1","reason":"sold out","lines":[{"sku":"mug-blue","quantity":1,"restock":true}]}`, status: 200, says: `"status":"released"`},
	} {
		a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/refunds", apitest.OperatorKey, c.body)
		if a.Status != c.status || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: %d %s, want %d %q", c.name, a.Status, a.Body, c.status, c.says)
		}
	}
}
