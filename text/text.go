// Package text holds what Purser demands of the texts and keys that callers send,
// and the one encoding of a caller's text for places that take only ASCII.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns a text in the form in which it is kept: in NFC, with LF at the
// line ends, and without white space or invisible characters at its ends. It
// leaves control characters and invalid UTF-8 as they are: they are faults.
func Clean(s string) string {
	s = strings.TrimFunc(LF(s), func(r rune) bool { return unicode.IsSpace(r) || isForeign(r) && !unicode.IsControl(r) })
	if !utf8.ValidString(s) {
		return s
	}
	return norm.NFC.String(s)
}

// LF returns a text whose lines end in LF, whether they ended in CR LF, as a
// browser sends them, in CR or in LF.
func LF(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// Line returns what is wrong with a text of one line, in words for the person who
// typed it, or "". Such a text gets into the headers of mails, labels and logs.
func Line(s string, most int) string { return fault(s, most, "") }

// Lines is like Line for a text that may have several lines and tabs.
func Lines(s string, most int) string { return fault(s, most, "\n\t") }

func fault(s string, most int, allowed string) string {
	switch {
	case !utf8.ValidString(s):
		return "not valid UTF-8"
	case utf8.RuneCountInString(s) > most:
		return fmt.Sprintf("longer than %d characters", most)
	}
	return found(s, func(r rune) bool { return isForeign(r) && !strings.ContainsRune(allowed, r) })
}

// Key returns what is wrong with a key, such as a SKU, or "". A key is 1 to most
// bytes in NFC. It has no space, no invisible and no lost character at all, because two
// keys that look the same must be the same.
func Key(s string, most int) string {
	switch {
	case s == "":
		return "missing"
	case !utf8.ValidString(s):
		return "not valid UTF-8"
	case len(s) > most:
		return fmt.Sprintf("longer than %d bytes", most)
	case s == "." || s == ".." || s == "/": // routers take them for a directory
		return fmt.Sprintf("%q cannot be part of an address", s)
	case !norm.NFC.IsNormalString(s):
		return "not in Unicode's composed form (NFC)"
	}
	return found(s, func(r rune) bool {
		return unicode.IsSpace(r) || isForeign(r) || isJoiner(r) || r == brailleBlank || r == utf8.RuneError ||
			unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
	})
}

// brailleBlank is drawn as a space, although it is not one to Unicode.
const brailleBlank = '\u2800'

// found says which of the characters that match a text has first, and where.
func found(s string, match func(rune) bool) string {
	n := 0
	for _, r := range s {
		if n++; match(r) {
			return fmt.Sprintf("its character %d is %s: remove it", n, Name(r))
		}
	}
	return ""
}

// Name returns a short description of a character that no key has.
func Name(r rune) string {
	kind := "an invisible character"
	switch {
	case r == '\r' || r == '\n' || r == '\u2028' || r == '\u2029' || r == '\u0085':
		kind = "a line break"
	case r == '\t':
		kind = "a tab"
	case unicode.IsControl(r):
		kind = "a control character"
	case r == '\ufeff':
		kind = "a byte order mark"
	case r == utf8.RuneError:
		kind = "the mark of a letter that a program has lost"
	case unicode.IsSpace(r), r == brailleBlank:
		kind = "a space"
	case unicode.Is(unicode.Bidi_Control, r):
		kind = "a character that changes the writing direction"
	}
	return fmt.Sprintf("%s (U+%04X)", kind, r)
}

// isForeign reports whether r is not part of a plain text: a control or format
// character, or a separator of lines. The two joiners are part of one, because
// Persian and Indic names are misspelt without them.
func isForeign(r rune) bool {
	if r >= ' ' && r <= '~' { // nearly always
		return false
	}
	return !isJoiner(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }
