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
	pairsField  = "pairs"   // two words in a row joined to one: "350 ml" as "350ml"
	wholeField  = "whole"   // attributes that have few words, as one term
	valueField  = "value-"  // an attribute's values, in the form in which filters compare them
	facetField  = "facet-"  // the values in the form in which facets show them
	orderField  = "order-"  // the values in the form in which hits are sorted
	numberField = "number-" // the values that are numbers
)

// attributeField returns the field with the words of the searchable attribute at i.
func attributeField(i int) string { return "words-" + strconv.Itoa(i) }

// Options of fields: plain leaves out how often words occur and where, column
// serves facets and sorting, full serves phrases.
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
	x.Settings.addWords(doc, fields)
	for name, v := range fields {
		used := slices.Concat(x.Settings.FilterableAttributes, x.Settings.SortableAttributes, x.Settings.RankingRules)
		if !slices.ContainsFunc(used, func(by string) bool { return by == name || strings.HasPrefix(by, name+":") }) {
			continue
		}
		leaves(v, func(leaf any) {
			text := fmt.Sprint(leaf)
			order := valueKey(text)
			if n, err := strconv.ParseFloat(text, 64); err == nil && leaf != text {
				text = strconv.FormatFloat(n, 'f', -1, 64)
				order = string(numeric.MustNewPrefixCodedInt64(numeric.Float64ToInt64(n), 0))
				doc.AddField(document.NewNumericFieldWithIndexingOptions(numberField+name, nil, n, plain))
			} else {
				add(valueField+name, cutValue(valueKey(text)), plain)
			}
			add(facetField+name, "="+text, column) // Bleve counts no empty term
			add(orderField+name, order, column)
		})
	}
	return doc, err
}

// valueKey returns the form in which a value is compared, without regard to case and
// to spaces around it.
func valueKey(text string) string {
	return "=" + strings.ToLower(norm.NFKD.String(strings.TrimSpace(text)))
}

// cutValue cuts off a value that is too long, as Meilisearch does, but not in filters:
// such a value is never found.
func cutValue(key string) string {
	const longest = 468
	for i := range key {
		if i+4 > longest {
			return key[:i]
		}
	}
	return key
}

// words is a text that is split into words already when Bleve analyzes it.
type words analysis.TokenStream

func (w words) Analyze([]byte) analysis.TokenStream { return analysis.TokenStream(w) }

func (w *words) add(text string, position int) {
	*w = append(*w, &analysis.Token{Term: []byte(text), Position: position})
}

// addWords adds the words by which a document is found. The last attribute is
// usually the longest, so only those of its pairs that have a digit are indexed. Stop
// words are not indexed, but count as positions, so that no phrase ignores them.
func (s *settings) addWords(doc *document.Document, fields map[string]any) {
	const gap = 100 // between words that no phrase may join
	var all, pairs, wholes words
	position := 0
	for i, name := range s.SearchableAttributes {
		var v any = fields
		if name != "*" {
			v = fields[name]
		}
		var own words
		leaves(v, func(leaf any) {
			last, text := "", []token{}
			for _, t := range tokens(fmt.Sprint(leaf)) {
				if position++; t.apart {
					position += gap
					last = ""
				}
				if s.stops[t.text] {
					continue
				}
				text = append(text, t)
				pair := last + t.text
				if last != "" && (i == 0 || i < len(s.SearchableAttributes)-1 || strings.ContainsAny(pair, "0123456789")) {
					pairs.add(pair, position)
				}
				last = t.text
				all.add(t.text, position)
				own.add(t.text, position)
			}
			if len(text) <= maxTyped {
				wholes.add(joined(text), position)
			}
		})
		doc.AddField(document.NewTextFieldCustom(attributeField(i), nil, nil, full, own))
	}
	for field, of := range map[string]words{wordsField: all, pairsField: pairs, wholeField: wholes} {
		doc.AddField(document.NewTextFieldCustom(field, nil, nil, plain, of))
	}
}

// joined returns words with one space between them.
func joined(words []token) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.text
	}
	return strings.Join(all, " ")
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
	apart      bool // a sentence or a clause ends before it
}

var (
	// runs of letters, digits and marks are words. Han and kana are written without
	// spaces, so each of their characters is a word.
	runs     = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}]|(?:[^\P{L}\p{Han}\p{Hiragana}\p{Katakana}]|[\p{N}\p{M}])+`)
	endsPart = regexp.MustCompile(`[.,](\s|$)|[!:;?¿¡…。、，！：；？]`)
	folding  = asciifolding.New()
)

// tokens splits a text into words, in lower case and without accents, and cuts off
// words that are too long.
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
