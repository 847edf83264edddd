package finder

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Marker shows where a text holds what was typed.
type Marker struct {
	typed []typed
	same  map[string]bool // words of synonyms
}

func (x *Index) marker(all []typed) Marker {
	m := Marker{typed: slices.Clone(all)}
	for _, j := range joinings(all) {
		m.typed = append(m.typed, typed{text: j.text, runes: []rune(j.text), prefix: j.prefix})
	}
	for _, t := range all {
		if halves := x.divided(t); halves != nil {
			m.typed = append(m.typed, typed{phrase: halves})
		}
	}
	for _, s := range x.synonyms(all) {
		for _, w := range s.words {
			if m.same == nil {
				m.same = make(map[string]bool)
			}
			m.same[w] = true
		}
	}
	return m
}

// covers says how many characters of a word are to be marked.
func (m Marker) covers(word string) int {
	if m.same[word] {
		return utf8.RuneCountInString(word)
	}
	most := 0
	runes := []rune(word)
	for _, t := range m.typed {
		switch {
		case t.phrase != nil:
		case t.text == word:
			return len(runes)
		case t.prefix && strings.HasPrefix(word, t.text):
			most = max(most, len(t.runes))
		default:
			if _, ok := typos(t.runes, runes, t.allowed, t.prefix); ok && t.allowed > 0 {
				most = len(runes)
			}
		}
	}
	return most
}

// phrase says how many words from the first on are a phrase that was typed.
func (m Marker) phrase(words []span) int {
	most := 0
	for _, t := range m.typed {
		if len(t.phrase) > most && t.phrase.at(words) {
			most = len(t.phrase)
		}
	}
	return most
}

// Mark puts pre and post around what was found, and says whether it was.
func (m Marker) Mark(text, pre, post string) (string, bool) {
	var b strings.Builder
	at, found := 0, false
	all := spans(text)
	for i, s := range all {
		if s.start < at {
			continue // it belongs to a phrase
		}
		end := s.start
		if n := m.phrase(all[i:]); n > 0 {
			end = all[i+n-1].end
		} else {
			for n := m.covers(s.text); n > 0 && end < s.end; n-- {
				_, size := utf8.DecodeRuneInString(text[end:])
				end += size
			}
		}
		if end == s.start {
			continue
		}
		b.WriteString(text[at:s.start])
		b.WriteString(pre)
		b.WriteString(text[s.start:end])
		b.WriteString(post)
		at, found = end, true
	}
	b.WriteString(text[at:])
	return b.String(), found
}

// Crop cuts a text down to so many words around the first one found.
func (m Marker) Crop(text string, words int, ellipsis string) string {
	all := spans(text)
	if words <= 0 || len(all) <= words {
		return text
	}
	first := 0
	for i, s := range all {
		if m.covers(s.text) > 0 || m.phrase(all[i:]) > 0 {
			first = min(max(i-words/2, 0), len(all)-words)
			break
		}
	}
	last := first + words
	var b strings.Builder
	start, end := 0, len(text)
	if first > 0 {
		b.WriteString(ellipsis)
		start = all[first].start
	}
	if last < len(all) {
		end = all[last-1].end
	}
	b.WriteString(text[start:end])
	if last < len(all) {
		b.WriteString(ellipsis)
	}
	return b.String()
}
