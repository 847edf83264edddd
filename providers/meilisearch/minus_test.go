package meilisearch_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"purser/catalog"
)

// excluding is a server to which, as to Meilisearch, a word that begins with a minus
// excludes products. It finds nothing for such a text.
func excluding(s server) server {
	next := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var q struct {
			Text string `json:"q"`
		}
		if err == nil && strings.HasSuffix(r.URL.Path, "/search") {
			err = json.Unmarshal(body, &q)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if slices.ContainsFunc(strings.Fields(q.Text), func(word string) bool { return len(word) > 1 && word[0] == '-' }) {
			_, _ = w.Write([]byte(`{"hits":[],"totalHits":0}`))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
	return s
}

// TestTypedWithMinus (SRCH-2) checks that a product comes first when its SKU is typed,
// wherever the minus signs stand.
func TestTypedWithMinus(t *testing.T) {
	s := excluding(played(t))
	at := httptest.NewServer(s.handler)
	t.Cleanup(at.Close)
	c := newClient(t, at.URL, "minus", s)
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc := func(sku, name string) catalog.Document {
		return catalog.Document{SKU: sku, Name: name, Price: 1, Currency: "EUR", Version: 1}
	}
	if err := c.PutDocuments(t.Context(), []catalog.Document{doc("ABC-12", "Adapter"), doc("-40-X", "Jacket"), doc("other", "ABC 12 bag")}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"ABC -12": "ABC-12", "-abc-12": "ABC-12", `"ABC" -12`: "ABC-12", "-40-X": "-40-X", "-40 -x": "-40-X"} {
		if got := skusOf(t, c, catalog.Query{Text: text}); len(got) == 0 || got[0] != want {
			t.Errorf("%s finds %q, want %s first", text, got, want)
		}
	}
}
