package e2e_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"purser/catalog"
)

// TestSearchDamaged proves SRCH-8 and SRCH-11: unreadable documents of the embedded
// search are quarantined, shoppers get a list that is marked degraded, and the
// index is rebuilt automatically.
func TestSearchDamaged(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	s.finds(t, "enamel mug", isThere)
	s.interrupt()
	files, err := filepath.Glob(filepath.Join(s.dir, "sandbox", "search", "index", "store", "*.zap"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.Truncate(f, 100); err != nil {
			t.Fatal(err)
		}
	}
	s.start()
	found := func() error {
		r, err := s.shop.Search(t.Context(), url.Values{"q": {"mug"}})
		switch {
		case err != nil:
			return err
		case r.Degraded:
			return errors.New("the index is not rebuilt yet")
		case len(r.Hits) == 0:
			t.Error("shoppers were shown an empty shop")
		}
		return nil
	}
	if err := retry(within(t), found); err != nil {
		t.Fatal(err)
	}
	s.says("the search index has lost its documents")
	s.finds(t, "enamel mug", isThere)
	s.agrees(t)
	quarantined, err := filepath.Glob(filepath.Join(s.dir, "sandbox", "search", "unreadable-index-*"))
	if err != nil || len(quarantined) != 1 {
		t.Errorf("quarantined files: %v %v", quarantined, err)
	}
}

func isThere(d *catalog.Document) bool { return d != nil }
