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

// holding gives the index settings and documents with the names, which are found by
// their place in the list.
func (w wire) holding(t *testing.T, set *meilisearch.Settings, docs ...map[string]any) {
	t.Helper()
	at(w.CreateIndex(&meilisearch.IndexConfig{Uid: w.uid, PrimaryKey: "id"}))(w.did, t)
	at(w.index().UpdateSettings(set))(w.did, t)
	at(w.index().AddDocuments(docs, nil))(w.did, t)
}

// numbers checks that a number is found as it was typed, and comes before others.
func numbers(t *testing.T, w wire) {
	set := &meilisearch.Settings{
		SearchableAttributes: []string{"sku", "name", "text"}, FilterableAttributes: []string{"brand", "size"}, RankingRules: sortedFirst,
		TypoTolerance: &meilisearch.TypoTolerance{
			Enabled: true, DisableOnNumbers: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8},
			DisableOnWords: []string{}, DisableOnAttributes: []string{"sku"},
		},
	}
	w.holding(t, set,
		map[string]any{"id": "tyre", "sku": "KB-100", "name": "Tyre 205/55 R16", "brand": "007", "size": 7},
		map[string]any{"id": "wide", "sku": "KB-1001", "name": "Tyre 205/65 R15, with a rim of 55", "text": "Fits KB-100", "brand": "7", "size": 70},
		map[string]any{"id": "filter", "sku": "F-4711", "name": "Filter for KB-100", "brand": "07", "size": 0.7},
		map[string]any{"id": "a-rim", "sku": "KB-100-1", "name": "Tyre 205 by 65, for a rim of 55", "brand": "y"},
		map[string]any{"id": "agent", "sku": "A-4710", "name": "Agent 007, volume 0042", "brand": "7.0", "size": "7"},
		map[string]any{"id": "seven", "sku": "A-0071", "name": "Agent 7, volume 42, box of 47112", "brand": "x"},
	)
	for _, tt := range []struct {
		text  string
		first string
		all   []string // nil: not checked
	}{
		{text: "205/55", first: "tyre"},
		{text: "205 55", first: "tyre"},
		{text: "tyre 205/65 ", first: "wide"},
		{text: "KB-100", first: "tyre"},
		{text: "kb-1001", first: "wide"},
		{text: "4711 ", all: []string{"filter"}}, // neither 4710 nor 47112
		{text: "4711", first: "filter", all: []string{"filter", "seven"}},
		{text: "4171 ", all: []string{}},
		{text: "007 ", all: []string{"agent"}},
		{text: "0042 ", all: []string{"agent"}},
		{text: "42 ", all: []string{"seven"}},
		{text: "agnet 7 ", first: "seven"}, // a typo in a word
	} {
		_, got := w.find(t, tt.text, &meilisearch.SearchRequest{})
		if tt.first != "" && (len(got) == 0 || got[0] != tt.first) {
			t.Errorf("%q finds %v, want %s first", tt.text, got, tt.first)
		}
		if slices.Sort(got); tt.all != nil && !slices.Equal(got, tt.all) {
			t.Errorf("%q finds %v, want %v", tt.text, got, tt.all)
		}
	}
	for filter, want := range map[string][]string{
		`brand IN ["007"]`: {"tyre"}, `brand IN ["07"]`: {"filter"}, `brand IN ["7"]`: {"wide"}, `brand IN ["7.0"]`: {"agent"},
		`size IN ["7.0"]`: {"tyre"}, `size IN ["7"]`: {"agent", "tyre"}, `size IN ["0.70"]`: {"filter"},
	} {
		_, got := w.find(t, "", &meilisearch.SearchRequest{Filter: filter})
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", filter, got, want)
		}
	}
	for text, want := range map[string][]string{"agent 7 ": {"seven"}, "agent 42 rim ": {}, "volume agent ": {"agent", "seven"}} {
		_, got := w.find(t, text, &meilisearch.SearchRequest{MatchingStrategy: meilisearch.All})
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("all of %q are in %v, want %v", text, got, want)
		}
	}
	set.TypoTolerance.DisableOnNumbers = false
	at(w.index().UpdateSettings(set))(w.did, t)
	if _, got := w.find(t, "volume 0043 ", &meilisearch.SearchRequest{MatchingStrategy: meilisearch.All}); !slices.Equal(got, []string{"agent"}) {
		t.Errorf("with typos in numbers: %v", got)
	}
}

func stopWords(t *testing.T, w wire) {
	w.holding(t, &meilisearch.Settings{
		SearchableAttributes: []string{"name", "text"}, RankingRules: sortedFirst, StopWords: []string{"the", "of", "für"},
	},
		map[string]any{"id": "cup", "name": "Cup of tea"}, map[string]any{"id": "pot", "name": "The teapot", "text": "cup of the day"},
		map[string]any{"id": "thermos", "name": "Thermos"},
	)
	for q, want := range map[string][]string{
		"the teapot": {"pot"}, "of tea ": {"cup"}, "THE thermos": {"thermos"}, "the cup": {"cup", "pot"},
		"the":          {"thermos"}, // it may be a prefix
		`"cup of tea"`: {"cup"}, `"cup the tea"`: {"cup"}, `"cup tea"`: {}, `"the cup"`: {"cup", "pot"},
	} {
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", q, got, want)
		}
	}
	if s, err := w.index().GetSettings(); err != nil || len(s.StopWords) != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	at(w.index().ResetStopWords())(w.did, t)
	if _, got := w.find(t, "the ", &meilisearch.SearchRequest{}); !slices.Equal(got, []string{"pot"}) {
		t.Errorf("without stop words: %v", got)
	}
}

// ranking checks that documents that match equally well are ordered by attributes.
func ranking(t *testing.T, w wire) {
	set := &meilisearch.Settings{
		SearchableAttributes: []string{"name", "text"}, FilterableAttributes: []string{"new"}, SortableAttributes: []string{"rating"},
		RankingRules: append(slices.Clone(sortedFirst), "new:desc", "rating:desc"),
	}
	w.holding(t, set,
		map[string]any{"id": "a", "name": "Mug", "rating": 50, "new": false}, map[string]any{"id": "b", "name": "Mug", "rating": 450, "new": false},
		map[string]any{"id": "c", "name": "Mug", "rating": 400, "new": true}, map[string]any{"id": "d", "name": "Cup", "text": "no mug", "rating": 500, "new": true},
	)
	for _, tt := range []struct {
		rules []string
		want  []string
	}{
		{rules: []string{"new:desc", "rating:desc"}, want: []string{"c", "b", "a", "d"}},
		{rules: []string{"rating:desc"}, want: []string{"b", "c", "a", "d"}},
		{rules: []string{"rating:asc", "new:desc"}, want: []string{"a", "c", "b", "d"}},
	} {
		at(w.index().UpdateSettings(&meilisearch.Settings{RankingRules: append(slices.Clone(sortedFirst), tt.rules...)}))(w.did, t)
		if _, got := w.find(t, "mug ", &meilisearch.SearchRequest{}); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.rules, got, tt.want)
		}
	}
}
