package search_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/meilisearch/meilisearch-go"
)

func words(t *testing.T, w wire) {
	w.shop(t)
	for q, want := range map[string][]string{
		"kettle":   {"kettle"},
		"KETTLE":   {"kettle"},
		"ket":      {"kettle"},
		"kettel":   {"kettle"}, // swapped letters are one typo
		"kettlx":   {"kettle"},
		"mog":      {},                // too short for a typo
		"harbour":  {"poster", "mug"}, // the name before the text
		"blue cup": {"cup", "mug"},    // more words first
		"couch":    {"sofa"},
		"ket tle":  {"kettle"}, // two words joined to one
		"zeppelin": {},
	} {
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", q, got, want)
		}
	}
	if _, got := w.find(t, "", &meilisearch.SearchRequest{}); len(got) != 5 {
		t.Errorf("an empty query finds %v", got)
	}
}

// phrases checks that words in quotes must follow each other.
func phrases(t *testing.T, w wire) {
	w.shop(t)
	for q, want := range map[string][]string{
		`"enamel mug"`:         {"mug"},
		`"mug enamel"`:         {},
		`"blue mug"`:           {},
		`"BLUE Enamel"`:        {"mug"},
		`blue "tea cup"`:       {"cup"},
		`zeppelin "tea cup"`:   {"cup"}, // only the phrase is required
		`"tea cup" "blue and"`: {"cup"},
		`"tea cup" "and blue"`: {},
		`"steel kettle`:        {"kettle"}, // not closed
		`"ket"`:                {},         // no prefixes
		`"kettel"`:             {},         // no typos
		`"couch"`:              {},         // no synonyms
		`"camp fire"`:          {"mug"},
		`"fire from"`:          {}, // not over a comma
		`"sofa sleeps"`:        {}, // nor from attribute to attribute
	} {
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", q, got, want)
		}
	}
}

func filters(t *testing.T, w wire) {
	w.shop(t)
	for _, tt := range []struct {
		filter any
		want   []string
	}{
		{filter: `brand IN ["Levi's"]`, want: []string{"mug"}},
		{filter: `brand IN ['Levi\'s']`, want: []string{"mug"}},
		{filter: `brand IN ["levi's"]`, want: []string{"mug"}},
		{filter: `brand IN ["The \"Forge\""]`, want: []string{"kettle"}},
		{filter: `brand IN ["Back\slash"]`, want: []string{"cup"}},
		{filter: `brand IN ["Rest", 'Print & Co']`, want: []string{"poster", "sofa"}},
		{filter: `brand IN []`, want: []string{}},
		{filter: `inStock = true`, want: []string{"mug"}},
		{filter: `price <= 1450`, want: []string{"cup", "mug"}},
		{filter: []string{`price >= 1450`, `price <= 5899`}, want: []string{"mug", "poster"}},
		{filter: []string{`tags IN ["blue", "white"]`, `price >= 1000`, `inStock = true`}, want: []string{"mug"}},
	} {
		_, got := w.find(t, "", &meilisearch.SearchRequest{Filter: tt.filter})
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.filter, got, tt.want)
		}
	}
	r, _ := w.find(t, "", &meilisearch.SearchRequest{Facets: []string{"tags", "price"}, Filter: "price <= 3000"})
	var facets map[string]map[string]int
	if err := json.Unmarshal(r.FacetDistribution, &facets); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{"tags": {"blue": 1, "camping": 1, "white": 1}, "price": {"900": 1, "1450": 1, "2400": 1}}
	if diff := cmp.Diff(want, facets); diff != "" {
		t.Error(diff)
	}
}

func pages(t *testing.T, w wire) {
	w.shop(t)
	r, got := w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"price:asc"}})
	if !slices.Equal(got, []string{"cup", "mug", "poster", "kettle", "sofa"}) || r.EstimatedTotalHits != 5 || r.Limit != 20 || r.Offset != 0 {
		t.Errorf("%v of %+v", got, r)
	}
	two := int64(2)
	r, got = w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"price:desc"}, Page: 2, HitsPerPage: &two})
	if !slices.Equal(got, []string{"poster", "mug"}) || r.TotalHits != 5 || r.TotalPages != 3 || r.Page != 2 {
		t.Errorf("%v of %+v", got, r)
	}
	if _, got = w.find(t, "", &meilisearch.SearchRequest{Page: 9, HitsPerPage: &two}); len(got) != 0 {
		t.Errorf("a page too far: %v", got)
	}
	if _, got = w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"name:desc"}}); !slices.Equal(got, []string{"cup", "kettle", "sofa", "poster", "mug"}) {
		t.Errorf("by name: %v", got)
	}
}

func formatted(t *testing.T, w wire) {
	w.shop(t)
	r, _ := w.find(t, "harb", &meilisearch.SearchRequest{
		AttributesToHighlight: []string{"name", "text"}, AttributesToCrop: []string{"text"}, CropLength: 3,
		HighlightPreTag: "<b>", HighlightPostTag: "</b>",
	})
	var f map[string]any
	if err := json.Unmarshal(r.Hits[0]["_formatted"], &f); err != nil {
		t.Fatal(err)
	}
	text, _ := f["text"].(string)
	if f["name"] != "<b>Harb</b>our poster" || !strings.Contains(text, "<b>harb</b>our") || !strings.HasPrefix(text, "…") {
		t.Errorf("%v", f)
	}
	if got := string(r.Hits[0]["name"]); got != `"Harbour poster"` {
		t.Errorf("the attribute itself is marked: %s", got)
	}
}
