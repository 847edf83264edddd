package meilisearch_test

import (
	"context"
	"testing"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/providers/meilisearch"
)

// TestLost: an index that is not there, or holds nothing, may have lost what it
// held; one that cannot be asked has not.
func TestLost(t *testing.T) {
	c := spy(t, played(t), meilisearch.Config{})
	lost := func() bool {
		t.Helper()
		lost, err := c.Lost(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return lost
	}
	if !lost() {
		t.Error("one that is not there is not lost")
	}
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !lost() {
		t.Error("an empty one is not lost")
	}
	if err := c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("a", 1)}); err != nil {
		t.Fatal(err)
	}
	if lost() {
		t.Error("one with a document is lost")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if lost, err := c.Lost(ended); lost || err == nil {
		t.Errorf("not asked: %t, %v", lost, err)
	}
}
