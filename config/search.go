package config

import "errors"

// Search holds the settings of the product search. It is part of Config.
type Search struct {
	MeilisearchURL       string `name:"meilisearch-url" help:"Address of Meilisearch. Without it the sandbox plays Meilisearch." env:"MEILISEARCH_URL"`
	MeilisearchAdminKey  string `help:"Meilisearch key for documents, settings and tasks." env:"MEILISEARCH_ADMIN_KEY"`
	MeilisearchSearchKey string `help:"Meilisearch key that may only search." env:"MEILISEARCH_SEARCH_KEY"`
	SearchEnvironment    string `help:"Part of the index's name, so that several shops or stages can share a Meilisearch: a-z, 0-9 and -." env:"PURSER_SEARCH_ENVIRONMENT" default:"default"`
	SearchPublic         bool   `help:"Allow searches over the API without a key." env:"PURSER_SEARCH_PUBLIC"`
}

// SearchPlayed reports whether the sandbox plays Meilisearch.
func (c *Search) SearchPlayed() bool { return c.MeilisearchURL == "" }

func (c *Search) checkSearch() error {
	if err := checkPartnerURL("MEILISEARCH_URL", c.MeilisearchURL); err != nil {
		return err
	}
	if c.MeilisearchURL == "" {
		return nil
	}
	switch {
	case c.MeilisearchAdminKey == "" || c.MeilisearchSearchKey == "":
		return errors.New("MEILISEARCH_URL is set: MEILISEARCH_ADMIN_KEY and MEILISEARCH_SEARCH_KEY are needed too")
	case c.MeilisearchAdminKey == c.MeilisearchSearchKey:
		return errors.New("MEILISEARCH_SEARCH_KEY: want a key that may only search, not the admin key")
	}
	return nil
}
