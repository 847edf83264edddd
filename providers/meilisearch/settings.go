package meilisearch

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
)

// DefaultSynonyms are for general use; a shop has its own.
var DefaultSynonyms = [][]string{{"mug", "cup"}, {"sofa", "couch", "settee"}, {"trousers", "pants"}}

// settings returns the index's settings.
func (c *Client) settings() meilisearch.Settings {
	byCount := map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount}
	return meilisearch.Settings{
		SearchableAttributes: []string{"name", "brand", "category", "tags", "sku", "description"}, // the first attribute weighs most
		FilterableAttributes: []string{"brand", "category", "currency", "group", "inStock", "price", "rating", "stars", "tags"},
		SortableAttributes:   []string{"added", "name", "price", "rating"},
		RankingRules:         []string{"sort", "words", "typo", "proximity", "attribute", "exactness"}, // an explicit sort order comes first
		TypoTolerance: &meilisearch.TypoTolerance{
			Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8},
			DisableOnAttributes: []string{"sku"}, DisableOnWords: []string{},
		},
		Synonyms:   mutual(c.conf.Synonyms),
		Faceting:   &meilisearch.Faceting{MaxValuesPerFacet: 100, SortFacetValuesBy: byCount},
		Pagination: &meilisearch.Pagination{MaxTotalHits: catalog.MaxHits},
	}
}

// mutual maps each word of a group to all others.
func mutual(groups [][]string) map[string][]string {
	all := make(map[string][]string)
	for _, group := range groups {
		for _, word := range group {
			for _, other := range group {
				if word != other && !slices.Contains(all[word], other) {
					all[word] = append(all[word], other)
				}
			}
		}
	}
	return all
}

// ApplySettings creates the index if it does not exist, and changes only the
// settings that differ.
func (c *Client) ApplySettings(ctx context.Context) (changed bool, err error) {
	return c.applySettings(ctx, c.live)
}

// Held returns how many documents the index that is searched holds: none if it
// is not there, or if the server says that they are lost, as the stand-in does.
func (c *Client) Held(ctx context.Context) (int64, error) {
	asked, n := asking(ctx)
	stats, err := c.admin.Index(c.live).GetStatsWithContext(asked, nil)
	if err == nil {
		return stats.NumberOfDocuments, nil
	}
	f := refused("look at the index", false, err, n)
	if f.Kind == order.ErrNoSuch || f.Code == "index_lost" {
		return 0, nil
	}
	return 0, f
}

func (c *Client) applySettings(ctx context.Context, index string) (changed bool, err error) {
	const op = "apply settings"
	asked, n := asking(ctx)
	have, err := c.admin.Index(index).GetSettingsWithContext(asked)
	if err != nil {
		f := refused(op, false, err, n)
		if f.Kind != order.ErrNoSuch {
			return false, f
		}
		if err := c.create(ctx, op, index); err != nil {
			return false, err
		}
		have = &meilisearch.Settings{}
	}
	change, differs := difference(*have, c.settings())
	if !differs {
		return false, nil
	}
	return true, c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
		return c.admin.Index(index).UpdateSettingsWithContext(ctx, &change)
	})
}

// create creates an index. It succeeds if another process has just created it.
func (c *Client) create(ctx context.Context, op, index string) error {
	err := c.awaitTask(ctx, op, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
		return c.admin.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: index, PrimaryKey: primaryKey})
	})
	if f, ok := err.(*order.ProviderError); ok && f.Code == "index_already_exists" {
		return nil
	}
	return err
}

// difference returns the settings of want that differ. Each setting that is
// sent costs Meilisearch work, some of them a complete re-indexing.
func difference(have, want meilisearch.Settings) (change meilisearch.Settings, differs bool) {
	if !slices.Equal(have.SearchableAttributes, want.SearchableAttributes) {
		change.SearchableAttributes, differs = want.SearchableAttributes, true
	}
	if !sameSet(have.FilterableAttributes, want.FilterableAttributes) {
		change.FilterableAttributes, differs = want.FilterableAttributes, true
	}
	if !sameSet(have.SortableAttributes, want.SortableAttributes) {
		change.SortableAttributes, differs = want.SortableAttributes, true
	}
	if !slices.Equal(have.RankingRules, want.RankingRules) {
		change.RankingRules, differs = want.RankingRules, true
	}
	if !maps.EqualFunc(have.Synonyms, want.Synonyms, sameSet) {
		change.Synonyms, differs = want.Synonyms, true
	}
	if t := have.TypoTolerance; t == nil || t.Enabled != want.TypoTolerance.Enabled || t.MinWordSizeForTypos != want.TypoTolerance.MinWordSizeForTypos ||
		!sameSet(t.DisableOnAttributes, want.TypoTolerance.DisableOnAttributes) || !sameSet(t.DisableOnWords, want.TypoTolerance.DisableOnWords) {
		change.TypoTolerance, differs = want.TypoTolerance, true
	}
	if f := have.Faceting; f == nil || f.MaxValuesPerFacet != want.Faceting.MaxValuesPerFacet || f.SortFacetValuesBy["*"] != want.Faceting.SortFacetValuesBy["*"] {
		change.Faceting, differs = want.Faceting, true
	}
	if p := have.Pagination; p == nil || *p != *want.Pagination {
		change.Pagination, differs = want.Pagination, true
	}
	return change, differs
}

func sameSet(a, b []string) bool {
	return strings.Join(slices.Sorted(slices.Values(a)), "\x00") == strings.Join(slices.Sorted(slices.Values(b)), "\x00")
}
