package templates

import (
	"errors"
	"strings"
)

// phrase is a text with placeholders: "Hello {name}". It is parsed once, so that
// a value cannot add placeholders.
type phrase []piece

// piece is a text, or the key of a placeholder.
type piece struct{ text, key string }

// parsePhrase parses a text. "{{" and "}}" stand for braces; it fails for a
// single brace that is not part of a placeholder.
func parsePhrase(s string) (phrase, error) {
	var p phrase
	var text strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			i = len(s)
		}
		text.WriteString(s[:i])
		s = s[i:]
		switch {
		case s == "":
		case strings.HasPrefix(s, "{{"), strings.HasPrefix(s, "}}"):
			text.WriteByte(s[0])
			s = s[2:]
		case s[0] == '}':
			return nil, errors.New(`a "}" without its "{"; write "}}" for a brace`)
		default:
			key, rest, ok := strings.Cut(s[1:], "}")
			if !ok || !isKey(key) {
				return nil, errors.New(`a "{" that does not begin a {key} of letters, digits and "_"; write "{{" for a brace`)
			}
			p = append(p, piece{text: text.String()}, piece{key: key})
			text.Reset()
			s = rest
		}
	}
	return append(p, piece{text: text.String()}), nil
}

// isKey reports whether s can be the key of a placeholder.
func isKey(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// fill replaces the placeholders with their values and returns the first key
// without a value as missing.
func (p phrase) fill(values map[string]string) (text, missing string) {
	var b strings.Builder
	for _, piece := range p {
		if piece.key == "" {
			b.WriteString(piece.text)
			continue
		}
		v := values[piece.key]
		if v == "" && missing == "" {
			missing = piece.key
		}
		b.WriteString(v)
	}
	return b.String(), missing
}
