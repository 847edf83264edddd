package finder_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/sandbox/finder"
)

// doc reads a document as it comes in.
func doc(t testing.TB, id, fields string) finder.Document {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(fields))
	dec.UseNumber()
	d := finder.Document{ID: id}
	if err := dec.Decode(&d.Fields); err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	return d
}

func shop(t testing.TB, s finder.Settings) *finder.Index {
	t.Helper()
	x := finder.New(s)
	x.Put([]finder.Document{
		doc(t, "mug", `{"name":"Blue enamel mug","brand":"Kiln","text":"for the camp fire","price":1450,"tags":["blue","camping"],"new":true}`),
		doc(t, "cup", `{"name":"Tea cup","brand":"Kiln","text":"blue and white stoneware","price":900,"tags":["white"]}`),
		doc(t, "kettle", `{"name":"Steel kettle","brand":"Forge","text":"whistles when the water boils","price":5900,"tags":[],"old":null}`),
		doc(t, "poster", `{"name":"Harbour poster","brand":"Print & Co","text":"ships, harbours, kettles","price":2400,"size":"50 x 70"}`),
		doc(t, "cafe", `{"name":"Café Übergröße","brand":"","text":"naïve 茶器","price":10.5}`),
		doc(t, "sofa", `{"name":"Leather sofa bed","brand":"Rest","text":"sleeps two","price":99900}`),
	})
	return x
}

var settings = finder.Settings{
	Searchable: []string{"name", "brand", "tags", "text"}, Filterable: []string{"brand", "price", "tags", "new", "old", "size", "name"},
	Sortable: []string{"price", "name"}, StopWords: []string{"the"},
	Synonyms: map[string][]string{"couch": {"sofa"}, "sleeper chair": {"sofa bed"}, "Divan": {"sofa bed"}},
}

func ids(t *testing.T, x *finder.Index, q finder.Query) []string {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 20
	}
	r, err := x.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{}, r.IDs...)
}

// TestWords: what is typed finds what Meilisearch would find, nearest first.
func TestWords(t *testing.T) {
	x := shop(t, settings)
	for _, tt := range []struct {
		name, text, strategy string
		want                 []string
	}{
		{"nothing", "", "", []string{"mug", "cup", "kettle", "poster", "cafe", "sofa"}},
		{"only signs", " -!,", "", []string{"mug", "cup", "kettle", "poster", "cafe", "sofa"}},
		{"a word, by name before description", "blue", "", []string{"mug", "cup"}},
		{"a word in a name, and beginning one in a text", "kettle", "", []string{"kettle", "poster"}},
		{"in capitals", "KETTLE", "", []string{"kettle", "poster"}},
		{"a beginning", "harb", "", []string{"poster"}},
		{"a beginning that is finished", "harb ", "", []string{}},
		{"one letter", "s", "", []string{"kettle", "sofa", "cup", "poster"}},
		{"a typo", "kettel", "", []string{"kettle", "poster"}},
		{"a typo in a short word", "mog", "", []string{}},
		{"a typo in the first letter", "zettle", "", []string{}},
		{"two typos in a long word", "whistels", "", []string{"kettle"}},
		{"a typo in a beginning", "enmael", "", []string{"mug"}},
		{"without accents", "cafe uber", "", []string{"cafe"}},
		{"sharp s", "UBERGROSSE", "", []string{"cafe"}},
		{"characters without spaces", "茶", "", []string{"cafe"}},
		{"both words first", "blue cup", "", []string{"cup", "mug"}},
		{"all words", "blue cup", "all", []string{"cup"}},
		{"the rarer word counts", "blue kettle", "frequency", []string{"kettle", "poster"}},
		{"the last is given up", "kettle zeppelin", "", []string{"kettle", "poster"}},
		{"the first is not", "zeppelin kettle", "", []string{}},
		{"a stop word", "the fire", "", []string{"mug"}},
		{"a stop word alone may be a beginning", "the", "", []string{"mug", "kettle"}},
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
			if diff := cmp.Diff(tt.want, ids(t, x, finder.Query{Text: tt.text, Strategy: tt.strategy})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPhrases: words in quotes follow each other in a document, and must be
// there.
func TestPhrases(t *testing.T) {
	x := shop(t, settings)
	x.Put([]finder.Document{
		doc(t, "set", `{"name":"Mug set","tags":["enamel","mug"],"text":"An enamel, mug and bowl. Camp out of the box; fire it up for, fire"}`),
		doc(t, "pan", `{"name":"Pan","text":"for the pan and for the fire"}`),
	})
	for _, tt := range []struct {
		text string
		want []string
	}{
		{`"enamel mug"`, []string{"mug"}}, // neither over a comma nor from tag to tag
		{`"mug enamel"`, []string{}},
		{`"blue mug"`, []string{}},
		{`"Blue ENAMEL mug"`, []string{"mug"}},
		{`"leather sofa" bed`, []string{"sofa"}},
		{`bed "leather sofa"`, []string{"sofa"}},
		{`zeppelin "tea cup"`, []string{"cup"}}, // the phrase must be there, the words need not
		{`"tea cup" "blue and white"`, []string{"cup"}},
		{`"tea cup" "white and blue"`, []string{}},
		{`"camp fire`, []string{"mug"}}, // not closed
		{`"camp fir"`, []string{}},      // no beginnings
		{`"kettel"`, []string{}},        // no typos
		{`"couch"`, []string{}},         // no synonyms
		{`"when the water"`, []string{"kettle"}},
		{`"when a water"`, []string{}},
		{`"for the fire"`, []string{"pan"}}, // something is between them, and no comma
		{`"sofa bed rest"`, []string{}},     // not from attribute to attribute
		{`"enamel. mug"`, []string{"mug", "set"}},
		{`""`, []string{"mug", "cup", "kettle", "poster", "cafe", "sofa", "set", "pan"}},
		{`"the"`, []string{"mug", "cup", "kettle", "poster", "cafe", "sofa", "set", "pan"}},
	} {
		if diff := cmp.Diff(tt.want, ids(t, x, finder.Query{Text: tt.text})); diff != "" {
			t.Errorf("%s: %s", tt.text, diff)
		}
	}
	x.Delete([]string{"mug"})
	if got := ids(t, x, finder.Query{Text: `"enamel mug"`}); len(got) > 0 {
		t.Errorf("a deleted document is found: %v", got)
	}
	r, err := x.Search(finder.Query{Text: `box "camp out"`})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Marker.Mark("Out to camp: camp out, in a box", "[", "]"); got != "Out to camp: [camp out], in a [box]" {
		t.Errorf("marked: %s", got)
	}
}

func TestOrder(t *testing.T) {
	x := shop(t, settings)
	for _, tt := range []struct {
		name  string
		rules []string
		q     finder.Query
		want  []string
	}{
		{"cheap first", nil, finder.Query{Sort: []string{"price:asc"}}, []string{"cafe", "cup", "mug", "poster", "kettle", "sofa"}},
		{"dear first", nil, finder.Query{Sort: []string{"price:desc"}}, []string{"sofa", "kettle", "poster", "mug", "cup", "cafe"}},
		{"by name", nil, finder.Query{Sort: []string{"name:asc"}}, []string{"mug", "cafe", "poster", "sofa", "kettle", "cup"}},
		{"a page", nil, finder.Query{Sort: []string{"price:asc"}, Offset: 2, Limit: 2}, []string{"mug", "poster"}},
		{"nearness before the order", nil, finder.Query{Text: "blue", Sort: []string{"price:asc"}}, []string{"mug", "cup"}},
		{"the order before nearness", []string{"sort", "words", "attribute"}, finder.Query{Text: "blue", Sort: []string{"price:asc"}}, []string{"cup", "mug"}},
		{"a rule of its own", []string{"words", "price:desc"}, finder.Query{}, []string{"sofa", "kettle", "poster", "mug", "cup", "cafe"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := x
			if tt.rules != nil {
				s := settings
				s.Rules = tt.rules
				x = shop(t, s)
			}
			if diff := cmp.Diff(tt.want, ids(t, x, tt.q)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, q := range []finder.Query{{Sort: []string{"brand:asc"}}, {Sort: []string{"price"}}, {Sort: []string{"price:up"}}} {
		if _, err := x.Search(q); !errors.Is(err, finder.ErrSort) {
			t.Errorf("%q: %v, want ErrSort", q.Sort, err)
		}
	}
}

func TestFacets(t *testing.T) {
	x := shop(t, settings)
	r, err := x.Search(finder.Query{Facets: []string{"brand", "tags", "price"}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{
		"brand": {"Kiln": 2, "Forge": 1, "Print & Co": 1, "": 1, "Rest": 1},
		"tags":  {"blue": 1, "camping": 1, "white": 1},
		"price": {"1450": 1, "900": 1, "5900": 1, "2400": 1, "10.5": 1, "99900": 1},
	}
	if diff := cmp.Diff(want, r.Facets); diff != "" {
		t.Error(diff)
	}
	if r.Total != 6 || len(r.IDs) != 1 || r.Ranges["price"] != (finder.Range{Min: 10.5, Max: 99900}) {
		t.Errorf("%+v", r)
	}
	if _, err := x.Search(finder.Query{Facets: []string{"text"}}); !errors.Is(err, finder.ErrFacet) {
		t.Errorf("%v, want ErrFacet", err)
	}
	few := settings
	few.ValuesPerFacet, few.CommonFirst = 1, true
	if r, _ := shop(t, few).Search(finder.Query{Facets: []string{"brand"}}); len(r.Facets["brand"]) != 1 || r.Facets["brand"]["Kiln"] != 2 {
		t.Errorf("the commonest: %v", r.Facets)
	}
}

func TestMark(t *testing.T) {
	x := shop(t, settings)
	for _, tt := range []struct{ typed, text, want string }{
		{"harb", "The Harbour, by night", "The [Harb]our, by night"},
		{"harbour", "Harbour harbours", "[Harbour] [harbour]s"},
		{"habour ", "The Harbour", "The [Harbour]"},
		{"cafe", "Ein Café!", "Ein [Café]!"},
		{"couch", "a sofa", "a [sofa]"},
		{"zebra", "a sofa", "a sofa"},
		{"", "a sofa", "a sofa"},
	} {
		r, err := x.Search(finder.Query{Text: tt.typed})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := r.Marker.Mark(tt.text, "[", "]"); got != tt.want {
			t.Errorf("%q in %q: got %q, want %q", tt.typed, tt.text, got, tt.want)
		}
	}
	r, _ := x.Search(finder.Query{Text: "five"})
	if got := r.Marker.Crop("one two three four five six seven eight", 3, "…"); got != "…four five six…" {
		t.Errorf("cropped: %q", got)
	}
	if got := r.Marker.Crop("one two", 3, "…"); got != "one two" {
		t.Errorf("too short to crop: %q", got)
	}
}

// TestChange: after any changes an index answers as one made again.
func TestChange(t *testing.T) {
	x := shop(t, settings)
	x.Put([]finder.Document{doc(t, "mug", `{"name":"Red mug","price":1}`)})
	if got := ids(t, x, finder.Query{Text: "enamel"}); len(got) != 0 {
		t.Errorf("the old words of a replaced document find %v", got)
	}
	if got := ids(t, x, finder.Query{Text: "red"}); !slices.Equal(got, []string{"mug"}) {
		t.Errorf("the new words find %v", got)
	}
	if n := x.Delete([]string{"mug", "mug", "never"}); n != 1 || x.Len() != 5 {
		t.Errorf("deleted %d, %d left", n, x.Len())
	}
	if got := ids(t, x, finder.Query{Text: "mug"}); len(got) != 0 {
		t.Errorf("a deleted document is found: %v", got)
	}
	if s := settings; x.Configure(func() finder.Settings { s.Searchable = []string{"name"}; return s }()) {
		t.Error("other attributes to search in, and nothing to be done?")
	}
	s := settings
	s.NoTypos = true
	if !x.Configure(s) {
		t.Error("typos can be switched off at once")
	}
	if got := ids(t, x, finder.Query{Text: "kettel"}); len(got) != 0 {
		t.Errorf("a typo finds %v", got)
	}
}

func jsonNumber(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// TestManyWords: words are found wherever they came from, early or late.
func TestManyWords(t *testing.T) {
	x := finder.New(finder.Settings{})
	var docs []finder.Document
	for i := range 3000 {
		n := i * 7919 % 3000 // in no order
		docs = append(docs, finder.Document{ID: fmt.Sprint("d", n), Fields: map[string]any{"name": fmt.Sprintf("word%04dx", n)}})
	}
	x.Put(docs)
	for _, n := range []int{0, 1, 511, 512, 513, 1500, 2998, 2999} {
		whole := fmt.Sprintf("word%04dx", n)
		if got := ids(t, x, finder.Query{Text: whole}); got[0] != fmt.Sprint("d", n) {
			t.Errorf("%s finds %v first", whole, got)
		}
	}
	for text, want := range map[string]int{"word": 1000, "word12": 100, "word123": 10} {
		if r, err := x.Search(finder.Query{Text: text}); err != nil || r.Total < want || r.Total > 1000 {
			t.Errorf("%s finds %d, want %d or more, %v", text, r.Total, want, err)
		}
	}
}
