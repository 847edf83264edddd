package search_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/meilisearch/meilisearch-go"
)

func words(t *testing.T, w wire) {
	w.shop(t)
	for _, tt := range []struct {
		q        string
		strategy meilisearch.MatchingStrategy
		want     []string
	}{
		{"kettle", "", []string{"kettle"}},
		{"KETTLE", "", []string{"kettle"}},
		{"ket", "", []string{"kettle"}},
		{"kettel", "", []string{"kettle"}}, // swapped letters are one typo
		{"kettlx", "", []string{"kettle"}},
		{"mog", "", []string{}},                                // too short for a typo
		{"harbour", "", []string{"poster", "mug"}},             // the name before the text
		{"blue cup", meilisearch.All, []string{"cup"}},         // every word
		{"blue cup", meilisearch.Last, []string{"cup", "mug"}}, // more words first
		{"couch", "", []string{"sofa"}},
		{"ket tle", "", []string{"kettle"}}, // two words taken for one
		{"zeppelin", "", []string{}},
	} {
		if _, got := w.find(t, tt.q, &meilisearch.SearchRequest{MatchingStrategy: tt.strategy}); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, want %v", tt.q, got, tt.want)
		}
	}
	if _, got := w.find(t, "", &meilisearch.SearchRequest{}); len(got) != 5 {
		t.Errorf("nothing typed finds %v", got)
	}
}

// phrases: words in quotes follow each other, and must be there.
func phrases(t *testing.T, w wire) {
	w.shop(t)
	for q, want := range map[string][]string{
		`"enamel mug"`:         {"mug"},
		`"mug enamel"`:         {},
		`"blue mug"`:           {},
		`"BLUE Enamel"`:        {"mug"},
		`blue "tea cup"`:       {"cup"},
		`zeppelin "tea cup"`:   {"cup"}, // the words need not be
		`"tea cup" "blue and"`: {"cup"},
		`"tea cup" "and blue"`: {},
		`"steel kettle`:        {"kettle"}, // not closed
		`"ket"`:                {},         // no beginnings
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
		{`brand = "Levi's"`, []string{"mug"}},
		{`brand = 'Levi\'s'`, []string{"mug"}},
		{`brand = "levi's"`, []string{"mug"}},
		{`brand = "The \"Forge\""`, []string{"kettle"}},
		{`brand = "Back\slash"`, []string{"cup"}},
		{`brand IN ["Rest", 'Print & Co']`, []string{"poster", "sofa"}},
		{`brand NOT IN ["Rest"] AND price > 2000`, []string{"kettle", "poster"}},
		{`price 900 TO 1450`, []string{"cup", "mug"}},
		{`price >= 1450 AND price < 5900`, []string{"mug", "poster"}},
		{`tags = blue OR tags = white`, []string{"cup", "mug"}},
		{`tags EXISTS AND NOT tags = blue`, []string{"cup"}},
		{`tags NOT EXISTS AND (price < 3000 OR price > 90000)`, []string{"poster", "sofa"}},
		{`missing IS NULL`, []string{"poster"}},
		{`brand != "Rest" AND price != 900 AND price != 1450`, []string{"kettle", "poster"}},
		{[]any{"price > 1000", []any{"tags = blue", "brand = Rest"}}, []string{"mug", "sofa"}},
	} {
		_, got := w.find(t, "", &meilisearch.SearchRequest{Filter: tt.filter})
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.filter, got, tt.want)
		}
	}
	r, _ := w.find(t, "", &meilisearch.SearchRequest{Facets: []string{"tags", "price"}, Filter: "price < 3000"})
	var facets map[string]map[string]int
	var ranges map[string]map[string]float64
	if err := errors.Join(json.Unmarshal(r.FacetDistribution, &facets), json.Unmarshal(r.FacetStats, &ranges)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"blue": 1, "camping": 1, "white": 1}, facets["tags"]); diff != "" || ranges["price"]["min"] != 900 || ranges["price"]["max"] != 2400 {
		t.Errorf("%s, %v", diff, ranges)
	}
}

func pages(t *testing.T, w wire) {
	w.shop(t)
	r, got := w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"price:asc"}, Limit: 2, Offset: 1})
	if !slices.Equal(got, []string{"mug", "poster"}) || r.EstimatedTotalHits != 5 || r.Limit != 2 || r.Offset != 1 {
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
	many, err := w.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{
		{IndexUID: w.uid, Query: "kettle"}, {IndexUID: w.uid, Query: "sofa"},
	}})
	if err != nil || len(many.Results) != 2 || len(many.Results[1].Hits) != 1 || many.Results[0].IndexUID != w.uid {
		t.Errorf("%+v, %v", many, err)
	}
}

func formatted(t *testing.T, w wire) {
	w.shop(t)
	r, _ := w.find(t, "harb", &meilisearch.SearchRequest{
		AttributesToRetrieve: []string{"id"}, AttributesToHighlight: []string{"name", "text"}, AttributesToCrop: []string{"text"}, CropLength: 3,
		HighlightPreTag: "<b>", HighlightPostTag: "</b>",
	})
	var f map[string]string
	if err := json.Unmarshal(r.Hits[0]["_formatted"], &f); err != nil {
		t.Fatal(err)
	}
	if f["name"] != "<b>Harb</b>our poster" || !strings.Contains(f["text"], "<b>harb</b>our") || !strings.HasPrefix(f["text"], "…") {
		t.Errorf("%v", f)
	}
	if _, whole := r.Hits[0]["price"]; whole {
		t.Errorf("attributes that were not asked for: %v", r.Hits[0])
	}
}
