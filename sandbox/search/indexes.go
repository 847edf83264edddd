package search

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/meilisearch/meilisearch-go"
)

// index is one index. It is not changed but replaced.
type index struct {
	UID        string                     `json:"uid"`
	Folder     string                     `json:"folder"` // of its documents in the store: it keeps it when it is swapped
	PrimaryKey string                     `json:"primaryKey"`
	CreatedAt  time.Time                  `json:"createdAt"`
	UpdatedAt  time.Time                  `json:"updatedAt"`
	Settings   map[string]json.RawMessage `json:"settings"` // those that are not Meilisearch's defaults

	rules *rules
}

func noIndex(uid string) error {
	return newError(http.StatusNotFound, "index_not_found", "Index `%.60s` not found.", uid)
}

// index returns an index as it is now.
func (s *Server) index(uid string) (*index, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if x := s.state.Indexes[uid]; x != nil {
		return x, nil
	}
	return nil, noIndex(uid)
}

// whole fails while the indexes have lost their documents.
func (s *Server) whole() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.state.Lost {
		return newError(http.StatusServiceUnavailable, "index_lost", "The documents are lost: the index waits to be rebuilt and swapped in.")
	}
	return nil
}

// using calls f with an index, and again if another was swapped into its place
// in the middle of that: its documents may be gone.
func (s *Server) using(uid string, f func(x *index) error) error {
	for {
		x, err := s.index(uid)
		if err != nil {
			return err
		}
		err = f(x)
		if now, _ := s.index(uid); now == nil || now.Folder == x.Folder {
			return err
		}
	}
}

// ensure returns a copy of a task's index, to be changed, and makes the index if
// it does not exist yet.
func (c *change) ensure(key string) *index {
	now := time.Now().UTC()
	x := index{UID: c.IndexUID, Folder: fmt.Sprint(c.UID), CreatedAt: now, rules: &rules{Settings: defaults()}}
	if there := c.Indexes[c.IndexUID]; there != nil {
		x = *there
	}
	x.PrimaryKey, x.UpdatedAt, c.Indexes[c.IndexUID] = cmp.Or(x.PrimaryKey, key), now, &x
	return &x
}

func (x *index) view() any {
	return map[string]any{"uid": x.UID, "primaryKey": x.PrimaryKey, "createdAt": x.CreatedAt, "updatedAt": x.UpdatedAt}
}

func (s *Server) listIndexes(*http.Request) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	views := []any{}
	for _, uid := range slices.Sorted(maps.Keys(s.state.Indexes)) {
		views = append(views, s.state.Indexes[uid].view())
	}
	return map[string]any{"results": views, "offset": 0, "limit": len(views), "total": len(views)}, nil
}

func (s *Server) getIndex(r *http.Request) (any, error) {
	x, err := s.index(r.PathValue("uid"))
	if err != nil {
		return nil, err
	}
	return x.view(), nil
}

func (s *Server) indexStats(r *http.Request) (any, error) {
	var found *bleve.SearchResult
	err := s.using(r.PathValue("uid"), func(x *index) (err error) {
		found, err = s.list(x, nil, 0, 0)
		return cmp.Or(s.whole(), err)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"numberOfDocuments": found.Total, "isIndexing": false, "fieldDistribution": map[string]int{}}, nil
}

func (s *Server) postIndex(r *http.Request) (any, error) {
	var in struct {
		UID        string `json:"uid"`
		PrimaryKey string `json:"primaryKey"`
	}
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	return s.accept("indexCreation", in.UID, nil, func(c *change) error {
		if c.Indexes[in.UID] != nil {
			return newError(http.StatusConflict, "index_already_exists", "Index `%s` already exists.", in.UID)
		}
		c.ensure(in.PrimaryKey)
		return nil
	})
}

func (s *Server) deleteIndex(r *http.Request) (any, error) {
	return s.accept("indexDeletion", r.PathValue("uid"), nil, func(c *change) error {
		x := c.Indexes[c.IndexUID]
		if x == nil {
			return noIndex(c.IndexUID)
		}
		delete(c.Indexes, c.IndexUID)
		return s.remove(c, x, nil)
	})
}

// swapIndexes lets pairs of indexes change their names, all or none.
func (s *Server) swapIndexes(r *http.Request) (any, error) {
	var in []struct {
		Indexes []string `json:"indexes"`
		Rename  bool     `json:"rename"`
	}
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	var uids []string
	swaps := []any{}
	for _, swap := range in {
		if len(swap.Indexes) != 2 || swap.Rename {
			return nil, invalid("invalid_swap_indexes", "Two indexes must be given for each swap, and none is renamed.")
		}
		uids = append(uids, swap.Indexes...)
		swaps = append(swaps, map[string]any{"indexes": []any{swap.Indexes[0], swap.Indexes[1]}})
	}
	if len(uids) != len(slices.Compact(slices.Sorted(slices.Values(uids)))) {
		return nil, invalid("invalid_swap_duplicate_index_found", "Indexes must be declared only once during a swap.")
	}
	return s.accept("indexSwap", "", map[string]any{"swaps": swaps}, func(c *change) error {
		for i, uid := range uids {
			if c.Indexes[uid] == nil {
				return noIndex(uid)
			}
			if i%2 == 1 {
				a, b := *c.Indexes[uids[i-1]], *c.Indexes[uid]
				a.UID, b.UID = b.UID, a.UID
				c.Indexes[a.UID], c.Indexes[b.UID] = &a, &b
			}
		}
		c.Lost = false
		c.Swaps = append(slices.Clone(c.Swaps[max(0, len(c.Swaps)-maxSwaps+1):]), c.task)
		return nil
	})
}

// rules are the settings, those that are Meilisearch's defaults among them.
type rules struct {
	meilisearch.Settings

	synonyms map[string][][]string // words with one space between them
}

func defaults() meilisearch.Settings {
	prefix := "indexingTime"
	return meilisearch.Settings{
		DisplayedAttributes: []string{"*"}, SearchableAttributes: []string{"*"}, RankingRules: slices.Clone(rankingRules), ProximityPrecision: meilisearch.ByWord,
		TypoTolerance: &meilisearch.TypoTolerance{Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9}},
		Faceting:      &meilisearch.Faceting{MaxValuesPerFacet: 100, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeAlpha}},
		Pagination:    &meilisearch.Pagination{MaxTotalHits: 1000}, PrefixSearch: &prefix, FacetSearch: true,
	}
}

var rankingRules = []string{"words", "typo", "proximity", "attribute", "sort", "exactness"}

// sorting matches an order by an attribute, in a search or a ranking rule.
var sorting = regexp.MustCompile(`^([A-Za-z0-9_.-]+):(asc|desc)$`)

// rulesOf returns the rules that settings make.
func rulesOf(settings map[string]json.RawMessage) (*rules, error) {
	r := &rules{Settings: defaults()}
	for name, raw := range settings {
		into := &r.Settings
		if string(raw) == "null" { // the default stays
			into = &meilisearch.Settings{}
		}
		if err := readJSON(strings.NewReader(fmt.Sprintf(`{%q:%s}`, name, raw)), into); err != nil {
			return nil, err
		}
	}
	for _, rule := range r.RankingRules {
		if !slices.Contains(rankingRules, rule) && !sorting.MatchString(rule) {
			return nil, invalid("invalid_settings_ranking_rules", "Invalid value at `.rankingRules`: `%.60s` ranking rule is invalid.", rule)
		}
	}
	r.synonyms = map[string][][]string{}
	for phrase, others := range r.Synonyms {
		phrase = strings.Join(wordsOf(phrase), " ")
		for _, other := range others {
			r.synonyms[phrase] = append(r.synonyms[phrase], wordsOf(other))
		}
	}
	size := r.TypoTolerance.MinWordSizeForTypos
	switch {
	case size.OneTypo < 1 || size.TwoTypos < size.OneTypo || r.Pagination.MaxTotalHits < 1 || r.Faceting.MaxValuesPerFacet < 1:
		return nil, invalid("bad_request", "A number of the settings is out of bounds.")
	case r.DistinctAttribute != nil || len(r.Embedders) > 0:
		return nil, invalid("bad_request", "The stand-in knows neither distinct attributes nor embedders.")
	}
	return r, nil
}

// settingName returns the name of the setting that an address ends with.
func settingName(r *http.Request) string {
	return regexp.MustCompile("-.").ReplaceAllStringFunc(r.PathValue("name"), func(s string) string { return strings.ToUpper(s[1:]) })
}

func (s *Server) getSettings(r *http.Request) (any, error) {
	x, err := s.index(r.PathValue("uid"))
	if err != nil {
		return nil, err
	} else if r.PathValue("name") == "" {
		return x.rules.Settings, nil
	}
	var all map[string]any
	b, err := json.Marshal(x.rules.Settings)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	return all[settingName(r)], err
}

// patchSettings changes one setting or several, null to its default, and
// indexes the documents once more: they may be found by other attributes now.
// Settings that would be wrong for any index are refused at once.
func (s *Server) patchSettings(r *http.Request) (any, error) {
	raw, err := json.RawMessage("null"), error(nil)
	if r.Method != http.MethodDelete {
		err = readJSON(r.Body, &raw)
	}
	patch := map[string]json.RawMessage{}
	if name := settingName(r); name != "" {
		patch[name] = raw
	} else if err == nil {
		err = readJSON(bytes.NewReader(raw), &patch)
	}
	if err == nil {
		_, err = rulesOf(patch)
	}
	if err != nil {
		return nil, err
	}
	return s.accept("settingsUpdate", r.PathValue("uid"), nil, func(c *change) (err error) {
		x := c.ensure("")
		if x.Settings = maps.Clone(x.Settings); x.Settings == nil || r.Method == http.MethodDelete && r.PathValue("name") == "" {
			x.Settings = map[string]json.RawMessage{}
		}
		maps.Copy(x.Settings, patch)
		maps.DeleteFunc(x.Settings, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
		if x.rules, err = rulesOf(x.Settings); err != nil {
			return err
		}
		docs, err := sources(s.list(x, nil, 0, maxDocuments))
		if err != nil {
			return err
		}
		return c.put(x, docs)
	})
}
