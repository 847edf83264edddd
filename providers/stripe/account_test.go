package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/providers/stripe"
)

// TestConnectedAccount: every request, above all one that moves or lists money,
// is for the connected account; without one, it is for the key's own.
func TestConnectedAccount(t *testing.T) {
	for _, account := range []string{"", "acct_1"} {
		var mu sync.Mutex
		asked := map[string]bool{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			asked[r.Method+" "+r.URL.Path] = true
			if got := r.Header.Values("Stripe-Account"); account == "" && len(got) > 0 || account != "" && !slices.Equal(got, []string{account}) {
				t.Errorf("%s %s for the accounts %q, want %q", r.Method, r.URL.Path, got, account)
			}
			switch r.Method + " " + r.URL.Path {
			case "POST /v1/payment_intents": // the adapter looks for the intent
				w.WriteHeader(http.StatusInternalServerError)
				fmt.Fprint(w, `{"error":{"type":"api_error"}}`)
			case "GET /v1/payment_intents", "GET /v1/refunds", "GET /v1/balance_transactions":
				fmt.Fprint(w, `{"object":"list","data":[],"has_more":false}`)
			case "GET /v1/payment_intents/search":
				fmt.Fprint(w, `{"object":"search_result","data":[],"has_more":false}`)
			case "POST /v1/refunds":
				fmt.Fprint(w, `{"id":"re_1","object":"refund","amount":100,"currency":"eur","status":"succeeded","payment_intent":"pi_1"}`)
			default:
				fmt.Fprint(w, `{"id":"pi_1","object":"payment_intent","amount":100,"currency":"eur","status":"succeeded"}`)
			}
		}))
		t.Cleanup(server.Close)
		c := clientOf(t, stripe.Config{Key: testKey, BaseURL: server.URL, Account: account})
		ctx, amount := t.Context(), order.Money{Amount: 100, Currency: "EUR"}
		if _, err := c.CreateIntent(ctx, someIntent()); !errors.Is(err, order.ErrUnknownOutcome) {
			t.Errorf("create: %v", err)
		}
		_, got := c.GetIntent(ctx, "pi_1")
		_, captured := c.CaptureIntent(ctx, "pi_1", amount, "k")
		_, canceled := c.CancelIntent(ctx, "pi_1", "k")
		_, refunded := c.RefundIntent(ctx, "pi_1", amount, "k")
		_, listed := c.Refunds(ctx, "pi_1")
		settlements := c.Settlements(ctx, time.Time{}, time.Time{}, func([]ledger.Settlement) error { return nil })
		if err := errors.Join(got, captured, canceled, refunded, listed, settlements); err != nil {
			t.Error(err)
		}
		for _, want := range []string{
			"POST /v1/payment_intents", "GET /v1/payment_intents", "GET /v1/payment_intents/search", "GET /v1/payment_intents/pi_1", "POST /v1/payment_intents/pi_1/capture",
			"POST /v1/payment_intents/pi_1/cancel", "POST /v1/refunds", "GET /v1/refunds", "GET /v1/balance_transactions",
		} {
			if !asked[want] {
				t.Errorf("no request %s", want)
			}
		}
	}
}

// TestParameter checks that the failure names the parameter that Stripe refused, and
// nothing where Stripe names none.
func TestParameter(t *testing.T) {
	for param, want := range map[string]string{"amount": "parameter amount", "": ""} {
		client := answering(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","code":"parameter_invalid_integer","param":%q}}`, param)
		})
		_, err := client.CreateIntent(t.Context(), someIntent())
		var p *order.ProviderError
		if !errors.As(err, &p) {
			t.Fatalf("got %v", err)
		}
		if got := fmt.Sprint(p.Err); p.Err == nil && want != "" || p.Err != nil && got != want {
			t.Errorf("param %q: the failure says %q, want %q", param, got, want)
		}
	}
}
