package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
	bleveindex "github.com/blevesearch/bleve_index_api"
)

// The bounds of a query.
const (
	maxTyped  = 10  // words and phrases that are looked at
	maxRow    = 4   // words in a row that are taken for one, or have a synonym
	maxStand  = 200 // words that one stands for as a beginning, or as a mistyped one
	minPrefix = 2   // letters of a beginning
)

// typed is the text that a shopper typed, as a query. Bleve finds the documents
// of each word, but does not score them: Meilisearch's rules come one after the
// other, and Bleve's scores add up.
type typed struct {
	*rules
	all       bool     // words must match
	rareFirst bool     // and the rarest sooner than the others
	relevance []string // the ranking rules that the score stands for
	phrases   []*word
	words     []*word

	found  map[string]bool // the words it stands for, those of a row without spaces
	begins []string        // the beginnings it stands for

	ctx    context.Context
	reader bleveindex.IndexReader
	err    error // all errors of Bleve
}

// word is a word of it, or a phrase.
type word struct {
	text    []string
	prefix  bool      // it may be the beginning of a word
	scores  []float64 // by document
	holders int       // documents that hold it as it is
}

// newTyped splits a text into words and phrases. The last word may be a
// beginning, unless something follows it. Words in quotes are a phrase; the
// last quotes need not be closed.
func newTyped(s *rules, q *request) *typed {
	t := &typed{rules: s, all: q.MatchingStrategy == "all", rareFirst: q.MatchingStrategy == "frequency", found: map[string]bool{}}
	quote := func(phrase []string) {
		if text := strings.Trim(strings.Join(phrase, " "), " "); text != "" && len(t.phrases) < maxTyped {
			t.phrases = append(t.phrases, &word{text: strings.Split(text, " ")})
			t.found[strings.ReplaceAll(text, " ", "")] = true
		}
	}
	parts := strings.Split(q.Query, `"`)
	for i, part := range parts {
		var phrase []string
		all := tokens(part)
		for j, w := range all {
			stop, last := slices.Contains(t.StopWords, w.text), i == len(parts)-1 && j == len(all)-1
			if i%2 == 1 {
				if w.apart {
					quote(phrase)
					phrase = nil
				}
				if stop {
					w.text = "" // any word
				}
				phrase = append(phrase, w.text)
			} else if len(t.words) < maxTyped && (!stop || last && len(t.words) == 0) {
				t.words = append(t.words, &word{text: []string{w.text}, prefix: last && w.end == len(part) && *t.PrefixSearch != "disabled"})
			}
		}
		quote(phrase)
	}
	return t
}

// Searcher scores the documents of each word and combines them: every phrase
// must match and, by the strategy, all words, or the first one and as many of
// the next as can be.
func (t *typed) Searcher(ctx context.Context, r bleveindex.IndexReader, _ mapping.IndexMapping, _ search.SearcherOptions) (search.Searcher, error) {
	t.ctx, t.reader = ctx, r
	for _, p := range t.phrases {
		t.match([]*word{p}, classes, 0, true, true, p.text...)
	}
	for i, w := range t.words {
		t.mistyped(w)
		t.row(t.words[i:])
	}
	if t.rareFirst {
		slices.SortStableFunc(t.words, func(a, b *word) int { return a.holders - b.holders })
	}
	all, h := slices.Concat(t.phrases, t.words), &hits{}
	for doc := range slices.MaxFunc(all, func(a, b *word) int { return len(a.scores) - len(b.scores) }).scores {
		sum, missing := 0.0, false
		for i, w := range all {
			if doc >= len(w.scores) || w.scores[doc] == 0 {
				missing = i == 0 || i < len(t.phrases) || t.all
				break
			}
			sum += w.scores[doc]
		}
		if !missing {
			h.docs, h.scores = append(h.docs, uint64(doc)), append(h.scores, sum)
		}
	}
	return h, t.err
}

// row finds a word, and the words from it on taken for one ("tea pot" finds a
// teapot), words that they begin, and their synonyms.
func (t *typed) row(words []*word) {
	joined, spaced := "", ""
	for n, w := range words[:min(maxRow, len(words))] {
		row := words[:n+1]
		joined, spaced = joined+w.text[0], strings.TrimSpace(spaced+" "+w.text[0])
		t.found[joined] = true
		t.match(row, classes, 0, true, false, joined)
		if w.prefix && utf8.RuneCountInString(joined) >= minPrefix {
			dict, err := t.reader.FieldDictPrefix(wordsField, []byte(joined))
			t.match(row, classes, 0, false, false, t.entries(dict, err, 0, nil)...)
			t.begins = append(t.begins, joined)
		}
		for _, other := range t.synonyms[spaced] {
			t.found[strings.Join(other, "")] = true
			for i := range row {
				t.match(row[i:i+1], classes, 0, false, true, other...)
			}
		}
	}
}

// mistyped finds the words that one may be a mistyped form of, and those that
// it begins with a typo: they all begin with the same letter. If it stands for
// two words in a row, that counts as a typo, too.
func (t *typed) mistyped(w *word) {
	text, most := w.text[0], t.typos(w.text[0])
	if most == 0 {
		return
	}
	_, size := utf8.DecodeRuneInString(text)
	first := text[:size]
	for n := 1; n <= most; n++ {
		dict, err := t.reader.(bleveindex.IndexReaderFuzzy).FieldDictFuzzy(wordsField, text, n, first)
		forms := t.entries(dict, err, uint8(n), nil)
		if w.prefix && n == 1 {
			dict, err := t.reader.FieldDictPrefix(wordsField, []byte(first))
			forms = append(forms, t.entries(dict, err, 0, func(form string) bool { return beginsMistyped(form, text) })...)
		}
		for _, form := range forms {
			t.found[form] = t.found[form] || !w.prefix || !strings.HasPrefix(form, text) // of those it begins a part is marked
		}
		t.match([]*word{w}, classes[:exactClass], n, false, false, forms...)
	}
	t.match([]*word{w}, []class{{pairsField, 1}}, 1, true, false, text)
}

// typos returns how many typos a word may have.
func (s *rules) typos(text string) int {
	tolerance := s.TypoTolerance
	switch n := int64(utf8.RuneCountInString(text)); {
	case !tolerance.Enabled, slices.Contains(tolerance.DisableOnWords, text), tolerance.DisableOnNumbers && strings.Trim(text, "0123456789") == "":
		return 0
	case n >= tolerance.MinWordSizeForTypos.TwoTypos:
		return 2
	case n >= tolerance.MinWordSizeForTypos.OneTypo:
		return 1
	}
	return 0
}

// beginsMistyped reports whether a word begins with what was typed, but for
// one letter that is wrong, missing, too much, or swapped with the next.
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

// entries returns words of a dictionary that are so many typos away and that
// fit, at most 200: the commonest of a prefix, and of mistyped forms the first in
// the alphabet.
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

// match scores the documents that hold words in the fields of classes: one of
// them, or all in a row. Of several typed words that are meant, each after the
// first counts as a typo.
func (t *typed) match(row []*word, in []class, typos int, exact, inRow bool, words ...string) {
	sc := &search.SearchContext{DocumentMatchPool: search.NewDocumentMatchPool(8, 0), IndexReader: t.reader}
	unscored := search.SearcherOptions{Score: "none"}
	for _, c := range in {
		var s search.Searcher
		var err error
		if inRow {
			s, err = searcher.NewPhraseSearcher(t.ctx, t.reader, words, 0, false, c.field, 1, unscored)
		} else {
			s, err = searcher.NewMultiTermSearcher(t.ctx, t.reader, words, c.field, 1, unscored, false)
		}
		score, next := t.score(typos, c.rank, exact), t.score(typos+1, c.rank, exact)
		for err == nil {
			var m *search.DocumentMatch
			if m, err = s.Next(sc); m == nil {
				err = errors.Join(err, s.Close())
				break
			}
			row[0].note(m.IndexInternalID.Value(), score, exact)
			for _, w := range row[1:] {
				w.note(m.IndexInternalID.Value(), next, exact)
			}
			sc.DocumentMatchPool.Put(m)
		}
		t.err = errors.Join(t.err, err)
	}
}

func (w *word) note(doc uint64, score float64, exact bool) {
	for uint64(len(w.scores)) <= doc {
		w.scores = append(w.scores, 0)
	}
	w.scores[doc] = max(w.scores[doc], score)
	if exact {
		w.holders++
	}
}

// score returns how much a match counts: by each rule, the first one most. The
// figures of several words are added up without one rule reaching the next.
func (t *typed) score(typos, rank int, exact bool) float64 {
	sum, exactness := 0.0, 0.0
	if exact {
		exactness = 1
	}
	for _, rule := range t.relevance {
		sum = 1000*sum + map[string]float64{"words": 1, "typo": float64(2 - typos), "attribute": float64(2 - rank), "exactness": exactness}[rule]
	}
	return sum + 0.01 // more than none
}

// hits are documents in their order, with their scores, as a Bleve searcher.
type hits struct {
	searcher.MatchNoneSearcher // its other methods

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
