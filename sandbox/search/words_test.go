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

// inMemory is a server of its own that keeps nothing.
func inMemory(tb testing.TB) wire {
	tb.Helper()
	s, err := search.New(search.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	at := httptest.NewServer(s.Handler())
	tb.Cleanup(func() {
		at.Close()
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return wire{meilisearch.New(at.URL, meilisearch.DisableRetries()), "goods"}
}

// holds makes an index with settings and documents, which are JSON objects by
// their ids.
func (w wire) holds(tb testing.TB, set *meilisearch.Settings, docs map[string]string) {
	tb.Helper()
	if _, err := w.index().UpdateSettings(set); err != nil {
		tb.Fatal(err)
	}
	var all []json.RawMessage
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

func wordSettings() *meilisearch.Settings {
	return &meilisearch.Settings{
		SearchableAttributes: []string{"name", "brand", "tags", "text"}, FilterableAttributes: []string{"brand", "price", "tags", "new", "old", "size", "name"},
		SortableAttributes: []string{"price", "name"}, StopWords: []string{"the"},
		Synonyms: map[string][]string{"couch": {"sofa"}, "sleeper chair": {"sofa bed"}, "Divan": {"sofa bed"}},
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

// TestWords (SRCH-6): what is typed finds what Meilisearch would find, nearest
// first; of the same nearness by id.
func TestWords(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	for _, tt := range []struct {
		name, text string
		strategy   meilisearch.MatchingStrategy
		want       []string
	}{
		{"nothing", "", "", []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}},
		{"only signs", " -!,", "", []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}},
		{"a word, by name before description", "blue", "", []string{"mug", "cup"}},
		{"a word in a name, and beginning one in a text", "kettle", "", []string{"kettle", "poster"}},
		{"in capitals", "KETTLE", "", []string{"kettle", "poster"}},
		{"a beginning", "harb", "", []string{"poster"}},
		{"a beginning that is finished", "harb ", "", []string{}},
		{"two letters", "st", "", []string{"kettle", "cup"}},
		{"one letter begins nothing", "s", "", []string{}},
		{"a typo", "kettel", "", []string{"kettle", "poster"}},
		{"a typo in a short word", "mog", "", []string{}},
		{"a typo in the first letter", "zettle", "", []string{}},
		{"a typo in a longer word", "whistels", "", []string{"kettle"}},
		{"two typos in a long word", "stomewere ", "", []string{"cup"}},
		{"two typos in a word that is not long enough", "whisetls", "", []string{}},
		{"swapped letters", "enmael", "", []string{"mug"}},
		{"a typo in a beginning", "whsitl", "", []string{"kettle"}},
		{"a letter too much in a beginning", "enaame", "", []string{"mug"}},
		{"a letter that is missing in a beginning", "stonw", "", []string{"cup"}},
		{"a wrong letter at the end of a beginning", "stonx", "", []string{"cup"}},
		{"without accents", "cafe uber", "", []string{"cafe"}},
		{"sharp s", "UBERGROSSE", "", []string{"cafe"}},
		{"characters without spaces", "茶", "", []string{"cafe"}},
		{"both words first", "blue cup", "", []string{"cup", "mug"}},
		{"all words", "blue cup", "all", []string{"cup"}},
		{"the rarer word counts", "blue kettle", "frequency", []string{"kettle", "poster"}},
		{"the last is given up", "kettle zeppelin", "", []string{"kettle", "poster"}},
		{"the first is not", "zeppelin kettle", "", []string{}},
		{"a stop word", "the fire", "", []string{"mug"}},
		{"a stop word alone may be a beginning", "the", "", []string{"kettle", "mug"}},
		{"a synonym", "couch", "", []string{"sofa"}},
		{"a synonym of two words", "sleeper chair", "", []string{"sofa"}},
		{"a synonym that is two words", "divan", "", []string{"sofa"}},
		{"in quotes no typos", `"kettel"`, "", []string{}},
		{"in quotes a word", `"kettle"`, "", []string{"kettle"}},
		{"a number", "50", "", []string{}},
		{"a tag", "camping", "", []string{"mug"}},
		{"apostrophes and signs", "print & co", "all", []string{"poster"}},
		{"more words than are looked at", "blue enamel mug kiln camp fire camping blue enamel mug zeppelin", "all", []string{"mug"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := w.find(t, tt.text, &meilisearch.SearchRequest{MatchingStrategy: tt.strategy})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPhrases: words in quotes follow each other in a document, and must be
// there.
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
		`zeppelin "tea cup"`:         {"cup"}, // the phrase must be there, the words need not
		`"tea cup" "blue and white"`: {"cup"},
		`"tea cup" "white and blue"`: {},
		`"camp fire`:                 {"mug"}, // not closed
		`"camp fir"`:                 {},      // no beginnings
		`"kettel"`:                   {},      // no typos
		`"couch"`:                    {},      // no synonyms
		`"when the water"`:           {"kettle"},
		`"when a water"`:             {},
		`"for the fire"`:             {"pan"}, // something is between them, and no comma
		`"sofa bed rest"`:            {},      // not from attribute to attribute
		`"enamel. mug"`:              {"mug", "set"},
		`""`:                         all,
		`"the"`:                      all,
	} {
		if _, got := w.find(t, text, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if _, err := w.index().DeleteDocument("mug", nil); err != nil {
		t.Fatal(err)
	}
	if _, got := w.find(t, `"enamel mug"`, &meilisearch.SearchRequest{}); len(got) > 0 {
		t.Errorf("a deleted document is found: %v", got)
	}
}

func TestOrder(t *testing.T) {
	w := inMemory(t)
	for _, tt := range []struct {
		name  string
		rules []string
		q     meilisearch.SearchRequest
		want  []string
	}{
		{"cheap first", nil, meilisearch.SearchRequest{Sort: []string{"price:asc"}}, []string{"cafe", "cup", "mug", "poster", "kettle", "sofa"}},
		{"dear first", nil, meilisearch.SearchRequest{Sort: []string{"price:desc"}}, []string{"sofa", "kettle", "poster", "mug", "cup", "cafe"}},
		{"by name", nil, meilisearch.SearchRequest{Sort: []string{"name:asc"}}, []string{"mug", "cafe", "poster", "sofa", "kettle", "cup"}},
		{"a page", nil, meilisearch.SearchRequest{Sort: []string{"price:asc"}, Offset: 2, Limit: 2}, []string{"mug", "poster"}},
		{"nearness before the order", nil, meilisearch.SearchRequest{Query: "blue", Sort: []string{"price:asc"}}, []string{"mug", "cup"}},
		{"the order before nearness", []string{"sort", "words", "attribute"}, meilisearch.SearchRequest{Query: "blue", Sort: []string{"price:asc"}}, []string{"cup", "mug"}},
		{"a rule of its own", []string{"words", "price:desc"}, meilisearch.SearchRequest{}, []string{"sofa", "kettle", "poster", "mug", "cup", "cafe"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := wordSettings()
			if set.RankingRules = tt.rules; tt.rules == nil {
				set.RankingRules = []string{"words", "typo", "proximity", "attribute", "sort", "exactness"}
			}
			w.holds(t, set, wordDocs)
			if _, got := w.find(t, tt.q.Query, &tt.q); !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	_, err := w.index().Search("", &meilisearch.SearchRequest{Sort: []string{"price:asc"}}) // the rules have none
	wantCode(t, err, 400, "invalid_search_sort")
	w.holds(t, wordSettings(), nil)
	at(w.index().ResetRankingRules())(w.did, t)
	for _, sort := range []string{"brand:asc", "price", "price:up"} {
		_, err := w.index().Search("", &meilisearch.SearchRequest{Sort: []string{sort}})
		wantCode(t, err, 400, "invalid_search_sort")
	}
}

func TestFacets(t *testing.T) {
	w := inMemory(t)
	facets := func(set *meilisearch.Settings) (counts map[string]map[string]int, ranges map[string]map[string]float64) {
		w.holds(t, set, wordDocs)
		r, err := w.index().Search("", &meilisearch.SearchRequest{Facets: []string{"brand", "tags", "price"}, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if r.EstimatedTotalHits != 6 || len(r.Hits) != 1 || json.Unmarshal(r.FacetDistribution, &counts) != nil || json.Unmarshal(r.FacetStats, &ranges) != nil {
			t.Fatalf("%+v", r)
		}
		return counts, ranges
	}
	counts, ranges := facets(wordSettings())
	want := map[string]map[string]int{
		"brand": {"Kiln": 2, "Forge": 1, "Print & Co": 1, "": 1, "Rest": 1},
		"tags":  {"blue": 1, "camping": 1, "white": 1},
		"price": {"1450": 1, "900": 1, "5900": 1, "2400": 1, "10.5": 1, "99900": 1},
	}
	if diff := cmp.Diff(want, counts) + cmp.Diff(map[string]map[string]float64{"price": {"min": 10.5, "max": 99900}}, ranges); diff != "" {
		t.Error(diff)
	}
	_, err := w.index().Search("", &meilisearch.SearchRequest{Facets: []string{"text"}})
	wantCode(t, err, 400, "invalid_search_facets")
	few := wordSettings()
	few.Faceting = &meilisearch.Faceting{MaxValuesPerFacet: 1, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount}}
	if counts, _ := facets(few); len(counts["brand"]) != 1 || counts["brand"]["Kiln"] != 2 {
		t.Errorf("the commonest: %v", counts["brand"])
	}
}

// marked is a text as it is shown where something is typed that finds it.
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
		{"harb", "The Harbour, by night", "The [Harb]our, by night"},
		{"harbour", "Harbour harbours", "[Harbour] [harbour]s"},
		{"habour ", "The Harbour", "The [Harbour]"},
		{"cafe", "Ein Café!", "Ein [Café]!"},
		{"caf", "Ein Café!", "Ein [Caf]é!"},
		{"couch", "a sofa", "a [sofa]"},
		{"zebra", "a sofa", "a sofa"},
		{"", "a sofa", "a sofa"},
		{`box "camp out"`, "Out to camp: camp out, in a box", "Out to camp: [camp out], in a [box]"},
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

// TestChange: after any changes a search finds the same as in a new index.
func TestChange(t *testing.T) {
	w := inMemory(t)
	w.holds(t, wordSettings(), wordDocs)
	w.puts(t, []map[string]any{{"id": "mug", "name": "Red mug", "price": 1}})
	for typed, want := range map[string][]string{"enamel": {}, "red": {"mug"}} {
		if _, got := w.find(t, typed, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("after a replacement %s finds %v, want %v", typed, got, want)
		}
	}
	task := at(w.index().DeleteDocuments([]string{"mug", "mug", "never"}, nil))(w.did, t)
	if stats, err := w.index().GetStats(nil); err != nil || stats.NumberOfDocuments != 5 || task.Details.DeletedDocuments != 1 {
		t.Errorf("%+v left, %v; deleted: %+v", stats, err, task.Details)
	}
	if _, got := w.find(t, "mug", &meilisearch.SearchRequest{}); len(got) != 0 {
		t.Errorf("a deleted document is found: %v", got)
	}
	set := wordSettings()
	set.SearchableAttributes = []string{"text"}
	set.TypoTolerance = &meilisearch.TypoTolerance{MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9}}
	at(w.index().UpdateSettings(set))(w.did, t)
	for typed, want := range map[string][]string{"steel": {}, "kettles": {"poster"}, "kettlse": {}} {
		if _, got := w.find(t, typed, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("with other settings %s finds %v, want %v", typed, got, want)
		}
	}
}

// TestManyWords: words are found wherever they came from, early or late; a
// beginning stands for the commonest of many.
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
