package finder

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// typed is one word of what was typed, and what it may mean; or a phrase.
type typed struct {
	text    string
	runes   []rune
	allowed int    // typos
	prefix  bool   // it may be the beginning of a word
	phrase  phrase // words that stood in quotes; then text is empty
}

// most words and phrases of a query are looked at.
const mostTyped = 10

// read takes apart what was typed. The last word may be a beginning, unless
// something follows it. What stands in quotes is a phrase; the last one need
// not be closed.
func (x *Index) read(text string) []typed {
	var all []typed
	var quoted phrase
	closing := func() {
		if quoted = quoted.trimmed(); len(quoted) > 0 {
			all = append(all, typed{phrase: quoted})
		}
		quoted = nil
	}
	quotes, at := false, 0
	ss := spans(text)
	for i, s := range ss {
		n := strings.Count(text[at:s.start], `"`)
		if at = s.end; quotes && (n > 0 || s.apart) {
			closing()
		}
		quotes = quotes != (n%2 == 1)
		if len(all) == mostTyped {
			return all
		}
		stop := slices.Contains(x.set.StopWords, s.text)
		switch {
		case quotes && stop:
			quoted = append(quoted, anyWord)
		case quotes:
			quoted = append(quoted, s.text)
		case stop && (i < len(ss)-1 || len(all) > 0):
		default:
			all = append(all, typed{
				text: s.text, runes: []rune(s.text), allowed: x.set.allowed(s.text),
				prefix: i == len(ss)-1 && s.end == len(text) && !x.set.NoPrefix,
			})
		}
	}
	closing()
	return all
}

// allowed is how many typos a word may have.
func (s Settings) allowed(word string) int {
	switch n := utf8.RuneCountInString(word); {
	case s.NoTypos || slices.Contains(s.ExactWords, word), s.ExactNumbers && strings.Trim(word, "0123456789") == "":
		return 0
	case n >= s.TwoTypos:
		return 2
	case n >= s.OneTypo:
		return 1
	}
	return 0
}

// meaning is a word of the index that a typed one may stand for.
type meaning struct {
	word  uint32
	typos uint8
	exact bool
}

// mostMistyped bounds how many words a typo is taken for, by how close they
// are.
var mostMistyped = [3]int{0, 150, 50}

// meanings finds the words that one may stand for: itself, those it begins,
// those it may be a mistyped form of.
func (x *Index) meanings(t typed) []meaning {
	var all []meaning
	self, known := x.words.idOf[t.text]
	if known {
		all = append(all, meaning{word: self, exact: true})
	}
	if t.prefix {
		x.words.beginning(t.text, func(id uint32) {
			if !known || id != self {
				all = append(all, meaning{word: id})
			}
		})
	}
	counts := [3]int{}
	for n := 1; n <= t.allowed; n++ {
		x.mistyped(t, n, func(id uint32) {
			if counts[n]++; counts[n] <= mostMistyped[n] {
				all = append(all, meaning{word: id, typos: uint8(n)})
			}
		})
	}
	return all
}

// mistyped finds the words that are n edits away. One edit never changes the
// first letter, so only the words that begin with it are looked at.
func (x *Index) mistyped(t typed, n int, found func(id uint32)) {
	shape := shapeOf(t.text)
	var buf [longestWord]rune
	look := func(id uint32) {
		runes := int(x.words.runes[id])
		if t.prefix && runes < len(t.runes)-n || !t.prefix && abs(runes-len(t.runes)) > n || !mayBe(shape, x.words.shape[id], n, t.prefix) {
			return
		}
		if got, ok := typos(t.runes, appendRunes(buf[:0], x.words.text[id]), n, t.prefix); ok && got == n {
			found(id)
		}
	}
	if n == 1 {
		x.words.beginning(string(t.runes[0]), look)
		return
	}
	for id := range x.words.text {
		look(uint32(id))
	}
}

func appendRunes(buf []rune, s string) []rune {
	for _, r := range s {
		buf = append(buf, r)
	}
	return buf
}

// synonym is another way to say the typed words from first to last.
type synonym struct {
	first, last int
	words       []string
}

// synonyms finds what else the typed words, alone or in a row, stand for.
func (x *Index) synonyms(all []typed) []synonym {
	if len(x.set.Synonyms) == 0 {
		return nil
	}
	var found []synonym
	for first := range all {
		phrase := ""
		for last := first; last < min(first+4, len(all)) && all[last].phrase == nil; last++ {
			phrase = strings.TrimPrefix(phrase+" "+all[last].text, " ")
			for _, other := range x.set.Synonyms[phrase] {
				if ws := wordsOf(other); len(ws) > 0 && len(ws) <= mostTyped {
					found = append(found, synonym{first, last, ws})
				}
			}
		}
	}
	return found
}

// wordsOf is what is left of a text when it is taken apart.
func wordsOf(text string) []string {
	var ws []string
	for _, s := range spans(text) {
		ws = append(ws, s.text)
	}
	return ws
}
