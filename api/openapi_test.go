package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"purser/api/apitest"
	"purser/order"
)

// TestOpenAPI proves API-1: the document describes the operations with their
// limits and roles.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	a := s.Ask("GET", "/openapi.json", "", "")
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]map[string]any
		Components struct {
			Schemas map[string]struct {
				Properties map[string]map[string]any
				Additional any `json:"additionalProperties"`
			}
		}
	}
	a.Into(t, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	for path, methods := range map[string][]string{
		"/v1/orders": {"get", "post"}, "/v1/orders/{id}": {"get"}, "/v1/orders/{id}/events": {"get"},
		"/v1/orders/{id}/cancel": {"post"}, "/v1/orders/{id}/resolve": {"post"},
		"/v1/products": {"get", "put"}, "/v1/inbox": {"get"}, "/v1/inbox/counts": {"get"}, "/livez": {"get"}, "/readyz": {"get"},
	} {
		for _, m := range methods {
			op := doc.Paths[path][m]
			if op == nil || op["summary"] == nil {
				t.Errorf("%s %s is missing", m, path)
				continue
			}
			if secured := op["security"] != nil; secured != strings.HasPrefix(path, "/v1/") {
				t.Errorf("%s %s: secured %t", m, path, secured)
			}
			if b, _ := json.Marshal(op["responses"]); !strings.Contains(string(b), "#/components/schemas/Problem") {
				t.Errorf("%s %s does not describe its problems: %s", m, path, b)
			}
		}
	}
	if b, _ := json.Marshal(doc.Paths["/v1/orders"]["post"]["responses"]); !strings.Contains(string(b), `"202"`) {
		t.Errorf("202 is missing: %s", b)
	}
	if q := doc.Components.Schemas["RequestLine"].Properties["quantity"]; q["maximum"] != float64(order.MaxQuantity) || q["minimum"] != 1.0 {
		t.Errorf("quantity %v", q)
	}
	if _, huma := doc.Components.Schemas["ErrorModel"]; huma {
		t.Error("the document describes another error than a Problem")
	}
	// The filters of the list name all statuses and waits, and no others.
	var statuses, waits []any
	for _, p := range doc.Paths["/v1/orders"]["get"]["parameters"].([]any) {
		switch p := p.(map[string]any); p["name"] {
		case "status":
			statuses, _ = p["schema"].(map[string]any)["items"].(map[string]any)["enum"].([]any)
		case "waitingOn":
			waits, _ = p["schema"].(map[string]any)["enum"].([]any)
		}
	}
	if got, want := fmt.Sprint(statuses), fmt.Sprint(order.Statuses()); got != want {
		t.Errorf("statuses %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(waits), fmt.Sprint(order.Waits()); got != want {
		t.Errorf("waits %s, want %s", got, want)
	}
	if a := s.Ask("GET", "/openapi.yaml", "", ""); a.Status != 200 || !strings.Contains(string(a.Body), "openapi: 3.1") {
		t.Errorf("yaml: got %d", a.Status)
	}
}

// TestDocs checks that the documentation loads nothing from another server.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	a := s.Ask("GET", "/docs", "", "")
	page := string(a.Body)
	if a.Status != http.StatusOK || !strings.Contains(page, "/openapi.json") {
		t.Fatalf("got %d %s", a.Status, page)
	}
	for _, line := range strings.Split(page, "\n") {
		if strings.Contains(line, "src=\"http") || strings.Contains(line, "href=\"http") {
			t.Errorf("loaded from another server: %s", line)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self' 'sha256-", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q: want %s", policy, want)
		}
	}
	if scripts := strings.Count(page, "<script>"); scripts != strings.Count(policy, "'sha256-") {
		t.Errorf("%d scripts in the page, policy %q", scripts, policy)
	}
	if a := s.Ask("GET", "/docs/", "", ""); string(a.Body) != page {
		t.Errorf("with a slash: got %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/docs/swagger-ui.css", "", ""); a.Status != http.StatusOK || len(a.Body) < 1000 {
		t.Errorf("stylesheet: got %d, %d bytes", a.Status, len(a.Body))
	}
}

func FuzzPlace(f *testing.F) {
	f.Add([]byte(apitest.OrderBody("cus_1")))
	f.Add([]byte(`{"lines":[{"sku":"\u0000","quantity":-1}]}`))
	f.Add([]byte(`[[[[{"a":`))
	f.Add([]byte("\xff\xfe"))
	s := apitest.New(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return
		}
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, string(body))
		switch a.Status {
		case 201:
		case 400, 409, 413, 422:
			a.Problem(t)
		default:
			t.Errorf("got %d %s for %q", a.Status, a.Body, body)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("abc")
	f.Add("cDEuMS5vcmRfMQ")
	f.Add("\x89")
	s := apitest.New(f)
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, path := range []string{"/v1/orders", "/v1/inbox"} {
			a := s.Ask("GET", path+"?cursor="+url.QueryEscape(cursor), apitest.OperatorKey, "")
			want := "invalid"
			if !utf8.ValidString(cursor) || strings.ContainsRune(cursor, 0) {
				want = "malformed" // because the URL is not text
			}
			if (a.Status != 200 || want == "malformed") && a.Problem(t).Code != want {
				t.Errorf("%s: got %d %s for %q", path, a.Status, a.Body, cursor)
			}
		}
	})
}
