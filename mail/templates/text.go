package templates

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine makes any text one line of valid UTF-8. It also removes line and
// paragraph separators and the marks that change the writing direction.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == utf8.RuneError:
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
}

// lines returns the non-empty lines of a text.
func lines(s string) []string {
	var all []string
	for l := range strings.Lines(s) {
		if l = oneLine(l); l != "" {
			all = append(all, l)
		}
	}
	return all
}

func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
