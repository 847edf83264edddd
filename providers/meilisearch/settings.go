package meilisearch

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/meilisearch/meilisearch-go"
	"golang.org/x/text/unicode/norm"

	"purser/catalog"
	"purser/order"
)

// facetsAsked is how many values of a facet Meilisearch counts. More than are shown, so
// that those that the query filters by are usually among them.
const facetsAsked = 1000

// orders are the ranking rules of the shop's preferences.
var orders = map[catalog.Preference]string{
	catalog.PreferInStock: "inStock:desc", catalog.PreferBestRated: "rating:desc", catalog.PreferNewest: "added:desc",
}

// settings returns the index's settings: those of this program, and the shop's own.
func settings(own catalog.SearchSettings) meilisearch.Settings {
	var searchable []string
	for _, f := range own.Complete().Fields {
		searchable = append(searchable, string(f)) // the first attribute weighs most
	}
	searchable = slices.Insert(searchable, len(searchable)-1, codeField)
	ranking := []string{"sort", "words", "typo", "proximity", "attribute", "exactness"} // an explicit sort order comes first
	for _, p := range own.Prefer {
		ranking = append(ranking, orders[p])
	}
	byCount := map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount}
	return meilisearch.Settings{
		SearchableAttributes: searchable,
		FilterableAttributes: []string{"brand", "category", "currency", "inStock", "price", "rating", "stars", "tags", valuesField},
		SortableAttributes:   []string{"added", "name", "price", "rating"},
		RankingRules:         ranking,
		TypoTolerance: &meilisearch.TypoTolerance{
			Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 4, TwoTypos: 8},
			DisableOnAttributes: []string{"sku", codeField}, DisableOnWords: []string{}, DisableOnNumbers: true,
		},
		Synonyms:   mutual(own.Synonyms),
		StopWords:  spellings(own.StopWords),
		Faceting:   &meilisearch.Faceting{MaxValuesPerFacet: facetsAsked, SortFacetValuesBy: byCount},
		Pagination: &meilisearch.Pagination{MaxTotalHits: catalog.MaxHits},
	}
}

// spellings returns words in lower case, with and without accents: Meilisearch takes
// the accents off a typed word before it compares it with the stop words, and not
// off the stop words.
func spellings(words []string) []string {
	all := []string{}
	for _, w := range words {
		w = strings.ToLower(norm.NFC.String(w))
		plain := strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFD.String(w))
		all = append(all, w, norm.NFC.String(plain))
	}
	slices.Sort(all)
	return slices.Compact(all)
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

// applySettings changes the settings of an index that differ. It first waits for a
// change that it did not see the end of: Meilisearch indexes all documents again, and
// a second task would make it do so twice.
func (c *Client) applySettings(ctx context.Context, index string) (changed bool, err error) {
	const op = "apply settings"
	own, err := c.conf.Settings(ctx)
	if err != nil {
		return false, failure(op, order.ErrUnavailable, "shop_settings", err)
	}
	if err := c.changeEnded(ctx, op, index); err != nil {
		return false, err
	}
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
	at := c.admin.Index(index)
	change, differs := difference(*have, settings(own))
	for _, empty := range []struct { // the SDK does not send what is empty
		reset bool
		do    func(context.Context) (*meilisearch.TaskInfo, error)
	}{
		{change.Synonyms != nil && len(change.Synonyms) == 0, at.ResetSynonymsWithContext},
		{change.StopWords != nil && len(change.StopWords) == 0, at.ResetStopWordsWithContext},
		{differs, func(ctx context.Context) (*meilisearch.TaskInfo, error) {
			return at.UpdateSettingsWithContext(ctx, &change)
		}},
	} {
		if !empty.reset {
			continue
		}
		if err := c.changeSettings(ctx, op, index, empty.do); err != nil {
			return true, err
		}
	}
	return differs, nil
}

// changeSettings makes one change and waits for its end. If the end does not come in
// time, it remembers the task.
func (c *Client) changeSettings(ctx context.Context, op, index string, accepted func(context.Context) (*meilisearch.TaskInfo, error)) error {
	asked, n := asking(ctx)
	info, err := accepted(asked)
	if err != nil {
		return refused(op, true, err, n)
	}
	c.mu.Lock()
	c.changes[index] = info.TaskUID
	c.mu.Unlock()
	return c.changeEnded(ctx, op, index)
}

// changeEnded waits for the remembered change of an index's settings. A task that
// the server does not know is forgotten.
func (c *Client) changeEnded(ctx context.Context, op, index string) error {
	c.mu.Lock()
	uid, running := c.changes[index]
	c.mu.Unlock()
	if !running {
		return nil
	}
	err := c.done(ctx, op, uid)
	var f *order.ProviderError
	if errors.As(err, &f) && f.Kind == order.ErrUnknownOutcome && f.Status != http.StatusNotFound {
		return err
	}
	c.mu.Lock()
	delete(c.changes, index)
	c.mu.Unlock()
	return err
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
	if !sameSet(have.StopWords, want.StopWords) {
		change.StopWords, differs = want.StopWords, true
	}
	if t := have.TypoTolerance; t == nil || t.DisableOnNumbers != want.TypoTolerance.DisableOnNumbers || t.Enabled != want.TypoTolerance.Enabled || t.MinWordSizeForTypos != want.TypoTolerance.MinWordSizeForTypos ||
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
