package templates

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// oneLine turns any text into one line of valid UTF-8. Line and paragraph
// separators and the marks that turn the direction of text around go too.
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

// lines are those of a text that is written line by line.
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
