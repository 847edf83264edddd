package meilisearch_test

import (
	"context"
	"testing"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/providers/meilisearch"
)

// TestHeldCount checks that a missing index holds nothing, like an empty one,
// and that the count is unknown if the server cannot be reached.
func TestHeldCount(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{})
	holds := func(want int64) {
		t.Helper()
		if n, err := c.Held(t.Context()); n != want || err != nil {
			t.Errorf("it holds %d, %v; want %d", n, err, want)
		}
	}
	holds(0)
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	holds(0)
	if err := c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("a", 1)}); err != nil {
		t.Fatal(err)
	}
	holds(1)
	ended, end := context.WithCancel(t.Context())
	end()
	if n, err := c.Held(ended); err == nil {
		t.Errorf("not asked: %d", n)
	}
}
