package search

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is read in by several at once is noted in the order in which it is kept.
func TestFill(t *testing.T) {
	st, err := newStore("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.close() })
	var docs []parsed
	for i := range 3*fillPart + 7 {
		docs = append(docs, parsed{id: fmt.Sprint("d", i), source: fmt.Appendf(nil, `{"id":"d%d","name":"thing %d"}`, i, i)})
	}
	if err := st.put(docs, nil); err != nil {
		t.Fatal(err)
	}
	var kept []string
	if err := st.each(t.Context(), func(id string, _ []byte) error { kept = append(kept, id); return nil }); err != nil {
		t.Fatal(err)
	}
	x, err := fill(t.Context(), st, defaultSettings())
	if err != nil || x.Len() != len(docs) || !slices.Equal(x.IDs(0, len(docs)), kept) {
		t.Errorf("%d of %d documents are found, or in another order: %v", x.Len(), len(docs), err)
	}
	began := time.Now()
	if _, err := fill(t.Context(), st, defaultSettings()); err != nil {
		t.Fatal(err)
	}
	for took := time.Since(began); len(kept) > 0 && !t.Failed(); kept = kept[:max(len(kept)-40, 0)] { // ended somewhere near its end
		ctx, stop := context.WithTimeout(t.Context(), took*3/4+time.Duration(len(kept))*took/time.Duration(2*len(docs)))
		if x, err := fill(ctx, st, defaultSettings()); err == nil && x.Len() != len(docs) {
			t.Errorf("ended before its time it says that it is full, of %d documents", x.Len())
		}
		stop()
	}
	if err := st.put([]parsed{{id: "rotten", source: []byte("{")}}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := fill(t.Context(), st, defaultSettings()); err == nil || !strings.Contains(err.Error(), "rotten") {
		t.Errorf("a document that cannot be read: %v", err)
	}
}

// While its documents are read in, the stand-in lives and takes tasks; who
// looks for documents is told that it cannot yet.
func TestAnswersWhileFilling(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	<-s.filled
	s.filled = make(chan struct{}) // as if it were at it
	h := s.Handler()
	ask := func(ctx context.Context, method, path, body string) int {
		r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(ctx)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code
	}
	impatient, stop := context.WithCancel(t.Context())
	stop()
	for path, want := range map[string]int{
		"GET /health": 200, "POST /indexes/goods/documents": 202, "GET /tasks": 200,
		"POST /indexes/goods/search": 503, "GET /indexes/goods/documents": 503, "POST /indexes/goods/documents/fetch": 503,
		"GET /indexes/goods/stats": 503, "GET /stats": 503, "POST /multi-search": 503,
	} {
		method, path, _ := strings.Cut(path, " ")
		if got := ask(impatient, method, path, `{"id":1}`); got != want {
			t.Errorf("%s %s: %d, want %d", method, path, got, want)
		}
	}
	waits := make(chan int)
	go func() { waits <- ask(t.Context(), http.MethodGet, "/stats", "") }()
	close(s.filled)
	if got := <-waits; got != 200 {
		t.Errorf("who waited is answered %d", got)
	}
	s.broken = errors.New("rotten")
	for _, path := range []string{"/health", "/stats"} {
		if got := ask(t.Context(), http.MethodGet, path, ""); got != 500 {
			t.Errorf("where its documents cannot be read, %s answers %d", path, got)
		}
	}
}
