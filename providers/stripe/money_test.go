package stripe_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purser/order"
	"purser/providers/stripe"
)

// TestMoneyInDoubt (RES-1, PAY-4): where a response leaves the outcome open, the object
// that Stripe has decides, and nothing but the whole of it: the state, the amount and the
// currency.
func TestMoneyInDoubt(t *testing.T) {
	const (
		capturePath, cancelPath, intentPath = "POST /v1/payment_intents/pi_1/capture", "POST /v1/payment_intents/pi_1/cancel", "GET /v1/payment_intents/pi_1"
		createPath, intentsPath             = "POST /v1/payment_intents", "GET /v1/payment_intents"
		refundPath, listPath                = "POST /v1/refunds", "GET /v1/refunds"

		broken    = `500 {"error":{"type":"api_error"}}`
		allGone   = `400 {"error":{"type":"invalid_request_error","code":"charge_already_refunded"}}`
		noRefunds = `200 {"object":"list","data":[]}`
	)
	eur := order.Money{Amount: 100, Currency: "EUR"}
	intent := func(status, currency string, received int) string {
		return fmt.Sprintf(`200 {"id":"pi_1","object":"payment_intent","amount":100,"amount_received":%d,"currency":%q,"status":%q}`, received, currency, status)
	}
	refund := func(id, status string) string {
		return fmt.Sprintf(`{"id":%q,"object":"refund","amount":100,"currency":"eur","status":%q}`, id, status)
	}
	id := order.IDForKey("shop", "key")
	intents := func(numbers ...string) string {
		var all []string
		for _, n := range numbers {
			all = append(all, fmt.Sprintf(`{"id":"pi_%s","object":"payment_intent","amount":100,"currency":"eur","status":"requires_payment_method","metadata":{"order_id":%q,"payment_number":%q}}`, n, id, n))
		}
		return `200 {"object":"list","data":[` + strings.Join(all, ",") + `]}`
	}
	create := func(t *testing.T, c *stripe.Client) (string, error) {
		in, err := c.CreateIntent(t.Context(), order.IntentRequest{OrderID: id, Number: 2, Amount: eur, Key: "k", PlacedAt: time.Now()})
		return in.ID, err
	}
	capture := func(t *testing.T, c *stripe.Client) (string, error) {
		in, err := c.CaptureIntent(t.Context(), "pi_1", eur, "k")
		return string(in.Status), err
	}
	cancel := func(t *testing.T, c *stripe.Client) (string, error) {
		in, err := c.CancelIntent(t.Context(), "pi_1", "k")
		return string(in.Status), err
	}
	refundAll := func(t *testing.T, c *stripe.Client) (string, error) {
		r, err := c.RefundIntent(t.Context(), "pi_1", eur, "k")
		return r.Reference, err
	}
	for _, c := range []struct {
		name  string
		do    func(*testing.T, *stripe.Client) (string, error)
		sends map[string]string // by request: the status and the body
		got   string
		want  error
		reads bool // nothing may be changed
	}{
		{name: "captured", do: capture, sends: map[string]string{capturePath: broken, intentPath: intent("succeeded", "eur", 100)}, got: "captured"},
		{name: "captured in another currency", do: capture, sends: map[string]string{capturePath: broken, intentPath: intent("succeeded", "usd", 100)}, want: order.ErrState},
		{name: "another amount captured", do: capture, sends: map[string]string{capturePath: broken, intentPath: intent("succeeded", "eur", 99)}, want: order.ErrState},
		{name: "not captured", do: capture, sends: map[string]string{capturePath: broken, intentPath: intent("requires_capture", "eur", 0)}, want: order.ErrUnknownOutcome},
		{name: "an intent without a status", do: capture, sends: map[string]string{capturePath: `200 {"id":"pi_1","object":"payment_intent","currency":"eur"}`}, want: order.ErrUnknownOutcome},
		{name: "created", do: create, sends: map[string]string{createPath: broken, intentsPath: intents("2", "1")}, got: "pi_2"},
		{name: "only the payment before it was created", do: create, sends: map[string]string{createPath: broken, intentsPath: intents("1")}, want: order.ErrUnknownOutcome},
		{name: "cancelled", do: cancel, sends: map[string]string{cancelPath: broken, intentPath: intent("canceled", "eur", 0)}, got: "canceled"},
		{name: "captured before it was cancelled", do: cancel, sends: map[string]string{cancelPath: broken, intentPath: intent("succeeded", "eur", 100)}, want: order.ErrState},
		{name: "captured in part before it was cancelled", do: cancel, sends: map[string]string{cancelPath: broken, intentPath: intent("succeeded", "eur", 40)}, want: order.ErrState},
		{name: "not cancelled", do: cancel, sends: map[string]string{cancelPath: broken, intentPath: intent("requires_capture", "eur", 0)}, want: order.ErrUnknownOutcome},
		{name: "the refunds cannot be listed", do: refundAll, sends: map[string]string{listPath: broken}, want: order.ErrUnavailable, reads: true},
		{name: "refunded", do: refundAll, sends: map[string]string{listPath: noRefunds, refundPath: "200 " + refund("re_1", "succeeded")}, got: "re_1"},
		{name: "the refund was cancelled", do: refundAll, sends: map[string]string{listPath: noRefunds, refundPath: "200 " + refund("re_1", "canceled")}, want: order.ErrRejected},
		{name: "the bank refused the refund", do: refundAll, sends: map[string]string{listPath: noRefunds, refundPath: "200 " + refund("re_1", "failed")}, want: order.ErrRejected},
		{name: "not a refund", do: refundAll, sends: map[string]string{listPath: noRefunds, refundPath: `200 {"object":"page"}`}, want: order.ErrUnknownOutcome},
		{
			name: "all was refunded by others, in two parts", do: refundAll, got: "re_2", // Stripe lists the newest first
			sends: map[string]string{listPath: `200 {"object":"list","data":[` + refund("re_2", "pending") + "," + refund("re_1", "succeeded") + `]}`, refundPath: allGone},
		},
		{
			name: "all was refunded by others, and a later refund failed", do: refundAll, got: "re_1",
			sends: map[string]string{listPath: `200 {"object":"list","data":[` + refund("re_2", "failed") + "," + refund("re_1", "succeeded") + `]}`, refundPath: allGone},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var writes atomic.Int64
			client := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					writes.Add(1)
				}
				var status int
				body := c.sends[r.Method+" "+r.URL.Path]
				if _, err := fmt.Sscan(body, &status); err != nil {
					t.Errorf("%s %s was not expected", r.Method, r.URL.Path)
					status = http.StatusInternalServerError
				}
				w.WriteHeader(status)
				fmt.Fprint(w, strings.TrimLeft(body, "0123456789 "))
			})
			got, err := c.do(t, client)
			if c.want != nil {
				wantOnly(t, "it failed", err, c.want)
			} else if err != nil || got != c.got {
				t.Errorf("got %q, %v, want %q", got, err, c.got)
			}
			if want := map[bool]int64{false: 1, true: 0}[c.reads]; writes.Load() != want {
				t.Errorf("%d requests that change something, want %d", writes.Load(), want)
			}
		})
	}
}
