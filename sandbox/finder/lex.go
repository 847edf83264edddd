package finder

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// lexeme is a piece of a filter: a word or a quoted text, an operator, a
// bracket. The end is one with an empty text.
type lexeme struct {
	text   string
	quoted bool
	at     int
}

// is reports whether it is this keyword or sign. A quoted one never is.
func (l lexeme) is(s string) bool { return !l.quoted && l.text == s }

func (l lexeme) end() bool { return !l.quoted && l.text == "" }

// keywords cannot be names or values unless they are quoted.
var keywords = map[string]bool{
	"AND": true, "OR": true, "NOT": true, "IN": true, "TO": true, "EXISTS": true, "IS": true, "NULL": true,
	"EMPTY": true, "CONTAINS": true, "STARTS": true, "WITH": true,
}

// isValue reports whether it can stand for a name or a value.
func (l lexeme) isValue() bool {
	return l.quoted || l.text != "" && !keywords[l.text] && isNamed(rune(l.text[0]))
}

// isNamed reports whether a rune can be part of a word without quotes.
func isNamed(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r >= utf8.RuneSelf || strings.ContainsRune("_-/.", r)
}

// next cuts the first piece off a filter that begins at byte at of s.
func next(s string, at int) (lexeme, int, error) {
	for at < len(s) && strings.ContainsRune(" \t\r\n", rune(s[at])) {
		at++
	}
	if at == len(s) {
		return lexeme{at: at}, at, nil
	}
	switch c := s[at]; c {
	case '"', '\'':
		text, end, ok := quoted(s, at+1, c)
		if !ok {
			return lexeme{}, 0, filterError("the quote at byte %d is not closed", at)
		}
		return lexeme{text, true, at}, end, nil
	case '(', ')', '[', ']', ',', '=':
		return lexeme{s[at : at+1], false, at}, at + 1, nil
	case '<', '>', '!':
		if strings.HasPrefix(s[at+1:], "=") {
			return lexeme{s[at : at+2], false, at}, at + 2, nil
		}
		if c != '!' {
			return lexeme{s[at : at+1], false, at}, at + 1, nil
		}
	}
	end := at
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if !isNamed(r) {
			break
		}
		end += n
	}
	if end == at {
		return lexeme{}, 0, filterError("unexpected %q at byte %d", s[at:at+1], at)
	}
	return lexeme{s[at:end], false, at}, end, nil
}

// quoted reads up to the closing quote. As in Meilisearch, a backslash keeps
// the next character from closing it, and is itself taken away only where
// that character is the quote: a backslash elsewhere stands for itself.
func quoted(s string, at int, quote byte) (text string, end int, ok bool) {
	escaped := false
	for i := at; i < len(s); i++ {
		switch s[i] {
		case quote:
			text = s[at:i]
			if escaped {
				text = strings.ReplaceAll(text, `\`+string(quote), string(quote))
			}
			return text, i + 1, true
		case '\\':
			i++
			escaped = escaped || i < len(s) && s[i] == quote
		}
	}
	return "", 0, false
}

func filterError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrFilter}, args...)...)
}
