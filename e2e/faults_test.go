package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/sandbox/faults"
	"purser/soak"
)

// TestFaults completes orders while every provider misbehaves: calls fail before
// or after the work was done, and webhooks are lost, repeated, late or out of
// order (TEST-7, N31).
func TestFaults(t *testing.T) {
	t.Parallel()
	orders := 24
	if soak.Full() {
		orders = 60
	}
	s := newStack(t, nil, "--ask-after=1s", "--track-after=2s")
	rules := faults.Rules{
		Webhooks: []faults.WebhookFault{
			{Do: "drop", Rate: 0.25},
			{Do: "repeat", Copies: 3, Rate: 0.3},
			{Do: "delay", Rate: 0.3},
			{Do: "reorder", Rate: 0.3},
		},
		Faults: []faults.Fault{
			{Do: faults.Timeout, Delay: time.Second},
			{Do: faults.Timeout, Delay: time.Second, When: faults.After},
			{Do: faults.Reset},
			{Do: faults.Reset, When: faults.After},
			{Do: faults.Malformed, When: faults.After},
			{Do: faults.Status, Status: 500},
			{Do: faults.Status, Status: 500, When: faults.After},
			{Do: faults.Status, Status: 429, RetryAfter: time.Second},
		},
	}
	for i := range rules.Faults {
		rules.Faults[i].Rate = 0.04
	}
	s.misbehave(t, rules)
	seen := (&crowd{stack: s}).shop(t, orders, func() {})
	for id, status := range seen {
		if status != order.Delivered {
			t.Errorf("%s ended %s", id, status)
		}
	}
	if struck := s.behave(t); slices.Contains(struck, 0) {
		t.Errorf("a fault was never applied: %v", struck)
	}
	s.audit(t, seen)
}

// misbehave adds rules for faults to the sandbox.
func (s *stack) misbehave(t *testing.T, rules faults.Rules) {
	t.Helper()
	b, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if a := send(t, http.MethodPost, s.at.Sandbox+"/sandbox/faults", "", strings.NewReader(string(b))); a.status != http.StatusCreated {
		t.Fatalf("HTTP %d %s", a.status, a.body)
	}
}

// behave removes the rules and returns how often each was applied.
func (s *stack) behave(t *testing.T) (struck []int) {
	t.Helper()
	var rules faults.Rules
	getJSON(t, s.at.Sandbox+"/sandbox/faults", &rules)
	for _, f := range rules.Faults {
		struck = append(struck, f.Struck)
	}
	for _, w := range rules.Webhooks {
		struck = append(struck, w.Struck)
	}
	t.Logf("faults applied: %v", struck)
	send(t, http.MethodDelete, s.at.Sandbox+"/sandbox/faults", "", nil)
	return struck
}
