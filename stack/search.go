package stack

import (
	"context"

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

// applySearchSettings brings the index's settings to those of this build. It
// does not hold up the start, nor end it: a search engine that is down is no
// reason not to sell (SRCH-8).
func (s *Stack) applySearchSettings(c *meilisearch.Client) {
	s.insist("search settings", 0, func(ctx context.Context) error {
		changed, err := c.ApplySettings(ctx)
		if err == nil {
			s.log.Info("search settings", "changed", changed)
		}
		return err
	})
}
