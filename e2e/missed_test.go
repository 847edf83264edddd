package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"purser/order"
	"purser/sandbox/faults"
	"purser/shop"
)

// stripeAsks sends a form to the sandbox's Stripe as the shopkeeper's dashboard does.
func (s *stack) stripeAsks(t *testing.T, path string, form url.Values) {
	t.Helper()
	a := send(t, http.MethodPost, s.at.Sandbox+"/stripe"+path, "sk_test_sandbox", strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded")
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d", path, a.status)
	}
}

// TestMissedEvents (REC-2, REC-10, WHK-20): webhooks about a dispute, about a refund at
// Stripe and about a refund that failed never come. Each is found once and handled
// once, for an order that runs and for one whose workflow has closed.
func TestMissedEvents(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env, "--events-every=0", "--sandbox-pace=1h")
		s.misbehave(t, faults.Rules{Webhooks: []faults.WebhookFault{
			{Do: "drop", Type: "charge.dispute.created", Times: 100},
			{Do: "drop", Type: "charge.refunded", Times: 100},
			{Do: "drop", Type: "charge.refund.updated", Times: 100},
		}})
		cards := map[string]string{"a dispute": "pm_card_createDispute", "a refund at Stripe": "pm_card_visa", "a refund that fails": "pm_card_refundFail"}
		sold := map[string]shop.Placed{}
		for _, when := range []string{"running", "closed"} {
			for what, card := range cards {
				name := what + " of an order that is " + when
				sold[name] = s.place(t, wish("mug-blue", 1, "EUR"), strings.ReplaceAll(name, " ", "-"))
				s.pay(t, sold[name], card)
				s.until(t, sold[name].ID, order.PaymentWasCaptured)
				if when == "closed" {
					s.deliver(t, sold[name].ID)
				}
			}
		}
		for name, p := range sold {
			intent, _, _ := strings.Cut(p.ClientSecret, "_secret_")
			switch {
			case strings.HasPrefix(name, "a refund at"):
				s.stripeAsks(t, "/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {"100"}})
			case strings.HasPrefix(name, "a refund that"):
				if _, err := s.shop.Refund(within(t), p.ID, shop.RefundRequest{ID: "r1", Reason: "damaged", Amount: &order.Money{Amount: 100, Currency: "EUR"}}); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		found, done, err := s.shop.FindMissedEvents(within(t))
		if err != nil || !done || found.Found < 6 {
			t.Fatalf("%+v, %t, %v", found, done, err)
		}
		noticed := func(o shop.Order) string {
			failed := 0
			for _, r := range o.Refunds {
				if r.Status == order.RefundFailed {
					failed++
				}
			}
			return fmt.Sprintf("%d disputes, %d refunds, %d failed", len(o.Disputes), len(o.Refunds), failed)
		}
		want := map[string]string{
			"a dispute": "1 disputes, 0 refunds, 0 failed", "a refund at Stripe": "0 disputes, 1 refunds, 0 failed", "a refund that fails": "0 disputes, 1 refunds, 1 failed",
		}
		for name, p := range sold {
			what, _, _ := strings.Cut(name, " of an order")
			s.awaitOrder(t, p.ID, want[what], func(o shop.Order) bool { return noticed(o) == want[what] })
		}
		if found, done, err := s.shop.FindMissedEvents(within(t)); err != nil || !done || found.Found != 0 {
			t.Errorf("again: %+v, %t, %v", found, done, err)
		}
		for name, p := range sold {
			mails := 0
			for _, m := range s.notifications(p.ID) {
				if strings.HasPrefix(m, "refund") {
					mails++
				}
			}
			if what := strings.Split(name, " of an order")[0]; noticed(s.order(t, p.ID)) != want[what] || mails > 1 && what != "a refund that fails" {
				t.Errorf("%s, again: %s, %d mails about refunds", name, noticed(s.order(t, p.ID)), mails)
			}
		}
	})
}
