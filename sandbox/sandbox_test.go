package sandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/sandbox/carrier"
	"purser/sandbox/search"
	"purser/sandbox/ses"
	"purser/sandbox/stripe"
)

func build(t *testing.T, dir string) (*Sandbox, *httptest.Server) {
	t.Helper()
	s, err := New(Config{
		DataDir: dir,
		Stripe:  &stripe.Config{Key: "sk_test_1", PublishableKey: "pk_test_1", WebhookSecret: "whsec_1"},
		Carrier: &carrier.Config{Key: "k", WebhookSecret: "w", Pace: time.Millisecond},
		SES:     &ses.Config{},
		Search:  &search.Config{MasterKey: "master"},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(func() { srv.Close(); s.Close() })
	return s, srv
}

func call(t *testing.T, method, url, auth, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", auth)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

const label = `{"reference":"r-1","to":{"name":"A","line1":"B 1","city":"C","postal_code":"10115","country":"DE"},"parcels":[{"contents":[{"sku":"mug","description":"Mug","quantity":1}]}]}`

// TestSandbox checks that every stand-in is served below its path, that faults
// reach it, and that parcels survive a restart.
func TestSandbox(t *testing.T) {
	dir := t.TempDir()
	s, srv := build(t, dir)
	signed := "AWS4-HMAC-SHA256 Credential=AK/"
	for _, tt := range []struct {
		method, path, auth, body string
		status                   int
	}{
		{method: "GET", path: "/stripe/v1/payment_intents?limit=1", auth: "Bearer sk_test_1", status: 200},
		{method: "GET", path: "/ses/v2/email/account", auth: signed, status: 200},
		{method: "GET", path: "/search/health", status: 200},
		{method: "GET", path: "/search/indexes", auth: "Bearer master", status: 200},
		{method: "GET", path: "/search/indexes", auth: "Bearer nonsense", status: 403},
		{method: "GET", path: "/mail", status: 200},
		{method: "GET", path: "/mail/style.css", status: 200},
		{method: "POST", path: "/sandbox/faults", body: `{"faults":[{"provider":"carrier","match":"POST /v1/labels","do":"status","status":503,"times":1}]}`, status: 201},
		{method: "POST", path: "/carrier/v1/labels", auth: "Bearer k", body: label, status: 503},
		{method: "POST", path: "/carrier/v1/labels", auth: "Bearer k", body: label, status: 201},
		{method: "DELETE", path: "/sandbox/faults", status: 200},
		{method: "GET", path: "/elsewhere", status: 404},
	} {
		if status, body := call(t, tt.method, srv.URL+tt.path, tt.auth, tt.body); status != tt.status {
			t.Errorf("%s %s: %d, want %d: %s", tt.method, tt.path, status, tt.status, body)
		}
	}
	s.Close()

	arrived := make(chan struct{}, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} }))
	defer hook.Close()
	again, srv := build(t, dir)
	again.SetWebhooks("", hook.URL)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- again.Run(ctx) }()
	<-arrived
	<-arrived // in transit, delivered
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, body := call(t, "GET", srv.URL+"/carrier/v1/labels?reference=r-1", "Bearer k", ""); !strings.Contains(body, `"status":"delivered"`) {
		t.Errorf("after a restart: %s", body)
	}
}

func TestOnlyConfiguredStandIns(t *testing.T) {
	s, err := New(Config{SES: &ses.Config{}})
	if err != nil {
		t.Fatal(err)
	}
	s.SetWebhooks("http://a.invalid", "http://b.invalid")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/carrier/v1/labels", nil))
	if s.Stripe != nil || s.Carrier != nil || w.Code != 404 {
		t.Errorf("a stand-in runs that is not configured (%d)", w.Code)
	}
}
