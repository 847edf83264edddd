package products_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"purser/api/apitest"
	"purser/catalog"
	"purser/text"
)

// TestProductInAnyScript: a product is added, read, changed and deleted at its address,
// in whatever script its SKU is and however it is composed; the Location leads to it
// (SEC-7).
func TestProductInAnyScript(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	body := func(sku string) string {
		b, err := json.Marshal(catalog.Product{SKU: sku, Name: "Thing", Price: 1000, Currency: "EUR", OnHand: 5})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	check := func(t interface {
		Errorf(format string, args ...any)
	}, sent string,
	) {
		at, sku := "/v1/products/"+url.PathEscape(sent), text.Clean(sent)
		var p catalog.Stocked
		put := s.Ask("PUT", at, apitest.OperatorKey, body(sent))
		if put.Status == 422 && strings.Contains(string(put.Body), "looks like") {
			return
		}
		location := put.Header.Get("Location")
		if err := json.Unmarshal(put.Body, &p); err != nil || put.Status/100 != 2 || p.SKU != sku {
			t.Errorf("PUT %q: %d %s", sent, put.Status, put.Body)
			return
		}
		if location != "" {
			if a := s.Ask("GET", location, apitest.ViewerKey, ""); a.Status != 200 {
				t.Errorf("GET %s of %q: %d %s", location, sent, a.Status, a.Body)
			}
		}
		for _, step := range []struct {
			method, at, key, body string
			status                int
		}{
			{method: "GET", at: at, key: apitest.ViewerKey, status: 200},
			{method: "PATCH", at: at, key: apitest.OperatorKey, body: `{"price":900}`, status: 200},
			{method: "GET", at: at + "/changes", key: apitest.OperatorKey, status: 200},
			{method: "DELETE", at: at, key: apitest.OperatorKey, status: 204},
			{method: "GET", at: at, key: apitest.ViewerKey, status: 404},
		} {
			if a := s.Ask(step.method, step.at, step.key, step.body); a.Status != step.status {
				t.Errorf("%s of %q: %d %s, want %d", step.method, sent, a.Status, a.Body, step.status)
			}
		}
	}
	for _, sku := range []string{"café-1", "cafe\u0301-2", "zzé", "ばら/2", "50%25", "\u200bmug\ufeff", "a+b", "UTF-8''x", "\U0001f375", "?#&"} {
		check(t, sku)
	}
	rapid.Check(t, func(rt *rapid.T) {
		if sku := rapid.StringN(1, 16, 64).Draw(rt, "sku"); catalog.IsSKU(text.Clean(sku)) && len(sku) <= 64 {
			check(rt, sku)
		}
	})
}

// TestPutCleans: texts are kept with LF at their line ends and without what nobody sees
// at their ends, through each of the doors; what is wrong inside is named (SEC-7).
func TestPutCleans(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	const dirty = `{"sku":"\u200bmug\ufeff","name":" Mug\u2028","description":"one\r\ntwo\rthree\r\n","tags":["a\u00a0"],"options":{"size ":"M\u200b"},"price":1000,"currency":"EUR","onHand":5}`
	for _, door := range []struct{ at, body string }{
		{at: "/v1/products/mug", body: dirty},
		{at: "/v1/products", body: `{"products":[` + dirty + `]}`},
	} {
		if a := s.Ask("PUT", door.at, apitest.OperatorKey, door.body); a.Status/100 != 2 {
			t.Fatalf("%s: %d %s", door.at, a.Status, a.Body)
		}
		var p catalog.Stocked
		s.Ask("GET", "/v1/products/mug", apitest.ViewerKey, "").Into(t, &p)
		if p.SKU != "mug" || p.Name != "Mug" || p.Description != "one\ntwo\nthree" || p.Tags[0] != "a" || p.Options["size"] != "M" {
			t.Errorf("%s: %+v", door.at, p)
		}
		s.Ask("DELETE", "/v1/products/mug", apitest.OperatorKey, "")
	}
	for _, c := range []struct{ name, sku, field, value, want string }{
		{name: "a zero-width space in a SKU", sku: "mu\u200bg", field: "name", value: "Mug", want: "its character 3 is an invisible character (U+200B)"},
		{name: "an override in a name", sku: "mug", field: "name", value: "M\u202eug", want: "changes the writing direction (U+202E)"},
		{name: "a line separator in a brand", sku: "mug", field: "brand", value: "a\u2028b", want: "a line break (U+2028)"},
		{name: "a NUL in a description", sku: "mug", field: "description", value: "a\x00b", want: "a control character (U+0000)"},
		{name: "a lost letter in a SKU", sku: "caf\ufffd", field: "name", value: "Mug", want: "a letter that a program has lost (U+FFFD)"},
		{name: "a blank in a SKU", sku: "mu\u2800g", field: "name", value: "Mug", want: "its character 3 is a space (U+2800)"},
		{name: "a long description", sku: "mug", field: "description", value: strings.Repeat("<", 20_001), want: "longer than 20000 characters"},
	} {
		p := map[string]any{"sku": c.sku, "name": "Mug", "price": 1, "currency": "EUR", "onHand": 1}
		p[c.field] = c.value
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if a := s.Ask("PUT", "/v1/products/"+url.PathEscape(c.sku), apitest.OperatorKey, string(b)); a.Status != 422 || !strings.Contains(a.Problem(t).Detail, c.want) {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
}

// TestLookalikesAreRefused: a product that people would take for another one is not
// added, by a refusal that names the other (SEC-7).
func TestLookalikesAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	product := func(sku string) string {
		return `{"sku":"` + sku + `","name":"Thing","price":1000,"currency":"EUR","onHand":1}`
	}
	s.Ask("PUT", "/v1/products/A-1", apitest.OperatorKey, product("A-1"))
	for _, door := range []struct{ at, body string }{
		{at: "/v1/products/a-1", body: product("a-1")},
		{at: "/v1/products", body: `{"products":[` + product("a-1") + `]}`},
		{at: "/v1/products", body: `{"products":[` + product("b-1") + `,` + product("B-1") + `]}`},
		{at: "/v1/products/%D0%90-1", body: product("\u0410-1")},                                                 // Cyrillic
		{at: "/v1/products", body: `{"products":[` + product("5\u2033") + `,` + product("5\u2032\u2032") + `]}`}, // double prime and two primes
		{at: "/v1/products", body: `{"products":[` + product("\u06a9") + `,` + product("\u0643") + `]}`},         // Persian and Arabic
	} {
		if a := s.Ask("PUT", door.at, apitest.OperatorKey, door.body); a.Status != 422 || !strings.Contains(a.Problem(t).Detail, "looks like the product") || !strings.HasPrefix(a.Problem(t).Detail, "invalid product: ") {
			t.Errorf("%s: %d %s", door.body, a.Status, a.Body)
		}
	}
}

// TestLongDescriptions: a description of 20,000 characters of HTML is taken in every
// script (SEC-7).
func TestLongDescriptions(t *testing.T) {
	t.Parallel()
	s, _ := apitest.NewProducts(t)
	for name, long := range map[string]string{
		"tags": strings.Repeat("<b>x</b>", 2_500), "Japanese": strings.Repeat("茶", 20_000), "emoji": strings.Repeat("\U0001f375", 20_000),
	} {
		b, err := json.Marshal(catalog.Product{SKU: "long", Name: "Long", Description: long, Price: 1, Currency: "EUR"})
		if err != nil {
			t.Fatal(err)
		}
		if a := s.Ask("PUT", "/v1/products/long", apitest.OperatorKey, string(b)); a.Status/100 != 2 {
			t.Fatalf("%s: %d %.300s", name, a.Status, a.Body)
		}
		var p catalog.Stocked
		s.Ask("GET", "/v1/products/long", apitest.ViewerKey, "").Into(t, &p)
		if p.Description != long {
			t.Errorf("%s: %d bytes are kept", name, len(p.Description))
		}
	}
}
