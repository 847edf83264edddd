package search_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/meilisearch/meilisearch-go"
	"pgregory.net/rapid"

	"purser/sandbox/search"
)

// TestFilter (SRCH-7): filters mean what Meilisearch's mean.
func TestFilter(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	all := []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}
	list := func(v ...any) []any { return append([]any{}, v...) }
	for _, tt := range []struct {
		filter any
		want   []string
	}{
		{`brand = Kiln`, []string{"cup", "mug"}},
		{`brand = kiln`, []string{"cup", "mug"}},
		{`"brand"='Print & Co'`, []string{"poster"}},
		{`brand != Kiln`, []string{"cafe", "kettle", "poster", "sofa"}},
		{`NOT brand = Kiln`, []string{"cafe", "kettle", "poster", "sofa"}},
		{`price > 1450`, []string{"kettle", "poster", "sofa"}},
		{`price >= 1450 AND price<=2400`, []string{"mug", "poster"}},
		{`price 900 TO 2400`, []string{"cup", "mug", "poster"}},
		{`price < 11`, []string{"cafe"}},
		{`price > -1 AND price < 901`, []string{"cafe", "cup"}},
		{`price = 10.50`, []string{"cafe"}},
		{`price = "900"`, []string{"cup"}},
		{`brand > 5`, []string{}},
		{`tags = blue`, []string{"mug"}},
		{`tags IN [blue, 'white', ]`, []string{"cup", "mug"}},
		{`tags IN []`, []string{}},
		{`tags NOT IN []`, all},
		{`tags NOT IN [blue]`, []string{"cafe", "cup", "kettle", "poster", "sofa"}},
		{`new = true`, []string{"mug"}},
		{`tags EXISTS`, []string{"cup", "kettle", "mug"}},
		{`tags NOT EXISTS`, []string{"cafe", "poster", "sofa"}},
		{`tags IS EMPTY`, []string{"kettle"}},
		{`brand IS EMPTY`, []string{"cafe"}},
		{`tags IS NOT EMPTY AND tags EXISTS`, []string{"cup", "mug"}},
		{`old IS NULL`, []string{"kettle"}},
		{`old IS NOT NULL`, []string{"cafe", "cup", "mug", "poster", "sofa"}},
		{`brand = Kiln AND price > 1000 OR brand = Rest`, []string{"mug", "sofa"}},
		{`brand = Kiln AND (price > 1000 OR brand = Rest)`, []string{"mug"}},
		{`NOT (brand = Kiln OR price > 1000)`, []string{"cafe"}},
		{`NOT NOT brand = Kiln`, []string{"cup", "mug"}},
		{`brand = "a\"b" OR brand = 'Levi\'s' OR brand = "back\slash"`, []string{}},
		{"\n brand\t=\r\nKiln ", []string{"cup", "mug"}},
		{list("brand = Kiln", "price > 1000"), []string{"mug"}},
		{list("brand = Kiln", list("price > 1000", "tags = white")), []string{"cup", "mug"}},
		{list(), all},
		{"  ", all},
		{nil, all},
	} {
		t.Run(fmt.Sprint(tt.filter), func(t *testing.T) {
			_, got := w.find(t, "", &meilisearch.SearchRequest{Filter: tt.filter})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilterRefuses(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	for _, f := range []any{
		`brand`, `brand =`, `= Kiln`, `brand = Kiln AND`, `brand = Kiln brand = Kiln`, `(brand = Kiln`, `brand = Kiln)`, `brand = "Kiln`,
		`brand = 'Kiln\'`, `brand = AND`, `AND = AND`, `brand IN Kiln`, `brand IN [Kiln`, `price TO 5`, `price 5 TO`, `brand NOT 5 TO 6`,
		`brand IS Kiln`, `brand STARTS Kiln`, `brand ! Kiln`, `brand ; Kiln`, `price > dear`, `price dear TO dearer`,
		`text = x`, `version = 1`, `brand = Levi's`, 5,
		[]any{5},
		[]any{[]any{5}},
		[]any{[]any{[]any{`brand = x`}}},
		strings.Repeat("(", 1001) + "brand = x" + strings.Repeat(")", 1001), strings.Repeat("NOT ", 1001) + "brand = x",
		strings.TrimSuffix(strings.Repeat("price = 1 OR ", 1001), " OR "), `brand = "` + strings.Repeat("x", 64<<10) + `"`,
	} {
		_, err := w.index().Search("", &meilisearch.SearchRequest{Filter: f})
		wantCode(t, err, 400, "invalid_search_filter")
	}
}

// FuzzFilter: whatever is sent, it is refused or it means the same as its
// double negation.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`brand = Kiln`, `NOT (price > 5 AND tags IN [a, "b"]) OR brand = 'x\'y'`, `price 1 TO 2`, `a IS NOT EMPTY`, `brand = "\\"`, `((((`, `"`, `\`, "brand\x00=\xff",
	} {
		f.Add(s)
	}
	s, err := search.New(search.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	h := s.Handler()
	at := httptest.NewServer(h)
	f.Cleanup(at.Close)
	wire{meilisearch.New(at.URL), "goods"}.holds(f, wordSettings(), wordDocs)
	find := func(filter string) (found struct{ Hits []struct{ ID string } }, status int) {
		body, err := json.Marshal(map[string]any{"filter": filter})
		if err != nil {
			f.Fatal(err)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("POST", "/indexes/goods/search", strings.NewReader(string(body))))
		if err := json.Unmarshal(rec.Body.Bytes(), &found); err != nil {
			f.Fatal(err)
		}
		return found, rec.Code
	}
	f.Fuzz(func(t *testing.T, filter string) {
		one, status := find(filter)
		if status == 400 || strings.TrimSpace(filter) == "" {
			return
		}
		two, negated := find("NOT (NOT (" + filter + "))")
		if negated == 400 {
			return // now it is nested too deep, or too long
		}
		if status != 200 || negated != 200 || !slices.Equal(one.Hits, two.Hits) {
			t.Errorf("%q finds %v, its double negation %v (%d, %d)", filter, one, two, status, negated)
		}
	})
}

// TestSearchProperty: a search of an index that was changed at random finds the
// same as a walk over all documents.
func TestSearchProperty(t *testing.T) {
	w := inMemory(t)
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		made++
		index := w.Index(fmt.Sprint("random-", made))
		if _, err := index.UpdateSettings(&meilisearch.Settings{
			SearchableAttributes: []string{"name", "tags"}, FilterableAttributes: []string{"tags", "price"}, SortableAttributes: []string{"price"},
			TypoTolerance: &meilisearch.TypoTolerance{MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9}},
		}); err != nil {
			t.Fatal(err)
		}
		word := rapid.SampledFrom([]string{"mug", "blue", "bluish", "kettle", "lamp", "sea", "seaside", "red"})
		truth := map[string]product{}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			var docs []product
			var gone []string
			for range rapid.IntRange(1, 12).Draw(t, "at once") {
				id := fmt.Sprintf("d%d", rapid.IntRange(0, 12).Draw(t, "id"))
				if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
					gone = append(gone, id)
					continue
				}
				docs = append(docs, product{
					ID: id, Name: word.Draw(t, "name") + " " + word.Draw(t, "name"),
					Tags: []string{word.Draw(t, "tag"), word.Draw(t, "tag")}, Price: rapid.IntRange(0, 20).Draw(t, "price"),
				})
			}
			for _, d := range docs {
				truth[d.ID] = d
			}
			for _, id := range gone {
				delete(truth, id)
			}
			_, err := index.AddDocuments(append([]product{}, docs...), nil)
			if err == nil {
				_, err = index.DeleteDocuments(append([]string{}, gone...), nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		typed, tag, most := word.Draw(t, "typed"), word.Draw(t, "filter"), rapid.IntRange(0, 20).Draw(t, "most")
		r, err := index.Search(typed, &meilisearch.SearchRequest{
			Filter: fmt.Sprintf("tags != %s AND price <= %d", tag, most), Limit: 100, Facets: []string{"tags"}, Sort: []string{"price:desc"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, hit := range r.Hits {
			var id string
			if err := json.Unmarshal(hit["id"], &id); err != nil {
				t.Fatal(err)
			}
			got = append(got, id)
		}
		slices.Sort(got)
		var facets map[string]map[string]int
		if err := json.Unmarshal(r.FacetDistribution, &facets); err != nil {
			t.Fatal(err)
		}
		want, counts := walk(truth, typed, tag, most)
		if diff := cmp.Diff(want, got); diff != "" || int(r.EstimatedTotalHits) != len(want) {
			t.Fatalf("%q, not %s, at most %d: total %d, %s", typed, tag, most, r.EstimatedTotalHits, diff)
		}
		if diff := cmp.Diff(counts, facets["tags"]); diff != "" {
			t.Fatal(diff)
		}
	})
}

type product struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Tags  []string `json:"tags"`
	Price int      `json:"price"`
}

// walk is the slow way to search.
func walk(truth map[string]product, typed, tag string, most int) ([]string, map[string]int) {
	var found []string
	counts := map[string]int{}
	for id, d := range truth {
		words := append(strings.Fields(d.Name), d.Tags...)
		if slices.Contains(d.Tags, tag) || d.Price > most || !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, typed) }) {
			continue
		}
		found = append(found, id)
		for _, tag := range slices.Compact(slices.Sorted(slices.Values(d.Tags))) {
			counts[tag]++
		}
	}
	slices.Sort(found)
	return found, counts
}
