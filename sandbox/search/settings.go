package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"
)

// settings are the settings of an index that are served.
type settings struct {
	SearchableAttributes []string                  `json:"searchableAttributes"`
	FilterableAttributes []string                  `json:"filterableAttributes"`
	SortableAttributes   []string                  `json:"sortableAttributes"`
	RankingRules         []string                  `json:"rankingRules"`
	Synonyms             synonyms                  `json:"synonyms"`
	StopWords            []string                  `json:"stopWords"`
	TypoTolerance        meilisearch.TypoTolerance `json:"typoTolerance"`
	Faceting             meilisearch.Faceting      `json:"faceting"`
	Pagination           meilisearch.Pagination    `json:"pagination"`

	synonyms map[string][][]string // as words, by words with one space between them
	stops    map[string]bool       // the stop words
}

// synonyms are replaced as a whole by those of a patch.
type synonyms map[string][]string

func (s *synonyms) UnmarshalJSON(b []byte) error {
	*s = nil
	return json.Unmarshal(b, (*map[string][]string)(s))
}

// defaults are Meilisearch's default settings.
var defaults = settings{
	SearchableAttributes: []string{"*"}, FilterableAttributes: []string{}, SortableAttributes: []string{}, RankingRules: rankingRules, Synonyms: synonyms{}, StopWords: []string{},
	TypoTolerance: meilisearch.TypoTolerance{
		Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9}, DisableOnWords: []string{}, DisableOnAttributes: []string{},
	},
	Faceting:   meilisearch.Faceting{MaxValuesPerFacet: 100, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeAlpha}},
	Pagination: meilisearch.Pagination{MaxTotalHits: 1000},
}

var rankingRules = []string{"words", "typo", "proximity", "attribute", "sort", "exactness"}

// served matches the lists of ranking rules that are served: the default one, or
// with sort first, so that hits can be sorted by attributes. Orders by attributes may
// follow, for documents that match equally well.
var served = regexp.MustCompile(`^(?:words typo proximity attribute sort exactness|sort words typo proximity attribute exactness)(?: [\w-]+:(?:asc|desc))*$`)

// nulls matches a value that resets a setting.
var nulls = regexp.MustCompile(`(^|[:\[,])\s*null`)

// patched returns a copy of the settings with the changes of a patch.
func (s settings) patched(patch []byte) (next settings, err error) {
	if nulls.Match(patch) {
		return next, invalid("bad_request", "The stand-in does not serve null in settings.")
	}
	was, err := json.Marshal(s)
	err = errors.Join(err, readJSON(bytes.NewReader(was), &next), readJSON(bytes.NewReader(patch), &next), next.check())
	return next, err
}

// check prepares the synonyms, and refuses settings that are wrong or not served.
func (s *settings) check() error {
	s.synonyms = map[string][][]string{}
	for phrase, others := range s.Synonyms {
		phrase = joined(tokens(phrase))
		for _, other := range others {
			s.synonyms[phrase] = append(s.synonyms[phrase], strings.Fields(joined(tokens(other))))
		}
	}
	s.stops = map[string]bool{}
	for _, word := range s.StopWords {
		s.stops[joined(tokens(word))] = true
	}
	names, typos, order := slices.Concat(s.FilterableAttributes, s.SortableAttributes), s.TypoTolerance, s.Faceting.SortFacetValuesBy
	if !slices.Equal(s.SearchableAttributes, defaults.SearchableAttributes) {
		names = append(names, s.SearchableAttributes...)
	}
	switch size := typos.MinWordSizeForTypos; {
	case slices.ContainsFunc(names, func(name string) bool { return !isID.MatchString(name) }):
		return invalid("bad_request", "The stand-in serves neither patterns nor nested attributes in settings.")
	case len(s.SearchableAttributes) > maxAttributes:
		return invalid("bad_request", "The stand-in serves %d searchable attributes.", maxAttributes)
	case !served.MatchString(strings.Join(s.RankingRules, " ")):
		return invalid("invalid_settings_ranking_rules", "The stand-in serves the default ranking rules, with `sort` in its place or first, and then orders by attributes.")
	case len(typos.DisableOnWords) > 0 || len(order) != 1 || order["*"] != meilisearch.SortFacetTypeAlpha && order["*"] != meilisearch.SortFacetTypeCount:
		return invalid("bad_request", "The stand-in serves no words without typos, and one order of facet values.")
	case size.OneTypo < 1 || size.TwoTypos < size.OneTypo || s.Pagination.MaxTotalHits < 1 || s.Faceting.MaxValuesPerFacet < 1:
		return invalid("bad_request", "A number of the settings is out of bounds.")
	}
	return nil
}

// patchSettings changes settings and indexes the documents once more, because
// other attributes may have to find them. It refuses at once what would be wrong
// for every index.
func (s *Server) patchSettings(r *http.Request, patch json.RawMessage) (any, error) {
	if _, err := defaults.patched(patch); err != nil {
		return nil, err
	}
	return s.accept(&task{Type: "settingsUpdate", IndexUID: r.PathValue("uid")}, func(c *change) (err error) {
		x := c.ensure("")
		if x.Settings, err = x.Settings.patched(patch); err != nil {
			return err
		}
		docs, err := sources(s.list(x, nil, 0, maxDocuments))
		if err != nil {
			return err
		}
		return c.put(x, docs)
	})
}

// resetting returns a route that makes the same patch for every request.
func (s *Server) resetting(patch string) route {
	return func(r *http.Request) (any, error) { return s.patchSettings(r, json.RawMessage(patch)) }
}
