package finder

import (
	"maps"
	"slices"
	"strings"
)

// Settings say what is searched, filtered and sorted by. Its zero value
// searches every attribute with Meilisearch's defaults.
type Settings struct {
	Searchable []string // in the order of importance; empty or "*": all
	Filterable []string
	Sortable   []string
	// Rules order the hits: "words", "typo", "proximity", "attribute",
	// "sort", "exactness", and "attribute:asc" or ":desc". Proximity is not
	// known here and decides nothing.
	Rules     []string
	StopWords []string
	// Synonyms lead from a word or phrase to what it stands for as well.
	Synonyms map[string][]string

	NoTypos        bool
	OneTypo        int      // from so many characters on; default 5
	TwoTypos       int      // default 9
	ExactWords     []string // words without typos
	ExactAttrs     []string // attributes without typos
	ExactNumbers   bool     // words with digits only: no typos
	NoPrefix       bool     // the last word is no beginning
	ValuesPerFacet int      // default 100
	CommonFirst    bool     // facet values by count, not by name
	MaxHits        int      // default 1000
}

// DefaultRules are Meilisearch's.
var DefaultRules = []string{"words", "typo", "proximity", "attribute", "sort", "exactness"}

func (s Settings) withDefaults() Settings {
	if s.OneTypo == 0 {
		s.OneTypo = 5
	}
	if s.TwoTypos == 0 {
		s.TwoTypos = 9
	}
	if len(s.Rules) == 0 {
		s.Rules = DefaultRules
	}
	if s.ValuesPerFacet == 0 {
		s.ValuesPerFacet = 100
	}
	if s.MaxHits == 0 {
		s.MaxHits = 1000
	}
	if slices.Contains(s.Searchable, "*") {
		s.Searchable = nil
	}
	s.StopWords, s.ExactWords = folded(s.StopWords), folded(s.ExactWords)
	said := make(map[string][]string, len(s.Synonyms))
	for key, others := range s.Synonyms {
		said[strings.Join(wordsOf(key), " ")] = others
	}
	s.Synonyms = said
	return s
}

// folded are words as documents have them.
func folded(words []string) []string {
	all := make([]string, 0, len(words))
	for _, w := range words {
		all = append(all, wordsOf(w)...)
	}
	return all
}

// columnNames are the attributes whose values must be at hand.
func (s Settings) columnNames() []string {
	names := slices.Concat(s.Filterable, s.Sortable)
	for _, r := range s.Rules {
		if name, _, ok := cutRule(r); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sameDocuments reports whether documents are taken apart the same way under
// other settings. Both have their defaults.
func (s Settings) sameDocuments(o Settings) bool {
	return slices.Equal(s.Searchable, o.Searchable) && slices.Equal(s.ExactAttrs, o.ExactAttrs) && slices.Equal(s.columnNames(), o.columnNames())
}

// cutRule reads "price:desc".
func cutRule(rule string) (name string, desc, ok bool) {
	name, dir, ok := strings.Cut(rule, ":")
	return name, dir == "desc", ok && (dir == "asc" || dir == "desc") && name != ""
}

// The classes of attributes: the first one, those between, the last one. A
// word in an earlier class ranks before one in a later. Attributes without
// typos are a class of their own, which ranks with those between.
const (
	classFirst = iota
	classMiddle
	classLast
	classExact
	classes
)

// importance of a class, from 0.
var importance = [classes]uint8{0, 1, 2, 1}

func (s Settings) class(i int) uint8 {
	switch {
	case slices.Contains(s.ExactAttrs, s.Searchable[i]):
		return classExact
	case i == 0:
		return classFirst
	case i == len(s.Searchable)-1:
		return classLast
	}
	return classMiddle
}

// tokens takes the text of a document apart.
func (s Settings) tokens(fields map[string]any) []token {
	var all []token
	if len(s.Searchable) == 0 {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			all = appendTokens(all, fields[name], classFirst)
		}
		return all
	}
	for i, name := range s.Searchable {
		if v, ok := lookup(fields, name); ok {
			all = appendTokens(all, v, s.class(i))
		}
	}
	return all
}

// lookup finds an attribute, also one below another ("maker.name").
func lookup(fields map[string]any, name string) (any, bool) {
	if v, ok := fields[name]; ok {
		return v, true
	}
	head, rest, nested := strings.Cut(name, ".")
	if !nested {
		return nil, false
	}
	switch below := fields[head].(type) {
	case map[string]any:
		return lookup(below, rest)
	case []any:
		var all []any
		for _, b := range below {
			if m, ok := b.(map[string]any); ok {
				if v, ok := lookup(m, rest); ok {
					all = append(all, v)
				}
			}
		}
		return all, len(all) > 0
	}
	return nil, false
}
