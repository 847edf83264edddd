package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Look returns a form of a key that is equal for keys that people take for the
// same: keys that differ only in case, in compatible characters (a full-width
// letter, a superscript), in the kind of hyphen or quote, or in letters that are drawn
// alike.
func Look(key string) string {
	folded := norm.NFKD.String(cases.Fold().String(norm.NFKC.String(key)))
	alike := strings.Map(func(r rune) rune {
		r = unicode.ToUpper(r)
		if first, ok := twins[r]; ok {
			return first
		}
		if unicode.Is(unicode.Pd, r) {
			return '-'
		}
		return r
	}, folded)
	return strings.ReplaceAll(alike, "\u0e41", "\u0e40\u0e40") // Thai sara ae, and sara e twice
}

// twins maps characters to the first one of those that are drawn like it, after case
// and composition are gone.
var twins = firsts(
	// Cyrillic, Greek, Armenian and phonetic letters like Latin ones.
	"AАΑⱭ", "BВΒ", "CС", "DԀ", "EЕΕ", "GԌꞬ", "HНΗҺ", "IІΙӀ", "JЈͿ", "KКΚ", "MМΜ", "NΝ", "OОΟՕ", "PРΡ", "QԚ",
	"SЅ", "TТΤ", "UՍ", "VѴ", "WԜ", "XХΧ×", "YУΥҮ", "ZΖ",
	"ĐÐƉ", "\u0326\u0327", // a comma and a cedilla below, as in Romanian
	"-\u2212ー一", "'’‘‛ʼ′`", "\"“”‟", ",‚", "/\u2044\u2215", ":\u2236", "*\u2217", "~\u223c",
	// Persian and Urdu letters and digits like Arabic ones.
	"\u064a\u0649\u06cc", "\u0643\u06a9", "\u0647\u06c1\u06d5",
	"٠۰", "١۱", "٢۲", "٣۳", "٤۴", "٥۵", "٦۶", "٧۷", "٨۸", "٩۹",
	// Kana like other kana, and like Chinese characters.
	"へヘ", "りリ", "二ニ", "八ハ", "口ロ", "力カ", "工エ", "夕タ", "卜ト",
)

// firsts maps the characters of each text to its first one.
func firsts(texts ...string) map[rune]rune {
	all := make(map[rune]rune)
	for _, text := range texts {
		first, _ := utf8.DecodeRuneInString(text)
		for _, r := range text {
			all[r] = first
		}
	}
	return all
}
