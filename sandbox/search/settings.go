package search

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"purser/sandbox/finder"
)

// settings of an index, as they look on the wire. What the stand-in has no
// use for is kept and shown all the same.
type settings struct {
	DisplayedAttributes  []string            `json:"displayedAttributes"`
	SearchableAttributes []string            `json:"searchableAttributes"`
	FilterableAttributes []string            `json:"filterableAttributes"`
	SortableAttributes   []string            `json:"sortableAttributes"`
	RankingRules         []string            `json:"rankingRules"`
	StopWords            []string            `json:"stopWords"`
	NonSeparatorTokens   []string            `json:"nonSeparatorTokens"`
	SeparatorTokens      []string            `json:"separatorTokens"`
	Dictionary           []string            `json:"dictionary"`
	Synonyms             map[string][]string `json:"synonyms"`
	DistinctAttribute    *string             `json:"distinctAttribute"`
	ProximityPrecision   string              `json:"proximityPrecision"`
	TypoTolerance        typoTolerance       `json:"typoTolerance"`
	Faceting             faceting            `json:"faceting"`
	Pagination           pagination          `json:"pagination"`
	Embedders            map[string]any      `json:"embedders"`
	SearchCutoffMs       *int64              `json:"searchCutoffMs"`
	LocalizedAttributes  []any               `json:"localizedAttributes"`
	FacetSearch          bool                `json:"facetSearch"`
	PrefixSearch         string              `json:"prefixSearch"`
}

type typoTolerance struct {
	Enabled             bool     `json:"enabled"`
	MinWordSizeForTypos minSize  `json:"minWordSizeForTypos"`
	DisableOnWords      []string `json:"disableOnWords"`
	DisableOnAttributes []string `json:"disableOnAttributes"`
	DisableOnNumbers    bool     `json:"disableOnNumbers"`
}

type minSize struct {
	OneTypo  int `json:"oneTypo"`
	TwoTypos int `json:"twoTypos"`
}

type faceting struct {
	MaxValuesPerFacet int               `json:"maxValuesPerFacet"`
	SortFacetValuesBy map[string]string `json:"sortFacetValuesBy"`
}

type pagination struct {
	MaxTotalHits int `json:"maxTotalHits"`
}

func defaultSettings() settings {
	return settings{
		DisplayedAttributes: []string{"*"}, SearchableAttributes: []string{"*"}, FilterableAttributes: []string{}, SortableAttributes: []string{},
		RankingRules: slices.Clone(finder.DefaultRules), StopWords: []string{}, NonSeparatorTokens: []string{}, SeparatorTokens: []string{},
		Dictionary: []string{}, Synonyms: map[string][]string{}, ProximityPrecision: "byWord",
		TypoTolerance: typoTolerance{
			Enabled: true, MinWordSizeForTypos: minSize{OneTypo: 5, TwoTypos: 9}, DisableOnWords: []string{}, DisableOnAttributes: []string{},
		},
		Faceting:   faceting{MaxValuesPerFacet: 100, SortFacetValuesBy: map[string]string{"*": "alpha"}},
		Pagination: pagination{MaxTotalHits: 1000}, Embedders: map[string]any{}, FacetSearch: true, PrefixSearch: "indexingTime",
	}
}

// patched changes the settings that a patch names; null puts one back to its
// default.
func (s settings) patched(patch []byte) (settings, *apiError) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(patch, &fields); err != nil {
		return s, invalid("malformed_payload", "The settings are not a JSON object.")
	}
	s = s.copied()
	for name, raw := range fields {
		field, ok := s.field(name)
		if !ok {
			return s, invalid("bad_request", "Unknown field `%.60s`.", name)
		}
		if bytes.Equal(raw, []byte("null")) {
			def := defaultSettings()
			from, _ := def.field(name)
			field.Set(from)
			continue
		}
		if field.Kind() != reflect.Struct {
			field.SetZero() // a list or a map is replaced, not added to
		}
		if err := json.Unmarshal(raw, field.Addr().Interface()); err != nil {
			return s, invalid("invalid_settings_"+snake(name), "Invalid value type at `.%.60s`.", name)
		}
	}
	s.fillNil()
	return s, s.check()
}

func (s settings) copied() settings {
	var c settings
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		return s // our own type cannot fail to be written
	}
	c.fillNil()
	return c
}

// field finds a setting by its name on the wire.
func (s *settings) field(name string) (reflect.Value, bool) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// fillNil shows empty lists as lists.
func (s *settings) fillNil() {
	for _, list := range []*[]string{
		&s.DisplayedAttributes, &s.SearchableAttributes, &s.FilterableAttributes, &s.SortableAttributes, &s.RankingRules, &s.StopWords,
		&s.NonSeparatorTokens, &s.SeparatorTokens, &s.Dictionary, &s.TypoTolerance.DisableOnWords, &s.TypoTolerance.DisableOnAttributes,
	} {
		if *list == nil {
			*list = []string{}
		}
	}
	if s.Synonyms == nil {
		s.Synonyms = map[string][]string{}
	}
	if s.Embedders == nil {
		s.Embedders = map[string]any{}
	}
	for _, list := range []*[]string{&s.FilterableAttributes, &s.SortableAttributes, &s.StopWords} {
		slices.Sort(*list) // these are sets
		*list = slices.Compact(*list)
	}
}

var customRule = regexp.MustCompile(`^[A-Za-z0-9_.-]+:(asc|desc)$`)

func (s *settings) check() *apiError {
	for _, rule := range s.RankingRules {
		if !slices.Contains(finder.DefaultRules, rule) && !customRule.MatchString(rule) {
			return invalid("invalid_settings_ranking_rules", "Invalid value at `.rankingRules`: `%.60s` ranking rule is invalid.", rule)
		}
	}
	size := s.TypoTolerance.MinWordSizeForTypos
	switch {
	case size.OneTypo < 1 || size.TwoTypos < size.OneTypo || size.TwoTypos > 255:
		return invalid("invalid_settings_typo_tolerance", "Invalid value at `.minWordSizeForTypos`: want 1 ≤ oneTypo ≤ twoTypos ≤ 255.")
	case s.Pagination.MaxTotalHits < 1 || s.Pagination.MaxTotalHits > 100_000:
		return invalid("invalid_settings_pagination", "Invalid value at `.maxTotalHits`: want 1 to 100000.")
	case s.Faceting.MaxValuesPerFacet < 1 || s.Faceting.MaxValuesPerFacet > 100_000:
		return invalid("invalid_settings_faceting", "Invalid value at `.maxValuesPerFacet`: want 1 to 100000.")
	case s.DistinctAttribute != nil:
		return invalid("invalid_settings_distinct_attribute", "The stand-in has no distinct attribute.")
	case len(s.Embedders) > 0:
		return invalid("invalid_settings_embedders", "The stand-in has no embedders.")
	case s.PrefixSearch != "indexingTime" && s.PrefixSearch != "disabled":
		return invalid("invalid_settings_prefix_search", "Unknown value at `.prefixSearch`.")
	}
	return nil
}

// finder is what of it decides about what is found.
func (s settings) finder() finder.Settings {
	f := finder.Settings{
		Searchable: s.SearchableAttributes, Filterable: s.FilterableAttributes, Sortable: s.SortableAttributes,
		Rules: s.RankingRules, StopWords: s.StopWords, Synonyms: s.Synonyms,
		NoTypos: !s.TypoTolerance.Enabled, OneTypo: s.TypoTolerance.MinWordSizeForTypos.OneTypo, TwoTypos: s.TypoTolerance.MinWordSizeForTypos.TwoTypos,
		ExactWords: s.TypoTolerance.DisableOnWords, ExactAttrs: s.TypoTolerance.DisableOnAttributes, ExactNumbers: s.TypoTolerance.DisableOnNumbers,
		NoPrefix: s.PrefixSearch == "disabled", ValuesPerFacet: s.Faceting.MaxValuesPerFacet, CommonFirst: s.Faceting.SortFacetValuesBy["*"] == "count",
		MaxHits: s.Pagination.MaxTotalHits,
	}
	return f
}

// displayed reports whether an attribute is shown.
func (s settings) displayed(name string) bool {
	return slices.Contains(s.DisplayedAttributes, "*") || slices.Contains(s.DisplayedAttributes, name)
}

// snake writes camelCase as snake_case.
func snake(name string) string { return strings.ReplaceAll(kebab(name), "-", "_") }

// kebab writes camelCase as kebab-case.
func kebab(name string) string {
	var b strings.Builder
	for _, r := range name {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('-')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
