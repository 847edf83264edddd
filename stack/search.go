package stack

import (
	"context"
	"slices"
	"time"

	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/sandbox/search"
)

// sandboxSearchKey is the stand-in's master key. It opens nothing but the
// stand-in, which listens on loopback.
const sandboxSearchKey = "meilisearch_sandbox"

// playedSearch is the stand-in, unless there is a real one.
func (s *Stack) playedSearch() *search.Config {
	if !s.cfg.SearchPlayed() {
		return nil
	}
	return &search.Config{MasterKey: sandboxSearchKey}
}

// newSearch makes the adapter to Meilisearch, real or played.
func (s *Stack) newSearch() (*meilisearch.Client, error) {
	c := meilisearch.Config{
		URL: s.cfg.MeilisearchURL, AdminKey: s.cfg.MeilisearchAdminKey, SearchKey: s.cfg.MeilisearchSearchKey,
		Environment: s.cfg.SearchEnvironment, Log: s.log,
	}
	if s.cfg.SearchPlayed() {
		c.URL, c.AdminKey, c.SearchKey = s.sandboxURL+"/search", search.AdminKey(sandboxSearchKey), search.SearchKey(sandboxSearchKey)
	}
	return meilisearch.New(c)
}

// lookAtIndex is how often somebody looks whether the index is still there.
const lookAtIndex = time.Minute

// keepIndex builds the index anew if it has lost what it held, brings its
// settings to those of this build, and then looks after it. It does not hold up
// the start, nor end it: a search engine that is down is no reason not to sell
// (SRCH-8).
func (s *Stack) keepIndex(c *meilisearch.Client) {
	s.background(func(ctx context.Context) {
		applied := false
		for pause := time.Second; ; pause = min(2*pause, lookAtIndex) {
			err := s.rebuildLost(ctx, c) // first: settings would make an empty index, in which nothing is found
			if err == nil && !applied {
				var changed bool
				if changed, err = c.ApplySettings(ctx); err == nil {
					s.log.Info("search settings", "changed", changed)
					applied, pause = true, lookAtIndex
				}
			}
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				s.log.Warn("the search index cannot be looked after yet", "error", err)
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
	})
}

// rebuildLost has the index built from the record if it is gone or empty
// although products were confirmed to be in it.
func (s *Stack) rebuildLost(ctx context.Context, c *meilisearch.Client) error {
	lost, err := c.Lost(ctx)
	if err != nil || !lost {
		return err
	}
	if was, err := s.indexed(ctx); err != nil || !was {
		return err
	}
	if lost, err = c.Lost(ctx); err != nil || !lost { // the first may just have come in
		return err
	}
	s.log.Warn("the search index has lost its documents: it is built anew from the catalogue")
	done, err := s.starter.Reindex(ctx)
	if err == nil {
		s.log.Info("the search index was built anew", "products", done.Put)
	}
	return err
}

// indexed reports whether the index confirmed a product that is on sale.
func (s *Stack) indexed(ctx context.Context) (bool, error) {
	for after := ""; ; {
		page, err := s.Records.RevisionsAfter(ctx, after, 1000)
		if err != nil || len(page) == 0 {
			return false, err
		}
		if slices.ContainsFunc(page, func(r catalog.Revision) bool { return r.ForSale && !r.Due }) {
			return true, nil
		}
		after = page[len(page)-1].SKU
	}
}
