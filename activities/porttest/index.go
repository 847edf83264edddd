package porttest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"purser/activities/products"
	"purser/catalog"
	"purser/order"
)

// IndexBench is the search index under test.
type IndexBench struct {
	Index    products.Index
	Keys     products.IndexKeys
	Settings products.IndexSettings
	Rebuild  products.Rebuild
	Search   products.Search
	// FailNext makes the next PutDocuments fail: with ErrUnknownOutcome after
	// its work was done, with ErrThrottled, ErrDenied or ErrRejected before.
	FailNext func(t *testing.T, kind error)
}

// Index checks a search index. setup returns an empty one, without settings.
func Index(t *testing.T, setup func(t *testing.T) IndexBench) {
	for name, check := range map[string]func(*testing.T, IndexBench){
		"SRCH-1 a document that was put is in the index":     putAndConfirm,
		"SRCH-2 settings are applied once":                   settingsOnce,
		"SRCH-3 a deleted document is not in the index":      deleteConfirms,
		"SRCH-4 F58 the index is not empty during a rebuild": rebuilds,
		"SRCH-4 repeating a swap changes nothing":            swapsOnce,
		"SRCH-5 F56 the newest version stays":                newestStays,
		"SRCH-11 keys are listed in pages":                   keyPages,
		"F53 F54 errors have the right kind":                 indexErrors,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			if _, err := b.Settings.ApplySettings(t.Context()); err != nil {
				t.Fatal(err)
			}
			check(t, b)
		})
	}
	Searches(t, setup)
}

// DocumentOf returns the document of a plain product.
func DocumentOf(sku string, version int64) catalog.Document {
	return catalog.Document{SKU: sku, Version: version, Name: "Thing " + sku, Price: 1000, Currency: "EUR", Available: 3}
}

func putAndConfirm(t *testing.T, b IndexBench) {
	// A SKU may contain characters that an id may not (SRCH-7).
	skus := []string{"mug-blue", "mug_blue", "a/b?c#d", `q"'\`, "äöü€", "mug.blue"}
	var docs []catalog.Document
	for i, sku := range skus {
		docs = append(docs, DocumentOf(sku, int64(i+1)))
	}
	put(t, b, docs...)
	put(t, b) // an empty list
	wantVersions(t, b, append(skus, "missing"), map[string]int64{"mug-blue": 1, "mug_blue": 2, "a/b?c#d": 3, `q"'\`: 4, "äöü€": 5, "mug.blue": 6})

	full := catalog.Document{
		SKU: "full", Version: 1 << 40, Name: "Everything <b>&", Description: "all fields", Brand: "Levi's", Category: `"Quoted"`,
		Tags: []string{"x", "y"}, Price: 9_007_199_254_740_993, Currency: "JPY", Available: 2, Rating: 450, Group: "g", Added: 1_700_000_000,
		Images: []string{"https://cdn.example/a.jpg"}, Thumbnail: "https://cdn.example/t.jpg",
	}
	put(t, b, full)
	r := search(t, b, catalog.Query{Text: "everything"})
	if len(r.Hits) != 1 {
		t.Fatalf("found %d, want 1", len(r.Hits))
	}
	if diff := cmp.Diff(full.Complete(), r.Hits[0].Document, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff) // no amount may become a float
	}
}

func settingsOnce(t *testing.T, b IndexBench) {
	changed, err := b.Settings.ApplySettings(t.Context())
	if err != nil || changed {
		t.Errorf("applied again: changed %t, %v", changed, err)
	}
}

func deleteConfirms(t *testing.T, b IndexBench) {
	put(t, b, DocumentOf("a", 1), DocumentOf("b/c", 1), DocumentOf("d", 1))
	for range 2 {
		if err := b.Index.DeleteDocuments(t.Context(), []string{"a", "b/c", "never"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Index.DeleteDocuments(t.Context(), nil); err != nil {
		t.Error(err)
	}
	wantVersions(t, b, []string{"a", "b/c", "d"}, map[string]int64{"d": 1})
}

func newestStays(t *testing.T, b IndexBench) {
	newer := DocumentOf("a", 7)
	newer.Name = "Newer"
	put(t, b, newer)
	put(t, b, DocumentOf("a", 3), DocumentOf("b", 1))
	wantVersions(t, b, []string{"a", "b"}, map[string]int64{"a": 7, "b": 1})
	again := DocumentOf("a", 7) // a document of the same version is replaced
	again.Name = "Mended"
	put(t, b, again)
	if r := search(t, b, catalog.Query{Text: "mended"}); len(r.Hits) != 1 {
		t.Errorf("found %d, want 1", len(r.Hits))
	}
	put(t, b, DocumentOf("c", 2), DocumentOf("c", 5), DocumentOf("c", 4)) // in one batch
	wantVersions(t, b, []string{"c"}, map[string]int64{"c": 5})
}

func keyPages(t *testing.T, b IndexBench) {
	want := map[string]int64{}
	var docs []catalog.Document
	for i := range 25 {
		d := DocumentOf(fmt.Sprintf("sku_%02d", i), int64(i+1))
		docs, want[d.SKU] = append(docs, d), d.Version
	}
	put(t, b, docs...)
	got := map[string]int64{}
	for offset := 0; ; offset += 10 {
		page, total, err := b.Keys.Keys(t.Context(), offset, 10)
		if err != nil || total != 25 {
			t.Fatalf("total %d, %v", total, err)
		}
		if len(page) == 0 {
			break
		}
		for _, k := range page {
			got[k.SKU] = k.Version
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func rebuilds(t *testing.T, b IndexBench) {
	put(t, b, DocumentOf("old", 1), DocumentOf("kept", 1))
	shadow := func(docs ...catalog.Document) {
		t.Helper()
		if err := b.Rebuild.PutShadow(t.Context(), "r-1", docs); err != nil {
			t.Fatal(err)
		}
		wantVersions(t, b, []string{"old", "kept", "new"}, map[string]int64{"old": 1, "kept": 1})
	}
	shadow(DocumentOf("kept", 2))
	shadow(DocumentOf("new", 1))
	if err := b.Rebuild.SwapShadow(t.Context(), "r-1"); err != nil {
		t.Fatal(err)
	}
	wantVersions(t, b, []string{"old", "kept", "new"}, map[string]int64{"kept": 2, "new": 1})
	if changed, err := b.Settings.ApplySettings(t.Context()); err != nil || changed {
		t.Errorf("the shadow had no settings: %v", err)
	}
	put(t, b, DocumentOf("later", 1))
	wantVersions(t, b, []string{"old", "kept", "new", "later"}, map[string]int64{"kept": 2, "new": 1, "later": 1})
}

func swapsOnce(t *testing.T, b IndexBench) {
	put(t, b, DocumentOf("old", 1))
	wantKind(t, b.Rebuild.SwapShadow(t.Context(), "never"), order.ErrNoSuch)
	if err := b.Rebuild.PutShadow(t.Context(), "r-2", []catalog.Document{DocumentOf("new", 1)}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // an activity may be retried after its response was lost
		if err := b.Rebuild.SwapShadow(t.Context(), "r-2"); err != nil {
			t.Fatal(err)
		}
		wantVersions(t, b, []string{"old", "new"}, map[string]int64{"new": 1})
	}
	if err := b.Rebuild.PutShadow(t.Context(), "r-3", []catalog.Document{DocumentOf("given-up", 1)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"r-3", "r-3", "r-2", "never"} {
		if err := b.Rebuild.DropShadow(t.Context(), name); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	}
	wantKind(t, b.Rebuild.SwapShadow(t.Context(), "r-3"), order.ErrNoSuch)
	wantVersions(t, b, []string{"old", "new", "given-up"}, map[string]int64{"new": 1})
}

func indexErrors(t *testing.T, b IndexBench) {
	for _, tt := range []struct {
		kind error
		done bool
	}{
		{kind: order.ErrUnknownOutcome, done: true}, {kind: order.ErrThrottled}, {kind: order.ErrDenied}, {kind: order.ErrRejected},
	} {
		sku := string(order.NewID())
		b.FailNext(t, tt.kind)
		wantKind(t, b.Index.PutDocuments(t.Context(), []catalog.Document{DocumentOf(sku, 1)}), tt.kind)
		if !tt.done {
			wantVersions(t, b, []string{sku}, map[string]int64{})
		}
		put(t, b, DocumentOf(sku, 1)) // a retry is harmless
		wantVersions(t, b, []string{sku}, map[string]int64{sku: 1})
	}
}

func put(t *testing.T, b IndexBench, docs ...catalog.Document) {
	t.Helper()
	if err := b.Index.PutDocuments(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

func wantVersions(t *testing.T, b IndexBench, skus []string, want map[string]int64) {
	t.Helper()
	got, err := b.Keys.Versions(t.Context(), skus)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions: %s", diff)
	}
}
