package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"purser/api/apitest"
)

// TestAccessLog proves OBS-1, OBS-2 and OBS-8: each request has one JSON line
// in the log, with the ids to search for and nothing personal or secret.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	a := s.Ask("POST", "/v1/orders", apitest.ShopKey, apitest.OrderBody("cus_1"), "X-Correlation-Id", "click-1", "Idempotency-Key", "jane-key")
	s.Ask("GET", "/v1/orders?customerId=jane", apitest.ViewerKey, "")
	s.Ask("GET", "/v1/orders", "", "", "X-Correlation-Id", "two words")
	var b apitest.PlacedBody
	a.Into(t, &b)
	if a.Header.Get("X-Correlation-Id") != "click-1" || a.Header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", a.Header)
	}
	logged := strings.Split(strings.TrimSpace(s.Log.String()), "\n")
	if len(logged) != 3 {
		t.Fatalf("%d lines, want 3: %s", len(logged), s.Log)
	}
	var l map[string]any
	if err := json.Unmarshal([]byte(logged[0]), &l); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{
		"msg": "request", "method": "POST", "route": "POST /v1/orders", "status": 201.0, "key": "web",
		"correlationId": "click-1", "requestId": a.Header.Get("X-Request-Id"), "orderId": string(b.Order.ID),
	} {
		if l[k] != want {
			t.Errorf("%s: got %v, want %v", k, l[k], want)
		}
	}
	for _, personal := range []string{"jane", "Jane", "secret", "two words", "Quay"} {
		if strings.Contains(s.Log.String(), personal) {
			t.Errorf("%q is in the log: %s", personal, s.Log)
		}
	}
}
