package commands_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/shop"
)

// ordersAPI starts an API that responds to every request with the order, and
// returns its URL and the requests that it received.
func ordersAPI(t *testing.T, o shop.Order) (url string, requests func() []string) {
	t.Helper()
	var received []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		received = append(received, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(o); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { return received }
}

// TestOrderShow: an order is shown with its payments, parcels and refunds, and with
// the command for each decision that it takes.
func TestOrderShow(t *testing.T) {
	euro := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	placed := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := shop.Order{
		ID: "ord_1", Status: order.OnHold, Total: euro(2900), PlacedAt: placed, Reason: "the carrier has voided the label",
		Lines: []shop.Line{{SKU: "mug-blue", Name: "Mug", Quantity: 2, Price: 1450, Subtotal: 2900, Total: 2900}},
		Hold:  &shop.Hold{Kind: order.HoldLabel, Why: "the carrier has voided the label", About: "PX 2", Choices: order.HoldLabel.Choices()},
		Payments: []shop.Payment{
			{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentPending, Decline: &shop.Decline{Code: "card_declined", DeclineCode: "insufficient_funds"}},
			{Number: 2, Provider: "stripe", Reference: "pi_2", Status: order.PaymentCaptured, Authorized: 2900, Captured: 2900, Refunded: 500},
			{Number: 3, Provider: "stripe", Reference: "pi_3", Status: order.PaymentAuthorized, Authorized: 2900, Surplus: true, CaptureBefore: placed.AddDate(0, 0, 7)},
		},
		Shipments: []shop.Shipment{
			{Number: 1, Reference: "ord_1", Carrier: "Parcel Express", Tracking: "PX 1", Status: order.ParcelVoided, Replaced: true, Lines: []shop.ItemQuantity{{SKU: "mug-blue", Quantity: 2}}},
			{Number: 2, Reference: "ord_1-2", Carrier: "Parcel Express", Tracking: "PX 2", Status: order.ParcelVoided, Lines: []shop.ItemQuantity{{SKU: "mug-blue", Quantity: 2}}},
		},
		Refunds:   []shop.Refund{{ID: "re_1", PaymentRef: "pi_2", Amount: euro(500), Status: order.RefundSucceeded, Reason: "one was chipped"}},
		Disputes:  []shop.Dispute{{ID: "dp_1", PaymentRef: "pi_2", Amount: euro(2900), Status: order.DisputeNeedsResponse, Reason: "fraudulent"}},
		Attention: []shop.Attention{{About: "pi_3", Why: "it cannot be voided"}},
	}
	url, requests := ordersAPI(t, o)
	code, out, stderr := typed(t.Context(), "order", "show", "ord_1", "--api-url="+url)
	if got := requests(); code != 0 || !slices.Equal(got, []string{"GET /v1/orders/ord_1"}) {
		t.Fatalf("exit code %d, %s, requests %q", code, stderr, got)
	}
	want := `order         ord_1
status        on_hold
total         29.00 EUR
placed        2026-03-01T12:00:00Z
reason        the carrier has voided the label
on hold       label PX 2: the carrier has voided the label
attention     pi_3: it cannot be voided
  release     purser order resolve ord_1 release --reason=""  # try the step again, or go on as before
  rebook      purser order resolve ord_1 rebook --reason=""  # book another parcel under a new reference
  refund      purser order resolve ord_1 refund --reason=""  # refund the money and end the order
payment 1     stripe pi_1 pending
  declined    card_declined insufficient_funds
payment 2     stripe pi_2 captured (authorized 29.00 EUR, captured 29.00 EUR, refunded 5.00 EUR)
surplus 3     stripe pi_3 authorized (authorized 29.00 EUR)
  held until  2026-03-08T12:00:00Z
parcel 1      Parcel Express PX 1 ord_1 voided (replaced): 2 × mug-blue
parcel 2      Parcel Express PX 2 ord_1-2 voided: 2 × mug-blue
refund        5.00 EUR of pi_2: succeeded re_1 one was chipped
dispute       29.00 EUR of pi_2: needs_response dp_1 fraudulent
line          2 × Mug (mug-blue)  29.00 EUR
`
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	o.Hold, o.Status = nil, order.Paid
	url, _ = ordersAPI(t, o)
	if _, out, _ := typed(t.Context(), "order", "show", "ord_1", "--api-url="+url); !strings.Contains(out, `  release     purser order resolve ord_1 release --reason=""  # try again now`) ||
		!strings.Contains(out, `  keep        purser order resolve ord_1 keep --reason=""  # stop trying`) || strings.Contains(out, "on hold") {
		t.Errorf("an order that needs attention:\n%s", out)
	}
	o.Attention = nil
	url, _ = ordersAPI(t, o)
	if _, out, _ := typed(t.Context(), "order", "show", "ord_1", "--api-url="+url); strings.Contains(out, "resolve") {
		t.Errorf("an order without decisions:\n%s", out)
	}
}

// TestOrderShowPriced: an order is shown with what its price is made of, in major units,
// and with what of it was refunded or left out.
func TestOrderShowPriced(t *testing.T) {
	tax := func(name, rate string, amount int64, included bool) *order.Tax {
		return &order.Tax{Name: name, Rate: rate, Amount: amount, Included: included}
	}
	for _, c := range []struct {
		name string
		o    shop.Order
		want string
	}{
		{name: "tax on top, a discount and a fee; a line and a part of the fee were refunded", o: shop.Order{
			Total: order.Money{Amount: 3720, Currency: "USD"},
			Lines: []shop.Line{{
				SKU: "mug", Name: "Mug", Quantity: 2, Price: 1450, Subtotal: 2900, Discount: 290, Tax: tax("sales tax", "20", 522, false), Total: 3132,
				Refunded: 1566, RefundedQuantity: 1,
			}},
			Shipping: &shop.ShippingFee{Name: "Post", Price: 490, Tax: tax("sales tax", "20", 98, false), Total: 588, Refunded: 120},
		}, want: `order     ord_1
status    paid
total     37.20 USD
placed    2026-03-01T12:00:00Z
line      2 × Mug (mug)             31.32 USD (15.66 USD refunded for 1)
            price                   29.00 USD
            discount                -2.90 USD
            sales tax 20 % (added)  5.22 USD
shipping  Post                      5.88 USD (1.20 USD refunded)
            price                   4.90 USD
            sales tax 20 % (added)  0.98 USD
`},
		{name: "tax in the price; a line was left out before the capture", o: shop.Order{
			Total: order.Money{Amount: 2900, Currency: "EUR"},
			Lines: []shop.Line{
				{SKU: "mug", Name: "Mug", Quantity: 2, Price: 1450, Subtotal: 2900, Tax: tax("MwSt.", "19", 463, true), Total: 2900, LeftOut: 1450, LeftOutQuantity: 1},
			},
			Shipping: &shop.ShippingFee{Name: "Post", Price: 490, Discount: 490},
			Refunds:  []shop.Refund{{ID: "r1", PaymentRef: "pi_1", Amount: order.Money{Amount: 1450, Currency: "EUR"}, Status: order.RefundReleased, Reason: "sold out"}},
		}, want: `order     ord_1
status    paid
total     29.00 EUR
placed    2026-03-01T12:00:00Z
left out  14.50 EUR of pi_1: released r1 sold out
line      2 × Mug (mug)            29.00 EUR (14.50 EUR left out for 1)
            price                  29.00 EUR
            MwSt. 19 % (included)  4.63 EUR
shipping  Post                     0.00 EUR
            price                  4.90 EUR
            discount               -4.90 EUR
`},
		{name: "whole units, and nothing but the catalogue's prices", o: shop.Order{
			Total: order.Money{Amount: 6800, Currency: "JPY"},
			Lines: []shop.Line{{SKU: "bowl", Name: "Bowl", Quantity: 1, Price: 6800, Subtotal: 6800, Total: 6800}},
		}, want: `order   ord_1
status  paid
total   6800 JPY
placed  2026-03-01T12:00:00Z
line    1 × Bowl (bowl)  6800 JPY
`},
		{name: "three decimals", o: shop.Order{
			Total: order.Money{Amount: 13_390, Currency: "KWD"},
			Lines: []shop.Line{{SKU: "oud", Name: "Oud", Quantity: 1, Price: 12_750, Subtotal: 12_750, Tax: tax("VAT", "5", 640, false), Total: 13_390}},
		}, want: `order   ord_1
status  paid
total   13.390 KWD
placed  2026-03-01T12:00:00Z
line    1 × Oud (oud)      13.390 KWD
          price            12.750 KWD
          VAT 5 % (added)  0.640 KWD
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.ID, c.o.Status, c.o.PlacedAt = "ord_1", order.Paid, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			url, _ := ordersAPI(t, c.o)
			code, out, stderr := typed(t.Context(), "order", "show", "ord_1", "--api-url="+url)
			if code != 0 || out != c.want {
				t.Errorf("exit code %d, %s, got\n%swant\n%s", code, stderr, out, c.want)
			}
		})
	}
}

// TestOrderResolve: every choice that there is can be typed, and no other.
func TestOrderResolve(t *testing.T) {
	url, requests := ordersAPI(t, shop.Order{ID: "ord_1", Status: order.Paid, Total: order.Money{Currency: "EUR"}})
	for _, choice := range order.Choices() {
		code, out, stderr := typed(t.Context(), "order", "resolve", "ord_1", string(choice), "--reason=seen to it", "--api-url="+url)
		if code != 0 || !strings.Contains(out, "status  paid") {
			t.Errorf("%s: exit code %d, %s%s", choice, code, out, stderr)
		}
		got := requests()
		if want := `POST /v1/orders/ord_1/resolve {"choice":"` + string(choice) + `","reason":"seen to it"}`; got[len(got)-1] != want {
			t.Errorf("%s: sent %s, want %s", choice, got[len(got)-1], want)
		}
	}
	sent := len(requests())
	for _, args := range [][]string{{"ord_1", "ship", "--reason=x"}, {"ord_1", "release"}, {"ord_1", "--reason=x"}} {
		if code, _, stderr := typed(t.Context(), append(append([]string{"order", "resolve"}, args...), "--api-url="+url)...); code != 2 {
			t.Errorf("%q: exit code %d, %s", args, code, stderr)
		}
	}
	if got := requests(); len(got) != sent {
		t.Errorf("sent %q", got[sent:])
	}
}

// TestRunbookHolds: the runbook explains each kind of hold, and names the command
// for each choice that it allows and for no other.
func TestRunbookHolds(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	runbook := string(b)
	for _, kind := range order.HoldKinds() {
		row := "\n| `" + string(kind) + "` | "
		if n := len(kind.Choices()) + 1; strings.Count(runbook, row) != n {
			t.Errorf("%s: %d rows, want one that explains it and one for each choice: %d", kind, strings.Count(runbook, row), n)
		}
		for _, choice := range kind.Choices() {
			if !strings.Contains(runbook, row+"`purser order resolve ORDER "+string(choice)+"` |") {
				t.Errorf("%s: the command to %s is missing", kind, choice)
			}
		}
	}
}
