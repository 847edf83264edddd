package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"purser/api"
	"purser/api/httpkit"
	"purser/api/imports"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// products stands in for the products' workflows: it changes the record as
// they would, and fails as it is told.
type products struct {
	store *records.Store

	mu      sync.Mutex
	fail    error
	stall   bool
	late    bool // it is done, and the answer comes too late
	started []catalog.Import
	asked   int // changes
}

func (f *products) script() (error, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail, f.stall
}

func (f *products) ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error) {
	fail, stall := f.script()
	f.mu.Lock()
	f.asked++
	f.mu.Unlock()
	if stall {
		<-ctx.Done()
		return catalog.Stocked{}, ctx.Err()
	}
	if fail != nil {
		return catalog.Stocked{}, fail
	}
	ended, err := f.store.ChangeProduct(context.WithoutCancel(ctx), sku, []catalog.Change{c})
	if err != nil {
		return catalog.Stocked{}, err
	}
	if f.late {
		return catalog.Stocked{}, context.DeadlineExceeded
	}
	return ended[0].Product, ended[0].Err
}

func (f *products) StartImport(_ context.Context, i catalog.Import) error {
	fail, _ := f.script()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = append(f.started, i)
	return fail
}

func (f *products) Reconcile(ctx context.Context, _ bool) (catalog.Drift, error) {
	if _, stall := f.script(); stall {
		<-ctx.Done()
		return catalog.Drift{}, ctx.Err()
	}
	return catalog.Drift{Products: 3, Stale: 1, Repaired: 1}, nil
}

func (f *products) Reindex(context.Context) (catalog.Rebuilt, error) {
	return catalog.Rebuilt{Put: 3}, nil
}

func setUpProducts(t testing.TB) (*shop, *products) {
	p := &products{}
	return setUp(t, p.desk), p
}

// desk has the API change products through it.
func (f *products) desk(c *api.Config, store *records.Store) {
	f.store = store
	c.Products.Workflows = f
	c.Imports = &imports.Service{Workflows: f, Records: store, MaxBytes: 2 << 20}
}

const lamp = `{"sku":"lamp/1","name":"Lamp","price":1000,"currency":"EUR","onHand":5,"tags":["brass"],"options":{"size":"M"}}`

// TestProductStory proves SRCH-3's front door and IDEM-6.
func TestProductStory(t *testing.T) {
	t.Parallel()
	s, _ := setUpProducts(t)
	at := "/v1/products/lamp%2F1"
	for _, step := range []struct {
		name, method, key, body string
		headers                 []string
		status                  int
		code, tag               string
	}{
		{"a shop may not", "PUT", shopKey, lamp, nil, 403, "forbidden", ""},
		{"nothing there", "GET", viewerKey, "", nil, 404, "not_found", ""},
		{"only if there is one", "PUT", operatorKey, lamp, []string{"If-Match", "*"}, 412, "version_conflict", ""},
		{"added", "PUT", operatorKey, lamp, []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, 201, "", `"1.1"`},
		{"added again", "PUT", operatorKey, lamp, []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, 201, "", `"1.1"`},
		{"another under that key", "PUT", operatorKey, strings.Replace(lamp, "Lamp", "Lump", 1), []string{"If-None-Match", "*", "Idempotency-Key", "k1"}, 422, "idempotency_key_reused", ""},
		{"there is one", "PUT", operatorKey, lamp, []string{"If-None-Match", "*"}, 412, "version_conflict", ""},
		{"read", "GET", viewerKey, "", nil, 200, "", `"1.1"`},
		{"not modified", "GET", viewerKey, "", []string{"If-None-Match", `"1.1"`}, 304, "", `"1.1"`},
		{"priced", "PATCH", operatorKey, `{"price":900}`, []string{"If-Match", `"1"`}, 200, "", `"2.2"`},
		{"too late", "PATCH", operatorKey, `{"price":800}`, []string{"If-Match", `"1"`}, 412, "version_conflict", ""},
		{"stock moved", "PATCH", operatorKey, `{"onHand":8}`, []string{"If-Match", `"2.1"`}, 412, "version_conflict", ""},
		{"counted", "PATCH", operatorKey, `{"onHand":8}`, []string{"If-Match", `"2.2"`}, 200, "", `"3.3"`},
		{"described, stock stays", "PUT", operatorKey, lamp, []string{"If-Match", `"3"`}, 200, "", `"4.4"`},
		{"nonsense to match", "PATCH", operatorKey, `{"price":1}`, []string{"If-Match", `W/x`}, 412, "version_conflict", ""},
		{"nothing to change", "PATCH", operatorKey, `{}`, nil, 422, "invalid", ""},
		{"a float", "PATCH", operatorKey, `{"price":9.99}`, nil, 422, "invalid", ""},
		{"in what nobody can be charged", "PATCH", operatorKey, `{"price":900,"currency":"XYZ"}`, nil, 422, "invalid", ""},
		{"a currency alone", "PATCH", operatorKey, `{"currency":"USD"}`, nil, 422, "invalid", ""},
		{"fewer than none", "PATCH", operatorKey, `{"receive":-100}`, nil, 422, "invalid", ""},
		{"another sku", "PUT", operatorKey, strings.Replace(lamp, "lamp/1", "lamp", 1), nil, 422, "invalid", ""},
		{"wrong", "PUT", operatorKey, strings.Replace(lamp, `"Lamp"`, `"\n"`, 1), nil, 422, "invalid", ""},
		{"deleted too late", "DELETE", operatorKey, "", []string{"If-Match", `"1"`}, 412, "version_conflict", ""},
		{"deleted", "DELETE", operatorKey, "", nil, 204, "", ""},
		{"deleted already", "DELETE", operatorKey, "", nil, 404, "not_found", ""},
		{"gone", "GET", viewerKey, "", nil, 404, "not_found", ""},
	} {
		a := s.ask(step.method, at, step.key, step.body, step.headers...)
		if a.status != step.status || step.tag != "" && a.header.Get("ETag") != step.tag {
			t.Fatalf("%s: %d %s %s, want %d %s", step.name, a.status, a.header.Get("ETag"), a.body, step.status, step.tag)
		}
		if step.code != "" {
			if p := a.problem(t); p.Code != step.code {
				t.Errorf("%s: code %s, want %s", step.name, p.Code, step.code)
			}
		}
	}
	var changes struct{ Changes []records.ProductChange }
	s.ask("GET", at+"/changes", operatorKey, "").into(t, &changes)
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
		s, f := setUpProducts(t)
		at := "/v1/products/lamp%2F1"
		s.ask("PUT", at, operatorKey, lamp)
		send := func(key ...string) *answer {
			return s.ask(step.method, at, operatorKey, step.body, append([]string{"If-Match", step.condition}, key...)...)
		}
		f.late = true
		first := send("Idempotency-Key", "k1")
		if p := first.problem(t); first.status != 503 || p.Code != "timeout" || first.header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "same Idempotency-Key") {
			t.Errorf("%s: %d %+v", name, first.status, p)
		}
		unknown := send()
		if p := unknown.problem(t); unknown.status != 503 || unknown.header.Get("Retry-After") != "" || !strings.Contains(p.Detail, "read the product") {
			t.Errorf("%s, without a key: %d %+v", name, unknown.status, p)
		}
		f.late = false
		if again := send("Idempotency-Key", "k1"); again.status != step.status {
			t.Errorf("%s: sent again: %d %s", name, again.status, again.body)
		}
		if other := send(); other.status != 412 {
			t.Errorf("%s: another one for a version that is gone: %d %s", name, other.status, other.body)
		}
	}
}

// What can never be a product's SKU is not there, and has no workflow started
// to find that out.
func TestNoSuchSKU(t *testing.T) {
	t.Parallel()
	s, f := setUpProducts(t)
	for _, sku := range []string{"blue%20mug", "mug%0A", "%7F", "mug%C2%A0", ".."} {
		for _, step := range [][2]string{{"PATCH", `{"price":1}`}, {"DELETE", ""}, {"GET", ""}} {
			if a := s.ask(step[0], "/v1/products/"+sku, operatorKey, step[1]); a.status != 404 || a.problem(t).Code != "not_found" {
				t.Errorf("%s %s: %d %s", step[0], sku, a.status, a.body)
			}
		}
	}
	if f.asked > 0 {
		t.Errorf("%d changes were asked for", f.asked)
	}
}

// Everything that is wrong is told at once.
func TestProductFaults(t *testing.T) {
	t.Parallel()
	s, _ := setUpProducts(t)
	a := s.ask("PUT", "/v1/products/x", operatorKey, `{"sku":"x","name":" ","price":-1,"currency":"eur","onHand":-1,"rating":501}`)
	p := a.problem(t)
	if a.status != 422 || len(p.Errors) != 5 {
		t.Errorf("%d: %+v", a.status, p.Errors)
	}
}

// ORD-7: what is set aside for an order cannot be counted away.
func TestProductReserved(t *testing.T) {
	t.Parallel()
	s, f := setUpProducts(t)
	s.place(t, "cus_1")
	a := s.ask("PATCH", "/v1/products/mug-blue", operatorKey, `{"onHand":1}`)
	if p := a.problem(t); a.status != 409 || p.Code != "reserved" || !strings.Contains(p.Detail, "2 are set aside") {
		t.Errorf("%d %+v", a.status, p)
	}
	f.fail = order.ErrBusy
	if a := s.ask("PATCH", "/v1/products/mug-blue", operatorKey, `{"onHand":1}`); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("busy: %d", a.status)
	}
}

func TestLookAfterIndex(t *testing.T) {
	t.Parallel()
	s, _ := setUpProducts(t)
	var found struct {
		Done bool
		catalog.Drift
	}
	a := s.ask("POST", "/v1/catalogue/reconcile", operatorKey, "")
	a.into(t, &found)
	if a.status != 200 || !found.Done || found.Stale != 1 || found.Repaired != 1 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.ask("POST", "/v1/catalogue/reindex", shopKey, ""); a.status != 403 {
		t.Errorf("a shop may rebuild the index: %d", a.status)
	}
	if a := s.ask("POST", "/v1/catalogue/reindex", operatorKey, ""); a.status != 200 || !strings.Contains(string(a.body), `"put":3`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// upload sends a file to the import.
func upload(s http.Handler, key, query, body string, headers ...string) *answer {
	r := httptest.NewRequest("POST", "/v1/imports?"+query, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return &answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

func TestImportUpload(t *testing.T) {
	t.Parallel()
	s, f := setUpProducts(t)
	file := "sku,name,price,currency\n" + strings.Repeat("x,X,1,EUR\n", 60_000)
	a := upload(s, operatorKey, "kind=products&name=all.csv", file, "Idempotency-Key", "night-1")
	var i catalog.Import
	a.into(t, &i)
	if a.status != 202 || i.State != catalog.ImportReading || i.Bytes != int64(len(file)) || len(f.started) != 1 || a.header.Get("Location") != "/v1/imports/"+i.ID {
		t.Fatalf("%d %s %d", a.status, a.body, len(f.started))
	}
	var kept strings.Builder
	for at := int64(0); ; {
		b, err := f.store.ImportBytes(t.Context(), i.ID, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 {
			break
		}
		kept.Write(b)
		at += int64(len(b))
	}
	if kept.String() != file {
		t.Errorf("%d bytes are kept of %d", kept.Len(), len(file))
	}
	for name, other := range map[string]string{
		"another file": "sku,name\nother,Other\n", "a longer one": file + "y,Y,1,EUR\n", "a changed one": file[:len(file)-2] + "S\n",
	} {
		if a := upload(s, operatorKey, "kind=products", other, "Idempotency-Key", "night-1"); a.status != 422 || a.problem(t).Code != "idempotency_key_reused" {
			t.Errorf("IDEM-2: %s under that key: %d %s", name, a.status, a.body)
		}
	}
	again := upload(s, operatorKey, "kind=products", file, "Idempotency-Key", "night-1")
	if again.status != 202 || !strings.Contains(string(again.body), i.ID) || len(f.started) != 2 {
		t.Errorf("IDEM-1: the same again: %d %s", again.status, again.body)
	}
	if other := upload(s, operatorKey, "kind=stock", "sku,onHand\nx,1\n", "Idempotency-Key", "night-1"); other.status != 422 || other.problem(t).Code != "idempotency_key_reused" {
		t.Errorf("IDEM-2: another kind under that key: %d %s", other.status, other.body)
	}
	if a := s.ask("GET", "/v1/imports/"+i.ID, operatorKey, ""); a.status != 200 {
		t.Errorf("get: %d %s", a.status, a.body)
	}
	if a := s.ask("GET", "/v1/imports/"+i.ID+"/errors", operatorKey, ""); a.status != 200 || !strings.Contains(string(a.body), `"errors":[]`) {
		t.Errorf("errors: %d %s", a.status, a.body)
	}
	if a := s.ask("GET", "/v1/imports", operatorKey, ""); a.status != 200 || !strings.Contains(string(a.body), "all.csv") {
		t.Errorf("list: %d %s", a.status, a.body)
	}
}

func TestImportRefused(t *testing.T) {
	t.Parallel()
	s, f := setUpProducts(t)
	for name, c := range map[string]struct {
		key, query, body string
		headers          []string
		status           int
		says             string
	}{
		"a shop":         {shopKey, "", "sku\n", nil, 403, "role shop"},
		"nobody":         {"wrong-secret-0123456789", "", "sku\n", nil, 401, ""},
		"another kind":   {operatorKey, "kind=people", "sku\n", nil, 422, "kind"},
		"empty":          {operatorKey, "", "", nil, 422, "empty"},
		"wrong header":   {operatorKey, "", "sku,colour\na,b\n", nil, 422, "colour"},
		"a spreadsheet":  {operatorKey, "", "PK\x03\x04", nil, 422, "CSV"},
		"compressed":     {operatorKey, "", "sku\n", []string{"Content-Encoding", "gzip"}, 415, "compressed"},
		"too large":      {operatorKey, "", "sku\n" + strings.Repeat("x\n", 1<<20), nil, 413, "2097152 bytes"},
		"no such import": {operatorKey, "", "", nil, 422, ""},
	} {
		a := upload(s, c.key, c.query, c.body, c.headers...)
		if p := a.problem(t); a.status != c.status || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %d %+v", name, a.status, p)
		}
	}
	if a := s.ask("GET", "/v1/imports/imp_none", operatorKey, ""); a.status != 404 {
		t.Errorf("no such import: %d", a.status)
	}
	if all, err := f.store.Imports(t.Context(), 10); err != nil || len(all) > 0 || len(f.started) > 0 {
		t.Errorf("left behind: %+v %v", all, err)
	}
}

// A file whose sender goes away, or which is longer than it may be without
// having said so, leaves nothing behind.
func TestImportBreaksOff(t *testing.T) {
	t.Parallel()
	s, f := setUpProducts(t)
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
		req.Header.Set("Authorization", "Bearer "+operatorKey)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			var p httpkit.Problem
			if derr := json.NewDecoder(resp.Body).Decode(&p); derr != nil || resp.StatusCode != 413 {
				t.Errorf("%s: %d %v", name, resp.StatusCode, derr)
			}
			_ = resp.Body.Close()
		}
	}
	server.Close() // waits for the requests under way
	if all, err := f.store.Imports(t.Context(), 10); err != nil || len(all) > 0 || len(f.started) > 0 {
		t.Errorf("left behind: %+v %v", all, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the sender went away") }

type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, fmt.Sprintf("%-1000s\n", "x,X")), nil }
