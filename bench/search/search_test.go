package search

import (
	"testing"

	"purser/catalog"
)

// TestBenchSearch runs a small measurement: every kind of query is measured over
// HTTP, mistyped words find products, and the index is complete after a restart.
func TestBenchSearch(t *testing.T) {
	const some = 300
	dir := t.TempDir()
	s, err := OpenStandIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Measure(t.Context(), s.Client, Load{Products: some, Queries: 10, AtOnce: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Search(t.Context(), catalog.Query{})
	if err != nil || all.Total != some {
		t.Errorf("%d of %d products are in the index: %v", all.Total, some, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(r.Kinds) != len(kinds) || r.TyposFound < 0.9 || r.UpdateMS <= 0 || r.IndexSeconds <= 0 {
		t.Errorf("%+v", r)
	}
	for name, k := range r.Kinds {
		if k.Queries != 10 || k.P50MS <= 0 || k.P50MS > k.P99MS || k.P99MS > k.MaxMS || k.Hits <= 0 {
			t.Errorf("%s: %+v", name, k)
		}
	}
	if err := reopen(t.Context(), dir, &r); err != nil || r.StartSeconds <= 0 || r.ReopenSeconds < r.StartSeconds {
		t.Errorf("%v, started after %v s, found after %v s", err, r.StartSeconds, r.ReopenSeconds)
	}
}
