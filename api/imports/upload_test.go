package imports_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/api/httpkit"
	"purser/catalog"
)

// upload sends a file to the import.
func upload(s http.Handler, key, query, body string, headers ...string) *apitest.Answer {
	r := httptest.NewRequest("POST", "/v1/imports?"+query, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return apitest.NewAnswer(rec)
}

func TestImportUpload(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	file := "sku,name,price,currency\n" + strings.Repeat("x,X,1,EUR\n", 60_000)
	a := upload(s, apitest.OperatorKey, "kind=products&name=all.csv", file, "Idempotency-Key", "night-1")
	var i catalog.Import
	a.Into(t, &i)
	if a.Status != 202 || i.State != catalog.ImportReading || i.Bytes != int64(len(file)) || len(f.Started) != 1 || a.Header.Get("Location") != "/v1/imports/"+i.ID {
		t.Fatalf("%d %s %d", a.Status, a.Body, len(f.Started))
	}
	var stored strings.Builder
	for at := int64(0); ; {
		b, err := f.Store.ImportBytes(t.Context(), i.ID, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 {
			break
		}
		stored.Write(b)
		at += int64(len(b))
	}
	if stored.String() != file {
		t.Errorf("%d of %d bytes are stored", stored.Len(), len(file))
	}
	for name, other := range map[string]string{
		"another file": "sku,name\nother,Other\n", "a longer one": file + "y,Y,1,EUR\n", "a changed one": file[:len(file)-2] + "S\n",
	} {
		if a := upload(s, apitest.OperatorKey, "kind=products", other, "Idempotency-Key", "night-1"); a.Status != 422 || a.Problem(t).Code != "idempotency_key_reused" {
			t.Errorf("IDEM-2: %s with the same key: %d %s", name, a.Status, a.Body)
		}
	}
	again := upload(s, apitest.OperatorKey, "kind=products", file, "Idempotency-Key", "night-1")
	if again.Status != 202 || !strings.Contains(string(again.Body), i.ID) || len(f.Started) != 2 {
		t.Errorf("IDEM-1: the same file again: %d %s", again.Status, again.Body)
	}
	if other := upload(s, apitest.OperatorKey, "kind=stock", "sku,onHand\nx,1\n", "Idempotency-Key", "night-1"); other.Status != 422 || other.Problem(t).Code != "idempotency_key_reused" {
		t.Errorf("IDEM-2: another kind with the same key: %d %s", other.Status, other.Body)
	}
	if a := s.Ask("GET", "/v1/imports/"+i.ID, apitest.OperatorKey, ""); a.Status != 200 {
		t.Errorf("get: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/v1/imports/"+i.ID+"/errors", apitest.OperatorKey, ""); a.Status != 200 || !strings.Contains(string(a.Body), `"errors":[]`) {
		t.Errorf("errors: %d %s", a.Status, a.Body)
	}
	if a := s.Ask("GET", "/v1/imports", apitest.OperatorKey, ""); a.Status != 200 || !strings.Contains(string(a.Body), "all.csv") {
		t.Errorf("list: %d %s", a.Status, a.Body)
	}
}

func TestImportRefused(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	for name, c := range map[string]struct {
		key, query, body string
		headers          []string
		status           int
		says             string
	}{
		"a shop":         {key: apitest.ShopKey, body: "sku\n", status: 403, says: "role shop"},
		"nobody":         {key: "wrong-secret-0123456789", body: "sku\n", status: 401},
		"another kind":   {key: apitest.OperatorKey, query: "kind=people", body: "sku\n", status: 422, says: "kind"},
		"empty":          {key: apitest.OperatorKey, status: 422, says: "empty"},
		"wrong header":   {key: apitest.OperatorKey, body: "sku,colour\na,b\n", status: 422, says: "colour"},
		"a spreadsheet":  {key: apitest.OperatorKey, body: "PK\x03\x04", status: 422, says: "CSV"},
		"compressed":     {key: apitest.OperatorKey, body: "sku\n", headers: []string{"Content-Encoding", "gzip"}, status: 415, says: "compressed"},
		"too large":      {key: apitest.OperatorKey, body: "sku\n" + strings.Repeat("x\n", 1<<20), status: 413, says: "2097152 bytes"},
		"no such import": {key: apitest.OperatorKey, status: 422},
	} {
		a := upload(s, c.key, c.query, c.body, c.headers...)
		if p := a.Problem(t); a.Status != c.status || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %d %+v", name, a.Status, p)
		}
	}
	if a := s.Ask("GET", "/v1/imports/imp_none", apitest.OperatorKey, ""); a.Status != 404 {
		t.Errorf("no such import: %d", a.Status)
	}
	if all, err := f.Store.Imports(t.Context(), 10); err != nil || len(all) > 0 || len(f.Started) > 0 {
		t.Errorf("left behind: %+v %v", all, err)
	}
}

// TestImportBreaksOff checks that nothing is left of a file that breaks off, or
// that is too long without having announced its length.
func TestImportBreaksOff(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, body := range map[string]io.Reader{
		"broken off": io.MultiReader(strings.NewReader("sku,name\n"+strings.Repeat("x,X\n", 100_000)), brokenReader{}),
		"endless":    io.MultiReader(strings.NewReader("sku,name\n"), endless{}),
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/v1/imports", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+apitest.OperatorKey)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			var p httpkit.Problem
			if derr := json.NewDecoder(resp.Body).Decode(&p); derr != nil || resp.StatusCode != 413 {
				t.Errorf("%s: %d %v", name, resp.StatusCode, derr)
			}
			_ = resp.Body.Close()
		}
	}
	server.Close() // waits until all requests have ended
	if all, err := f.Store.Imports(t.Context(), 10); err != nil || len(all) > 0 || len(f.Started) > 0 {
		t.Errorf("left behind: %+v %v", all, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the connection broke off") }

type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, fmt.Sprintf("%-1000s\n", "x,X")), nil }

// TestImportDecimal: how prices are written is part of the request: a repetition that says
// it differently is another import (IDEM-2), and without it the refusal names the option.
func TestImportDecimal(t *testing.T) {
	t.Parallel()
	s, f := apitest.NewProducts(t)
	const file = "sku;price;currency\nx;14,50;EUR\n"
	a := upload(s, apitest.OperatorKey, "kind=prices&decimal=comma", file, "Idempotency-Key", "k")
	var i catalog.Import
	a.Into(t, &i)
	header, err := f.Store.ImportHeader(t.Context(), i.ID)
	if a.Status != 202 || err != nil || !strings.Contains(header, `"decimal":"comma"`) {
		t.Fatalf("%d %s, header %s %v", a.Status, a.Body, header, err)
	}
	for _, c := range []struct {
		name, query, body string
		status            int
		want              string
	}{
		{name: "again", query: "kind=prices&decimal=comma", body: file, status: 202, want: i.ID},
		{name: "with a point", query: "kind=prices&decimal=point", body: file, status: 422, want: "idempotency_key_reused"},
		{name: "without", query: "kind=prices", body: file, status: 422, want: "idempotency_key_reused"},
		{name: "another word", query: "kind=prices&decimal=%2C", body: file, status: 422, want: "want point or comma"},
		{name: "of stock", query: "kind=stock&decimal=comma", body: "sku,onHand\n", status: 422, want: "a file of stock has none"},
		{name: "of JSON lines", query: "kind=prices&decimal=comma", body: `{"sku":"x"}`, status: 422, want: "is for CSV"},
	} {
		if a := upload(s, apitest.OperatorKey, c.query, c.body, "Idempotency-Key", "k"); a.Status != c.status || !strings.Contains(string(a.Body), c.want) {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
}
