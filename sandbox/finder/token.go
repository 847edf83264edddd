package finder

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is a word of a document, and where it stood.
type token struct {
	text  string
	class uint8
	apart bool // no phrase reaches from the word before to this one
}

// span is a word and the bytes it covers in the text.
type span struct {
	text       string
	start, end int
	apart      bool // a sentence, or a part of one, ends before it
}

// longestWord is the longest one that is indexed, in bytes; a longer one is
// cut there.
const longestWord = 64

// mostWords of one document are indexed; what comes after is not found.
const mostWords = 10_000

// spans splits a text into words: runs of letters, digits and marks, in lower
// case and without accents. Han and kana, which are written without spaces,
// are one word per character.
func spans(text string) []span {
	var all []span
	start, apart := -1, false
	add := func(word string, start, end int) {
		all = append(all, span{word, start, end, apart})
		apart = false
	}
	flush := func(end int) {
		if start >= 0 {
			if w := fold(text[start:end]); w != "" {
				add(w, start, end)
			}
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
				if start < 0 {
					start = i
				}
				continue
			}
			flush(i)
			if r != ' ' {
				apart = apart || parts(text[i:])
			}
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			flush(i)
			add(string(r), i, i+utf8.RuneLen(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if start < 0 {
				start = i
			}
		default:
			flush(i)
			apart = apart || parts(text[i:])
		}
	}
	flush(len(text))
	return all
}

// parts reports whether a text begins with a sign over which no phrase
// reaches; Meilisearch has these and more, of scripts that are rarer.
func parts(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	if r == '.' || r == ',' {
		return strings.HasPrefix(text[size:], " ")
	}
	return strings.ContainsRune("!:;?¡§¶¿،؛؟۔।॥…、。！，．：；？｡､", r)
}

// fold makes words that differ in case or accents only the same.
func fold(word string) string {
	if isASCII(word) {
		return clipWord(strings.ToLower(word))
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(word)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b.WriteString("ss")
		case r == 'æ':
			b.WriteString("ae")
		case r == 'œ':
			b.WriteString("oe")
		case r == 'ø':
			b.WriteByte('o')
		case r == 'ł':
			b.WriteByte('l')
		default:
			b.WriteRune(r)
		}
	}
	return clipWord(b.String())
}

func clipWord(w string) string {
	if len(w) <= longestWord {
		return w
	}
	n := longestWord
	for n > 0 && !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendTokens takes any JSON value apart: numbers and what is below count as
// text too.
func appendTokens(all []token, v any, class uint8) []token {
	switch v := v.(type) {
	case string:
		for i, s := range spans(v) {
			if len(all) == mostWords {
				break
			}
			all = append(all, token{s.text, class, s.apart || i == 0})
		}
	case json.Number:
		all = appendTokens(all, v.String(), class)
	case []any:
		for _, e := range v {
			all = appendTokens(all, e, class)
		}
	case map[string]any:
		for _, e := range v {
			all = appendTokens(all, e, class)
		}
	}
	return all
}
