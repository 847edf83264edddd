package carrier

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/sandbox/journal"
)

const goodBody = `{"reference":"r-1","to":{"name":"A","line1":"B 1","city":"C","postal_code":"10115","country":"DE"},"parcels":[{"contents":[{"sku":"mug","description":"Mug","quantity":1}]}]}`

func build(t *testing.T, path string, pace time.Duration) *Server {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	s, err := New(Config{Journal: j, Key: "k", WebhookSecret: "w", Pace: pace, OutForDelivery: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func call(s *Server, method, target, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer k")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var v map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &v)
	return w.Code, v
}

// hook runs a receiver and returns the types and statuses of its webhooks.
func hook(t *testing.T) (url string, statuses chan string) {
	statuses = make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e event
		b, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(b, &e); err != nil || !strings.HasPrefix(r.Header.Get("Carrier-Signature"), "t=") {
			t.Errorf("%s: %v", b, err)
		}
		statuses <- e.Type + " " + e.Data.Status
	}))
	t.Cleanup(srv.Close)
	return srv.URL, statuses
}

func run(t *testing.T, s *Server) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func TestProtocol(t *testing.T) {
	s := build(t, "", 0)
	replace := func(old, new string) string { return strings.Replace(goodBody, old, new, 1) }
	for _, tt := range []struct {
		name, method, target, body string
		status                     int
		code                       string
	}{
		{name: "book", method: "POST", target: "/v1/labels", body: goodBody, status: 201},
		{name: "again", method: "POST", target: "/v1/labels", body: goodBody, status: 200},
		{name: "same request, other spelling", method: "POST", target: "/v1/labels", body: " " + goodBody, status: 200},
		{name: "another parcel", method: "POST", target: "/v1/labels", body: replace("Mug", "Jug"), status: 409, code: "reference_in_use"},
		{name: "country XX", method: "POST", target: "/v1/labels", body: replace("DE", "XX"), status: 422, code: "address_undeliverable"},
		{name: "country in words", method: "POST", target: "/v1/labels", body: replace("DE", "Germany"), status: 422, code: "address_undeliverable"},
		{name: "postal code 00000", method: "POST", target: "/v1/labels", body: replace("10115", "00000"), status: 422, code: "address_undeliverable"},
		{name: "no name", method: "POST", target: "/v1/labels", body: replace(`"A"`, `" "`), status: 422, code: "address_incomplete"},
		{name: "no parcels", method: "POST", target: "/v1/labels", body: `{"reference":"x","to":{"name":"A","line1":"B","city":"C","country":"DE"}}`, status: 400, code: "invalid_request"},
		{name: "unknown field", method: "POST", target: "/v1/labels", body: `{"refrence":"x"}`, status: 400, code: "invalid_request"},
		{name: "not JSON", method: "POST", target: "/v1/labels", body: `reference=x`, status: 400, code: "invalid_request"},
		{name: "too large", method: "POST", target: "/v1/labels", body: `{"reference":"` + strings.Repeat("x", maxBody) + `"}`, status: 413, code: "too_large"},
		{name: "get", method: "GET", target: "/v1/labels/nope", status: 404, code: "not_found"},
		{name: "track", method: "GET", target: "/v1/tracking/nope", status: 404, code: "not_found"},
		{name: "void", method: "POST", target: "/v1/labels/nope/void", status: 404, code: "not_found"},
		{name: "advance an unknown parcel", method: "POST", target: "/sandbox/labels/nope/advance", body: `{"status":"delivered"}`, status: 404, code: "not_found"},
		{name: "advance to voided", method: "POST", target: "/sandbox/labels/r-1/advance", body: `{"status":"voided"}`, status: 409, code: "not_movable"},
		{name: "advance", method: "POST", target: "/sandbox/labels/r-1/advance", body: `{"status":"in_transit"}`, status: 200},
	} {
		status, v := call(s, tt.method, tt.target, tt.body)
		code := ""
		if e, ok := v["error"].(map[string]any); ok {
			code = fmt.Sprint(e["code"])
		}
		if status != tt.status || code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, code, tt.status, tt.code)
		}
	}
	r := httptest.NewRequest("GET", "/v1/labels?reference=r-1", nil)
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, r); w.Code != 401 {
		t.Errorf("without a key: %d, want 401", w.Code)
	}
}

// TestParcelsMoveByThemselves checks the automatic scans, also across a restart.
func TestParcelsMoveByThemselves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "carrier.db")
	first := build(t, path, time.Millisecond)
	if status, _ := call(first, "POST", "/v1/labels", goodBody); status != 201 {
		t.Fatal(status)
	}
	first.journal.Close() // first never ran
	s := build(t, path, time.Millisecond)
	url, statuses := hook(t)
	s.SetWebhookURL(url)
	stop := run(t, s)
	got := map[string]int{}
	for range 3 {
		got[<-statuses]++
	}
	want := map[string]int{"parcel.in_transit in_transit": 1, "parcel.out_for_delivery out_for_delivery": 1, "parcel.delivered delivered": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	stop()
	s.journal.Close()
	again := build(t, path, time.Millisecond)
	if diff := cmp.Diff(map[string]int{"r-1": 1}, again.Counts()); diff != "" {
		t.Error(diff)
	}
	_, v := call(again, "GET", "/v1/labels?reference=r-1", "")
	l := v["data"].([]any)[0].(map[string]any)
	if l["status"] != "delivered" || len(l["scans"].([]any)) != 4 {
		t.Errorf("after all: %v", l)
	}
	if again.Pending() != 0 || len(again.planned) != 0 {
		t.Errorf("%d webhooks and %d scans to come, want none", again.Pending(), len(again.planned))
	}
}

// TestHandedOver checks that a parcel cannot be voided once the carrier has it.
func TestHandedOver(t *testing.T) {
	s := build(t, "", 0)
	_, v := call(s, "POST", "/v1/labels", goodBody)
	if err := s.Advance("r-1", "in_transit", ""); err != nil {
		t.Fatal(err)
	}
	status, refusal := call(s, "POST", "/v1/labels/"+fmt.Sprint(v["id"])+"/void", "")
	if e, _ := refusal["error"].(map[string]any); status != 409 || e["code"] != "not_voidable" {
		t.Errorf("%d %v", status, refusal)
	}
}

func TestEveryLabelIsListed(t *testing.T) {
	s := build(t, "", 0)
	if _, all := call(s, "GET", "/sandbox/labels", ""); len(all["data"].([]any)) != 0 {
		t.Errorf("without a label: %v", all)
	}
	for _, reference := range []string{"r-1", "r-2"} {
		if code, answer := call(s, "POST", "/v1/labels", strings.Replace(goodBody, "r-1", reference, 1)); code != 201 {
			t.Fatalf("%d %v", code, answer)
		}
	}
	_, all := call(s, "GET", "/sandbox/labels", "")
	var got []any
	for _, l := range all["data"].([]any) {
		got = append(got, l.(map[string]any)["reference"])
	}
	if diff := cmp.Diff([]any{"r-1", "r-2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAVoidedParcelStays(t *testing.T) {
	s := build(t, "", time.Hour)
	url, statuses := hook(t)
	s.SetWebhookURL(url)
	run(t, s)
	_, v := call(s, "POST", "/v1/labels", goodBody)
	for range 2 {
		if status, _ := call(s, "POST", "/v1/labels/"+fmt.Sprint(v["id"])+"/void", ""); status != 200 {
			t.Errorf("void: %d", status)
		}
	}
	if got := <-statuses; got != "parcel.voided voided" {
		t.Errorf("webhook %s", got)
	}
	if err := s.Advance("r-1", "in_transit", ""); err == nil {
		t.Error("a voided parcel moved")
	}
	if s.Pending() > 1 {
		t.Errorf("%d webhooks for one void", s.Pending()+1)
	}
}
