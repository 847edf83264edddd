package products_test

import (
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

const lamp = `{"sku":"lamp/1","name":"Lamp","price":1000,"currency":"EUR","onHand":5,"tags":["brass"],"options":{"size":"M"}}`

// TestProductStory proves SRCH-3's front door and IDEM-6.
func TestProductStory(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	at := "/v1/products/lamp%2F1"
	for _, step := range []struct {
		name, method, key, body string
		headers                 []string
		status                  int
		code, tag               string
	}{
		{"a shop may not", "PUT", apitest.ShopKey, lamp, nil, 403, "forbidden", ""},
		{"nothing there", "GET", apitest.ViewerKey, "", nil, 404, "not_found", ""},
		{"only if there is one", "PUT", apitest.OperatorKey, lamp, []string{"If-Match", "*"}, 412, "version_conflict", ""},
		{"added", "PUT", apitest.OperatorKey, lamp, []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, 201, "", `"1.1"`},
		{"added again", "PUT", apitest.OperatorKey, lamp, []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, 201, "", `"1.1"`},
		{"another under that key", "PUT", apitest.OperatorKey, strings.Replace(lamp, "Lamp", "Lump", 1), []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, 422, "idempotency_key_reused", ""},
		{"there is one", "PUT", apitest.OperatorKey, lamp, []string{"If-None-Match", "*"}, 412, "version_conflict", ""},
		{"read", "GET", apitest.ViewerKey, "", nil, 200, "", `"1.1"`},
		{"not modified", "GET", apitest.ViewerKey, "", []string{"If-None-Match", `"1.1"`}, 304, "", `"1.1"`},
		{"priced", "PATCH", apitest.OperatorKey, `{"price":900}`, []string{"If-Match", `"1"`}, 200, "", `"2.2"`},
		{"too late", "PATCH", apitest.OperatorKey, `{"price":800}`, []string{"If-Match", `"1"`}, 412, "version_conflict", ""},
		{"stock moved", "PATCH", apitest.OperatorKey, `{"onHand":8}`, []string{"If-Match", `"2.1"`}, 412, "version_conflict", ""},
		{"counted", "PATCH", apitest.OperatorKey, `{"onHand":8}`, []string{"If-Match", `"2.2"`}, 200, "", `"3.3"`},
		{"described, stock stays", "PUT", apitest.OperatorKey, lamp, []string{"If-Match", `"3"`}, 200, "", `"4.4"`},
		{"nonsense to match", "PATCH", apitest.OperatorKey, `{"price":1}`, []string{"If-Match", `W/x`}, 412, "version_conflict", ""},
		{"nothing to change", "PATCH", apitest.OperatorKey, `{}`, nil, 422, "invalid", ""},
		{"a float", "PATCH", apitest.OperatorKey, `{"price":9.99}`, nil, 422, "invalid", ""},
		{"in what nobody can be charged", "PATCH", apitest.OperatorKey, `{"price":900,"currency":"XYZ"}`, nil, 422, "invalid", ""},
		{"a currency alone", "PATCH", apitest.OperatorKey, `{"currency":"USD"}`, nil, 422, "invalid", ""},
		{"fewer than none", "PATCH", apitest.OperatorKey, `{"receive":-100}`, nil, 422, "invalid", ""},
		{"another sku", "PUT", apitest.OperatorKey, strings.Replace(lamp, "lamp/1", "lamp", 1), nil, 422, "invalid", ""},
		{"wrong", "PUT", apitest.OperatorKey, strings.Replace(lamp, `"Lamp"`, `"\n"`, 1), nil, 422, "invalid", ""},
		{"deleted too late", "DELETE", apitest.OperatorKey, "", []string{"If-Match", `"1"`}, 412, "version_conflict", ""},
		{"deleted", "DELETE", apitest.OperatorKey, "", nil, 204, "", ""},
		{"deleted already", "DELETE", apitest.OperatorKey, "", nil, 404, "not_found", ""},
		{"gone", "GET", apitest.ViewerKey, "", nil, 404, "not_found", ""},
	} {
		a := s.Ask(step.method, at, step.key, step.body, step.headers...)
		if a.Status != step.status || step.tag != "" && a.Header.Get("ETag") != step.tag {
			t.Fatalf("%s: %d %s %s, want %d %s", step.name, a.Status, a.Header.Get("ETag"), a.Body, step.status, step.tag)
		}
		if step.code != "" {
			if p := a.Problem(t); p.Code != step.code {
				t.Errorf("%s: code %s, want %s", step.name, p.Code, step.code)
			}
		}
	}
	var changes struct{ Changes []records.ProductChange }
	s.Ask("GET", at+"/changes", apitest.OperatorKey, "").Into(t, &changes)
	if len(changes.Changes) < 10 || changes.Changes[0].Actor != "key:ops" {
		t.Errorf("SEC-9: %d changes are known", len(changes.Changes))
	}
}

// A change that was made but not answered in time is sent again as it was: it
// gets its own answer, and not that its condition no longer holds (IDEM-1,
// IDEM-6).
func TestProductChangeAnsweredTooLate(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		method, body, condition string
		status                  int
	}{
		"a price":        {"PATCH", `{"price":900}`, `"1"`, 200},
		"a description":  {"PUT", strings.Replace(lamp, "Lamp", "Lantern", 1), `"1.1"`, 200},
		"a deletion":     {"DELETE", "", `"1"`, 204},
		"whatever it is": {"DELETE", "", `*`, 204},
	} {
		s, f := apitest.NewProducts(t)
		at := "/v1/products/lamp%2F1"
		s.Ask("PUT", at, apitest.OperatorKey, lamp)
		send := func(key ...string) *apitest.Answer {
			return s.Ask(step.method, at, apitest.OperatorKey, step.body, append([]string{"If-Match", step.condition}, key...)...)
		}
		f.Late = true
		first := send("Idempotency-Key", "k1")
		if p := first.Problem(t); first.Status != 503 || p.Code != "timeout" || first.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "same Idempotency-Key") {
			t.Errorf("%s: %d %+v", name, first.Status, p)
		}
		unknown := send()
		if p := unknown.Problem(t); unknown.Status != 503 || unknown.Header.Get("Retry-After") != "" || !strings.Contains(p.Detail, "read the product") {
			t.Errorf("%s, without a key: %d %+v", name, unknown.Status, p)
		}
		f.Late = false
		if again := send("Idempotency-Key", "k1"); again.Status != step.status {
			t.Errorf("%s: sent again: %d %s", name, again.Status, again.Body)
		}
		if other := send(); other.Status != 412 {
			t.Errorf("%s: another one for a version that is gone: %d %s", name, other.Status, other.Body)
		}
	}
}

// What can never be a product's SKU is not there, and has no workflow started
// to find that out.
func TestNoSuchSKU(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	for _, sku := range []string{"blue%20mug", "mug%0A", "%7F", "mug%C2%A0", ".."} {
		for _, step := range [][2]string{{"PATCH", `{"price":1}`}, {"DELETE", ""}, {"GET", ""}} {
			if a := s.Ask(step[0], "/v1/products/"+sku, apitest.OperatorKey, step[1]); a.Status != 404 || a.Problem(t).Code != "not_found" {
				t.Errorf("%s %s: %d %s", step[0], sku, a.Status, a.Body)
			}
		}
	}
	if f.Asked > 0 {
		t.Errorf("%d changes were asked for", f.Asked)
	}
}

// Everything that is wrong is told at once.
func TestProductFaults(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	a := s.Ask("PUT", "/v1/products/x", apitest.OperatorKey, `{"sku":"x","name":" ","price":-1,"currency":"eur","onHand":-1,"rating":501}`)
	p := a.Problem(t)
	if a.Status != 422 || len(p.Errors) != 5 {
		t.Errorf("%d: %+v", a.Status, p.Errors)
	}
}

// ORD-7: what is set aside for an order cannot be counted away.
func TestProductReserved(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	s.Place(t, "cus_1")
	a := s.Ask("PATCH", "/v1/products/mug-blue", apitest.OperatorKey, `{"onHand":1}`)
	if p := a.Problem(t); a.Status != 409 || p.Code != "reserved" || !strings.Contains(p.Detail, "2 are set aside") {
		t.Errorf("%d %+v", a.Status, p)
	}
	f.Fail = order.ErrBusy
	if a := s.Ask("PATCH", "/v1/products/mug-blue", apitest.OperatorKey, `{"onHand":1}`); a.Status != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("busy: %d", a.Status)
	}
}
