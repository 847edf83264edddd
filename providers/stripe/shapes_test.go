package stripe_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stripe/stripe-mock/spec"

	"purser/activities/porttest"
	"purser/order"
)

// TestShapes (TEST-5): the sandbox sends no field that Stripe's description does
// not have, and each with the type and one of the values that are described. The
// sandbox may leave fields out.
func TestShapes(t *testing.T) {
	described, err := description()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, "card", "ideal", "sepa_debit")
	get := func(path string) (v map[string]any) {
		r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+testKey)
		s.sandbox.Handler().ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %v", path, w.Code, err)
		}
		return v
	}
	seen := map[string]int{}
	check := func(v any) {
		o := v.(map[string]any)
		name := o["object"].(string)
		seen[name]++
		for _, problem := range shape(described.Components.Schemas, described.Components.Schemas[name], v, name) {
			t.Error(problem)
		}
	}
	for _, method := range []string{
		"pm_card_visa", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_authenticationRequired", "pm_sandbox_slow",
		"pm_card_createDispute", "pm_card_refundFail", "pm_card_createDisputeInquiry", "pm_card_pendingRefund", "pm_sandbox_ideal", "pm_success_de", "pm_failed_de",
	} {
		in, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), order.Money{Amount: 1000, Currency: "EUR"}))
		if err == nil {
			_, err = s.sandbox.Confirm(in.ID, method)
		}
		if err == nil {
			in, err = s.client.GetIntent(t.Context(), in.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		check(get("/v1/payment_intents/" + in.ID + "?expand[]=latest_charge"))
		if in.Status == order.PaymentAuthorized {
			if _, err := s.client.CaptureIntent(t.Context(), in.ID, order.Money{Amount: 400, Currency: "EUR"}, in.ID+":capture"); err != nil {
				t.Fatal(err)
			}
			_, _ = s.client.RefundIntent(t.Context(), in.ID, order.Money{Amount: 100, Currency: "EUR"}, in.ID+":refund") // the disputed one is refused
		}
	}
	lapsed, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), order.Money{Amount: 1000, Currency: "EUR"}))
	if err == nil {
		_, err = s.sandbox.Confirm(lapsed.ID, "pm_card_visa")
	}
	s.lapse()
	if err == nil {
		err = s.sandbox.Sweep()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/payment_intents?limit=100", "/v1/charges?limit=100", "/v1/refunds?limit=100&expand[]=data.charge", "/v1/events?limit=100"} {
		for _, v := range get(path)["data"].([]any) {
			check(v)
			if e := v.(map[string]any); e["object"] == "event" {
				check(e["data"].(map[string]any)["object"])
			}
		}
	}
	for _, name := range []string{"payment_intent", "charge", "refund", "dispute", "event"} {
		if seen[name] == 0 {
			t.Errorf("no %s was checked", name)
		}
	}
}

// shape returns how a value differs from a schema. A field that is missing is no
// difference.
func shape(all map[string]*spec.Schema, s *spec.Schema, v any, at string) []string {
	if s.Ref != "" {
		return shape(all, all[strings.TrimPrefix(s.Ref, "#/components/schemas/")], v, at)
	}
	if v == nil {
		if s.Nullable {
			return nil
		}
		return []string{at + " is null"}
	}
	if len(s.AnyOf) > 0 {
		var found []string
		for _, option := range s.AnyOf {
			if found = shape(all, option, v, at); len(found) == 0 {
				return nil
			}
		}
		return found // those of the last option, which is the object where there is one
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return []string{fmt.Sprintf("%s is %v, want one of %v", at, v, s.Enum)}
	}
	switch v := v.(type) {
	case map[string]any:
		return fields(all, s, v, at)
	case []any:
		var found []string
		for i, e := range v {
			found = append(found, shape(all, s.Items, e, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return found
	}
	n, isNumber := v.(float64)
	_, isString := v.(string)
	_, isBool := v.(bool)
	if s.Type == spec.TypeString != isString || s.Type == spec.TypeBoolean != isBool || s.Type == spec.TypeInteger != (isNumber && n == math.Trunc(n)) {
		return []string{fmt.Sprintf("%s is %v, want %s", at, v, s.Type)}
	}
	return nil
}

func fields(all map[string]*spec.Schema, s *spec.Schema, v map[string]any, at string) (found []string) {
	if s.Type != spec.TypeObject {
		return []string{at + " is an object, want " + s.Type}
	}
	for name, field := range v {
		switch {
		case s.Properties[name] != nil:
			found = append(found, shape(all, s.Properties[name], field, at+"."+name)...)
		case s.AdditionalProperties != nil:
			found = append(found, shape(all, s.AdditionalProperties, field, at+"."+name)...)
		case len(s.Properties) > 0:
			found = append(found, at+"."+name+" does not exist at Stripe")
		}
	}
	return found
}
