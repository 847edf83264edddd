package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Look returns a form of a key that is equal for keys that people take for the
// same: keys that differ only in case, in compatible characters (a full-width
// letter, a superscript), in the kind of hyphen, or in Cyrillic and Greek letters
// that are drawn like Latin ones.
func Look(key string) string {
	folded := norm.NFKD.String(cases.Fold().String(norm.NFKC.String(key)))
	return strings.Map(func(r rune) rune {
		r = unicode.ToUpper(r)
		if latin, ok := twins[r]; ok {
			return latin
		}
		if unicode.Is(unicode.Pd, r) || r == '\u2212' {
			return '-'
		}
		return r
	}, folded)
}

// twins maps the Cyrillic and Greek capitals that are drawn like a Latin capital
// to it.
var twins = map[rune]rune{
	'А': 'A', 'В': 'B', 'Е': 'E', 'Ѕ': 'S', 'І': 'I', 'Ј': 'J', 'К': 'K', 'М': 'M', 'Н': 'H', 'О': 'O', 'Р': 'P', 'С': 'C', 'Т': 'T',
	'У': 'Y', 'Х': 'X', 'Ү': 'Y', 'Ԁ': 'D', 'Ԛ': 'Q', 'Ԝ': 'W', 'Ӏ': 'I',
	'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X',
}
