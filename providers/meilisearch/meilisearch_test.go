package meilisearch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/order"
	"purser/providers/meilisearch"
	"purser/sandbox/faults"
)

// spied is a sandbox whose requests are counted, by method and last part of the
// path.
type spied struct {
	*meilisearch.Client
	url, admin string
	mu         sync.Mutex
	calls      map[string]int
}

func spy(t *testing.T, s server, c meilisearch.Config) *spied {
	t.Helper()
	sp := &spied{calls: map[string]int{}}
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sp.mu.Lock()
		sp.calls[r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
		sp.mu.Unlock()
		s.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(at.Close)
	c.URL, c.AdminKey, c.SearchKey = at.URL, s.admin, s.search
	client, err := meilisearch.New(c)
	if err != nil {
		t.Fatal(err)
	}
	sp.Client, sp.url, sp.admin = client, at.URL, s.admin
	return sp
}

func (s *spied) count(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[call]
}

// raw makes a call that the client would not make.
func raw(t *testing.T, s *spied, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.admin)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// TestSettings (SRCH-2) checks that only settings that differ are sent, and
// that synonyms work both ways.
func TestSettings(t *testing.T) {
	s := played(t)
	c := spy(t, s, meilisearch.Config{})
	for range 3 {
		if _, err := c.ApplySettings(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.count("PATCH settings"); n != 1 {
		t.Errorf("settings were sent %d times", n)
	}
	other := spy(t, s, meilisearch.Config{Settings: shops(catalog.SearchSettings{Synonyms: [][]string{{"lamp", "light", "torch"}}})})
	if changed, err := other.ApplySettings(t.Context()); err != nil || !changed {
		t.Errorf("other synonyms: changed %t, %v", changed, err)
	}
	if err := other.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("a", 1), {SKU: "b", Version: 1, Name: "A torch", Price: 1, Currency: "EUR"}, {SKU: "c", Version: 1, Name: "Light", Price: 1, Currency: "EUR"}}); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"lamp", "torch", "light"} {
		if r, err := other.Search(t.Context(), catalog.Query{Text: word}); err != nil || r.Total != 2 {
			t.Errorf("%s finds %d, %v", word, r.Total, err)
		}
	}
	if r, err := other.Search(t.Context(), catalog.Query{Text: "torhc"}); err != nil || r.Total == 0 {
		t.Errorf("a typo finds nothing: %v", err)
	}
}

// TestBatches (SRCH-4) checks that many documents become many requests, each
// awaited.
func TestBatches(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{Batch: 10})
	var docs []catalog.Document
	for i := range 25 {
		docs = append(docs, porttest.DocumentOf(fmt.Sprint("sku", i), 1))
	}
	if err := c.PutDocuments(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if n := c.count("POST documents"); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
	if _, total, err := c.Keys(t.Context(), 0, 1); err != nil || total != 25 {
		t.Errorf("%d documents, %v", total, err)
	}
	if err := c.PutDocuments(t.Context(), docs[:5]); err != nil {
		t.Fatal(err)
	}
	old := docs[7]
	old.Version = 0
	if err := c.PutDocuments(t.Context(), []catalog.Document{old}); err != nil {
		t.Fatal(err)
	}
	if n := c.count("POST documents"); n != 4 {
		t.Errorf("%d requests, want 4: an older version was sent", n)
	}
}

// TestTaskFails (F54) checks that an accepted task that fails is an error with
// its reason.
func TestTaskFails(t *testing.T) {
	for _, tt := range []struct {
		status int
		kind   error
		code   string
	}{{status: 400, kind: order.ErrRejected, code: "injected_fault"}, {status: 500, kind: order.ErrUnavailable, code: "internal"}} {
		faultControl := faults.New(1)
		c := spy(t, faultyServer(t, faultControl), meilisearch.Config{})
		if _, err := c.ApplySettings(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := faultControl.Add(faults.Fault{Match: "TASK document", Do: faults.Status, Status: tt.status, Times: 2}); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("a", 1)}), c.DeleteDocuments(t.Context(), []string{"a"}),
		} {
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.kind || p.Code != tt.code || !strings.HasPrefix(p.Ref, "task ") {
				t.Errorf("got %v, want %v with %s", err, tt.kind, tt.code)
			}
		}
	}
}

// TestTaskTimeout checks that a task that does not end in time has an unknown
// outcome.
func TestTaskTimeout(t *testing.T) {
	faultControl := faults.New(1)
	c := spy(t, faultyServer(t, faultControl), meilisearch.Config{TaskTimeout: 50 * time.Millisecond})
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := faultControl.Add(faults.Fault{Match: "TASK document", Do: faults.Slow, Delay: time.Minute, Times: 1}); err != nil {
		t.Fatal(err)
	}
	err := c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("a", 1)})
	var p *order.ProviderError
	if !errors.As(err, &p) || p.Kind != order.ErrUnknownOutcome || p.Code != "task_not_finished" {
		t.Errorf("got %v, want an unknown outcome", err)
	}
}

// TestLostTask (F54, SRCH-1) checks that an accepted task that the server no
// longer knows may have been done.
func TestLostTask(t *testing.T) {
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasPrefix(r.URL.Path, "/tasks/"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message":"Task ` + "`7`" + ` not found.","code":"task_not_found","type":"invalid_request"}`))
		case r.Method == http.MethodGet, strings.HasSuffix(r.URL.Path, "/fetch"):
			_, _ = w.Write([]byte(`{"results":[],"total":0}`))
		default:
			w.WriteHeader(http.StatusAccepted)
			_, _ = w.Write([]byte(`{"taskUid":7,"status":"enqueued"}`))
		}
	}))
	defer at.Close()
	c, err := meilisearch.New(meilisearch.Config{URL: at.URL, AdminKey: "admin", SearchKey: "search", TaskTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("a", 1)}), c.DeleteDocuments(t.Context(), []string{"a"}),
	} {
		var p *order.ProviderError
		if !errors.As(err, &p) || p.Kind != order.ErrUnknownOutcome || p.Code != "task_not_found" || p.Ref != "task 7" {
			t.Errorf("got %v, want an unknown outcome of task 7", err)
		}
	}
}

// TestResponses (F53) checks the responses of a server, and of something that
// is not Meilisearch.
func TestResponses(t *testing.T) {
	for _, tt := range []struct {
		name       string
		status     int
		body       string
		write      error
		read       error
		retryAfter time.Duration
	}{
		{name: "throttled", status: 429, body: `{"code":"too_many_requests"}`, write: order.ErrThrottled, read: order.ErrThrottled, retryAfter: 3 * time.Second},
		{name: "down", status: 503, body: `{"code":"internal"}`, write: order.ErrUnknownOutcome, read: order.ErrUnavailable, retryAfter: 3 * time.Second},
		{name: "broken", status: 500, body: `<html>`, write: order.ErrUnknownOutcome, read: order.ErrUnavailable, retryAfter: 3 * time.Second},
		{name: "wrong key", status: 403, body: `{"code":"invalid_api_key"}`, write: order.ErrDenied, read: order.ErrDenied},
		{name: "no key", status: 401, body: `{"code":"missing_authorization_header"}`, write: order.ErrDenied, read: order.ErrDenied},
		{name: "too large", status: 413, body: `{"code":"payload_too_large"}`, write: order.ErrRejected, read: order.ErrRejected},
		{name: "bad request", status: 400, body: `{"code":"bad_request","message":"x"}`, write: order.ErrRejected, read: order.ErrRejected},
		{name: "another server", status: 404, body: `not found`, write: order.ErrDenied, read: order.ErrDenied},
		{name: "a login page", status: 302, body: ``, write: order.ErrDenied, read: order.ErrDenied},
		{name: "nonsense", status: 200, body: `{"hits":`, write: order.ErrUnavailable, read: order.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", "3")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer at.Close()
			c, err := meilisearch.New(meilisearch.Config{URL: at.URL, AdminKey: "admin", SearchKey: "search"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Search(t.Context(), catalog.Query{})
			wantKind(t, "search", err, tt.read, tt.retryAfter)
			wantKind(t, "delete", c.DeleteDocuments(t.Context(), []string{"a"}), map[bool]error{true: order.ErrUnknownOutcome, false: tt.write}[tt.status == 200], tt.retryAfter)
			if strings.Contains(fmt.Sprint(c, err), "admin") {
				t.Error("the key is shown")
			}
		})
	}
}

func wantKind(t *testing.T, what string, err, kind error, retryAfter time.Duration) {
	t.Helper()
	var p *order.ProviderError
	if !errors.As(err, &p) || p.Kind != kind {
		t.Errorf("%s: got %v, want %v", what, err, kind)
		return
	}
	if retryAfter > 0 && p.RetryAfter != retryAfter {
		t.Errorf("%s: retry after %v, want %v", what, p.RetryAfter, retryAfter)
	}
}

// TestSearchTimeout (SRCH-8, F52) checks that a hanging search engine costs a
// shopper a moment at first, and nothing once the breaker is open.
func TestSearchTimeout(t *testing.T) {
	var asked atomic.Int32
	hangs := make(chan struct{})
	at := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-hangs
	}))
	defer at.Close()
	defer close(hangs)
	c, err := meilisearch.New(meilisearch.Config{URL: at.URL, AdminKey: "a", SearchKey: "s", SearchTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, err := c.Search(t.Context(), catalog.Query{Text: "mug"})
		wantKind(t, "search", err, order.ErrUnavailable, 0)
	}
	if n := asked.Load(); n > 8 || c.SearchState() != "open" {
		t.Errorf("asked %d times, breaker %s", n, c.SearchState())
	}
}

// TestSwapTwice (F58) checks that two attempts of a swap that both reached the
// engine are noticed by the count of swaps; they would restore the old index.
func TestSwapTwice(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{})
	if err := c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("old", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := c.PutShadow(t.Context(), "r-1", []catalog.Document{porttest.DocumentOf("new", 1)}); err != nil {
		t.Fatal(err)
	}
	swap, err := json.Marshal([]map[string]any{{"indexes": []string{c.Index(), c.Index() + "_r-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // other attempts whose responses were lost
		raw(t, c, "POST", "/swap-indexes", string(swap))
	}
	if err := c.SwapShadow(t.Context(), "r-1"); err != nil {
		t.Fatal(err)
	}
	got, err := c.Versions(t.Context(), []string{"old", "new"})
	if err != nil || len(got) != 1 || got["new"] != 1 {
		t.Errorf("the live index has %v, %v", got, err)
	}
	if err := c.PutShadow(t.Context(), "../x", nil); err == nil {
		t.Error("a rebuild may have any name")
	}
}

// TestConcurrentVersions (F56) checks that concurrent writers of one product
// leave the newest version, in any order.
func TestConcurrentVersions(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{})
	var all sync.WaitGroup
	for v := range 12 {
		all.Go(func() {
			if err := c.PutDocuments(context.Background(), []catalog.Document{porttest.DocumentOf("a", int64(v+1)), porttest.DocumentOf("b", int64(12-v))}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := c.Versions(t.Context(), []string{"a", "b"})
	if err != nil || got["a"] != 12 || got["b"] != 12 {
		t.Errorf("the remaining versions are %v, %v", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]meilisearch.Config{
		"no address": {AdminKey: "a", SearchKey: "s"}, "no admin key": {URL: "http://x", SearchKey: "s"}, "no search key": {URL: "http://x", AdminKey: "a"},
		"a path for an environment": {URL: "http://x", AdminKey: "a", SearchKey: "s", Environment: "../x"},
	} {
		if _, err := meilisearch.New(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestRebuildUnderTraffic (SRCH-4, F58) checks that no shopper sees an empty
// shop or an error while the index is rebuilt repeatedly.
func TestRebuildUnderTraffic(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{SearchTimeout: time.Minute}) // slow is not empty
	var docs []catalog.Document
	for i := range 50 {
		docs = append(docs, porttest.DocumentOf(fmt.Sprint("sku", i), 1))
	}
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.PutDocuments(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var shoppers sync.WaitGroup
	for range 4 {
		shoppers.Go(func() {
			for ctx.Err() == nil {
				r, err := c.Search(context.Background(), catalog.Query{Text: "thing", PerPage: 50})
				if err != nil || r.Total != 50 || len(r.Hits) != 50 {
					t.Errorf("a shopper finds %d of %d products, %v", len(r.Hits), r.Total, err)
					return
				}
			}
		})
	}
	for i := range 5 {
		name := fmt.Sprint("r-", i)
		if err := c.PutShadow(t.Context(), name, docs); err != nil {
			t.Fatal(err)
		}
		if err := c.SwapShadow(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	shoppers.Wait()
}
