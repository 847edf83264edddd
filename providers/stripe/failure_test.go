package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/providers/guard"
	"purser/providers/stripe"
)

const secretWord = "pi_1_secret_word"

// TestKinds (RES-1) checks that each failure has one kind, for a read and for a
// write, and that the error's text contains nothing of a body.
func TestKinds(t *testing.T) {
	stripeError := func(typ, code string) string {
		return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"%s","payment_intent":{"id":"pi_1","object":"payment_intent","client_secret":%q,"status":"requires_payment_method","currency":"eur"}}}`, typ, code, secretWord, secretWord)
	}
	for _, c := range []struct {
		name        string
		status      int
		body        string
		write, read error
	}{
		{"bad parameter", 400, stripeError("invalid_request_error", "parameter_missing"), order.ErrRejected, order.ErrRejected},
		{"key with other parameters", 400, stripeError("idempotency_error", ""), order.ErrRejected, order.ErrRejected},
		{"too large", 400, stripeError("invalid_request_error", "amount_too_large"), order.ErrRejected, order.ErrRejected},
		{"F91 wrong key", 401, stripeError("invalid_request_error", ""), order.ErrDenied, order.ErrDenied},
		{"no right", 403, stripeError("invalid_request_error", ""), order.ErrDenied, order.ErrDenied},
		{"no such object", 404, stripeError("invalid_request_error", "resource_missing"), order.ErrNoSuch, order.ErrNoSuch},
		{"no such address", 404, stripeError("invalid_request_error", ""), order.ErrRejected, order.ErrRejected},
		{"request timeout", 408, stripeError("api_error", ""), order.ErrUnknownOutcome, order.ErrUnavailable},
		{"key in use", 409, stripeError("idempotency_error", "idempotency_key_in_use"), order.ErrThrottled, order.ErrThrottled},
		{"wrong state", 400, stripeError("invalid_request_error", "payment_intent_unexpected_state"), order.ErrState, order.ErrState},
		{"authorisation lapsed", 400, stripeError("invalid_request_error", "charge_expired_for_capture"), order.ErrState, order.ErrState},
		{"failed dependency", 424, stripeError("api_error", ""), order.ErrUnknownOutcome, order.ErrUnavailable},
		{"F5 throttled", 429, stripeError("invalid_request_error", "rate_limit"), order.ErrThrottled, order.ErrThrottled},
		{"locked", 429, stripeError("invalid_request_error", "lock_timeout"), order.ErrThrottled, order.ErrThrottled},
		{"F4 internal error", 500, stripeError("api_error", ""), order.ErrUnknownOutcome, order.ErrUnavailable},
		{"bad gateway, not Stripe's words", 502, "<html>" + secretWord, order.ErrUnknownOutcome, order.ErrUnavailable},
		{"unavailable", 503, stripeError("api_error", ""), order.ErrUnknownOutcome, order.ErrUnavailable},
		{"gateway timeout", 504, "", order.ErrUnknownOutcome, order.ErrUnavailable},
		{"F79 cut off", 200, `{"id":"` + secretWord, order.ErrUnknownOutcome, order.ErrUnavailable},
		{"F80 another object", 200, `{"object":"page"}`, order.ErrUnknownOutcome, order.ErrUnavailable},
		{"moved", 302, "", order.ErrUnknownOutcome, order.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := answering(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Request-Id", "req_1")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			_, err := client.GetIntent(t.Context(), "pi_1")
			wantOnly(t, "read", err, c.read)
			_, err = client.CreateIntent(t.Context(), someIntent())
			wantOnly(t, "write", err, c.write)
			_, err = client.CaptureIntent(t.Context(), "pi_1", order.Money{Amount: 100, Currency: "EUR"}, "k")
			wantOnly(t, "capture", err, c.write)
		})
	}
}

// wantOnly checks that an error is of one kind and reveals nothing.
func wantOnly(t *testing.T, what string, err, want error) {
	t.Helper()
	var p *order.ProviderError
	if !errors.As(err, &p) {
		t.Fatalf("%s: got %v, want a *order.ProviderError", what, err)
	}
	for _, kind := range []error{
		order.ErrUnavailable, order.ErrThrottled, order.ErrUnknownOutcome, order.ErrRejected, order.ErrNoSuch, order.ErrState, order.ErrDenied, order.ErrBelowMinimum,
	} {
		if errors.Is(err, kind) != (kind == want) {
			t.Errorf("%s: %v: want kind %v alone", what, err, want)
		}
	}
	if s := fmt.Sprintf("%v %v", err, p.Err); strings.Contains(s, secretWord) {
		t.Errorf("%s: the error quotes the answer: %s", what, s)
	}
}

func someIntent() order.IntentRequest {
	return order.IntentRequest{OrderID: order.NewID(), Number: 1, Amount: order.Money{Amount: 100, Currency: "EUR"}, Key: "k"}
}

func answering(t *testing.T, h http.HandlerFunc) *stripe.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return clientOf(t, stripe.Config{Key: testKey, BaseURL: server.URL})
}

func clientOf(t *testing.T, c stripe.Config) *stripe.Client {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	client, err := stripe.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestNoAnswer(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	t.Run("F75 refused: certainly not sent", func(t *testing.T) {
		_, err := clientOf(t, stripe.Config{Key: testKey, BaseURL: "http://" + dead.Addr().String()}).CreateIntent(t.Context(), someIntent())
		wantOnly(t, "write", err, order.ErrUnavailable)
	})
	t.Run("F2 F3 timeout: unknown", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		client := answering(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the caller go
			cancel()                           // the caller's time is up once the request has arrived
			<-r.Context().Done()
		})
		_, err := client.CreateIntent(ctx, someIntent())
		wantOnly(t, "write", err, order.ErrUnknownOutcome)
	})
	t.Run("RES-6 breaker open: certainly not sent", func(t *testing.T) {
		client := clientOf(t, stripe.Config{Key: testKey, BaseURL: "http://" + dead.Addr().String(), Guard: guard.Config{Consecutive: 2}})
		var err error
		for range 3 {
			_, err = client.CreateIntent(t.Context(), someIntent())
		}
		wantOnly(t, "write", err, order.ErrUnavailable)
		if !errors.Is(err, guard.ErrOpen) {
			t.Errorf("got %v, want the breaker's word", err)
		}
	})
	t.Run("RES-2 Retry-After", func(t *testing.T) {
		client := answering(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "7")
			http.Error(w, `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`, http.StatusTooManyRequests)
		})
		_, err := client.GetIntent(t.Context(), "pi_1")
		var p *order.ProviderError
		if !errors.As(err, &p) || p.RetryAfter != 7*time.Second {
			t.Errorf("got %+v", err)
		}
	})
}

func TestCardErrorIsAnOutcome(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = w.Write([]byte(`{"error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor","payment_intent":{"id":"pi_1","object":"payment_intent","amount":100,"currency":"eur","status":"requires_payment_method"}}}`))
	})
	in, err := client.CaptureIntent(t.Context(), "pi_1", order.Money{Amount: 100, Currency: "EUR"}, "k")
	if err != nil || in.Decline == nil || in.Decline.DeclineCode != "do_not_honor" || in.Status != order.PaymentPending {
		t.Errorf("got %+v, %v", in, err)
	}
	client = answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = w.Write([]byte(`{"error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor"}}`))
	})
	_, err = client.CaptureIntent(t.Context(), "pi_1", order.Money{Amount: 100, Currency: "EUR"}, "k")
	wantOnly(t, "without an intent", err, order.ErrRejected)
}

func TestNew(t *testing.T) {
	for name, c := range map[string]stripe.Config{
		"no key": {}, "publishable key": {Key: "pk_test_1"}, "test key, live shop": {Key: testKey, Live: true},
		"live key, test shop": {Key: "sk_live_1"}, "long prefix": {Key: testKey, StatementPrefix: "ELEVENCHARS"},
	} {
		if _, err := stripe.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestTooSmall (PAY-1) checks that only the payment as a whole has a minimum; a
// part of it that Stripe refuses is simply refused.
func TestTooSmall(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"amount_too_small","message":"Amount must convert to at least 50 cents.","param":"amount"}}`))
	})
	_, err := client.CreateIntent(t.Context(), order.IntentRequest{OrderID: order.NewID(), Number: 1, Amount: order.Money{Amount: 100, Currency: "TWD"}, Key: "k"})
	wantOnly(t, "create", err, order.ErrBelowMinimum)
	_, err = client.CaptureIntent(t.Context(), "pi_1", order.Money{Amount: 100, Currency: "TWD"}, "k")
	wantOnly(t, "capture", err, order.ErrRejected)
}
