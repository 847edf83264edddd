package finder_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/sandbox/finder"
)

// TestFilter (SRCH-7): filters mean what Meilisearch's mean.
func TestFilter(t *testing.T) {
	x := shop(t, settings)
	list := func(v ...any) []any { return v }
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
		{`price = 10.50`, []string{"cafe"}},
		{`price = "900"`, []string{"cup"}},
		{`brand > 5`, []string{}},
		{`tags = blue`, []string{"mug"}},
		{`tags IN [blue, 'white', ]`, []string{"cup", "mug"}},
		{`tags IN []`, []string{}},
		{`tags NOT IN [blue]`, []string{"cafe", "cup", "kettle", "poster", "sofa"}},
		{`new = true`, []string{"mug"}},
		{`tags EXISTS`, []string{"cup", "kettle", "mug"}},
		{`tags NOT EXISTS`, []string{"cafe", "poster", "sofa"}},
		{`tags IS EMPTY`, []string{"kettle"}},
		{`brand IS EMPTY`, []string{"cafe"}},
		{`tags IS NOT EMPTY AND tags EXISTS`, []string{"cup", "mug"}},
		{`old IS NULL`, []string{"kettle"}},
		{`old IS NOT NULL`, []string{"cafe", "cup", "mug", "poster", "sofa"}},
		{`brand STARTS WITH pri`, []string{"poster"}},
		{`size CONTAINS "X 7"`, []string{"poster"}},
		{`brand = Kiln AND price > 1000 OR brand = Rest`, []string{"mug", "sofa"}},
		{`brand = Kiln AND (price > 1000 OR brand = Rest)`, []string{"mug"}},
		{`NOT (brand = Kiln OR price > 1000)`, []string{"cafe"}},
		{`NOT NOT brand = Kiln`, []string{"cup", "mug"}},
		{`brand = "a\"b" OR brand = 'Levi\'s' OR brand = "back\slash"`, []string{}},
		{"\n brand\t=\r\nKiln ", []string{"cup", "mug"}},
		{list("brand = Kiln", "price > 1000"), []string{"mug"}},
		{list("brand = Kiln", list("price > 1000", "tags = white")), []string{"cup", "mug"}},
		{list(), []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}},
		{"  ", []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}},
		{nil, []string{"cafe", "cup", "kettle", "mug", "poster", "sofa"}},
	} {
		t.Run(fmt.Sprint(tt.filter), func(t *testing.T) {
			f, err := finder.ParseFilter(tt.filter)
			if err != nil {
				t.Fatal(err)
			}
			got := ids(t, x, finder.Query{Filter: f})
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilterRefuses(t *testing.T) {
	x := shop(t, settings)
	for _, f := range []any{
		`brand`, `brand =`, `= Kiln`, `brand = Kiln AND`, `brand = Kiln brand = Kiln`, `(brand = Kiln`, `brand = Kiln)`, `brand = "Kiln`,
		`brand = 'Kiln\'`, `brand = AND`, `AND = AND`, `brand IN Kiln`, `brand IN [Kiln`, `price TO 5`, `price 5 TO`, `brand NOT 5 TO 6`,
		`brand IS Kiln`, `brand STARTS Kiln`, `brand ! Kiln`, `brand ; Kiln`, `price > dear`, `price dear TO dearer`,
		`text = x`, `version = 1`, `brand = Levi's`, 5,
		[]any{5},
		[]any{[]any{5}},
		[]any{[]any{[]any{`brand = x`}}},
		strings.Repeat("(", 101) + "brand = x" + strings.Repeat(")", 101), strings.Repeat("NOT ", 200) + "brand = x",
		strings.TrimSuffix(strings.Repeat("price = 1 OR ", 1001), " OR "), `brand = "` + strings.Repeat("x", 64<<10) + `"`,
	} {
		parsed, err := finder.ParseFilter(f)
		if err == nil {
			_, err = x.Search(finder.Query{Filter: parsed})
		}
		if !errors.Is(err, finder.ErrFilter) {
			t.Errorf("%.60v: %v, want ErrFilter", f, err)
		}
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
	x := shop(f, settings)
	f.Fuzz(func(t *testing.T, s string) {
		one, err := finder.ParseFilter(s)
		if err != nil {
			return
		}
		a, err := x.Search(finder.Query{Filter: one, Limit: 10})
		if err != nil || one == nil {
			return
		}
		two, err := finder.ParseFilter("NOT (NOT (" + s + "))")
		if err != nil {
			return // now it is nested too deep, or too long
		}
		b, err := x.Search(finder.Query{Filter: two, Limit: 10})
		if err != nil || !slices.Equal(a.IDs, b.IDs) {
			t.Errorf("%q finds %v, its double negation %v, %v", s, a.IDs, b.IDs, err)
		}
	})
}

// TestSearchProperty: an index that was changed at random answers as a walk
// over all documents does.
func TestSearchProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"mug", "blue", "bluish", "kettle", "lamp", "sea", "seaside", "red"})
		s := finder.Settings{Searchable: []string{"name", "tags"}, Filterable: []string{"tags", "price"}, Sortable: []string{"price"}, NoTypos: true}
		x := finder.New(s)
		truth := map[string]finder.Document{}
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			id := fmt.Sprintf("d%d", rapid.IntRange(0, 12).Draw(t, "id"))
			if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
				x.Delete([]string{id})
				delete(truth, id)
				continue
			}
			d := finder.Document{ID: id, Fields: map[string]any{
				"name":  word.Draw(t, "name") + " " + word.Draw(t, "name"),
				"tags":  []any{word.Draw(t, "tag"), word.Draw(t, "tag")},
				"price": jsonNumber(rapid.IntRange(0, 20).Draw(t, "price")),
			}}
			x.Put([]finder.Document{d})
			truth[id] = d
		}
		typed, tag, atMost := word.Draw(t, "typed"), word.Draw(t, "filter"), rapid.IntRange(0, 20).Draw(t, "most")
		f, err := finder.ParseFilter(fmt.Sprintf("tags != %s AND price <= %d", tag, atMost))
		if err != nil {
			t.Fatal(err)
		}
		r, err := x.Search(finder.Query{Text: typed, Filter: f, Limit: 100, Facets: []string{"tags"}, Sort: []string{"price:desc"}})
		if err != nil {
			t.Fatal(err)
		}
		want, counts := walk(truth, typed, tag, atMost)
		got := slices.Clone(r.IDs)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || r.Total != len(want) {
			t.Fatalf("%q, not %s, at most %d: total %d, %s", typed, tag, atMost, r.Total, diff)
		}
		if diff := cmp.Diff(counts, r.Facets["tags"]); diff != "" {
			t.Fatal(diff)
		}
	})
}

// walk is the slow way to search.
func walk(truth map[string]finder.Document, typed, tag string, atMost int) ([]string, map[string]int) {
	var found []string
	counts := map[string]int{}
	for id, d := range truth {
		tags := []string{d.Fields["tags"].([]any)[0].(string), d.Fields["tags"].([]any)[1].(string)}
		words := append(strings.Fields(d.Fields["name"].(string)), tags...)
		price := 0
		fmt.Sscan(fmt.Sprint(d.Fields["price"]), &price)
		if slices.Contains(tags, tag) || price > atMost || !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, typed) }) {
			continue
		}
		found = append(found, id)
		slices.Sort(tags)
		for _, tag := range slices.Compact(tags) {
			counts[tag]++
		}
	}
	slices.Sort(found)
	return found, counts
}
