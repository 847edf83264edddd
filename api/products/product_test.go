package products_test

import (
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/order"
	productrecords "purser/records/products"
)

const lamp = `{"sku":"lamp/1","name":"Lamp","price":1000,"currency":"EUR","onHand":5,"tags":["brass"],"options":{"size":"M"}}`

// TestProductLifecycle proves the API's part of SRCH-3, and IDEM-6.
func TestProductLifecycle(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	at := "/v1/products/lamp%2F1"
	for _, step := range []struct {
		name, method, key, body string
		headers                 []string
		status                  int
		code, tag               string
	}{
		{name: "as a shop", method: "PUT", key: apitest.ShopKey, body: lamp, status: 403, code: "forbidden"},
		{name: "not found", method: "GET", key: apitest.ViewerKey, status: 404, code: "not_found"},
		{name: "replaced only if it exists", method: "PUT", key: apitest.OperatorKey, body: lamp, headers: []string{"If-Match", "*"}, status: 412, code: "version_conflict"},
		{name: "added", method: "PUT", key: apitest.OperatorKey, body: lamp, headers: []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, status: 201, tag: `"1.1"`},
		{name: "added again", method: "PUT", key: apitest.OperatorKey, body: lamp, headers: []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, status: 201, tag: `"1.1"`},
		{name: "another product with the same key", method: "PUT", key: apitest.OperatorKey, body: strings.Replace(lamp, "Lamp", "Lump", 1), headers: []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, status: 422, code: "idempotency_key_reused"},
		{name: "added only if it does not exist", method: "PUT", key: apitest.OperatorKey, body: lamp, headers: []string{"If-None-Match", "*"}, status: 412, code: "version_conflict"},
		{name: "read", method: "GET", key: apitest.ViewerKey, status: 200, tag: `"1.1"`},
		{name: "not modified", method: "GET", key: apitest.ViewerKey, headers: []string{"If-None-Match", `"1.1"`}, status: 304, tag: `"1.1"`},
		{name: "priced", method: "PATCH", key: apitest.OperatorKey, body: `{"price":900}`, headers: []string{"If-Match", `"1"`}, status: 200, tag: `"2.2"`},
		{name: "for an older version", method: "PATCH", key: apitest.OperatorKey, body: `{"price":800}`, headers: []string{"If-Match", `"1"`}, status: 412, code: "version_conflict"},
		{name: "for an older revision", method: "PATCH", key: apitest.OperatorKey, body: `{"onHand":8}`, headers: []string{"If-Match", `"2.1"`}, status: 412, code: "version_conflict"},
		{name: "counted", method: "PATCH", key: apitest.OperatorKey, body: `{"onHand":8}`, headers: []string{"If-Match", `"2.2"`}, status: 200, tag: `"3.3"`},
		{name: "replaced, with its stock unchanged", method: "PUT", key: apitest.OperatorKey, body: lamp, headers: []string{"If-Match", `"3"`}, status: 200, tag: `"4.4"`},
		{name: "a malformed If-Match", method: "PATCH", key: apitest.OperatorKey, body: `{"price":1}`, headers: []string{"If-Match", `W/x`}, status: 412, code: "version_conflict"},
		{name: "nothing to change", method: "PATCH", key: apitest.OperatorKey, body: `{}`, status: 422, code: "invalid"},
		{name: "a float", method: "PATCH", key: apitest.OperatorKey, body: `{"price":9.99}`, status: 422, code: "invalid"},
		{name: "an unknown currency", method: "PATCH", key: apitest.OperatorKey, body: `{"price":900,"currency":"XYZ"}`, status: 422, code: "invalid"},
		{name: "a currency alone", method: "PATCH", key: apitest.OperatorKey, body: `{"currency":"USD"}`, status: 422, code: "invalid"},
		{name: "negative stock", method: "PATCH", key: apitest.OperatorKey, body: `{"receive":-100}`, status: 422, code: "invalid"},
		{name: "another SKU in the body", method: "PUT", key: apitest.OperatorKey, body: strings.Replace(lamp, "lamp/1", "lamp", 1), status: 422, code: "invalid"},
		{name: "an invalid name", method: "PUT", key: apitest.OperatorKey, body: strings.Replace(lamp, `"Lamp"`, `"\n"`, 1), status: 422, code: "invalid"},
		{name: "deleted for an older version", method: "DELETE", key: apitest.OperatorKey, headers: []string{"If-Match", `"1"`}, status: 412, code: "version_conflict"},
		{name: "deleted", method: "DELETE", key: apitest.OperatorKey, status: 204},
		{name: "deleted already", method: "DELETE", key: apitest.OperatorKey, status: 404, code: "not_found"},
		{name: "gone", method: "GET", key: apitest.ViewerKey, status: 404, code: "not_found"},
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
	var changes struct {
		Changes []productrecords.RecordedChange
	}
	s.Ask("GET", at+"/changes", apitest.OperatorKey, "").Into(t, &changes)
	if len(changes.Changes) < 10 || changes.Changes[0].Actor != "key:ops" {
		t.Errorf("SEC-9: %d changes are listed", len(changes.Changes))
	}
}

// TestProductChangeTimeout proves IDEM-1 and IDEM-6: if a change that timed out
// is sent again with its key, the response is the result of the change and not
// that its condition no longer holds.
func TestProductChangeTimeout(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		method, body, condition string
		status                  int
	}{
		"a price":       {method: "PATCH", body: `{"price":900}`, condition: `"1"`, status: 200},
		"a description": {method: "PUT", body: strings.Replace(lamp, "Lamp", "Lantern", 1), condition: `"1.1"`, status: 200},
		"a deletion":    {method: "DELETE", condition: `"1"`, status: 204},
		"any version":   {method: "DELETE", condition: `*`, status: 204},
	} {
		s, f := apitest.NewProducts(t)
		at := "/v1/products/lamp%2F1"
		s.Ask("PUT", at, apitest.OperatorKey, lamp)
		send := func(key ...string) *apitest.Answer {
			return s.Ask(step.method, at, apitest.OperatorKey, step.body, append([]string{"If-Match", step.condition}, key...)...)
		}
		f.TimesOut = true
		first := send("Idempotency-Key", "k1")
		if p := first.Problem(t); first.Status != 503 || p.Code != "timeout" || first.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "same Idempotency-Key") {
			t.Errorf("%s: %d %+v", name, first.Status, p)
		}
		unknown := send()
		if p := unknown.Problem(t); unknown.Status != 503 || unknown.Header.Get("Retry-After") != "" || !strings.Contains(p.Detail, "read the product") {
			t.Errorf("%s, without a key: %d %+v", name, unknown.Status, p)
		}
		f.TimesOut = false
		if again := send("Idempotency-Key", "k1"); again.Status != step.status {
			t.Errorf("%s: sent again: %d %s", name, again.Status, again.Body)
		}
		if other := send(); other.Status != 412 {
			t.Errorf("%s: another change for the old version: %d %s", name, other.Status, other.Body)
		}
	}
}

// TestNoSuchSKU checks that a SKU that no product can have is not found,
// without starting a workflow.
func TestNoSuchSKU(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	for _, sku := range []string{"blue%20mug", "mu%0Ag", "%7F", "mu%C2%A0g", "mu%E2%80%8Bg", "%C2%A0", ".."} {
		for _, step := range [][2]string{{"PATCH", `{"price":1}`}, {"DELETE", ""}, {"GET", ""}} {
			if a := s.Ask(step[0], "/v1/products/"+sku, apitest.OperatorKey, step[1]); a.Status != 404 || a.Problem(t).Code != "not_found" {
				t.Errorf("%s %s: %d %s", step[0], sku, a.Status, a.Body)
			}
		}
	}
	if f.Asked > 0 {
		t.Errorf("%d changes were requested", f.Asked)
	}
}

// TestProductFaults checks that a problem lists all faults of a product.
func TestProductFaults(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	a := s.Ask("PUT", "/v1/products/x", apitest.OperatorKey, `{"sku":"x","name":" ","price":-1,"currency":"eur","onHand":-1,"rating":501}`)
	p := a.Problem(t)
	if a.Status != 422 || len(p.Errors) != 5 {
		t.Errorf("%d: %+v", a.Status, p.Errors)
	}
}

// TestProductWithoutParcel (SHP-8): a product says that it needs no parcel, and how it is
// delivered.
func TestProductWithoutParcel(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	const book = `{"sku":"book","name":"Book","price":900,"currency":"EUR","onHand":9`
	for _, c := range []struct {
		body, field string
		status      int
	}{
		{body: book + `,"delivery":"https://shop.example/1"}`, field: "body.delivery", status: 422},
		{body: book + `,"shipping":"ship"}`, field: "body.shipping", status: 422},
		{body: book + `,"shipping":"none","delivery":"https://shop.example/1"}`, status: 201},
		{body: book + `}`, status: 200},
	} {
		a := s.Ask("PUT", "/v1/products/book", apitest.OperatorKey, c.body)
		if a.Status != c.status || c.field != "" && (len(a.Problem(t).Errors) != 1 || a.Problem(t).Errors[0].Location != c.field) {
			t.Errorf("%s: %d %s", c.body, a.Status, a.Body)
		}
		if shown := strings.Contains(string(s.Ask("GET", "/v1/products/book", apitest.OperatorKey, "").Body), `"shipping":"none","delivery":"https://shop.example/1"`); shown != (c.status == 201) {
			t.Errorf("%s: read as without a parcel: %t", c.body, shown)
		}
	}
}

// TestProductReserved proves ORD-7: a stock count cannot take away stock that
// is reserved for an order.
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
