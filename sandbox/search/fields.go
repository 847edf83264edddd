package search

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/char/asciifolding"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/numeric"
	bleveindex "github.com/blevesearch/bleve_index_api"
	"golang.org/x/text/unicode/norm"
)

// The fields of a document in Bleve.
const (
	sourceField = "source"  // the document itself, stored
	folderField = "folder"  // of its index
	wordsField  = "words"   // all words, to find those that one may stand for
	pairsField  = "pairs"   // two words in a row taken for one: "350 ml" as "350ml"
	valueField  = "value-"  // an attribute's values, as they are compared
	facetField  = "facet-"  // as they are shown
	orderField  = "order-"  // as they are sorted by
	numberField = "number-" // its numbers
)

// class is a field with the words of some attributes. The lower its rank, the
// more a word counts in it.
type class struct {
	field string
	rank  int
}

// classes are the first attribute, those between, the last one, and those in
// which no typo is forgiven.
var classes = []class{{"first", 0}, {"middle", 1}, {"last", 2}, {"exact", 1}}

const lastClass, exactClass = 2, 3

// class returns the class of the searchable attribute at i.
func (s *rules) class(i int) int {
	if slices.Contains(s.TypoTolerance.DisableOnAttributes, s.SearchableAttributes[i]) {
		return exactClass
	} else if i > 0 && i == len(s.SearchableAttributes)-1 {
		return lastClass
	}
	return min(i, 1)
}

// Options of fields: plain leaves out how often words stand in a field and
// where; a column is for facets and sorting; full is for phrases.
const (
	plain  = bleveindex.IndexField | bleveindex.SkipFreqNorm
	column = plain | bleveindex.DocValues
	full   = bleveindex.IndexField | bleveindex.IncludeTermVectors
)

// document returns a document as Bleve indexes it.
func (x *index) document(id string, fields map[string]any) (*document.Document, error) {
	source, err := json.Marshal(fields)
	doc := document.NewDocument(x.key(id))
	add := func(field, text string, options bleveindex.FieldIndexingOptions) {
		doc.AddField(document.NewTextFieldWithIndexingOptions(field, nil, []byte(text), options))
	}
	add(sourceField, string(source), bleveindex.StoreField)
	add(folderField, x.Folder, plain)
	x.rules.addWords(doc, fields)
	s := x.rules.Settings
	for name, v := range fields {
		if !slices.ContainsFunc(slices.Concat(s.FilterableAttributes, s.SortableAttributes, s.RankingRules), func(other string) bool { return name == other || strings.HasPrefix(other, name+":") }) {
			continue
		}
		add(valueField+name, isThere, plain)
		switch raw, _ := json.Marshal(v); string(raw) {
		case "null":
			add(valueField+name, isNull, plain)
		case `""`, "[]", "{}":
			add(valueField+name, isEmpty, plain)
		}
		leaves(v, func(leaf any) {
			text, kind := fmt.Sprint(leaf), "="
			order := valueKey(text)
			if n, err := strconv.ParseFloat(text, 64); err == nil && leaf != text {
				text, kind = strconv.FormatFloat(n, 'f', -1, 64), "#"
				order = string(numeric.MustNewPrefixCodedInt64(numeric.Float64ToInt64(n), 0))
				doc.AddField(document.NewNumericFieldWithIndexingOptions(numberField+name, nil, n, plain))
			}
			add(valueField+name, valueKey(text), plain)
			add(facetField+name, kind+text, column)
			add(orderField+name, order, column)
		})
	}
	return doc, err
}

// The field of values says these things of an attribute, too.
const isThere, isNull, isEmpty = "!EXISTS", "!NULL", "!EMPTY"

// valueKey returns a value as it is compared: case does not count.
func valueKey(text string) string { return "=" + strings.ToLower(strings.TrimSpace(text)) }

// words is a text that was split into words before Bleve asks for them.
type words analysis.TokenStream

func (w words) Analyze([]byte) analysis.TokenStream { return analysis.TokenStream(w) }

func (w *words) add(text string, position int) {
	*w = append(*w, &analysis.Token{Term: []byte(text), Position: position})
}

// addWords adds the words that a document is found by. The last attribute is
// the longest as a rule: of its pairs only those with a digit are indexed.
func (s *rules) addWords(doc *document.Document, fields map[string]any) {
	const gap = 100 // between words that no phrase joins
	var all, pairs words
	var texts [exactClass + 1]words
	position := 0
	take := func(class int, v any) {
		leaves(v, func(leaf any) {
			last := ""
			for _, t := range tokens(fmt.Sprint(leaf)) {
				if position++; t.apart {
					position += gap
				} else if pair := last + t.text; class != lastClass || strings.ContainsAny(pair, "0123456789") {
					pairs.add(pair, position)
				}
				last = t.text
				all.add(t.text, position)
				texts[class].add(t.text, position)
			}
		})
	}
	if slices.Contains(s.SearchableAttributes, "*") {
		take(0, fields)
	} else {
		for i, name := range s.SearchableAttributes {
			take(s.class(i), fields[name])
		}
	}
	doc.AddField(document.NewTextFieldCustom(wordsField, nil, nil, plain, all))
	doc.AddField(document.NewTextFieldCustom(pairsField, nil, nil, plain, pairs))
	for i, c := range classes {
		doc.AddField(document.NewTextFieldCustom(c.field, nil, nil, full, texts[i]))
	}
}

// leaves calls f with every text, number and boolean of a JSON value.
func leaves(v any, f func(leaf any)) {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, e := range v {
			leaves(e, f)
		}
	case map[string]any:
		for _, e := range v {
			leaves(e, f)
		}
	default:
		f(v)
	}
}

// token is a word of a text and the bytes it covers there.
type token struct {
	text       string
	start, end int
	apart      bool // a sentence, or a part of one, ends before it
}

var (
	// runs of letters, digits and marks are words. Han and kana are written
	// without spaces, so each of their characters is one.
	runs     = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}]|(?:[^\P{L}\p{Han}\p{Hiragana}\p{Katakana}]|[\p{Nd}\p{M}])+`)
	endsPart = regexp.MustCompile(`[.,](\s|$)|[!:;?¿¡…。、，！：；？]`)
	folding  = asciifolding.New()
)

// tokens splits a text into words, in lower case and without accents. Words
// that are too long are cut.
func tokens(text string) (all []token) {
	const longest = 64
	last := 0
	for _, at := range runs.FindAllStringIndex(text, -1) {
		w := string(folding.Filter([]byte(norm.NFKC.String(strings.ToLower(text[at[0]:at[1]])))))
		w = strings.ToValidUTF8(w[:min(len(w), longest)], "")
		all = append(all, token{w, at[0], at[1], len(all) == 0 || endsPart.MatchString(text[last:at[0]])})
		last = at[1]
	}
	return all
}

// wordsOf returns the words of a text alone.
func wordsOf(text string) (all []string) {
	for _, t := range tokens(text) {
		all = append(all, t.text)
	}
	return all
}
