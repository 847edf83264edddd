package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"purser/text"
)

// ErrSettings means that settings of the search are not valid. Its text is for the
// caller.
var ErrSettings = errors.New("invalid search settings")

// The limits of a shop's settings of the search.
const (
	MaxSynonymGroups = 1_000
	MaxSynonyms      = 20 // in a group
	MaxSynonymWords  = 3  // in a synonym: search engines join no more words
	MaxStopWords     = 500
	MaxSearchWord    = 60 // characters of a synonym or a stop word
)

// SearchSettings are a shop's own settings of the product search.
type SearchSettings struct {
	Synonyms  [][]string   `json:"synonyms,omitempty" doc:"Groups of words, or of two or three words in a row, that stand for each other: [[\"mug\",\"cup\"]]"`
	StopWords []string     `json:"stopWords,omitempty" doc:"Words that a search ignores, such as the and of"`
	Fields    []Field      `json:"fields,omitempty" doc:"The fields that are searched, the most important first: each of name, options, brand, category, tags, sku and description once. Default: this order. A product whose SKU is typed comes first in any order"`
	Prefer    []Preference `json:"prefer,omitempty" doc:"Which of the products that match equally well come first: inStock, -rating (the best rated), -added (the newest), in the order of their importance. Default: none"`
}

// Field is a field of a product that is searched.
type Field string

// Fields are the fields that are searched, in their default order.
var Fields = []Field{"name", "options", "brand", "category", "tags", "sku", "description"}

// Preference is an order of the products that match equally well.
type Preference string

// The preferences.
const (
	PreferInStock   Preference = "inStock"
	PreferBestRated Preference = "-rating"
	PreferNewest    Preference = "-added"
)

// Preferences lists all preferences.
var Preferences = []Preference{PreferInStock, PreferBestRated, PreferNewest}

// RecordedSettings are the settings of the search as the record has them.
type RecordedSettings struct {
	SearchSettings
	Version   int64      `json:"version" doc:"Rises with each change; 0: never changed"`
	ChangedAt *time.Time `json:"changedAt,omitempty"`
	ChangedBy string     `json:"changedBy,omitempty"`
	Applied   bool       `json:"applied" doc:"The search uses these settings"`
	Problem   string     `json:"problem,omitempty" doc:"Why the last attempt to apply them failed; it is repeated"`
}

// Clean returns the settings with their texts as the catalogue keeps its own (see
// text.Clean).
func (s SearchSettings) Clean() SearchSettings {
	clean := func(words []string) []string {
		words = slices.Clone(words)
		for i, w := range words {
			words[i] = text.Clean(w)
		}
		return words
	}
	s.Synonyms = slices.Clone(s.Synonyms)
	for i, group := range s.Synonyms {
		s.Synonyms[i] = clean(group)
	}
	s.StopWords = clean(s.StopWords)
	return s
}

// Complete returns the settings with their defaults.
func (s SearchSettings) Complete() SearchSettings {
	if len(s.Fields) == 0 {
		s.Fields = slices.Clone(Fields)
	}
	return s
}

// Faults returns all errors in the settings.
func (s SearchSettings) Faults() []Fault {
	var faults []Fault
	wrong := func(field, format string, args ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(format, args...)})
	}
	synonyms := make(map[string]bool)
	if len(s.Synonyms) > MaxSynonymGroups {
		wrong("synonyms", "want at most %d groups, got %d", MaxSynonymGroups, len(s.Synonyms))
	}
	for i, group := range s.Synonyms[:min(len(s.Synonyms), MaxSynonymGroups)] {
		field, twice := fmt.Sprintf("synonyms[%d]", i), make(map[string]bool)
		if len(group) < 2 || len(group) > MaxSynonyms {
			wrong(field, "want 2 to %d words that stand for each other, got %d", MaxSynonyms, len(group))
			continue
		}
		for j, synonym := range group {
			words, fault := SearchWords(synonym), lineFault(synonym, 1, MaxSearchWord)
			key := strings.Join(words, " ")
			switch {
			case fault != "":
				wrong(fmt.Sprintf("%s[%d]", field, j), "%.70q: %s", synonym, fault)
			case len(words) < 1 || len(words) > MaxSynonymWords:
				wrong(fmt.Sprintf("%s[%d]", field, j), "want 1 to %d words, got %d in %q", MaxSynonymWords, len(words), synonym)
			case twice[key]:
				wrong(fmt.Sprintf("%s[%d]", field, j), "%q is in the group twice", synonym)
			}
			twice[key], synonyms[key] = true, true
		}
	}
	faults = append(faults, s.stopWordFaults(synonyms)...)
	if len(s.Fields) > 0 && !slices.Equal(slices.Sorted(slices.Values(s.Fields)), slices.Sorted(slices.Values(Fields))) {
		wrong("fields", "want each of %q once, the most important first, got %q", Fields, s.Fields[:min(len(s.Fields), 10)])
	}
	for i, p := range s.Prefer {
		if !slices.Contains(Preferences, p) {
			wrong(fmt.Sprintf("prefer[%d]", i), "%.20q is not one of %q", p, Preferences)
		} else if slices.Contains(s.Prefer[:i], p) {
			wrong(fmt.Sprintf("prefer[%d]", i), "%q stands twice", p)
		}
	}
	return faults
}

// stopWordFaults returns the errors in the stop words.
func (s SearchSettings) stopWordFaults(synonyms map[string]bool) (faults []Fault) {
	if len(s.StopWords) > MaxStopWords {
		faults = append(faults, Fault{"stopWords", fmt.Sprintf("want at most %d, got %d", MaxStopWords, len(s.StopWords))})
	}
	twice := make(map[string]bool)
	for i, stop := range s.StopWords[:min(len(s.StopWords), MaxStopWords)] {
		words, why := SearchWords(stop), lineFault(stop, 1, MaxSearchWord)
		switch {
		case why != "":
			why = fmt.Sprintf("%.70q: %s", stop, why)
		case len(words) != 1:
			why = fmt.Sprintf("want one word, got %d in %q", len(words), stop)
		case strings.ContainsFunc(stop, unicode.IsNumber):
			why = fmt.Sprintf("%q has a digit: a number is a size or a part of a SKU to shoppers, so that they must find it", stop)
		case synonyms[words[0]]:
			why = fmt.Sprintf("%q is a synonym too, and a search ignores stop words: choose one of the two", stop)
		case twice[words[0]]:
			why = fmt.Sprintf("%q stands twice", stop)
		}
		if why != "" {
			faults = append(faults, Fault{fmt.Sprintf("stopWords[%d]", i), why})
		}
		if len(words) > 0 {
			twice[words[0]] = true
		}
	}
	return faults
}

// Validate returns an error that says what is wrong with the settings, if anything.
func (s SearchSettings) Validate() error {
	faults := s.Faults()
	if len(faults) == 0 {
		return nil
	}
	all := make([]string, len(faults))
	for i, f := range faults {
		all[i] = f.String()
	}
	return fmt.Errorf("%w: %s", ErrSettings, strings.Join(all, "; "))
}

// SearchWords returns the words of a text as a search engine compares them, in lower
// case.
func SearchWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) })
}
