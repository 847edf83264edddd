package search_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"
	"golang.org/x/sys/unix"

	"purser/sandbox/search"
)

// benchProducts is the size of shop that the stand-in is good for.
const benchProducts = 20_000

// BenchmarkSearch makes each kind of query that shoppers make, through the handler
// and one at a time, and reports the median and the 99th percentile of their
// duration and of their processor time:
//
//	go test -tags lean -run '^$' -bench Search -benchtime 1000x ./sandbox/search
func BenchmarkSearch(b *testing.B) {
	s, err := search.New(search.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	h, g := s.Handler(), newGoods()
	before, began := processorTime(b, unix.CLOCK_PROCESS_CPUTIME_ID), time.Now()
	fill(b, h, g)
	b.Logf("%d products indexed in %.1f s, %.1f s of processor time", benchProducts, time.Since(began).Seconds(), (processorTime(b, unix.CLOCK_PROCESS_CPUTIME_ID) - before).Seconds())
	facets := []string{"brand", "category", "tags", "inStock", "stars"}
	for _, kind := range []struct {
		name  string
		query func() map[string]any
	}{
		{name: "one word", query: func() map[string]any { return map[string]any{"q": g.word() + " "} }},
		{name: "two words, one mistyped", query: func() map[string]any { return map[string]any{"q": g.word() + " " + g.mistyped() + " "} }},
		{name: "two or three letters", query: func() map[string]any { return map[string]any{"q": g.long()[:2+g.IntN(2)]} }},
		{name: "as one types, marked", query: func() map[string]any {
			w := g.long()
			return map[string]any{"q": g.word() + " " + w[:3+g.IntN(len(w)-3)], "attributesToHighlight": []string{"name", "description"}, "attributesToCrop": []string{"description"}}
		}},
		{name: "a word, filters and facets", query: func() map[string]any {
			from := 100 + g.IntN(5000)
			return map[string]any{"q": g.word(), "facets": facets, "filter": []any{`currency IN ["EUR"]`, fmt.Sprintf("price >= %d", from), fmt.Sprintf("price <= %d", 4*from), "inStock = true"}}
		}},
		{name: "a category, facets, sorted", query: func() map[string]any {
			sorts := []string{"price:asc", "price:desc", "rating:desc", "added:desc", "name:asc"}
			return map[string]any{"filter": fmt.Sprintf("category IN [%q]", g.category()), "facets": facets, "sort": []string{sorts[g.IntN(len(sorts))]}, "page": 1 + g.IntN(3)}
		}},
		{name: "all products, facets, sorted", query: func() map[string]any { return map[string]any{"facets": facets, "sort": []string{"price:asc"}} }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var took, busy []time.Duration
			for b.Loop() {
				body, err := json.Marshal(kind.query())
				if err != nil {
					b.Fatal(err)
				}
				r, w := httptest.NewRequest("POST", "/indexes/goods/search", strings.NewReader(string(body))), httptest.NewRecorder()
				r.Header.Set("Content-Type", "application/json")
				began, before := time.Now(), processorTime(b, unix.CLOCK_THREAD_CPUTIME_ID)
				h.ServeHTTP(w, r)
				took, busy = append(took, time.Since(began)), append(busy, processorTime(b, unix.CLOCK_THREAD_CPUTIME_ID)-before)
				if w.Code != 200 {
					b.Fatalf("%s: %s", body, w.Body)
				}
			}
			for name, all := range map[string][]time.Duration{"": took, "cpu-": busy} {
				slices.Sort(all)
				b.ReportMetric(all[len(all)/2].Seconds()*1000, name+"p50-ms")
				b.ReportMetric(all[len(all)*99/100].Seconds()*1000, name+"p99-ms")
			}
		})
	}
}

// processorTime returns the processor time of this process or thread, which other
// processes do not change.
func processorTime(tb testing.TB, clock int32) time.Duration {
	tb.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(t.Nano())
}

// goods makes up products: words as frequent as those of a language (Zipf), some
// hundred brands and tags, prices from 1 to 1,000.
type goods struct {
	*rand.Rand
	zipf  *rand.Zipf
	words []string
}

func newGoods() *goods {
	r := rand.New(rand.NewPCG(1, 2))
	g := &goods{Rand: r, zipf: rand.NewZipf(r, 1.1, 3, 19_999)}
	one := func(of string) string {
		list := strings.Split(of, " ")
		return list[r.IntN(len(list))]
	}
	seen := map[string]bool{}
	for len(g.words) < 20_000 {
		w := ""
		for range 2 + r.IntN(3) {
			w += one("b bl br c ch d dr f fl g gl h j k kl l m n p pl pr qu r s sh st t tr v w z") + one("a e i o u ai ea oo") + one("  l m n r s t ck nd rt")
		}
		if !seen[w] {
			seen[w] = true
			g.words = append(g.words, w)
		}
	}
	return g
}

// word returns a word; frequent ones come more often.
func (g *goods) word() string { return g.words[g.zipf.Uint64()] }

// long returns a word of five letters or more.
func (g *goods) long() string {
	for {
		if w := g.word(); len(w) >= 5 {
			return w
		}
	}
}

func (g *goods) mistyped() string { return g.mistype(g.long()) }

// mistype changes, drops or swaps a letter of a word, but never the first one.
func (g *goods) mistype(w string) string {
	switch i := 1 + g.IntN(len(w)-2); g.IntN(3) {
	case 0:
		return w[:i] + string(rune('a'+g.IntN(26))) + w[i+1:]
	case 1:
		return w[:i] + w[i+1:]
	default:
		return w[:i] + w[i+1:i+2] + w[i:i+1] + w[i+2:]
	}
}

func (g *goods) text(n int) string {
	var words []string
	for range n {
		words = append(words, g.word())
	}
	return strings.Join(words, " ")
}

func (g *goods) category() string { return "Fine " + g.words[min(g.IntN(60), g.IntN(60))] }

func (g *goods) product(i int) map[string]any {
	sku, rating, available := fmt.Sprintf("sku-%07d", i), g.IntN(501), max(0, g.IntN(50)-5)
	return map[string]any{
		"id": sku, "sku": sku, "version": 1, "name": g.text(3 + g.IntN(4)), "description": g.text(20), "brand": "House " + g.words[1000+min(g.IntN(300), g.IntN(300))],
		"category": g.category(), "tags": []string{g.words[g.IntN(400)], g.words[g.IntN(400)]}, "price": (100 + g.IntN(900)) * []int{1, 10, 100}[g.IntN(3)],
		"currency": []string{"EUR", "EUR", "EUR", "USD"}[g.IntN(4)], "available": available, "inStock": available > 0, "rating": rating, "stars": rating / 100,
		"group": fmt.Sprint("group-", i/3), "added": 1_600_000_000 + g.IntN(100_000_000), "thumbnail": fmt.Sprintf("https://cdn.example/%d/150.jpg", i),
		"images": []string{fmt.Sprintf("https://cdn.example/%d/1600.jpg", i)},
	}
}

// shopSettings returns the settings that providers/meilisearch sets.
func shopSettings() *meilisearch.Settings {
	return &meilisearch.Settings{
		SearchableAttributes: []string{"name", "brand", "category", "tags", "sku", "description"},
		FilterableAttributes: []string{"brand", "category", "currency", "group", "inStock", "price", "rating", "stars", "tags"},
		SortableAttributes:   []string{"added", "name", "price", "rating"},
		RankingRules:         sortedFirst,
		TypoTolerance: &meilisearch.TypoTolerance{
			Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8}, DisableOnAttributes: []string{"sku"}, DisableOnWords: []string{},
		},
		Synonyms: map[string][]string{"mug": {"cup"}, "cup": {"mug"}},
		Faceting: &meilisearch.Faceting{MaxValuesPerFacet: 100, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount}},
	}
}

// fill puts the products into an index in batches, as an import does.
func fill(tb testing.TB, h http.Handler, g *goods) {
	tb.Helper()
	at := httptest.NewServer(h)
	defer at.Close()
	index := meilisearch.New(at.URL, meilisearch.DisableRetries()).Index("goods")
	_, err := index.UpdateSettings(shopSettings())
	for n := 0; n < benchProducts && err == nil; n += 1000 {
		var docs []map[string]any
		for i := range 1000 {
			docs = append(docs, g.product(n+i))
		}
		_, err = index.AddDocuments(docs, nil)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if stats, err := index.GetStats(nil); err != nil || stats.NumberOfDocuments != benchProducts {
		tb.Fatalf("%+v, %v", stats, err)
	}
}
