package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
	bleveindex "github.com/blevesearch/bleve_index_api"
)

// The bounds of a query.
const (
	maxTyped  = 10  // words, and phrases, that are looked at
	maxRow    = 4   // words in a row that are joined to one, or have a synonym
	maxStand  = 200 // words that a prefix or a mistyped word stands for
	minPrefix = 2   // letters of a prefix

	maxAttributes = 10 // that are searched
)

// typed is the query for the text that a shopper typed. Bleve finds the documents
// of each word, but does not score them: Meilisearch applies its ranking rules one
// after the other, and Bleve adds its scores up.
type typed struct {
	*settings
	phrases []*word
	words   []*word
	whole   bool // a document must match all words

	found    map[string]bool // the words that were looked for, those of a row without spaces
	prefixes []string        // the prefixes that were looked for

	ctx    context.Context
	reader bleveindex.IndexReader
	err    error // all errors of Bleve
}

// word is a typed word or phrase.
type word struct {
	text   []string
	prefix bool            // it may be the prefix of a word
	scores []float64       // by document
	near   map[uint64]bool // the documents in which it follows the word before it
}

// newTyped splits a text into words and phrases. The last word may be a prefix,
// unless something follows it. Words in quotes are a phrase; the last quotes need
// not be closed. Stop words are left out, unless one may be a prefix.
func newTyped(s *settings, text string) *typed {
	t := &typed{settings: s, found: map[string]bool{}}
	quote := func(phrase []string) {
		stop := func(w string) bool { return s.stops[w] }
		if row := strings.Join(phrase, ""); len(t.phrases) < maxTyped && slices.ContainsFunc(phrase, func(w string) bool { return !stop(w) }) {
			for i, w := range phrase {
				if stop(w) {
					phrase[i] = "" // any word may be there
				}
			}
			t.phrases = append(t.phrases, &word{text: phrase})
			t.found[row] = true
		}
	}
	parts := strings.Split(text, `"`)
	for i, part := range parts {
		var phrase []string
		all := tokens(part)
		for j, w := range all {
			if i%2 == 1 {
				if w.apart {
					quote(phrase)
					phrase = nil
				}
				phrase = append(phrase, w.text)
			} else if len(t.words) < maxTyped {
				prefix := i == len(parts)-1 && j == len(all)-1 && w.end == len(part)
				if prefix || !s.stops[w.text] {
					t.words = append(t.words, &word{text: []string{w.text}, prefix: prefix, near: map[uint64]bool{}})
				}
			}
		}
		quote(phrase)
	}
	return t
}

// Searcher scores the documents of each word and combines them: every phrase and
// the first word must match, and as many of the next words as can be.
func (t *typed) Searcher(ctx context.Context, r bleveindex.IndexReader, _ mapping.IndexMapping, _ search.SearcherOptions) (search.Searcher, error) {
	t.ctx, t.reader = ctx, r
	for _, p := range t.phrases {
		t.match([]*word{p}, 0, true, true, p.text...)
	}
	var text []token
	for i, w := range t.words {
		t.mistyped(w)
		t.row(t.words[i:])
		text = append(text, token{text: w.text[0]})
	}
	exactly := map[uint64]bool{}
	t.each(wholeField, false, []string{joined(text)}, func(doc uint64) { exactly[doc] = len(t.phrases) == 0 })
	all, h := slices.Concat(t.phrases, t.words), &hits{}
	for doc := range all[0].scores {
		sum, missing := 0.0, false
		for i, w := range all {
			if doc >= len(w.scores) || w.scores[doc] == 0 {
				missing = t.whole || i == 0 || i < len(t.phrases)
				break
			}
			sum += w.scores[doc]
			if w.near[uint64(doc)] {
				sum += nearScore
			}
		}
		if exactly[uint64(doc)] {
			sum += wholeScore
		}
		if !missing {
			h.docs, h.scores = append(h.docs, uint64(doc)), append(h.scores, sum)
		}
	}
	return h, t.err
}

// row finds a word, the words from it on joined to one ("tea pot" finds a teapot),
// the words of which these are prefixes, and their synonyms.
func (t *typed) row(words []*word) {
	together, spaced := "", ""
	for n, w := range words[:min(maxRow, len(words))] {
		row := words[:n+1]
		together, spaced = together+w.text[0], strings.TrimSpace(spaced+" "+w.text[0])
		t.found[together] = true
		t.match(row, 0, true, false, together)
		near := []string{together}
		if w.prefix && utf8.RuneCountInString(together) >= minPrefix {
			t.match(row, 0, false, false, t.begun(wordsField, together)...)
			t.prefixes = append(t.prefixes, together)
			near = append(near, t.begun(pairsField, together)...)
		}
		if n == 1 {
			t.each(pairsField, false, near, func(doc uint64) { w.near[doc] = true })
		}
		for _, other := range t.synonyms[spaced] {
			t.found[strings.Join(other, "")] = true
			for i := range row {
				t.match(row[i:i+1], 0, false, true, other...)
			}
		}
	}
}

// begun returns the words of a field that begin with a text.
func (t *typed) begun(field, text string) []string {
	dict, err := t.reader.FieldDictPrefix(field, []byte(text))
	return t.entries(dict, err, 0, nil)
}

// mistyped finds the words of which a typed word may be a mistyped form or a
// mistyped prefix: they begin with the same letter. Two words in a row that were
// typed as one count as a typo, too.
func (t *typed) mistyped(w *word) {
	text, most := w.text[0], t.typos(w.text[0])
	if most == 0 {
		return
	}
	_, size := utf8.DecodeRuneInString(text)
	first := text[:size]
	for n := 1; n <= most; n++ {
		dict, err := t.reader.(bleveindex.IndexReaderFuzzy).FieldDictFuzzy(wordsField, text, n, first)
		forms := t.entries(dict, err, uint8(n), t.mayBeMistyped)
		if w.prefix && n == 1 {
			dict, err := t.reader.FieldDictPrefix(wordsField, []byte(first))
			forms = append(forms, t.entries(dict, err, 0, func(form string) bool { return t.mayBeMistyped(form) && beginsMistyped(form, text) })...)
		}
		for _, form := range forms {
			t.found[form] = t.found[form] || !w.prefix || !strings.HasPrefix(form, text) // of a word with this prefix, only the prefix is marked
		}
		t.match([]*word{w}, n, false, false, forms...)
	}
	t.each(pairsField, false, []string{text}, func(doc uint64) { w.note(doc, score(1, len(t.SearchableAttributes)/2, true)) })
}

// mayBeMistyped reports whether a typo may lead to a word, which numbers can exclude.
func (s *settings) mayBeMistyped(form string) bool {
	return !s.TypoTolerance.DisableOnNumbers || strings.ContainsFunc(form, func(r rune) bool { return !unicode.IsNumber(r) })
}

// typos returns how many typos a word may have.
func (s *settings) typos(text string) int {
	switch n, size := int64(utf8.RuneCountInString(text)), s.TypoTolerance.MinWordSizeForTypos; {
	case !s.TypoTolerance.Enabled:
		return 0
	case n >= size.TwoTypos:
		return 2
	case n >= size.OneTypo:
		return 1
	}
	return 0
}

// beginsMistyped reports whether a word begins with the typed text if one letter is
// replaced, added, removed, or swapped with the next one.
func beginsMistyped(form, text string) bool {
	f, t := []rune(form), []rune(text)
	n := 0
	for n < min(len(f), len(t)) && f[n] == t[n] {
		n++
	}
	f, t = f[n:], t[n:]
	if len(f) == 0 || len(t) == 0 {
		return len(t) == 1
	}
	begins := func(f, t []rune) bool { return len(t) <= len(f) && slices.Equal(f[:len(t)], t) }
	swapped := len(f) > 1 && len(t) > 1 && f[0] == t[1] && f[1] == t[0] && begins(f[2:], t[2:])
	return swapped || begins(f[1:], t[1:]) || begins(f, t[1:]) || begins(f[1:], t)
}

// entries returns at most 200 words of a dictionary that fit and are so many typos
// away: the commonest words of a prefix, and the alphabetically first mistyped
// forms.
func (t *typed) entries(dict bleveindex.FieldDict, err error, typos uint8, fits func(form string) bool) (words []string) {
	var all []bleveindex.DictEntry
	for err == nil {
		var e *bleveindex.DictEntry
		if e, err = dict.Next(); e == nil {
			err = errors.Join(err, dict.Close())
			break
		}
		if e.EditDistance == typos && (fits == nil || fits(e.Term)) {
			all = append(all, *e)
		}
	}
	t.err = errors.Join(t.err, err)
	slices.SortStableFunc(all, func(a, b bleveindex.DictEntry) int { return cmp.Compare(b.Count, a.Count) })
	for _, e := range all[:min(len(all), maxStand)] {
		words = append(words, e.Term)
	}
	return words
}

// match scores the documents that hold words: one of the words, or all in a row. They
// match every typed word of a row, and each typed word after the first counts as a
// typo. Some attributes forgive no typo.
func (t *typed) match(row []*word, typos int, exact, inRow bool, words ...string) {
	for i, name := range t.SearchableAttributes {
		if typos > 0 && slices.Contains(t.TypoTolerance.DisableOnAttributes, name) {
			continue
		}
		first, next := score(typos, i, exact), score(typos+1, i, exact)
		t.each(attributeField(i), inRow, words, func(doc uint64) {
			row[0].note(doc, first)
			for _, w := range row[1:] {
				w.note(doc, next)
			}
		})
	}
}

// each calls f with the documents that hold one of the words in a field, or all in a
// row.
func (t *typed) each(field string, inRow bool, words []string, f func(doc uint64)) {
	sc := &search.SearchContext{DocumentMatchPool: search.NewDocumentMatchPool(8, 0), IndexReader: t.reader}
	unscored := search.SearcherOptions{Score: "none"}
	var s search.Searcher
	var err error
	if inRow {
		s, err = searcher.NewPhraseSearcher(t.ctx, t.reader, words, 0, false, field, 1, unscored)
	} else {
		s, err = searcher.NewMultiTermSearcher(t.ctx, t.reader, words, field, 1, unscored, false)
	}
	for err == nil {
		var m *search.DocumentMatch
		if m, err = s.Next(sc); m == nil {
			err = errors.Join(err, s.Close())
			break
		}
		f(m.IndexInternalID.Value())
		sc.DocumentMatchPool.Put(m)
	}
	t.err = errors.Join(t.err, err)
}

func (w *word) note(doc uint64, score float64) {
	for uint64(len(w.scores)) <= doc {
		w.scores = append(w.scores, 0)
	}
	w.scores[doc] = max(w.scores[doc], score)
}

// The scores of a match, by Meilisearch's rules: first that the word is there, then
// fewer typos, then that the word follows the one before it, then the attribute, then
// that the words are all of an attribute, then the exact word. The sum for several
// words never lets a later rule outweigh an earlier one.
const (
	exactScore     = 1
	wholeScore     = exactScore << 6
	attributeScore = wholeScore << 1
	nearScore      = attributeScore << 8
	typoScore      = nearScore << 5
	wordScore      = typoScore << 6
)

// score returns how much a match in the attribute at i counts.
func score(typos, i int, exact bool) float64 {
	sum := wordScore + typoScore*(2-typos) + attributeScore*(maxAttributes-i)
	if exact {
		sum += exactScore
	}
	return float64(sum)
}

// hits is a Bleve searcher that returns documents in their order, with scores.
type hits struct {
	searcher.MatchNoneSearcher // has the other methods

	docs   []uint64
	scores []float64
}

func (h *hits) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	if len(h.docs) == 0 {
		return nil, nil
	}
	m := ctx.DocumentMatchPool.Get()
	m.IndexInternalID, m.Score = bleveindex.NewIndexInternalID(m.IndexInternalID, h.docs[0]), h.scores[0]
	h.docs, h.scores = h.docs[1:], h.scores[1:]
	return m, nil
}

func (h *hits) Advance(ctx *search.SearchContext, id bleveindex.IndexInternalID) (*search.DocumentMatch, error) {
	n, _ := slices.BinarySearch(h.docs, id.Value())
	h.docs, h.scores = h.docs[n:], h.scores[n:]
	return h.Next(ctx)
}
