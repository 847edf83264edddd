package stripe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"purser/order"
	"purser/providers/stripe"
)

// TestPartCaptureIsNoRefund (REF-4): Stripe lists what it releases when a part is captured
// as a refund (captured: true, amount_refunded: 450 of 1450), and sends an event about it;
// neither is told to anybody as a refund, and a real refund after it is.
func TestPartCaptureIsNoRefund(t *testing.T) {
	s := open(t)
	id := order.NewID()
	euro := func(n int64) order.Money { return order.Money{Amount: n, Currency: "EUR"} }
	in, err := s.client.CreateIntent(t.Context(), order.IntentRequest{OrderID: id, Number: 1, Amount: euro(1450), Key: order.Key(id, "intent", 1)})
	if err == nil {
		_, err = s.sandbox.Confirm(in.ID, "pm_card_visa")
	}
	if err == nil {
		in, err = s.client.CaptureIntent(t.Context(), in.ID, euro(1000), order.Key(id, "capture", 1))
	}
	if err != nil || in.Status != order.PaymentPartiallyCaptured || in.Received != 1000 {
		t.Fatalf("%+v, %v", in, err)
	}
	about := func() (types []string, refunds int) {
		for _, body := range events(t, s.sandbox) {
			d, err := s.client.Parse(body)
			if err != nil || d.Problem != "" {
				t.Errorf("%s: %v %s", body, err, d.Problem)
			}
			types = append(types, d.Type)
			if d.Event != nil && d.Event.Refund != nil {
				refunds++
			}
		}
		return types, refunds
	}
	all, err := s.client.Refunds(t.Context(), in.ID)
	types, refunds := about()
	if err != nil || len(all) != 0 || refunds != 0 || !strings.Contains(strings.Join(types, " "), "charge.refunded") {
		t.Errorf("after the capture of a part: refunds %+v, %v, %d events about refunds in %v", all, err, refunds, types)
	}
	if _, err := s.client.RefundIntent(t.Context(), in.ID, euro(300), order.Key(id, "request-r1", 1)); err != nil {
		t.Fatal(err)
	}
	all, err = s.client.Refunds(t.Context(), in.ID)
	if _, refunds = about(); err != nil || len(all) != 1 || all[0].Amount != euro(300) || refunds == 0 {
		t.Errorf("after a refund: %+v, %v, %d events about refunds", all, err, refunds)
	}
}

// TestHalfUnitRefunds (REF-4, F16): a refund of half a unit in a currency that Stripe
// writes with two zeros is an error that says so, so that a person looks; its event, and
// the refunds of other payments, are read as usual.
func TestHalfUnitRefunds(t *testing.T) {
	for _, c := range []struct {
		currency string
		units    int
		says     string
	}{
		{currency: "isk", units: 50, says: "Stripe's amount of 50 in ISK holds a fraction that does not exist"},
		{currency: "ugx", units: 150, says: "Stripe's amount of 150 in UGX holds a fraction that does not exist"},
		{currency: "isk", units: 100},
		{currency: "ugx", units: 500},
	} {
		client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"object":"list","data":[{"id":"re_1","object":"refund","amount":%d,"currency":%q,"status":"succeeded"}]}`, c.units, c.currency)
		})
		all, err := client.Refunds(t.Context(), "pi_1")
		if c.says == "" {
			if err != nil || len(all) != 1 || all[0].Amount.Amount != int64(c.units/100) {
				t.Errorf("%d %s: %+v, %v", c.units, c.currency, all, err)
			}
			continue
		}
		wantOnly(t, fmt.Sprint(c.units, " ", c.currency), err, order.ErrRejected)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d %s: %v, want %q", c.units, c.currency, err, c.says)
		}
		body := strings.Replace(thing("charge.refunded", "charge", fmt.Sprintf(`"captured":true,"amount_refunded":%d,"payment_intent":"pi_1"`, c.units)), `"eur"`, fmt.Sprintf("%q", c.currency), 1)
		d, err := clientOf(t, stripe.Config{Key: testKey}).Parse([]byte(body))
		if err != nil || d.Problem != "" || d.Event == nil || d.Event.Refund == nil || d.Event.Refund.PaymentRef != "pi_1" {
			t.Errorf("the event: %+v, %v", d, err)
		}
	}
}
