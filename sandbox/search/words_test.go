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

	"purser/sandbox/search"
)

// inMemory starts a server that keeps everything in memory.
func inMemory(tb testing.TB) wire {
	tb.Helper()
	s, err := search.New(search.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	h := s.Handler()
	at := httptest.NewServer(h)
	tb.Cleanup(func() {
		at.Close()
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return wire{ServiceManager: meilisearch.New(at.URL, meilisearch.DisableRetries()), uid: "goods", handler: h}
}

// holds gives the index settings and documents, which are JSON objects by their
// ids.
func (w wire) holds(tb testing.TB, set *meilisearch.Settings, docs map[string]string) {
	tb.Helper()
	if _, err := w.index().UpdateSettings(set); err != nil {
		tb.Fatal(err)
	}
	all := []json.RawMessage{}
	for id, fields := range docs {
		all = append(all, json.RawMessage(fmt.Sprintf(`{"id":%q,%s`, id, strings.TrimPrefix(fields, "{"))))
	}
	w.puts(tb, all)
}

func (w wire) puts(tb testing.TB, docs any) {
	tb.Helper()
	info, err := w.index().AddDocuments(docs, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if task, err := w.GetTask(info.TaskUID); err != nil || task.Status != meilisearch.TaskStatusSucceeded {
		tb.Fatalf("%+v, %v", task, err)
	}
}

// sortedFirst are the ranking rules that providers/meilisearch sets.
var sortedFirst = []string{"sort", "words", "typo", "proximity", "attribute", "exactness"}

func wordSettings() *meilisearch.Settings {
	return &meilisearch.Settings{
		SearchableAttributes: []string{"name", "brand", "tags", "text"}, FilterableAttributes: []string{"brand", "price", "tags", "new", "old", "size", "name"},
		SortableAttributes: []string{"price", "name"}, RankingRules: sortedFirst,
		Synonyms: map[string][]string{"couch": {"sofa"}, "sleeper chair": {"sofa bed"}, "Divan": {"sofa bed"}},
	}
}

// noTypos are the settings for a search that forgives no typo.
func noTypos() *meilisearch.TypoTolerance {
	return &meilisearch.TypoTolerance{
		MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9}, DisableOnWords: []string{}, DisableOnAttributes: []string{},
	}
}

var wordDocs = map[string]string{
	"mug":    `{"name":"Blue enamel mug","brand":"Kiln","text":"for the camp fire","price":1450,"tags":["blue","camping"],"new":true}`,
	"cup":    `{"name":"Tea cup","brand":"Kiln","text":"blue and white stoneware","price":900,"tags":["white"]}`,
	"kettle": `{"name":"Steel kettle","brand":"Forge","text":"whistles when the water boils","price":5900,"tags":[],"old":null}`,
	"poster": `{"name":"Harbour poster","brand":"Print & Co","text":"ships, harbours, kettles","price":2400,"size":"50 x 70"}`,
	"cafe":   `{"name":"Café Übergröße","brand":"","text":"naïve 茶器","price":10.5}`,
	"sofa":   `{"name":"Leather sofa bed","brand":"Rest","text":"sleeps two","price":99900}`,
}

// TestWords (SRCH-6) checks that a query finds what Meilisearch would find, the
// best match first, and equal matches by id.
func TestWords(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	all := []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{name: "nothing", text: "", want: all},
		{name: "only signs", text: " -!,", want: all},
		{name: "a word, by name before description", text: "blue", want: []string{"mug", "cup"}},
		{name: "a word in a name, and a prefix in a text", text: "kettle", want: []string{"kettle", "poster"}},
		{name: "in capitals", text: "KETTLE", want: []string{"kettle", "poster"}},
		{name: "a prefix", text: "harb", want: []string{"poster"}},
		{name: "a prefix with a space after it", text: "harb ", want: []string{}},
		{name: "two letters", text: "st", want: []string{"kettle", "cup"}},
		{name: "one letter is no prefix", text: "s", want: []string{}},
		{name: "a typo", text: "kettel", want: []string{"kettle", "poster"}},
		{name: "a typo in a short word", text: "mog", want: []string{}},
		{name: "a typo in the first letter", text: "zettle", want: []string{}},
		{name: "a typo in a longer word", text: "whistels", want: []string{"kettle"}},
		{name: "two typos in a long word", text: "stomewere ", want: []string{"cup"}},
		{name: "two typos in a word that is not long enough", text: "whisetls", want: []string{}},
		{name: "swapped letters", text: "enmael", want: []string{"mug"}},
		{name: "a typo in a prefix", text: "whsitl", want: []string{"kettle"}},
		{name: "a prefix with a letter too many", text: "enaame", want: []string{"mug"}},
		{name: "a prefix with a missing letter", text: "stonw", want: []string{"cup"}},
		{name: "a prefix with a wrong last letter", text: "stonx", want: []string{"cup"}},
		{name: "without accents", text: "cafe uber", want: []string{"cafe"}},
		{name: "sharp s", text: "UBERGROSSE", want: []string{"cafe"}},
		{name: "characters without spaces", text: "茶", want: []string{"cafe"}},
		{name: "both words first", text: "blue cup", want: []string{"cup", "mug"}},
		{name: "the last word may be missing", text: "kettle zeppelin", want: []string{"kettle", "poster"}},
		{name: "the first word may not", text: "zeppelin kettle", want: []string{}},
		{name: "a synonym", text: "couch", want: []string{"sofa"}},
		{name: "a synonym of two words", text: "sleeper chair", want: []string{"sofa"}},
		{name: "a synonym that is two words", text: "divan", want: []string{"sofa"}},
		{name: "in quotes no typos", text: `"kettel"`, want: []string{}},
		{name: "in quotes a word", text: `"kettle"`, want: []string{"kettle"}},
		{name: "a number", text: "50", want: []string{}},
		{name: "a tag", text: "camping", want: []string{"mug"}},
		{name: "apostrophes and signs", text: "print & co", want: []string{"poster"}},
		{name: "more words than are looked at", text: "enamel blue mug kiln camp fire camping enamel blue mug zeppelin", want: []string{"mug"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := w.find(t, tt.text, &meilisearch.SearchRequest{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPhrases checks that words in quotes must follow each other in a document.
func TestPhrases(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	w.holds(t, wordSettings(), map[string]string{
		"set": `{"name":"Mug set","tags":["enamel","mug"],"text":"An enamel, mug and bowl. Camp out of the box; fire it up for, fire"}`,
		"pan": `{"name":"Pan","text":"for the pan and for the fire"}`,
	})
	all := []string{"cafe", "cup", "kettle", "mug", "pan", "poster", "set", "sofa"}
	for text, want := range map[string][]string{
		`"enamel mug"`:               {"mug"}, // neither over a comma nor from tag to tag
		`"mug enamel"`:               {},
		`"blue mug"`:                 {},
		`"Blue ENAMEL mug"`:          {"mug"},
		`"leather sofa" bed`:         {"sofa"},
		`bed "leather sofa"`:         {"sofa"},
		`zeppelin "tea cup"`:         {"cup"}, // only the phrase is required
		`"tea cup" "blue and white"`: {"cup"},
		`"tea cup" "white and blue"`: {},
		`"camp fire`:                 {"mug"}, // not closed
		`"camp fir"`:                 {},      // no prefixes
		`"kettel"`:                   {},      // no typos
		`"couch"`:                    {},      // no synonyms
		`"when the water"`:           {"kettle"},
		`"when a water"`:             {},
		`"for the fire"`:             {"pan"}, // no comma is between the words
		`"sofa bed rest"`:            {},      // not from attribute to attribute
		`"enamel. mug"`:              {"mug", "set"},
		`""`:                         all,
		`"the"`:                      {"kettle", "mug", "pan", "set"},
	} {
		if _, got := w.find(t, text, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if _, err := w.index().DeleteDocuments([]string{"mug"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, got := w.find(t, `"enamel mug"`, &meilisearch.SearchRequest{}); len(got) > 0 {
		t.Errorf("a deleted document is found: %v", got)
	}
}

// TestOrder (SRCH-6) checks the order of hits: by an attribute, and only then by
// how well they match.
func TestOrder(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	for _, tt := range []struct {
		name string
		q    meilisearch.SearchRequest
		want []string
	}{
		{name: "cheap first", q: meilisearch.SearchRequest{Sort: []string{"price:asc"}}, want: []string{"cafe", "cup", "mug", "poster", "kettle", "sofa"}},
		{name: "dear first", q: meilisearch.SearchRequest{Sort: []string{"price:desc"}}, want: []string{"sofa", "kettle", "poster", "mug", "cup", "cafe"}},
		{name: "by name", q: meilisearch.SearchRequest{Sort: []string{"name:asc"}}, want: []string{"mug", "cafe", "poster", "sofa", "kettle", "cup"}},
		{name: "a page", q: meilisearch.SearchRequest{Sort: []string{"price:asc"}, Page: 2, HitsPerPage: new(int64(2))}, want: []string{"mug", "poster"}},
		{name: "the best match first", q: meilisearch.SearchRequest{Query: "blue"}, want: []string{"mug", "cup"}},
		{name: "the price before the match", q: meilisearch.SearchRequest{Query: "blue", Sort: []string{"price:asc"}}, want: []string{"cup", "mug"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := w.find(t, tt.q.Query, &tt.q); !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	for _, sort := range []string{"brand:asc", "price", "price:up"} {
		_, err := w.index().Search("", &meilisearch.SearchRequest{Sort: []string{sort}})
		wantCode(t, err, 400, "invalid_search_sort")
	}
}

func TestFacets(t *testing.T) {
	w := inMemory(t)
	facets := func(set *meilisearch.Settings) (counts map[string]map[string]int) {
		w.holds(t, set, wordDocs)
		r, err := w.index().Search("", &meilisearch.SearchRequest{Facets: []string{"brand", "tags", "price"}, HitsPerPage: new(int64(1))})
		if err != nil {
			t.Fatal(err)
		}
		if r.TotalHits != 6 || len(r.Hits) != 1 || json.Unmarshal(r.FacetDistribution, &counts) != nil {
			t.Fatalf("%+v", r)
		}
		return counts
	}
	want := map[string]map[string]int{
		"brand": {"Kiln": 2, "Forge": 1, "Print & Co": 1, "": 1, "Rest": 1},
		"tags":  {"blue": 1, "camping": 1, "white": 1},
		"price": {"1450": 1, "900": 1, "5900": 1, "2400": 1, "10.5": 1, "99900": 1},
	}
	if diff := cmp.Diff(want, facets(wordSettings())); diff != "" {
		t.Error(diff)
	}
	_, err := w.index().Search("", &meilisearch.SearchRequest{Facets: []string{"text"}})
	wantCode(t, err, 400, "invalid_search_facets")
	few := wordSettings()
	for order, want := range map[meilisearch.SortFacetType]map[string]int{meilisearch.SortFacetTypeCount: {"Kiln": 2}, meilisearch.SortFacetTypeAlpha: {"": 1}} {
		few.Faceting = &meilisearch.Faceting{MaxValuesPerFacet: 1, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": order}}
		if diff := cmp.Diff(want, facets(few)["brand"]); diff != "" {
			t.Errorf("one by %s: %s", order, diff)
		}
	}
}

// marked returns a text with marks, as a search that finds it shows it.
func marked(t *testing.T, w wire, typed, text string, r *meilisearch.SearchRequest) string {
	t.Helper()
	w.puts(t, []map[string]any{{"id": "it", "text": text, "always": typed}})
	r.AttributesToHighlight, r.HighlightPreTag, r.HighlightPostTag = []string{"text"}, "[", "]"
	hits, _ := w.find(t, typed, r)
	var formatted map[string]string
	if len(hits.Hits) != 1 || json.Unmarshal(hits.Hits[0]["_formatted"], &formatted) != nil {
		t.Fatalf("%q finds %+v", typed, hits)
	}
	return formatted["text"]
}

func TestMark(t *testing.T) {
	w := inMemory(t)
	set := wordSettings()
	set.SearchableAttributes = []string{"text", "always"}
	w.holds(t, set, nil)
	for _, tt := range []struct{ typed, text, want string }{
		{typed: "harb", text: "The Harbour, by night", want: "The [Harb]our, by night"},
		{typed: "harbour", text: "Harbour harbours", want: "[Harbour] [harbour]s"},
		{typed: "habour ", text: "The Harbour", want: "The [Harbour]"},
		{typed: "cafe", text: "Ein Café!", want: "Ein [Café]!"},
		{typed: "caf", text: "Ein Café!", want: "Ein [Caf]é!"},
		{typed: "couch", text: "a sofa", want: "a [sofa]"},
		{typed: "zebra", text: "a sofa", want: "a sofa"},
		{typed: "", text: "a sofa", want: "a sofa"},
		{typed: `box "camp out"`, text: "Out to camp: camp out, in a box", want: "Out to camp: [camp out], in a [box]"},
	} {
		if got := marked(t, w, tt.typed, tt.text, &meilisearch.SearchRequest{}); got != tt.want {
			t.Errorf("%q in %q: got %q, want %q", tt.typed, tt.text, got, tt.want)
		}
	}
	crop := &meilisearch.SearchRequest{AttributesToCrop: []string{"text"}, CropLength: 3}
	if got := marked(t, w, "five", "one two three four five six seven eight", crop); got != "…four [five] six…" {
		t.Errorf("cropped: %q", got)
	}
	if got := marked(t, w, "five", "one two", crop); got != "one two" {
		t.Errorf("too short to crop: %q", got)
	}
}

// TestChange checks that a search after changes finds the same as in a new index.
func TestChange(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	w.puts(t, []map[string]any{{"id": "mug", "name": "Red mug", "price": 1}})
	for typed, want := range map[string][]string{"enamel": {}, "red": {"mug"}} {
		if _, got := w.find(t, typed, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("after a replacement %s finds %v, want %v", typed, got, want)
		}
	}
	at(w.index().DeleteDocuments([]string{"mug", "mug", "never"}, nil))(w.did, t)
	if stats, err := w.index().GetStats(nil); err != nil || stats.NumberOfDocuments != 5 {
		t.Errorf("%+v left, %v", stats, err)
	}
	if _, got := w.find(t, "mug", &meilisearch.SearchRequest{}); len(got) != 0 {
		t.Errorf("a deleted document is found: %v", got)
	}
	set := wordSettings()
	set.SearchableAttributes = []string{"text"}
	set.TypoTolerance = noTypos()
	at(w.index().UpdateSettings(set))(w.did, t)
	for typed, want := range map[string][]string{"steel": {}, "kettles": {"poster"}, "kettlse": {}} {
		if _, got := w.find(t, typed, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("with other settings %s finds %v, want %v", typed, got, want)
		}
	}
}

// TestManyWords checks that words are found in an index with many of them, and that
// a prefix stands for a bounded number of words.
func TestManyWords(t *testing.T) {
	w := inMemory(t)
	var docs []map[string]any
	for i := range 3000 {
		n := i * 7919 % 3000 // in no order
		docs = append(docs, map[string]any{"id": fmt.Sprint("d", n), "name": fmt.Sprintf("word%04dx", n)})
	}
	for part := range slices.Chunk(docs, 1000) {
		w.puts(t, part)
	}
	for _, n := range []int{0, 1, 511, 512, 513, 1500, 2998, 2999} {
		if _, got := w.find(t, fmt.Sprintf("word%04dx", n), &meilisearch.SearchRequest{}); len(got) == 0 || got[0] != fmt.Sprint("d", n) {
			t.Errorf("word%04dx finds %v first", n, got)
		}
	}
	for text, want := range map[string]int64{"word": 200, "word12": 100, "word123": 10} {
		if r, err := w.index().Search(text, &meilisearch.SearchRequest{}); err != nil || r.EstimatedTotalHits < want || r.EstimatedTotalHits > 1000 {
			t.Errorf("%s finds %d, want %d or more, %v", text, r.EstimatedTotalHits, want, err)
		}
	}
}

// TestNumberSigns checks that fractions and other numbers that are no digits are words.
func TestNumberSigns(t *testing.T) {
	w := inMemory(t)
	w.holds(t, &meilisearch.Settings{SearchableAttributes: []string{"name"}}, map[string]string{
		"half": `{"name":"Pipe ½ inch"}`, "three": `{"name":"Pipe ¾ inch"}`, "area": `{"name":"Cloth 5 m²"}`, "other": `{"name":"Rope 5 m"}`,
	})
	for text, want := range map[string]string{"½": "half", "¾ inch": "three", "cloth m²": "area", "m2": "area"} {
		if _, ids := w.find(t, text, &meilisearch.SearchRequest{MatchingStrategy: meilisearch.All}); len(ids) != 1 || ids[0] != want {
			t.Errorf("%s finds %v, want %s", text, ids, want)
		}
	}
}
