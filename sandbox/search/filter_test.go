package search_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/meilisearch/meilisearch-go"
	"pgregory.net/rapid"

	"purser/sandbox/search"
)

// TestFilter (SRCH-7) checks that filters mean what Meilisearch's mean.
func TestFilter(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	all := []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}
	for _, tt := range []struct {
		filter any
		want   []string
	}{
		{filter: `brand IN ["Kiln"]`, want: []string{"cup", "mug"}},
		{filter: `brand IN ["kiln"]`, want: []string{"cup", "mug"}},
		{filter: `brand IN['Print & Co']`, want: []string{"poster"}},
		{filter: `brand IN [""]`, want: []string{"cafe"}},
		{filter: `brand IN ["a\"b", 'Levi\'s', "back\slash"]`, want: []string{}},
		{filter: "\n brand\tIN\r\n[\"Kiln\"] ", want: []string{"cup", "mug"}},
		{filter: `tags IN ["blue"]`, want: []string{"mug"}},
		{filter: `tags IN ["blue", 'white', ]`, want: []string{"cup", "mug"}},
		{filter: `tags IN []`, want: []string{}},
		{filter: `new = true`, want: []string{"mug"}},
		{filter: `new = false`, want: []string{}},
		{filter: `price IN ["900", "10.50"]`, want: []string{"cafe", "cup"}},
		{filter: `price >= 1451`, want: []string{"kettle", "poster", "sofa"}},
		{filter: `price<=11`, want: []string{"cafe"}},
		{filter: `price >= 9007199254740993`, want: []string{}},
		{filter: `price <= 9223372036854775807`, want: all},
		{filter: `brand >= 5`, want: []string{}},
		{filter: []string{`price >= 1450`, `price <= 2400`}, want: []string{"mug", "poster"}},
		{filter: []string{`brand IN ["Kiln"]`, `price >= 1000`}, want: []string{"mug"}},
		{filter: []string{}, want: all},
		{filter: nil, want: all},
	} {
		t.Run(fmt.Sprint(tt.filter), func(t *testing.T) {
			_, got := w.find(t, "", &meilisearch.SearchRequest{Filter: tt.filter})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFilterRefuses checks that a filter is refused if it is wrong, and also if it
// is Meilisearch's and not served.
func TestFilterRefuses(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	for _, f := range []any{
		`brand`, `brand =`, `= Kiln`, `brand IN ["Kiln"] AND`, `brand IN ["Kiln"] brand IN ["Kiln"]`, `(new = true`, `new = true)`, `brand IN ["Kiln]`,
		`brand IN ['Kiln\']`, `brand IN Kiln`, `brand IN ["Kiln"`, `brand IN ["Kiln" "Forge"]`, `brand IN ["Levi"s"]`, `brand ! Kiln`, `brand ; Kiln`, `price >= dear`,
		`text IN ["x"]`, `version >= 1`, 5, "", "  ",
		[]any{5},
		[]any{[]any{5}},
		[]any{[]any{`new = true`}},
		[]any{nil},
		`brand = "Kiln"`, `brand IN [Kiln]`, `brand != "Kiln"`, `NOT new = true`, `(new = true)`, `new = true OR price >= 5`, `new = true AND price >= 5`,
		`price > 5`, `price < 5`, `price = 5`, `price >= 5.5`, `price >= -1`, `price 5 TO 6`, `tags NOT IN ["blue"]`, `tags EXISTS`, `tags IS EMPTY`, `tags IS NULL`,
		`brand CONTAINS "K"`, `brand STARTS WITH "K"`, `_geoRadius(1, 2, 3)`,
		[]any{[]any{`new = true`, `price >= 5`}},
		`brand IN ["` + strings.Repeat("x", 64<<10) + `]`,
	} {
		_, err := w.index().Search("", &meilisearch.SearchRequest{Filter: f})
		wantCode(t, err, 400, "invalid_search_filter")
	}
}

// FuzzFilter (SRCH-7) checks that a filter is refused, or means the same if it is
// sent twice.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`brand IN ["Kiln"]`, `NOT (price > 5 AND tags IN [a, "b"]) OR brand = 'x\'y'`, `tags IN [a, "b"]`, `price >= 1`, `new = true`, `brand IN ["\\"]`, `((((`, `"`, `\`, "brand\x00=\xff",
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
	wire{ServiceManager: meilisearch.New(at.URL), uid: "goods"}.holds(f, wordSettings(), wordDocs)
	find := func(filter any) (found struct{ Hits []struct{ ID string } }, status int) {
		body, err := json.Marshal(map[string]any{"filter": filter})
		if err != nil {
			f.Fatal(err)
		}
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/indexes/goods/search", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(rec, r)
		if err := json.Unmarshal(rec.Body.Bytes(), &found); err != nil {
			f.Fatal(err)
		}
		return found, rec.Code
	}
	f.Fuzz(func(t *testing.T, filter string) {
		one, status := find(filter)
		two, both := find([]string{filter, filter})
		if status != 200 && status != 400 || both != status || !slices.Equal(one.Hits, two.Hits) {
			t.Errorf("%q finds %v (%d), twice %v (%d)", filter, one, status, two, both)
		}
	})
}

// TestSearchProperty checks that a search of an index that was changed at random
// finds the same as a comparison with every document.
func TestSearchProperty(t *testing.T) {
	w := inMemory(t)
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		made++
		index := w.Index(fmt.Sprint("random-", made))
		if _, err := index.UpdateSettings(&meilisearch.Settings{
			SearchableAttributes: []string{"name", "tags"}, FilterableAttributes: []string{"tags", "price"}, SortableAttributes: []string{"price"},
			RankingRules: sortedFirst, TypoTolerance: noTypos(),
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
		typed, most := word.Draw(t, "typed"), rapid.IntRange(0, 20).Draw(t, "most")
		tags := rapid.SliceOfN(word, 0, 5).Draw(t, "tags")
		r, err := index.Search(typed, &meilisearch.SearchRequest{
			Filter: []string{fmt.Sprintf("tags IN [%s]", quotedList(tags)), fmt.Sprintf("price <= %d", most)}, Facets: []string{"tags"}, Sort: []string{"price:desc"},
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
		want, counts := walk(truth, typed, tags, most)
		if diff := cmp.Diff(want, got); diff != "" || int(r.EstimatedTotalHits) != len(want) {
			t.Fatalf("%q, tags %v, at most %d: total %d, %s", typed, tags, most, r.EstimatedTotalHits, diff)
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

func quotedList(values []string) string {
	var all []string
	for _, v := range values {
		all = append(all, strconv.Quote(v))
	}
	return strings.Join(all, ", ")
}

// walk searches by a comparison with every document.
func walk(truth map[string]product, typed string, tags []string, most int) ([]string, map[string]int) {
	var found []string
	counts := map[string]int{}
	for id, d := range truth {
		words := append(strings.Fields(d.Name), d.Tags...)
		if !slices.ContainsFunc(d.Tags, func(tag string) bool { return slices.Contains(tags, tag) }) || d.Price > most || !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, typed) }) {
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
