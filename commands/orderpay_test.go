package commands_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/order"
	"purser/sandbox/stripe"
	"purser/shop"
)

// till is a sandbox's Stripe with one intent, and an API with the order that it is for.
type till struct {
	stripe *stripe.Server
	intent string
	flags  []string
}

func newTill(t *testing.T, change func(*shop.Order)) till {
	t.Helper()
	s, err := stripe.New(stripe.Config{Key: "sk_test_sandbox", PublishableKey: "pk_test_sandbox", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	sandbox := httptest.NewServer(http.StripPrefix("/stripe", s.Handler()))
	t.Cleanup(sandbox.Close)
	form := url.Values{
		"amount": {"2900"}, "currency": {"eur"}, "payment_method_options[card][capture_method]": {"manual"},
		"payment_method_types[0]": {"card"}, "payment_method_types[1]": {"ideal"}, "payment_method_types[2]": {"sepa_debit"},
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sandbox.URL+"/stripe/v1/payment_intents", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("sk_test_sandbox", "")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var in struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&in); err != nil || in.ID == "" {
		t.Fatalf("intent: %d, %v", resp.StatusCode, err)
	}
	o := shop.Order{
		ID: "ord_1", Status: order.AwaitingPayment, Version: 3, Total: order.Money{Amount: 2900, Currency: "EUR"},
		Payments: []shop.Payment{{Number: 1, Provider: "stripe", Reference: in.ID, Status: order.PaymentPending}},
	}
	if change != nil {
		change(&o)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") { // the event of the payment comes at once
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "id: 4\ndata: {\"seq\":4}\n\n")
			return
		}
		if err := json.NewEncoder(w).Encode(o); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(api.Close)
	return till{s, in.ID, []string{"--api-url=" + api.URL, "--sandbox-url=" + sandbox.URL + "/"}}
}

// TestOrderPay: a shopper's browser is played with every kind of card and on the
// bank's page, and the outcome is the bank's.
func TestOrderPay(t *testing.T) {
	t.Setenv("PURSER_SANDBOX_URL", "")
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		says   string // on stderr
		intent string // the intent's status afterwards
	}{
		{name: "by default", intent: "requires_capture"},
		{name: "a number", args: []string{"--card=4242 4242 4242 4242"}, intent: "requires_capture"},
		{name: "a number without spaces", args: []string{"--card=5555555555554444"}, intent: "requires_capture"},
		{name: "a test payment method", args: []string{"--card=pm_card_jcb"}, intent: "requires_capture"},
		{name: "declined", args: []string{"--card=declined"}, code: 1, says: "the card was declined: card_declined generic_decline", intent: "requires_payment_method"},
		{name: "a declined number", args: []string{"--card=4000000000009995"}, code: 1, says: "insufficient_funds", intent: "requires_payment_method"},
		{name: "3-D Secure, approved", args: []string{"--card=3ds"}, intent: "requires_capture"},
		{name: "3-D Secure, refused", args: []string{"--card=3ds", "--bank=refuse"}, intent: "requires_payment_method"},
		{name: "3-D Secure, left to the user", args: []string{"--card=3ds", "--bank=ask"}, says: "asks for confirmation at http://", intent: "requires_action"},
		{name: "a redirect", args: []string{"--card=ideal"}, intent: "succeeded"},
		{name: "a debit", args: []string{"--card=sepa_debit"}, intent: "processing"},
		{name: "a debit by its account", args: []string{"--card=AT86 1904 3002 3547 3202"}, intent: "processing"},
		{name: "a method that the intent does not take", args: []string{"--card=eps"}, code: 1, says: "payment_intent_incompatible_payment_method", intent: "requires_payment_method"},
		{name: "an unknown card", args: []string{"--card=4111111111111111"}, code: 2, says: "/ lists what the sandbox knows", intent: "requires_payment_method"},
		{name: "an unknown decision", args: []string{"--bank=rob"}, code: 2, intent: "requires_payment_method"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			till := newTill(t, nil)
			code, out, stderr := typed(t.Context(), append(append([]string{"order", "pay", "ord_1"}, tt.args...), till.flags...)...)
			if code != tt.code || !strings.Contains(stderr, tt.says) || strings.Count(stderr, "\n") > 1 {
				t.Errorf("exit code %d, %s%s", code, out, stderr)
			}
			if code == 0 && !strings.Contains(out, "ord_1") {
				t.Errorf("the order is not shown: %s", out)
			}
			if in, _ := till.stripe.Intent(till.intent); in.Status != tt.intent {
				t.Errorf("the intent is %s, want %s", in.Status, tt.intent)
			}
		})
	}
}

// TestOrderPayRefused: an order that waits for no shopper is refused, and the real
// Stripe is never called.
func TestOrderPayRefused(t *testing.T) {
	t.Setenv("PURSER_SANDBOX_URL", "")
	for _, tt := range []struct {
		name   string
		change func(*shop.Order)
		remote bool // no sandbox is known
		says   string
	}{
		{name: "delivered", change: func(o *shop.Order) { o.Status = order.Delivered }, says: "it is delivered"},
		{name: "on hold", change: func(o *shop.Order) { o.Status = order.OnHold }, says: "it is on_hold"},
		{name: "in advance", change: func(o *shop.Order) { o.Payments[0].Provider = order.Manual }, says: "purser order book-payment"},
		{name: "a debit is processing", change: func(o *shop.Order) { o.Payments[0].Status = order.PaymentProcessing }, says: "is processing"},
		{name: "a payment at the real Stripe", change: func(o *shop.Order) { o.Payments[0].Reference = "pi_real" }, says: "is made at your shop's checkout"},
		{name: "a remote stack with the real Stripe", remote: true, says: "is made at your shop's checkout; for the sandbox of another machine, set PURSER_SANDBOX_URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			till := newTill(t, tt.change)
			if tt.remote {
				till.flags = till.flags[:1]
			}
			code, out, stderr := typed(t.Context(), append([]string{"order", "pay", "ord_1"}, till.flags...)...)
			if code != 1 || !strings.Contains(stderr, tt.says) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, %s%s", code, out, stderr)
			}
			if in, _ := till.stripe.Intent(till.intent); in.Status != "requires_payment_method" {
				t.Errorf("the intent is %s", in.Status)
			}
		})
	}
	code, _, stderr := typed(t.Context(), "order", "pay", "ord_1", "--data="+t.TempDir())
	if code != 1 || !strings.Contains(stderr, "no running stack") {
		t.Errorf("without a stack: %d, %s", code, stderr)
	}
}

// TestTestCards: the README names every way to pay in the sandbox, with its number.
func TestTestCards(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	readme, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range stripe.TestMethods {
		number := m.Number
		if number != "" {
			number = "`" + number + "`"
		}
		if row := "| `" + m.Name + "` | " + number + " | " + m.Ends + " |"; !strings.Contains(string(readme), strings.ReplaceAll(row, "|  |", "| |")) {
			t.Errorf("the README has no row %s", row)
		}
	}
}
