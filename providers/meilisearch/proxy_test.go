package meilisearch_test

import (
	"testing"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/order"
	"purser/providers/meilisearch"
)

// TestBehindProxy (RES-1, F53) checks that only a response of Meilisearch
// itself refuses a document.
func TestBehindProxy(t *testing.T) {
	s := played(t)
	proxy := porttest.NewProxy(t, s.handler)
	c, err := meilisearch.New(meilisearch.Config{URL: proxy.URL, AdminKey: s.admin, SearchKey: s.search})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ApplySettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.Check(t, map[string]func() error{
		"put": func() error {
			return c.PutDocuments(t.Context(), []catalog.Document{porttest.DocumentOf("mug", 1)})
		},
		"delete": func() error { return c.DeleteDocuments(t.Context(), []string{"cup"}) },
		"search": func() error {
			_, err := c.Search(t.Context(), catalog.Query{})
			return err
		},
	}, order.ErrUnknownOutcome, order.ErrUnavailable, order.ErrDenied)
}
