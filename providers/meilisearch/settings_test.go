package meilisearch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/order"
	"purser/providers/meilisearch"
	"purser/sandbox/faults"
)

// shops returns a shop's own settings.
func shops(s catalog.SearchSettings) func(context.Context) (catalog.SearchSettings, error) {
	return func(context.Context) (catalog.SearchSettings, error) { return s, nil }
}

func skusOf(t *testing.T, c *meilisearch.Client, q catalog.Query) []string {
	t.Helper()
	r, err := c.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	skus := []string{}
	for _, h := range r.Hits {
		skus = append(skus, h.SKU)
	}
	return skus
}

// TestShopSettings (SRCH-2) checks what each of the shop's settings does, and that the
// next settings replace it.
func TestShopSettings(t *testing.T) {
	own := catalog.SearchSettings{}
	c := spy(t, played(t), meilisearch.Config{Settings: func(context.Context) (catalog.SearchSettings, error) { return own, nil }})
	apply := func(want bool) {
		t.Helper()
		if changed, err := c.ApplySettings(t.Context()); err != nil || changed != want {
			t.Fatalf("changed %t, %v; want %t", changed, err, want)
		}
	}
	apply(true)
	doc := func(sku, name, brand string, rating, available int64) catalog.Document {
		return catalog.Document{SKU: sku, Name: name, Brand: brand, Rating: rating, Available: available, Price: 1, Currency: "EUR", Version: 1}
	}
	if err := c.PutDocuments(t.Context(), []catalog.Document{
		doc("a", "Tea mug", "Kiln", 300, 0), doc("b", "Tea mug", "Kiln", 200, 1), doc("c", "Tea mug", "Kiln", 400, 1), doc("d", "Kiln brush", "Forge", 500, 1), doc("e", "Für Elise", "Noten", 0, 1),
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		own  catalog.SearchSettings
		text string
		want []string
	}{
		{name: "no synonyms", text: "cup", want: []string{}},
		{name: "synonyms", own: catalog.SearchSettings{Synonyms: [][]string{{"mug", "cup"}}}, text: "cup", want: []string{"a", "b", "c"}},
		{name: "other synonyms", own: catalog.SearchSettings{Synonyms: [][]string{{"brush", "broom"}}}, text: "cup", want: []string{}},
		{name: "synonyms of two words", own: catalog.SearchSettings{Synonyms: [][]string{{"tea mug", "beaker"}}}, text: "beaker", want: []string{"a", "b", "c"}},
		{name: "no stop words", text: "the mug ", want: []string{}},
		{name: "stop words", own: catalog.SearchSettings{StopWords: []string{"THE", "für"}}, text: "the mug ", want: []string{"a", "b", "c"}},
		{name: "stop words with accents", own: catalog.SearchSettings{StopWords: []string{"für"}}, text: "für elise", want: []string{"e"}},
		{name: "the name first", text: "kiln", want: []string{"d", "a", "b", "c"}},
		{name: "the brand first", own: catalog.SearchSettings{Fields: []catalog.Field{"brand", "name", "options", "sku", "category", "tags", "description"}}, text: "kiln", want: []string{"a", "b", "c", "d"}},
		{name: "the best rated first", own: catalog.SearchSettings{Prefer: []catalog.Preference{catalog.PreferBestRated}}, text: "mug", want: []string{"c", "a", "b"}},
		{name: "what is in stock first", own: catalog.SearchSettings{Prefer: []catalog.Preference{catalog.PreferInStock, catalog.PreferBestRated}}, text: "mug", want: []string{"c", "b", "a"}},
		{name: "none of these", text: "cup", want: []string{}},
	} {
		own = tt.own
		if _, err := c.ApplySettings(t.Context()); err != nil {
			t.Fatal(err)
		}
		apply(false)
		if got := skusOf(t, c.Client, catalog.Query{Text: tt.text}); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q finds %v, want %v", tt.name, tt.text, got, tt.want)
		}
	}
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	own = catalog.SearchSettings{StopWords: []string{"the"}, Synonyms: [][]string{{"mug", "cup"}}}
	apply(true)
	if err := c.PutShadow(t.Context(), "r-1", []catalog.Document{doc("n", "New mug", "Kiln", 0, 1)}); err != nil {
		t.Fatal(err)
	}
	own = catalog.SearchSettings{Synonyms: [][]string{{"mug", "tankard"}}} // while the index is being rebuilt
	if err := c.SwapShadow(t.Context(), "r-1"); err != nil {
		t.Fatal(err)
	}
	apply(false)
	if got := skusOf(t, c.Client, catalog.Query{Text: "tankard"}); !slices.Equal(got, []string{"n"}) {
		t.Errorf("after a rebuild: %v", got)
	}
}

// TestSettingsUnread (SRCH-2) checks that nothing is applied if the shop's settings
// cannot be read: the built-in ones would replace them.
func TestSettingsUnread(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{Settings: func(context.Context) (catalog.SearchSettings, error) {
		return catalog.SearchSettings{}, errors.New("the record is away")
	}})
	var f *order.ProviderError
	if _, err := c.ApplySettings(t.Context()); !errors.As(err, &f) || f.Kind != order.ErrUnavailable || c.count("PATCH settings")+c.count("POST indexes") > 0 {
		t.Errorf("%v, %v", err, c.calls)
	}
}

// TestSettingsSlow (SRCH-2, F54) checks that a change of settings whose end did not come
// in time is waited for, and not sent again: each one makes Meilisearch index all
// documents.
func TestSettingsSlow(t *testing.T) {
	control := faults.New(1)
	own := catalog.SearchSettings{}
	c := spy(t, faultyServer(t, control), meilisearch.Config{
		TaskTimeout: 50 * time.Millisecond, Settings: func(context.Context) (catalog.SearchSettings, error) { return own, nil },
	})
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := control.Add(faults.Fault{Provider: "search", Match: "TASK settingsUpdate", Do: faults.Slow, Delay: time.Second, Times: 1}); err != nil {
		t.Fatal(err)
	}
	own.StopWords = []string{"the"}
	before, unknown := c.count("PATCH settings"), 0
	for deadline := time.Now().Add(20 * time.Second); ; {
		_, err := c.ApplySettings(t.Context())
		if err == nil {
			break
		}
		var f *order.ProviderError
		if unknown++; !errors.As(err, &f) || f.Kind != order.ErrUnknownOutcome || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if n := c.count("PATCH settings") - before; n != 1 || unknown < 2 {
		t.Errorf("sent %d times; %d times the outcome was unknown", n, unknown)
	}
}

// TestSettingsUnderTraffic (SRCH-2) checks that searches neither fail nor miss a product
// while the settings change, and that changes of products are not lost.
func TestSettingsUnderTraffic(t *testing.T) {
	var version atomic.Int64
	c := spy(t, played(t), meilisearch.Config{Settings: func(context.Context) (catalog.SearchSettings, error) {
		return catalog.SearchSettings{StopWords: []string{fmt.Sprintf("word%c", 'a'+rune(version.Load()))}}, nil
	}})
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	var docs []catalog.Document
	for i := range 200 {
		docs = append(docs, porttest.DocumentOf(fmt.Sprint("sku", i), 1))
	}
	if err := c.PutDocuments(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	changing, put := make(chan error, 1), make(chan error, 1)
	go func() {
		var err error
		for range 10 {
			version.Add(1)
			var changed bool
			if changed, err = c.ApplySettings(t.Context()); err != nil || !changed {
				err = errors.Join(err, fmt.Errorf("changed %t", changed))
				break
			}
		}
		changing <- err
	}()
	go func() {
		var err error
		for i := range 20 {
			if err = c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf(fmt.Sprint("sku", i), 2)}); err != nil {
				break
			}
		}
		put <- err
	}()
	searches := 0
	for done := false; !done || searches < 20; searches++ {
		select {
		case err := <-changing:
			if done = true; err != nil {
				t.Fatal(err)
			}
		default:
		}
		r, err := c.Search(t.Context(), catalog.Query{Text: "thing ", Facets: []catalog.Facet{catalog.FacetInStock}})
		if err != nil || r.Total != 200 || r.Facets[catalog.FacetInStock]["true"] != 200 {
			t.Fatalf("search %d: %d %v, %v", searches, r.Total, r.Facets, err)
		}
	}
	if err := <-put; err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		sku := fmt.Sprint("sku", i)
		if v, err := c.Versions(t.Context(), []string{sku}); err != nil || v[sku] != 2 {
			t.Errorf("%s: %v, %v", sku, v, err)
		}
	}
}

// TestFacetsCut (SRCH-6) checks that a facet with more values than are listed says so,
// and lists those that the query filters by: also one with fewer hits than all others,
// one without hits, and one that Meilisearch itself did not count.
func TestFacetsCut(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{})
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	var docs []catalog.Document
	number := func(i int) string { return fmt.Sprintf("t%04d", i) }
	for i := range 1100 { // every tag but the last has two products
		d := porttest.DocumentOf(fmt.Sprint("sku", i), 1)
		d.Name, d.Brand = "Thing", fmt.Sprint("Brand ", i%100)
		d.Tags = []string{number(i), number(max(i-1, 0)), "all"}
		docs = append(docs, d)
	}
	if err := c.PutDocuments(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		tags   []string
		brands []string
		want   map[string]int // of the chosen tags
		values int            // listed
		cut    []catalog.Facet
	}{
		{name: "nothing chosen", want: map[string]int{"all": 1100}, values: 100, cut: []catalog.Facet{catalog.FacetTags}},
		{name: "the commonest", tags: []string{"ALL "}, want: map[string]int{"all": 1100}, values: 100, cut: []catalog.Facet{catalog.FacetTags}},
		{name: "the rarest, not counted by Meilisearch", tags: []string{"all", number(1099)}, want: map[string]int{"all": 1100, number(1099): 1}, values: 101, cut: []catalog.Facet{catalog.FacetTags}},
		{name: "one that no product has", tags: []string{"all", "none"}, want: map[string]int{"none": 0}, values: 101, cut: []catalog.Facet{catalog.FacetTags}},
		{name: "another brand's", tags: []string{number(50), "x"}, brands: []string{"Brand 7"}, want: map[string]int{number(50): 0, "x": 0}, values: 2},
		{name: "few", brands: []string{"Brand 7"}, want: map[string]int{"all": 11, number(7): 1}, values: 23},
	} {
		r, err := c.Search(t.Context(), catalog.Query{Text: "thing", Tags: tt.tags, Brands: tt.brands, Facets: []catalog.Facet{catalog.FacetBrand, catalog.FacetTags}})
		if err != nil {
			t.Fatal(err)
		}
		got := r.Facets[catalog.FacetTags]
		for v, n := range tt.want {
			if has, listed := got[v]; !listed || has != n {
				t.Errorf("%s: %s has %d (%t), want %d", tt.name, v, has, listed, n)
			}
		}
		if len(got) != tt.values || !slices.Equal(r.CutFacets, tt.cut) || len(r.Facets[catalog.FacetBrand]) == 0 {
			t.Errorf("%s: %d values, cut %v; want %d, %v", tt.name, len(got), r.CutFacets, tt.values, tt.cut)
		}
	}
}

// TestNumbersFirst (SRCH-6) checks that a shopper who types a SKU, a size or another
// number gets that first, and no similar number.
func TestNumbersFirst(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{})
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc := func(sku, name, description string, options ...string) catalog.Document {
		return catalog.Document{SKU: sku, Name: name, Description: description, Options: options, Price: 1, Currency: "EUR", Version: 1}
	}
	if err := c.PutDocuments(t.Context(), []catalog.Document{
		doc("KB-100", "Steel kettle", "Boils"), doc("KB-1001", "Large kettle", "Fits lid KB-100"), doc("F-1", "Filter for KB-100", "KB-100 KB-100"),
		doc("B-42-X", "Boot", "Size forty-two", "42"), doc("B-43", "Boot", "4200 stitches", "43"), doc("C-4200", "Cable 4200", ""),
		doc("T-1", "Tyre 205/55 R16", ""), doc("T-2", "Tyre 205/65 R15", "55 dB"), doc("T-3", "Tyre 195/55 R16", "instead of 205/60"), doc("T-4", "Tyre 205/55R17", ""),
		doc("007", "Agent", "Seven"), doc("7", "Dwarfs", ""), doc("4006381333931", "Pen", ""), doc("4006381333932", "Pencil", ""), doc("M-1", "Mug 350ml", ""), doc("M-2", "Mug 355 ml", ""),
	}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"KB-100": {"KB-100"}, "kb-100 ": {"KB-100"}, "KB100": {"KB-100"}, "kb 100": {"KB-100"}, "KB-1001": {"KB-1001"},
		"42": {"B-42-X"}, "boot 42": {"B-42-X"}, "boot 43": {"B-43"}, "4200": {"C-4200", "B-43"}, "420": {"C-4200", "B-43"},
		"205/55": {"T-1"}, "tyre 205/65": {"T-2"}, "195/55": {"T-3"}, "205/55R17": {"T-4"}, "205/55 r16": {"T-1"}, "55 205/55": {"T-1"}, "205/55 55 ty": {"T-1"}, "205 / 55": {"T-1"},
		"007": {"007"}, "7": {"7"}, "07": {}, "0077": {},
		"4006381333931": {"4006381333931"}, "4006381333932": {"4006381333932"}, "400638133393": {"4006381333931", "4006381333932"}, "4006381333930": {}, "4006381333913": {},
		"350ml": {"M-1"}, "355ml": {"M-2"}, "mug 350": {"M-1"},
	} {
		got := skusOf(t, c.Client, catalog.Query{Text: text})
		if len(got) == 0 || len(want) == 0 {
			if len(got) != len(want) {
				t.Errorf("%q finds %v, want %v", text, got, want)
			}
			continue
		}
		if len(want) == 1 && got[0] != want[0] || len(want) > 1 && !slices.Equal(got[:min(len(got), len(want))], want) {
			t.Errorf("%q finds %v, want %v first", text, got, want)
		}
	}
	for _, q := range []catalog.Query{{Text: "42", Sort: catalog.ByName}, {Text: "boot 42", Facets: catalog.Facets}, {Text: "42", Page: 1, PerPage: 1}} {
		if r, err := c.Search(t.Context(), q); err != nil || r.Total != 1 || r.Hits[0].SKU != "B-42-X" {
			t.Errorf("%+v: %+v, %v", q, r, err)
		}
	}
}
