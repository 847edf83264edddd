package stripe_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-mock/embedded"
	mock "github.com/stripe/stripe-mock/server"
	"github.com/stripe/stripe-mock/spec"

	"purser/ledger"
	"purser/order"
	"purser/providers/stripe"
)

// description returns Stripe's own description of its API.
var description = sync.OnceValues(func() (*spec.Spec, error) { return mock.LoadSpec(embedded.OpenAPISpec, "") })

// TestContract sends every request the adapter can make to stripe-mock alone,
// strictly checked, so that our own stand-in cannot flatter us (TEST-5).
func TestContract(t *testing.T) {
	described, err := description()
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := mock.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	stub, err := mock.NewStubServer(fixtures, described, true, false)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := r.Header.Get("Stripe-Version"); stripe.APIVersion != "2023-10-16" || v != stripe.APIVersion {
			t.Errorf("PAY-16: Stripe-Version %q", v)
		}
		if write := r.Method == http.MethodPost; write != (r.Header.Get("Idempotency-Key") != "") {
			t.Errorf("%s %s: idempotency key %q", r.Method, r.URL.Path, r.Header.Get("Idempotency-Key"))
		}
		status := &spy{ResponseWriter: w}
		stub.HandleRequest(status, r)
		if status.code != http.StatusOK {
			t.Errorf("stripe-mock refuses %s %s: HTTP %d", r.Method, r.URL.Path, status.code)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.URL.Path]++
	}))
	defer server.Close()
	c := clientOf(t, stripe.Config{Key: testKey, BaseURL: server.URL})
	ctx, money := t.Context(), order.Money{Amount: 1099, Currency: "USD"}
	create := order.IntentRequest{OrderID: order.NewID(), Number: 1, Amount: money, Key: "k1"}
	for op, call := range map[string]func() error{
		"create":  func() error { _, err := c.CreateIntent(ctx, create); return err },
		"get":     func() error { _, err := c.GetIntent(ctx, "pi_1"); return err },
		"find":    func() error { _, err := c.FindIntents(ctx, create); return err },
		"cancel":  func() error { _, err := c.CancelIntent(ctx, "pi_1", "k2"); return err },
		"capture": func() error { _, err := c.CaptureIntent(ctx, "pi_1", money, "k3"); return err },
		"refunds": func() error { _, err := c.Refunds(ctx, "pi_1"); return err },
		"refund":  func() error { _, err := c.RefundIntent(ctx, "pi_1", money, "k4"); return err },
		"total":   func() error { _, err := c.Total(ctx, "pi_1"); return err },
		"totals":  func() error { _, err := c.Totals(ctx, manyAsked()); return err },
		"settlements": func() error {
			return c.Settlements(ctx, time.Now().Add(-time.Hour), time.Time{}, func([]ledger.Settlement) error { return nil })
		},
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
	for _, want := range []string{
		"POST /v1/payment_intents", "GET /v1/payment_intents/pi_1", "POST /v1/payment_intents/pi_1/cancel",
		"POST /v1/payment_intents/pi_1/capture", "GET /v1/refunds", "POST /v1/refunds",
		"GET /v1/payment_intents", "GET /v1/payment_intents/search", "GET /v1/disputes", "GET /v1/balance_transactions",
	} {
		if seen[want] == 0 {
			t.Errorf("%s was never sent", want)
		}
	}
}

// manyAsked is more than is asked for one by one.
func manyAsked() (asked []ledger.Asked) {
	for i := range 10 {
		asked = append(asked, ledger.Asked{Ref: "pi_" + strconv.Itoa(i), PlacedAt: time.Now()})
	}
	return asked
}

type spy struct {
	http.ResponseWriter
	code int
}

func (s *spy) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}
