package stripe_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/paymentintent"

	"purser/activities/porttest"
	"purser/order"
	"purser/providers/stripe"
)

var tenEuros = order.Money{Amount: 1000, Currency: "EUR"}

// TestMethods (PAY-1, PAY-7): the configured methods are offered; cards are held, and a
// method that knows no hold is captured when it is confirmed. Stripe's own description
// of its API accepts the requests.
func TestMethods(t *testing.T) {
	for _, tt := range []struct {
		name    string
		methods []string
		method  string              // what the shopper pays with
		status  order.PaymentStatus // after the confirmation
		decided order.PaymentStatus // after the bank has approved, if it must
		refused bool                // the intent does not take the method
	}{
		{name: "by default, a card", method: "pm_card_visa", status: order.PaymentAuthorized},
		{name: "by default, no redirect", method: "pm_sandbox_ideal", refused: true},
		{name: "by default, no debit", method: "pm_success_de", refused: true},
		{name: "cards only", methods: []string{"card"}, method: "pm_card_visa", status: order.PaymentAuthorized},
		{name: "cards only, no redirect", methods: []string{"card"}, method: "pm_sandbox_ideal", refused: true},
		{name: "both kinds, a card", methods: []string{"card", "ideal", "sepa_debit"}, method: "pm_card_visa", status: order.PaymentAuthorized},
		{name: "both kinds, 3-D Secure", methods: []string{"card", "ideal"}, method: "pm_card_authenticationRequired", status: order.PaymentRequiresAction, decided: order.PaymentAuthorized},
		{name: "both kinds, a redirect", methods: []string{"card", "ideal", "sepa_debit"}, method: "pm_sandbox_ideal", status: order.PaymentRequiresAction, decided: order.PaymentCaptured},
		{name: "both kinds, a debit", methods: []string{"card", "ideal", "sepa_debit"}, method: "pm_success_de", status: order.PaymentProcessing, decided: order.PaymentCaptured},
		{name: "no cards", methods: []string{"ideal"}, method: "pm_sandbox_ideal", status: order.PaymentRequiresAction, decided: order.PaymentCaptured},
		{name: "no cards, a card", methods: []string{"ideal"}, method: "pm_card_visa", refused: true},
		{name: "automatic, a card", methods: []string{stripe.Automatic}, method: "pm_card_visa", status: order.PaymentAuthorized},
		{name: "automatic, a redirect", methods: []string{stripe.Automatic}, method: "pm_sandbox_eps", status: order.PaymentRequiresAction, decided: order.PaymentCaptured},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, tt.methods...)
			in, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), tenEuros))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.sandbox.Confirm(in.ID, tt.method); (err != nil) != tt.refused {
				t.Fatalf("confirmed: %v", err)
			}
			if tt.refused {
				return
			}
			got, err := s.client.GetIntent(t.Context(), in.ID)
			if err != nil || got.Status != tt.status {
				t.Fatalf("confirmed: %+v, %v", got, err)
			}
			if tt.decided == "" {
				return
			}
			if err := s.sandbox.Authenticate(in.ID, true); err != nil {
				t.Fatal(err)
			}
			got, err = s.client.GetIntent(t.Context(), in.ID)
			if money := got.Capturable + got.Received; err != nil || got.Status != tt.decided || money != tenEuros.Amount || got.Amount != tenEuros {
				t.Errorf("approved: %+v, %v", got, err)
			}
		})
	}
}

// TestMethodsByCurrency (PAY-1): a method that takes one currency only is not offered
// in another, so that shoppers there pay in another way; an order that nobody could pay
// is refused, with the reason.
func TestMethodsByCurrency(t *testing.T) {
	s := open(t, "sepa_debit", "ideal", "card")
	none := open(t, "ideal", "sepa_debit")
	for _, amount := range []order.Money{{Amount: 1000, Currency: "EUR"}, {Amount: 1000, Currency: "JPY"}, {Amount: 12_750, Currency: "KWD"}, {Amount: 1000, Currency: "USD"}} {
		in, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), amount))
		if err != nil {
			t.Errorf("%s: %v", amount, err)
			continue
		}
		if _, err := s.sandbox.Confirm(in.ID, "pm_sandbox_ideal"); (err == nil) != (amount.Currency == "EUR") {
			t.Errorf("%s by iDEAL: %v", amount, err)
		}
		if _, err := s.sandbox.Confirm(in.ID, "pm_card_visa"); err != nil {
			t.Errorf("%s by card: %v", amount, err)
		}
		_, err = none.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), amount))
		if refused := errors.Is(err, order.ErrRejected) && strings.Contains(err.Error(), "no_payment_method_for_"+strings.ToLower(amount.Currency)); refused != (amount.Currency != "EUR") {
			t.Errorf("%s without cards: %v", amount, err)
		}
	}
}

// TestDebitFails (PAY-7, PAY-12): a debit that the bank refuses days later is a
// declined attempt, with words for the shopper, and the intent can be paid again.
func TestDebitFails(t *testing.T) {
	s := open(t, "card", "sepa_debit")
	for method, message := range map[string]string{
		"pm_failed_de":                   "did not succeed",
		"pm_exceedsWeeklyVolumeLimit_at": "limit is reached",
		"pm_insufficientFunds_at":        "insufficient funds",
	} {
		in, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), tenEuros))
		if err == nil {
			_, err = s.sandbox.Confirm(in.ID, method)
		}
		if err != nil {
			t.Fatal(err)
		}
		before := len(events(t, s.sandbox))
		s.ahead.Add(int64(8 * 24 * time.Hour))
		if err := s.sandbox.DecideDebits(); err != nil {
			t.Fatal(err)
		}
		got, err := s.client.GetIntent(t.Context(), in.ID)
		if err != nil || got.Status != order.PaymentPending || got.Decline == nil || !strings.Contains(got.Decline.Message, message) {
			t.Errorf("%s: %+v, %v", method, got, err)
		}
		var failed []order.ProviderEvent
		for _, body := range events(t, s.sandbox)[before:] {
			if d, err := s.client.Parse(body); err != nil || d.Problem != "" {
				t.Errorf("%s: %v %s", body, err, d.Problem)
			} else if d.Event != nil {
				failed = append(failed, *d.Event)
			}
		}
		if len(failed) != 1 || failed[0].Payment == nil || !failed[0].Payment.Failed || failed[0].Payment.Decline == nil {
			t.Errorf("%s: events %+v", method, failed)
		}
		if in, err := s.sandbox.Confirm(in.ID, "pm_card_visa"); err != nil || in.Status != "requires_capture" {
			t.Errorf("%s, then a card: %s, %v", method, in.Status, err)
		}
	}
}

// TestMethodsChange (IDEM-2): an order's intent is found although the methods were
// others when it was created, as long as its amount is the same.
func TestMethodsChange(t *testing.T) {
	s := open(t)
	other, err := stripe.New(stripe.Config{Key: testKey, BaseURL: s.url, WebhookSecrets: []string{testSecret}, Methods: []string{"card", "ideal"}})
	if err != nil {
		t.Fatal(err)
	}
	r := porttest.IntentOf(order.NewID(), tenEuros)
	first, err := s.client.CreateIntent(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := other.CreateIntent(t.Context(), r); err != nil || again.ID != first.ID {
		t.Errorf("with other methods: %+v, %v", again, err)
	}
	r.Amount.Amount++
	if again, err := other.CreateIntent(t.Context(), r); err == nil {
		t.Errorf("with another amount: %+v", again)
	}
	if n := s.sandbox.Counts()[string(r.OrderID)].Intents; n != 1 {
		t.Errorf("%d intents", n)
	}
}

// TestContractOfMethods (TEST-5): Stripe's own description of its API knows the
// parameters of every configuration, and those for more captures than one.
func TestContractOfMethods(t *testing.T) {
	s := open(t)
	var bodies []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		bodies = append(bodies, r.Form.Encode())
		r.Body = http.NoBody
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"pi_1","object":"payment_intent","status":"requires_payment_method","currency":"eur","amount":1000}`))
	}))
	defer proxy.Close()
	for _, tt := range []struct {
		methods []string
		want    string // a part of the request
	}{
		{want: "automatic_payment_methods%5Ballow_redirects%5D=never&automatic_payment_methods%5Benabled%5D=true&capture_method=manual&currency=eur"},
		{methods: []string{"automatic"}, want: "allow_redirects%5D=always&automatic_payment_methods%5Benabled%5D=true&capture_method=automatic&currency=eur"},
		{methods: []string{"card", "ideal"}, want: "payment_method_options%5Bcard%5D%5Bcapture_method%5D=manual&payment_method_types%5B0%5D=card&payment_method_types%5B1%5D=ideal"},
		{methods: []string{"ideal"}, want: "payment_method_types%5B0%5D=ideal"},
	} {
		c, err := stripe.New(stripe.Config{Key: testKey, BaseURL: proxy.URL, Methods: tt.methods})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), tenEuros)); err != nil {
			t.Fatal(err)
		}
		if got := bodies[len(bodies)-1]; !strings.Contains(got, tt.want) {
			t.Errorf("%v: sends %s, want %s", tt.methods, got, tt.want)
		}
	}
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{URL: sdk.String(s.url), LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull}})
	intents := paymentintent.Client{B: backend, Key: testKey}
	in, err := intents.New(&sdk.PaymentIntentParams{
		Amount: sdk.Int64(1000), Currency: sdk.String("eur"), CaptureMethod: sdk.String("manual"), PaymentMethodTypes: sdk.StringSlice([]string{"card"}),
		PaymentMethodOptions: &sdk.PaymentIntentPaymentMethodOptionsParams{Card: &sdk.PaymentIntentPaymentMethodOptionsCardParams{RequestMulticapture: sdk.String("if_available")}},
	})
	if err == nil {
		_, err = s.sandbox.Confirm(in.ID, "pm_card_visa")
	}
	if err == nil {
		in, err = intents.Capture(in.ID, &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(300), FinalCapture: sdk.Bool(false)})
	}
	if err != nil || in.Status != sdk.PaymentIntentStatusRequiresCapture || in.AmountReceived != 300 {
		t.Errorf("captured in parts: %+v, %v", in, err)
	}
}
