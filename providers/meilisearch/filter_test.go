package meilisearch_test

import (
	"net/http/httptest"
	"testing"
	"unicode/utf8"

	sdk "github.com/meilisearch/meilisearch-go"

	"purser/providers/meilisearch"
	"purser/sandbox/search"
)

// FuzzLiteral (SRCH-7, F57) checks that a shopper's value finds the products
// that have it, or none, and never becomes a condition.
func FuzzLiteral(f *testing.F) {
	for _, v := range []string{
		"Levi's", `5" pipe`, `back\slash`, `ends with \`, `\"`, `\'`, `it's 5"`, `\\`, `\\"`, `'"`, `x" OR price > 0 OR brand = "x`, "NOT", "[a, b]", "price 1 TO 2", "", "ü\n\t",
	} {
		f.Add(v)
	}
	s, err := search.New(search.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	at := httptest.NewServer(s.Handler())
	f.Cleanup(at.Close)
	index := sdk.New(at.URL, sdk.DisableRetries()).Index("goods")
	if _, err := index.UpdateSettings(&sdk.Settings{FilterableAttributes: []string{"brand", "price"}}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if !utf8.ValidString(v) {
			return // refused before
		}
		l, ok := meilisearch.Literal(v)
		if !ok {
			return
		}
		// One product has the value, another has another. The comparison ignores
		// surrounding spaces.
		if _, err := index.AddDocuments([]map[string]any{{"id": "it", "brand": v}, {"id": "other", "brand": "another brand altogether", "price": "0"}}, nil); err != nil {
			t.Fatal(err)
		}
		r, err := index.Search("", &sdk.SearchRequest{Filter: "brand IN [" + l + "]"})
		if err != nil {
			t.Fatalf("%q is written as %s, which is no value: %v", v, l, err)
		}
		if len(r.Hits) != 1 || string(r.Hits[0]["id"]) != `"it"` {
			t.Fatalf("%q is written as %s, which finds %v, %v", v, l, r.Hits, err)
		}
	})
}

func TestLiteral(t *testing.T) {
	for v, want := range map[string]string{
		"Levi's": `"Levi's"`, `5"`: `"5\""`, `a\b`: `"a\b"`, `a\"b`: `'a\"b'`, `a\'b`: `"a\'b"`, `a\`: "", `\"\'`: "", `it's 5"`: `"it's 5\""`,
	} {
		if got, _ := meilisearch.Literal(v); got != want {
			t.Errorf("%s: got %s, want %s", v, got, want)
		}
	}
}
